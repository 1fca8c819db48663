"""StorageGCS passes the contract of all storages, over HTTP."""

from __future__ import annotations

import functools

import pytest

from dotflow.testing import ObjectStorageContract, StorageContract
from dotflow_gcp import StorageGCS


class TestStorageGCS(StorageContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, make, bucket):
        self.make_storage = self.make_second_storage = make
        factory = functools.partial(StorageGCS, bucket)
        self.storage_factory = lambda: factory


class TestObjects(ObjectStorageContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, make, client, bucket):
        self.make, self.client, self.bucket = make, client, bucket
        self.address = f"gs://{bucket}"

    def object_names(self):
        return [blob.name for blob in self.client.list_blobs(self.bucket)]

    def put_object(self, name, data):
        self.client.bucket(self.bucket).blob(name).upload_from_string(data)
