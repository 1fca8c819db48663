"""Tests of a storage: what is stored comes back, until it is overwritten or expires."""

from __future__ import annotations

from typing import Any

from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.testing.storage_base import (
    StorageSuite,
    context,
    raises,
    skip_unless,
    wait_until,
)

_LONG = 3600.0  # seconds; does not pass during a test


class StorageValueTests(StorageSuite):
    """Part of `StorageContract`."""

    def test_roundtrip(self) -> None:
        """A stored context comes back with its value, ids and time."""
        storage = self.make_storage()
        stored = context({"rows": [1, 2.5, "three", None, True]}, workflow_id="wf")
        storage.post("wf-a", stored)
        found = storage.get("wf-a")
        assert found.storage == {"rows": [1, 2.5, "three", None, True]}
        assert found.task_id == "01JTASK"
        assert str(found.workflow_id) == "wf"
        assert found.time == stored.time
        assert found.run_id == "01JRUN"

    def test_uuid_workflow_id_roundtrip(self) -> None:
        """A workflow id that is a UUID comes back as one."""
        storage = self.make_storage()
        stored = context(1, workflow_id="123e4567-e89b-12d3-a456-426614174000")
        storage.post("k", stored)
        assert storage.get("k").workflow_id == stored.workflow_id

    def test_context_without_ids_roundtrip(self) -> None:
        """A context that no task made comes back."""
        storage = self.make_storage()
        storage.post("k", Context(storage="alone"))
        assert storage.get("k").storage == "alone"
        assert storage.get("k").workflow_id is None

    def test_missing_key_is_empty(self) -> None:
        """A key that was never stored gives an empty context."""
        found = self.make_storage().get("wf-missing")
        assert found.storage is None
        assert not found.task_id
        assert found.workflow_id is None

    def test_falsy_value_is_not_missing(self) -> None:
        """None, zero and empty values are told apart from a missing key."""
        storage = self.make_storage()
        values: list[Any] = [None, 0, "", [], {}, False, 0.0]
        for value in values:
            storage.post("wf-falsy", context(value))
            found = storage.get("wf-falsy")
            assert found.task_id == "01JTASK"
            assert found.storage == value
            assert type(found.storage) is type(value)

    def test_overwrite(self) -> None:
        """A second post replaces the value, however often it is repeated."""
        storage = self.make_storage()
        for value in ("old", "new", "new"):
            storage.post("k", context(value))
        assert storage.get("k").storage == "new"
        assert storage.list_keys() == ["k"]

    def test_overwrite_long_with_short(self) -> None:
        """Nothing of a long value is left behind by a short one."""
        storage = self.make_storage()
        storage.post("k", context("x" * 100_000))
        storage.post("k", context("y"))
        assert storage.get("k").storage == "y"

    def test_keys_are_independent(self) -> None:
        """Storing one key changes no other."""
        storage = self.make_storage()
        storage.post("a", context(1))
        storage.post("b", context(2))
        assert (storage.get("a").storage, storage.get("b").storage) == (1, 2)

    def test_second_storage_sees_values(self) -> None:
        """What one object has stored, another one on the same place finds."""
        skip_unless(self.persistent, "not persistent")
        storage = self.make_storage()
        other = self.make_second_storage()
        skip_unless(other is not None, "no second storage")
        assert other is not None
        storage.post("k", context([1, 2]))
        assert other.get("k").storage == [1, 2]
        assert other.list_keys() == ["k"]

    def test_use_after_close(self) -> None:
        """A closed storage opens again at its next use, with what it had."""
        storage = self.make_storage()
        storage.post("k", context(1))
        storage.close()
        assert storage.get("k").storage == 1

    def test_unstorable_value_is_refused(self) -> None:
        """What has no stored form raises `StorageError` and leaves the old value."""
        skip_unless(self.persistent, "memory keeps any object")
        storage = self.make_storage()
        storage.post("k", context("old"))
        for value in ((i for i in "ab"), {"deep": [lambda: None]}):
            error = raises(StorageError, lambda v=value: storage.post("k", context(v)))  # type: ignore[misc]
            assert "codec=" in str(error) or "pickle" in str(error)
            assert storage.get("k").storage == "old"
        assert storage.list_keys() == ["k"]

    def test_ttl_expires(self) -> None:
        """A key is gone after its ttl, from `get`, `list_keys` and `delete`."""
        skip_unless(self.supports_ttl, "no ttl")
        storage = self.make_storage()
        storage.post("wf-short", context(1), ttl=0.05)
        wait_until(lambda: storage.get("wf-short").storage is None, "the ttl")
        assert not storage.get("wf-short").task_id
        assert storage.list_keys("wf-") == []
        assert storage.delete("wf-short") is False

    def test_ttl_not_yet_over(self) -> None:
        """A key is there until its ttl is over."""
        skip_unless(self.supports_ttl, "no ttl")
        storage = self.make_storage()
        storage.post("k", context(1), ttl=_LONG)
        assert storage.get("k").storage == 1
        assert storage.list_keys() == ["k"]

    def test_post_drops_ttl(self) -> None:
        """A post without a ttl keeps the key for ever, whatever ttl it had."""
        skip_unless(self.supports_ttl, "no ttl")
        storage = self.make_storage()
        storage.post("k", context("old"), ttl=0.05)
        storage.post("k", context("new"))
        storage.post("witness", context(1), ttl=0.05)
        wait_until(lambda: storage.get("witness").storage is None, "the ttl")
        assert storage.get("k").storage == "new"

    def test_ttl_must_be_positive(self) -> None:
        """A ttl of zero or less is refused, and stores nothing."""
        skip_unless(self.supports_ttl, "no ttl")
        storage = self.make_storage()
        for ttl in (0, -1.5):
            raises(ValueError, lambda t=ttl: storage.post("k", context(1), ttl=t))  # type: ignore[misc]
        assert storage.list_keys() == []

    def test_lineage(self) -> None:
        """What a value was made from is kept with it, and goes with it."""
        skip_unless(self.supports_fingerprint, "no fingerprint")
        storage = self.make_storage()
        made = context(1)
        made.lineage = "1.c.00000000..é.1.START.="
        storage.post("k", made)
        assert storage.get("k").lineage == made.lineage
        assert storage.get_fingerprint("k") == made.lineage
        storage.post("k", context(2))
        assert storage.get("k").lineage is None

    def test_fingerprint(self) -> None:
        """A fingerprint is kept with its value, and goes with it."""
        skip_unless(self.supports_fingerprint, "no fingerprint")
        storage = self.make_storage()
        assert storage.get_fingerprint("k") is None
        storage.post("k", context(1), fingerprint="abc")
        assert storage.get_fingerprint("k") == "abc"
        storage.post("k", context(2))
        assert storage.get_fingerprint("k") is None
