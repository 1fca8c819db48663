"""The history in Redis passes the contract of histories."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from dotflow.testing import HistoryContract
from dotflow.testing.history_processes import HistoryProcessTests
from dotflow_redis import StorageRedis


class _Place:
    keep_runs: int | None = 1000

    @pytest.fixture(autouse=True)
    def _place(self, server: Any, prefix: str) -> None:
        self.url, self.prefix = server.url, prefix

    def make_storage(self) -> StorageRedis:
        return self.storage_factory()()

    def storage_factory(self) -> Callable[[], StorageRedis]:
        return functools.partial(
            StorageRedis, self.url, prefix=self.prefix, keep_runs=self.keep_runs
        )


class TestHistory(_Place, HistoryContract):
    """The whole contract of histories, against a real server."""


@pytest.mark.soak
class TestForAMinute(_Place, HistoryProcessTests):
    """Four processes write for a minute while another one reads."""

    seconds = 60.0
    keep_runs = None
