"""StorageS3 passes the contract of all storages, over HTTP."""

from __future__ import annotations

import functools

import pytest

from dotflow.testing import StorageContract
from dotflow_aws import StorageS3


class TestStorageS3(StorageContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, s3_url, bucket):
        self.factory = functools.partial(StorageS3, bucket, endpoint_url=s3_url)
        self.made = []
        yield
        for storage in self.made:
            storage.close()

    def make_storage(self):
        self.made.append(self.factory())
        return self.made[-1]

    def make_second_storage(self):
        return self.make_storage()

    def storage_factory(self):
        return self.factory
