"""A run that is killed goes on in a new process, from what GCS holds."""

from __future__ import annotations

import pytest

from dotflow.testing import PipelineResumeContract, StorageResumeContract


class _Place:
    @pytest.fixture(autouse=True)
    def _address(self, bucket: str) -> None:
        self.url = f"gs://{bucket}/team"

    def storage_url(self) -> str:
        return self.url


class TestResume(_Place, StorageResumeContract):
    """A `DotFlow`."""


class TestPipeline(_Place, PipelineResumeContract):
    """A `Pipeline`."""
