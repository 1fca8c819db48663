"""ObjectStorage: a bucket's five requests are enough for a whole storage."""

from __future__ import annotations

import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.providers._object_names import (
    LONGEST_PREFIX,
    is_hashed,
    key_of,
    name_prefix,
    object_name,
)
from dotflow.providers.object_storage import ObjectStorage, StoredObject
from dotflow.testing.storage import StorageContract
from dotflow.testing.storage_keys import UNSAFE_KEYS

KEYS = st.one_of(
    st.text(), st.text(alphabet="~2E.a/%", max_size=8), st.text("é", min_size=90)
)


class Bucket:
    """A bucket in memory, which is its own client."""

    def __init__(self):
        self.objects = {}
        self.versions = 0
        self.lock = threading.Lock()
        self.closed = 0

    def close(self):
        self.closed += 1


class StorageBucket(ObjectStorage):
    scheme = "bucket"

    def __init__(self, bucket=None, prefix="dotflow/", codec="json"):
        super().__init__("b", prefix, codec)
        self.real = bucket or Bucket()

    def connect(self):
        return self.real

    def read_object(self, name, limit=None):
        found = self.client().objects.get(name)
        return found and StoredObject(found[0][:limit], str(found[1]))

    def write_object(self, name, data, expires_at):
        bucket = self.client()
        with bucket.lock:
            bucket.versions += 1
            bucket.objects[name] = (data, bucket.versions, expires_at)

    def write_object_if(self, name, data, expires_at, version):
        bucket = self.client()
        with bucket.lock:
            found = bucket.objects.get(name)
            if (found and str(found[1])) != version:
                return False
            bucket.versions += 1
            bucket.objects[name] = (data, bucket.versions, expires_at)
            return True

    def list_objects(self, prefix):
        objects = self.client().objects
        return [(name, objects[name][2]) for name in objects if name.startswith(prefix)]

    def remove_objects(self, names):
        for name in names:
            self.client().objects.pop(name, None)


class TestObjectStorage(StorageContract):
    def make_storage(self):
        return StorageBucket()


@given(KEYS)
def test_names_lead_back_to_keys(key):
    """A name is safe everywhere, short enough, and says its key or that it does not."""
    name = object_name(key)
    assert name.isascii()
    assert not set(name) & set("/\\*?[]# \"'<>&+")
    assert name
    assert name[0] != "."
    assert len(name) + LONGEST_PREFIX < 1024
    if is_hashed(name):
        assert key_of(name) != key
    else:
        assert key_of(name) == key


@given(KEYS, KEYS)
def test_names_are_different(one, other):
    """Two keys never share a name."""
    assert (object_name(one) == object_name(other)) == (one == other)


@given(KEYS, st.integers(0, 700))
def test_prefixes_find_all_names(key, length):
    """The names of all keys with a prefix begin with the prefix's own form."""
    assert object_name(key).startswith(name_prefix(key[:length]))


@pytest.mark.parametrize(
    "name", ["~", "~~", "a~", "~zz", "~2e", "~FF", "a b", ".", "~41"]
)
def test_strangers_names(name):
    """A name that no key has leads to none."""
    assert name == "~" or key_of(name) is None


def test_common_names_are_readable():
    """The name of a checkpoint is its key."""
    for key in ("nightly-extract", "Etl_2.v1:x-load%2Ddata", "nightly-_run"):
        assert object_name(key) == key
    assert len({object_name(key) for key in UNSAFE_KEYS}) == len(UNSAFE_KEYS)


def test_long_prefix():
    """Prefixes longer than what a hash leaves of a name still tell keys apart."""
    storage = StorageBucket()
    for end in "abc":
        storage.post("é" * 500 + end, Context(end))
    assert storage.list_keys("é" * 500 + "b") == ["é" * 500 + "b"]
    assert storage.delete_prefix("é" * 500 + "b") == 1
    assert len(storage.list_keys("é" * 499)) == 2


def test_swap_gives_way():
    """A swap that never gets through ends, and says that it was not done."""

    class Busy(StorageBucket):
        def write_object_if(self, *arguments):
            return False

    assert Busy().atomic_swap("k", None, Context(1)) is False


def test_swap_whose_answer_is_lost():
    """A swap that was done and called undone is recognised, also with equal values."""

    class Lossy(StorageBucket):
        def write_object_if(self, *arguments):
            super().write_object_if(*arguments)
            return False

    storage = Lossy()
    assert storage.atomic_swap("k", None, Context("same")) is True
    assert storage.atomic_swap("k", None, Context("same")) is False
    assert storage.atomic_swap("k", Context("same"), Context("same")) is True


def test_one_client_for_all_threads():
    """However many threads begin at once, they use one client."""
    made = []
    barrier = threading.Barrier(4)

    class Counting(StorageBucket):
        def connect(self):
            made.append(Bucket())
            return made[-1]

    storage = Counting()
    used = []

    def use():
        barrier.wait()
        used.append(storage.client())

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in used}) == 1
    storage.close()
    assert used[0].closed == 1
    storage.close()
    assert used[0].closed == 1


def test_clients_do_not_travel():
    """A pickled storage has settings, and no client."""

    class Fussy(Bucket):
        def __reduce__(self):
            raise TypeError("a client cannot be pickled")

    storage = StorageBucket(prefix="team/")
    storage._clients = {1: Fussy()}
    storage.real = None
    assert pickle.loads(pickle.dumps(storage)).prefix == "team/"


def test_failures_in_threads_are_raised():
    """An error in one of several requests at once is not lost."""

    class Broken(StorageBucket):
        def read_object(self, name, limit=None):
            raise StorageError("no")

    storage = Broken()
    for number in range(3):
        storage.post(f"wf-{number}", Context(1))
    with pytest.raises(StorageError, match="no"):
        storage.clear("wf")
