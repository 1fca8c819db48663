"""StorageS3 passes the contract of all storages, over HTTP."""

from __future__ import annotations

import functools

import pytest

from dotflow.testing import ObjectStorageContract, StorageContract
from dotflow_aws import StorageS3


class TestStorageS3(StorageContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, make, s3_url, bucket):
        self.make_storage = self.make_second_storage = make
        factory = functools.partial(StorageS3, bucket, endpoint_url=s3_url)
        self.storage_factory = lambda: factory


class TestObjects(ObjectStorageContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, make, client, bucket):
        self.make, self.client, self.bucket = make, client, bucket
        self.address = f"s3://{bucket}"

    def object_names(self):
        answer = self.client.list_objects_v2(Bucket=self.bucket)
        return [item["Key"] for item in answer.get("Contents", [])]

    def put_object(self, name, data):
        self.client.put_object(Bucket=self.bucket, Key=name, Body=data)
