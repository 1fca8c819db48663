"""The history in a bucket of S3 passes the contract of histories."""

from __future__ import annotations

import pytest

from dotflow.testing import HistoryContract
from dotflow.testing.history_queries import HistoryQueryTests


class _Place:
    @pytest.fixture(autouse=True)
    def _bucket(self, make):
        self.make = make

    def make_storage(self):
        return self.make()

    def make_second_storage(self):
        return self.make()


class TestQueries(_Place, HistoryQueryTests):
    """The part that asks: how runs are written is the same in Redis."""


@pytest.mark.soak
class TestHistory(_Place, HistoryContract):
    """The whole contract of histories, over HTTP."""
