"""StorageS3: what it keeps where, how often it asks, and how it is made."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading

import pytest

from dotflow.core.context import Context
from dotflow.core.exception import DecodeError, EncodeError, ProviderError
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing import FakeTask
from dotflow.testing.storage_base import wait_until
from dotflow_aws import StorageS3


def names(client, bucket):
    """Return the names of a bucket's objects."""
    answer = client.list_objects_v2(Bucket=bucket)
    return [item["Key"] for item in answer.get("Contents", [])]


def test_import_is_light():
    """Neither the package nor a storage that is not used yet imports boto3."""
    code = (
        "import sys; from dotflow_aws import StorageS3; StorageS3('b');"
        "print([name for name in sys.modules if 'boto' in name or 'urllib3' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_provider_name():
    """`dotflow.providers` has the class, and by its old path, too."""
    from dotflow import providers
    from dotflow.providers import storage_s3

    assert providers.StorageS3 is storage_s3.StorageS3 is StorageS3


def test_nothing_is_asked_before_the_first_use(make, endpoint):
    """Making, pickling and closing a storage sends no request."""
    server = endpoint(lambda request: request.pass_on())
    storage = make(endpoint_url=server.url)
    storage.key(FakeTask())
    pickle.loads(pickle.dumps(storage)).close()
    storage.close()
    assert server.requests == []
    storage.check()
    assert len(server.requests) == 1


def test_objects_are_named_as_their_keys(make, client, bucket):
    """A checkpoint is found by its name in the bucket, as a JSON document."""
    storage = make(prefix="team/")
    key = storage.key(FakeTask(workflow_id="Nightly-2", name="load"))
    assert key == "Nightly-2-load"
    storage.post(key, Context({"rows": 3}))
    assert names(client, bucket) == ["team/Nightly-2-load"]
    answer = client.get_object(Bucket=bucket, Key="team/Nightly-2-load")
    assert answer["ContentType"] == "application/json"
    assert json.loads(answer["Body"].read())["value"] == {"rows": 3}


def test_prefixes_share_a_bucket(make):
    """Storages with different prefixes know nothing of each other."""
    one, two = make(prefix="one/"), make(prefix="two/")
    one.post("k", Context(1))
    two.post("k", Context(2))
    assert one.list_keys() == ["k"]
    assert one.delete_prefix("k") == 1
    assert two.get("k").storage == 2


def test_whole_bucket(make):
    """Without a prefix the objects are named by the keys alone."""
    storage = make(prefix="")
    for key in ("..", "", "a/b", "/etc/passwd", "x" * 900):
        storage.post(key, Context(key))
        assert storage.get(key).storage == key
    assert storage.list_keys() == sorted(["..", "", "a/b", "/etc/passwd", "x" * 900])


def test_strangers_are_left_alone(make, client, bucket):
    """Objects that no storage wrote are neither listed nor deleted with a prefix."""
    strangers = ["dotflow/", "dotflow/a b", "dotflow/wf-~~x", "dotflow/~GG", "other"]
    for name in strangers:
        client.put_object(Bucket=bucket, Key=name, Body=b"")
    storage = make()
    storage.post("wf-a", Context(1))
    assert storage.list_keys() == ["wf-a"]
    assert storage.delete_prefix("wf-") == 1
    assert sorted(names(client, bucket)) == sorted(strangers)


def test_many_keys(make):
    """More keys than S3 lists or deletes at once are listed, counted and removed."""
    storage = make()
    many = [f"wf-{number:04}" for number in range(1_050)]
    for name in many:
        storage.write_object(f"dotflow/{name}", b"{}", None)
    storage.post("other", Context(1))
    assert storage.list_keys("wf-") == many
    assert storage.delete_prefix("wf-") == 1_050
    assert storage.list_keys() == ["other"]


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


def test_expired_keys_are_not_counted(make, client, bucket):
    """Deleting a prefix removes expired keys, too, and does not count them."""
    storage = make()
    for number in range(3):
        storage.post(f"wf-{number}", Context(1), ttl=0.05)
    storage.post("wf-live", Context(1))
    wait_until(lambda: storage.list_keys() == ["wf-live"], "the ttl")
    assert len(names(client, bucket)) == 4
    assert storage.delete_prefix("wf-") == 1
    assert names(client, bucket) == []


def test_endless_ttl(make):
    """A ttl that is infinite is none."""
    storage = make()
    storage.post("k", Context(1), ttl=float("inf"))
    assert storage.get("k").storage == 1
    assert storage.list_keys() == ["k"]


def test_long_fingerprint(make):
    """A fingerprint of any length comes back, and is not confused with the value."""
    storage = make()
    for fingerprint in ("", "é\n", "f" * 10_000):
        storage.post("k", Context("v" * 10_000), fingerprint=fingerprint, ttl=3600)
        assert storage.get_fingerprint("k") == fingerprint
        assert storage.list_keys() == ["k"]


def test_empty_prefix_is_refused(make):
    """Nobody deletes everything by an empty prefix."""
    storage = make()
    storage.post("k", Context(1))
    with pytest.raises(ValueError, match="every key of every workflow"):
        storage.delete_prefix("")
    assert storage.list_keys() == ["k"]


def test_pickle_is_refused(make):
    """A pickle is neither written nor loaded unless it was asked for."""
    value = {1: complex, "call": len}
    with pytest.raises(EncodeError, match="codec="):
        make().post("k", Context(value))
    make(codec="pickle").post("k", Context(value))
    with pytest.raises(DecodeError, match="pickle"):
        make().get("k")
    assert make(codec="pickle").get("k").storage == value


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b'{"v":99}', b"{" * 5000])
def test_damaged_objects(make, client, bucket, data):
    """A damaged object is named with the way out, and can be deleted."""
    client.put_object(Bucket=bucket, Key="dotflow/wf-a", Body=data)
    storage = make()
    for call in (
        lambda: storage.get("wf-a"),
        lambda: storage.atomic_swap("wf-a", None, Context(1)),
        lambda: storage.get_fingerprint("wf-a"),
    ):
        with pytest.raises(DecodeError, match=f"s3://{bucket}/dotflow/wf-a.*delete"):
            call()
    assert storage.list_keys() == ["wf-a"]
    storage.clear("wf")
    assert storage.list_keys() == []
    client.put_object(Bucket=bucket, Key="dotflow/wf-a", Body=data)
    assert storage.delete("wf-a") is True


def test_threads_share_a_storage(make):
    """Threads that begin at the same time all get their own values back."""
    storage = make()
    barrier = threading.Barrier(4)
    found = {}

    def work(name):
        barrier.wait()
        storage.post(name, Context(name))
        found[name] = storage.get(name).storage

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {f"t{n}": f"t{n}" for n in range(4)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_forked_child(make):
    """A forked child uses connections of its own, and leaves its parent's alone."""
    storage = make()
    storage.post("parent", Context(1))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert storage.get("parent").storage == 1
            storage.post("child", Context(2))
            storage.close()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert storage.get("child").storage == 2


def test_pickled_storage(make):
    """A storage that was in use travels to another process with its settings."""
    storage = make(prefix="team/", codec="pickle")
    storage.post("k", Context({1: complex}))
    other = pickle.loads(pickle.dumps(storage))
    assert other.get("k").storage == {1: complex}
    other.close()


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


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3", "needs a bucket: s3://my-bucket/prefix"),
        ("s3://", "needs a bucket"),
        ("s3:///folder", "needs a bucket"),
        ("s3://me:hunter2@b/x", "without a user, a password"),
        ("s3://b/x?regoin=eu-west-1", "no option 'regoin'.*region"),
        ("s3://b?timeout=soon", "timeout in the address"),
        ("s3://[b", "an address like s3://my-bucket/prefix"),
    ],
)
def test_malformed_addresses(url, message):
    """A malformed address is refused with the right form, and without its password."""
    with pytest.raises(ProviderError, match=message) as caught:
        storage_from_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bucket": ""}, "no bucket's name"),
        ({"bucket": "s3://b"}, "no bucket's name"),
        ({"bucket": "b", "prefix": "é" * 200}, "300 bytes"),
        ({"bucket": "b", "codec": "yaml"}, "'json' or 'pickle'"),
        ({"bucket": "b", "timeout": 0}, "more than 0"),
        ({"bucket": "b", "max_attempts": 0}, "1 or more"),
    ],
)
def test_wrong_arguments(arguments, message):
    """A wrong argument is refused when the storage is made."""
    with pytest.raises(ValueError, match=message):
        StorageS3(**arguments)
