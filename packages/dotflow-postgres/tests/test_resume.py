"""A run that is killed goes on in a new process, from what PostgreSQL holds."""

from __future__ import annotations

from typing import Any

import pytest

from dotflow.testing import PipelineResumeContract, StorageResumeContract


class _Place:
    @pytest.fixture(autouse=True)
    def _address(self, server: Any) -> None:
        self.url = server.dsn

    def storage_url(self) -> str:
        return self.url


class TestResume(_Place, StorageResumeContract):
    """A `DotFlow`."""


class TestPipeline(_Place, PipelineResumeContract):
    """A `Pipeline`."""
