"""`ObjectStorageContract`: the tests of a storage that keeps each context as an object.

They are for what is derived from `dotflow.abc.object_storage.ObjectStorage`, besides
`StorageContract`: names in the bucket, strangers' objects, damage, threads and forks.
"""

from __future__ import annotations

import os
import pickle
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.errors import DecodeError, EncodeError, ProviderError
from dotflow.model.context import Context
from dotflow.testing.storage_base import raises, skip_unless, wait_until
from dotflow.testing.tasks import FakeTask
from dotflow.testing.threads import at_once

if TYPE_CHECKING:
    from dotflow.providers.object_storage import ObjectStorage

_DAMAGED = (b"", b"[]", b"\xff\xfe", b'{"v":99}', b"{" * 5000)


class ObjectStorageContract:
    """A mixin of tests, for pytest and unittest; every bucket is a new and empty one.

    The default prefix of the storages must be `dotflow/`.
    """

    address: str
    """The bucket as errors name it: `"s3://bucket"`."""

    def make(self, **arguments: Any) -> ObjectStorage:
        """Return a storage with some arguments: `prefix`, `codec`, another `bucket`."""
        raise NotImplementedError("make: return a storage of the bucket")

    def object_names(self) -> list[str]:
        """Return the names of all objects in the bucket, by other means."""
        raise NotImplementedError("object_names: list the bucket")

    def put_object(self, name: str, data: bytes) -> None:
        """Write an object as anybody may."""
        raise NotImplementedError("put_object: write an object")

    def test_wrong_arguments(self) -> None:
        """A wrong argument is refused when the storage is made."""
        for arguments, message in (
            ({"bucket": ""}, "no bucket's name"),
            ({"bucket": self.address}, "no bucket's name"),
            ({"prefix": "é" * 200}, "300 bytes"),
            ({"codec": "yaml"}, "'json', 'pickle'"),
        ):
            error = raises(ValueError, partial(self.make, **arguments))
            assert message in str(error), error

    def test_malformed_addresses(self) -> None:
        """A malformed address is refused with the right form, without its password."""
        kind = type(self.make())
        scheme = kind.scheme
        for url, message in (
            (scheme, f"needs a bucket: {scheme}://my-bucket/prefix"),
            (f"{scheme}://", "needs a bucket"),
            (f"{scheme}:///folder", "needs a bucket"),
            (f"{scheme}://me:hunter2@b/x", "without a user, a password"),
            (f"{scheme}://b/x?codek=json", "no option 'codek'.*codec"),
            (f"{scheme}://[b", f"an address like {scheme}://my-bucket/prefix"),
        ):
            text = str(raises(ProviderError, partial(kind.from_url, url)))
            assert re.search(message, text), text
            assert "hunter2" not in text

    def test_prefixes_share_a_bucket(self) -> None:
        """Storages with different prefixes know nothing of each other."""
        one, two = self.make(prefix="one/"), self.make(prefix="two/")
        one.post("k", Context(1))
        two.post("k", Context(2))
        assert one.list_keys() == ["k"]
        assert one.delete_prefix("k") == 1
        assert two.get("k").storage == 2

    def test_objects_are_named_as_their_keys(self) -> None:
        """A checkpoint is found by its name in the bucket."""
        storage = self.make(prefix="team/")
        key = storage.key(FakeTask(workflow_id="Nightly-2", name="load"))
        assert key == "Nightly-2-load"
        storage.post(key, Context({"rows": 3}))
        assert self.object_names() == ["team/Nightly-2-load"]

    def test_whole_bucket(self) -> None:
        """Without a prefix the objects are named by the keys alone."""
        storage = self.make(prefix="")
        keys = ("..", "", "a/b", "/etc/passwd", "x" * 900)
        for key in keys:
            storage.post(key, Context(key))
            assert storage.get(key).storage == key
        assert storage.list_keys() == sorted(keys)

    def test_strangers_are_left_alone(self) -> None:
        """Objects that no storage wrote are neither listed nor deleted with a prefix."""
        strangers = [
            "dotflow/",
            "dotflow/a b",
            "dotflow/wf-~~x",
            "dotflow/~GG",
            "other",
        ]
        for name in strangers:
            self.put_object(name, b"")
        storage = self.make()
        storage.post("wf-a", Context(1))
        assert storage.list_keys() == ["wf-a"]
        assert storage.delete_prefix("wf-") == 1
        assert sorted(self.object_names()) == sorted(strangers)

    def test_many_keys(self) -> None:
        """More keys than a page of a listing holds are listed, counted and removed."""
        storage = self.make()
        many = [f"wf-{number:04}" for number in range(1_050)]
        for name in many:
            storage.write_object(f"dotflow/{name}", b"{}", None)
        storage.post("other", Context(1))
        assert storage.list_keys("wf-") == many
        assert storage.delete_prefix("wf-") == 1_050
        assert storage.list_keys() == ["other"]

    def test_expired_keys_are_not_counted(self) -> None:
        """Deleting a prefix removes expired keys, too, and does not count them."""
        storage = self.make()
        for number in range(3):
            storage.post(f"wf-{number}", Context(1), ttl=0.05)
        storage.post("wf-live", Context(1))
        wait_until(lambda: storage.list_keys() == ["wf-live"], "the ttl")
        assert len(self.object_names()) == 4
        assert storage.delete_prefix("wf-") == 1
        assert self.object_names() == []

    def test_endless_ttl(self) -> None:
        """A ttl that is infinite is none."""
        storage = self.make()
        storage.post("k", Context(1), ttl=float("inf"))
        assert storage.get("k").storage == 1
        assert storage.list_keys() == ["k"]

    def test_long_fingerprint(self) -> None:
        """A fingerprint of any length comes back, and is not confused with the value."""
        storage = self.make()
        for fingerprint in ("", "é\n", "f" * 10_000):
            storage.post("k", Context("v" * 10_000), fingerprint=fingerprint, ttl=3600)
            assert storage.get_fingerprint("k") == fingerprint
            assert storage.list_keys() == ["k"]

    def test_empty_prefix_is_refused(self) -> None:
        """Nobody deletes everything by an empty prefix."""
        storage = self.make()
        storage.post("k", Context(1))
        error = raises(ValueError, lambda: storage.delete_prefix(""))
        assert "every key of every workflow" in str(error)
        assert storage.list_keys() == ["k"]

    def test_pickle_is_refused(self) -> None:
        """A pickle is neither written nor loaded unless it was asked for."""
        value = {1: complex, "call": len}
        error = raises(EncodeError, lambda: self.make().post("k", Context(value)))
        assert "codec=" in str(error)
        self.make(codec="pickle").post("k", Context(value))
        assert "pickle" in str(raises(DecodeError, lambda: self.make().get("k")))
        assert self.make(codec="pickle").get("k").storage == value

    def test_damaged_objects(self) -> None:
        """A damaged object is named with the way out, and can be deleted."""
        for data in _DAMAGED:
            self.put_object("dotflow/wf-a", data)
            storage = self.make()
            for call in (
                lambda s=storage: s.get("wf-a"),
                lambda s=storage: s.atomic_swap("wf-a", None, Context(1)),
                lambda s=storage: s.get_fingerprint("wf-a"),
            ):
                text = str(raises(DecodeError, call))
                assert re.search(f"{self.address}/dotflow/wf-a.*delete", text), text
            assert storage.list_keys() == ["wf-a"]
            storage.clear("wf")
            assert storage.list_keys() == []
            self.put_object("dotflow/wf-a", data)
            assert storage.delete("wf-a") is True

    def test_threads_share_a_storage(self) -> None:
        """Threads that begin at the same time all get their own values back."""
        storage = self.make()
        found = {}

        def work(name: str) -> None:
            storage.post(name, Context(name))
            found[name] = storage.get(name).storage

        at_once(*[partial(work, f"t{n}") for n in range(4)])
        assert found == {f"t{n}": f"t{n}" for n in range(4)}

    def test_forked_child(self) -> None:
        """A forked child uses connections of its own, and leaves its parent's alone."""
        skip_unless(hasattr(os, "fork"), "this system cannot fork")
        storage = self.make()
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

    def test_pickled_storage(self) -> None:
        """A storage that was in use travels to another process with its settings."""
        storage = self.make(prefix="team/", codec="pickle")
        storage.post("k", Context({1: complex}))
        other = pickle.loads(pickle.dumps(storage))
        assert other.get("k").storage == {1: complex}
        other.close()
