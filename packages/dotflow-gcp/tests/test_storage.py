"""StorageGCS: what it keeps where, how often it asks, and how it is made."""

from __future__ import annotations

import json

import pytest

from dotflow.errors import ProviderError
from dotflow.model.context import Context
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing.imports import imported_by
from dotflow_gcp import StorageGCS


def test_import_is_light():
    """Neither the package nor a storage that is not used yet imports Google's client."""
    found = imported_by("from dotflow_gcp import StorageGCS; StorageGCS('b')")
    assert [name for name in found if name.startswith(("google", "requests"))] == []


def test_provider_name():
    """`dotflow.providers` has the class, and by its old path, too."""
    from dotflow import providers
    from dotflow.providers import storage_gcs

    assert providers.StorageGCS is storage_gcs.StorageGCS is StorageGCS


def test_listing_is_one_request(make, endpoint, monkeypatch):
    """A listing is one request, whether its keys have a ttl or not."""
    server = endpoint(lambda request: request.pass_on())
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    storage = make()
    for number in range(5):
        storage.post(f"k{number}", Context(number))
        storage.post(f"t{number}", Context(number), ttl=3600)
    server.requests.clear()
    assert len(storage.list_keys()) == 10
    assert len(server.requests) == 1


def test_large_value(make):
    """A value of many megabytes, which Google's client sends in parts, comes back."""
    storage = make()
    value = "0123456789" * 1_000_000
    storage.post("k", Context(value), ttl=3600)
    assert storage.get("k").storage == value
    assert storage.atomic_swap("k", Context(value), Context(value[1:])) is True
    assert storage.atomic_swap("k", Context(value), Context("late")) is False
    assert storage.get("k").storage == value[1:]


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
def test_from_url(bucket, scheme):
    """An address makes the storage, with its options; the prefix is a folder."""
    url = f"{scheme}://{bucket}/team/a%20b?project=mine&timeout=9"
    storage = storage_from_url(url)
    assert isinstance(storage, StorageGCS)
    assert (storage.prefix, storage.project) == ("team/a b/", "mine")
    assert (storage.timeout, storage.retry_timeout) == (9.0, 60.0)
    storage.post("k", Context(1))
    assert storage.list_keys() == ["k"]
    storage.close()
    assert StorageGCS.from_url("gs://b/").prefix == "dotflow/"


def test_objects_are_json(make, client, bucket):
    """An object in the bucket is a JSON document, and says so."""
    make().post("k", Context({"rows": 3}))
    blob = client.bucket(bucket).get_blob("dotflow/k")
    assert blob.content_type == "application/json"
    assert json.loads(blob.download_as_bytes())["value"] == {"rows": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"timeout": 0}, "more than 0"), ({"retry_timeout": -1}, "0 or more")],
)
def test_wrong_numbers(arguments, message):
    """A number that is out of bounds is refused when the storage is made."""
    with pytest.raises(ValueError, match=message):
        StorageGCS("b", **arguments)


def test_wrong_number_in_an_address():
    """An address whose option is no number is refused."""
    with pytest.raises(ProviderError, match="timeout in the address"):
        storage_from_url("gs://b?timeout=soon")
