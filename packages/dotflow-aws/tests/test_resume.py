"""A run that is killed goes on in a new process, from what S3 holds."""

from __future__ import annotations

import pytest

from dotflow.testing import PipelineResumeContract, StorageResumeContract


class TestResume(StorageResumeContract):
    @pytest.fixture(autouse=True)
    def _address(self, bucket: str, s3_url: str) -> None:
        self.url = f"s3://{bucket}/team?endpoint_url={s3_url}"

    def storage_url(self) -> str:
        return self.url


class TestPipeline(PipelineResumeContract):
    @pytest.fixture(autouse=True)
    def _address(self, bucket: str, s3_url: str) -> None:
        self.url = f"s3://{bucket}/team?endpoint_url={s3_url}"

    def storage_url(self) -> str:
        return self.url
