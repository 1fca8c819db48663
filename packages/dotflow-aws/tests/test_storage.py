"""StorageS3: what it keeps where, how often it asks, and how it is made."""

from __future__ import annotations

import json

import pytest

from dotflow.errors import ProviderError
from dotflow.model.context import Context
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing.imports import imported_by
from dotflow_aws import StorageS3


def test_import_is_light():
    """Neither the package nor a storage that is not used yet imports boto3."""
    found = imported_by("from dotflow_aws import StorageS3; StorageS3('b')")
    assert [name for name in found if "boto" in name or "urllib3" in name] == []


def test_provider_name():
    """`dotflow.providers` has the class, and by its old path, too."""
    from dotflow import providers
    from dotflow.providers import storage_s3

    assert providers.StorageS3 is storage_s3.StorageS3 is StorageS3


def test_listing_asks_only_for_what_may_expire(make, endpoint):
    """A listing is one request, and one more for each key that has a ttl."""
    server = endpoint(lambda request: request.pass_on())
    storage = make(endpoint_url=server.url)
    for number in range(20):
        storage.post(f"k{number:02}", Context("x" * number))
    server.requests.clear()
    assert len(storage.list_keys()) == 20
    assert len(server.requests) == 1
    for number in range(3):
        storage.post(f"t{number}", Context("x" * number), ttl=3600)
    server.requests.clear()
    assert len(storage.list_keys()) == 23
    assert len(server.requests) == 4


def test_from_url(bucket, s3_url):
    """An address makes the storage, with its options; the prefix is a folder."""
    url = f"s3://{bucket}/team/a%20b?endpoint_url={s3_url}&region=eu-west-1&timeout=9"
    storage = storage_from_url(url)
    assert isinstance(storage, StorageS3)
    assert (storage.prefix, storage.region) == ("team/a b/", "eu-west-1")
    assert (storage.timeout, storage.max_attempts) == (9.0, 5)
    storage.post("k", Context(1))
    assert storage.list_keys() == ["k"]
    storage.close()
    assert StorageS3.from_url("s3://b/").prefix == "dotflow/"


def test_objects_are_json(make, client, bucket):
    """An object in the bucket is a JSON document, and says so."""
    make().post("k", Context({"rows": 3}))
    answer = client.get_object(Bucket=bucket, Key="dotflow/k")
    assert answer["ContentType"] == "application/json"
    assert json.loads(answer["Body"].read())["value"] == {"rows": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"timeout": 0}, "more than 0"), ({"max_attempts": 0}, "1 or more")],
)
def test_wrong_numbers(arguments, message):
    """A number that is out of bounds is refused when the storage is made."""
    with pytest.raises(ValueError, match=message):
        StorageS3("b", **arguments)


def test_wrong_number_in_an_address():
    """An address whose option is no number is refused."""
    with pytest.raises(ProviderError, match="timeout in the address"):
        storage_from_url("s3://b?timeout=soon")
