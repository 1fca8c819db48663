"""Tests of a storage: keys, prefixes and whose they are."""

from __future__ import annotations

from dotflow.testing.storage_base import StorageSuite, context

UNSAFE_KEYS = (
    "../../x",
    "..",
    ".",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a:b",
    "a b",
    " a",
    "a.",
    "a%2Fb",
    "a%b",
    "a_b",
    "é",
    "e\u0301",
    "键",
    "😀",
    "Case",
    "case",
    "CASE",
    "nul",
    "con.json",
    "-rf",
    "~",
    "#",
    "?*",
    "'; DROP TABLE checkpoints; --",
    "line\nbreak",
    "x" * 300,
    "x" * 301,
    "X" * 300,
    "é" * 300,
)
"""Keys that file systems, URLs and query languages trip over; all are different."""


class StorageKeyTests(StorageSuite):
    """Part of `StorageContract`."""

    def test_delete(self) -> None:
        """Deleting a key removes it, and says that it was there."""
        storage = self.make_storage()
        storage.post("k", context(1))
        assert storage.delete("k") is True
        assert storage.get("k").storage is None
        assert not storage.get("k").task_id

    def test_delete_missing(self) -> None:
        """Deleting a key that is not there says so."""
        assert self.make_storage().delete("nothing") is False

    def test_delete_prefix(self) -> None:
        """Deleting a prefix removes its keys alone, and says how many."""
        storage = self.make_storage()
        for key in ("wf-a", "wf-b", "other-a", "w"):
            storage.post(key, context(key))
        assert storage.delete_prefix("wf-") == 2
        assert storage.list_keys() == ["other-a", "w"]
        assert storage.delete_prefix("wf-") == 0

    def test_list_keys(self) -> None:
        """Keys are listed in order, all of them or those with a prefix."""
        storage = self.make_storage()
        assert storage.list_keys() == []
        for key in ("wf-b", "wf-a", "other-a"):
            storage.post(key, context(key))
        assert storage.list_keys() == ["other-a", "wf-a", "wf-b"]
        assert storage.list_keys("wf-") == ["wf-a", "wf-b"]
        assert storage.list_keys("nothing") == []

    def test_prefix_is_literal(self) -> None:
        """No character of a prefix is a wildcard."""
        storage = self.make_storage()
        keys = ["100%-a", "100x-a", "a_b-c", "axb-c", "a*b", "a[b]c", "a?b"]
        for key in keys:
            storage.post(key, context(key))
        for prefix in ("100%", "a_b", "a*", "a[b]", "a?", "%", "_", "\U0010ffff"):
            found = [key for key in sorted(keys) if key.startswith(prefix)]
            assert storage.list_keys(prefix) == found
        assert storage.delete_prefix("a_b") == 1
        assert storage.list_keys("axb") == ["axb-c"]

    def test_unsafe_keys(self) -> None:
        """No key is refused, escapes, or is taken for another one."""
        storage = self.make_storage()
        for number, key in enumerate(UNSAFE_KEYS):
            storage.post(key, context(number))
        for number, key in enumerate(UNSAFE_KEYS):
            assert storage.get(key).storage == number, key
        assert sorted(storage.list_keys()) == sorted(UNSAFE_KEYS)
        for key in UNSAFE_KEYS:
            assert storage.delete(key) is True, key
        assert storage.list_keys() == []

    def test_clear(self) -> None:
        """Clearing a workflow removes all of its keys."""
        storage = self.make_storage()
        for name in ("a", "b%2Dc", "_run", "_input_fp"):
            storage.post(f"wf-{name}", context(1, workflow_id="wf"))
        storage.post("other-a", context(1, workflow_id="other"))
        storage.clear("wf")
        assert storage.list_keys() == ["other-a"]

    def test_clear_spares_similar_ids(self) -> None:
        """Clearing a workflow spares those whose ids merely begin like its own."""
        storage = self.make_storage()
        for workflow_id in ("etl", "etl-v2", "etl-v2-x", "etl2", "et", "metl"):
            storage.post(f"{workflow_id}-extract", context(1, workflow_id=workflow_id))
        storage.clear("etl")
        assert "etl-extract" not in storage.list_keys()
        assert len(storage.list_keys()) == 5

    def test_clear_keys_without_owner(self) -> None:
        """A key that names no workflow in its context goes by its prefix."""
        storage = self.make_storage()
        storage.post("wf-task-1", context(1))
        storage.clear("wf")
        assert storage.list_keys() == []

    def test_clear_by_uuid(self) -> None:
        """A workflow id may be given as a UUID or as its text."""
        from uuid import UUID

        text = "123e4567-e89b-12d3-a456-426614174000"
        storage = self.make_storage()
        for workflow_id in (UUID(text), text):
            storage.post(f"{text}-a", context(1, workflow_id=text))
            storage.clear(workflow_id)
            assert storage.list_keys() == []

    def test_clear_nothing(self) -> None:
        """Clearing a workflow that has stored nothing does nothing."""
        storage = self.make_storage()
        storage.post("wf-a", context(1, workflow_id="wf"))
        storage.clear("nothing")
        assert storage.list_keys() == ["wf-a"]
