"""Tests of a storage: `atomic_swap`."""

from __future__ import annotations

from dotflow.base.liveness import process_token
from dotflow.history.schedules import ScheduleFacts, Schedules, can_keep_schedules
from dotflow.model.context import Context
from dotflow.testing.storage_base import (
    StorageSuite,
    context,
    skip_unless,
    wait_until,
)
from dotflow.testing.threads import at_once


class StorageSwapTests(StorageSuite):
    """Part of `StorageContract`."""

    def test_swap(self) -> None:
        """A swap of the stored value succeeds, whatever ids it came with."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        storage.post("k", context({"lease": 1}))
        assert storage.atomic_swap("k", Context({"lease": 1}), context(2)) is True
        assert storage.get("k").storage == 2
        assert storage.get("k").task_id == "01JTASK"

    def test_swap_mismatch(self) -> None:
        """A swap of another value changes nothing."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        storage.post("k", context("old"))
        for expected in (context("else"), context(None), context(["old"]), None):
            assert storage.atomic_swap("k", expected, context("new")) is False
            assert storage.get("k").storage == "old"

    def test_swap_creates(self) -> None:
        """Expecting None, or what `get` gave, creates a missing key."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        assert storage.atomic_swap("a", None, context(1)) is True
        assert storage.atomic_swap("b", storage.get("b"), context(2)) is True
        assert (storage.get("a").storage, storage.get("b").storage) == (1, 2)

    def test_swap_missing(self) -> None:
        """A swap of a value fails where there is no such key."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        assert storage.atomic_swap("k", context("old"), context("new")) is False
        assert storage.list_keys() == []

    def test_swap_stored_none(self) -> None:
        """A stored None is a value to swap, and not a missing key."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        storage.post("k", context(None))
        assert storage.atomic_swap("k", None, context(1)) is False
        assert storage.atomic_swap("k", context(None), context(1)) is True

    def test_swap_compares_by_value(self) -> None:
        """Equal sets and dicts match, in whatever order they were built."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        storage.post("k", context({"a": 1, "b": {8, 16}}))
        expected = context({"b": {16, 8}, "a": 1})
        assert storage.atomic_swap("k", expected, context("new")) is True

    def test_swap_clears_ttl(self) -> None:
        """A swap without a ttl keeps the key for ever, whatever ttl it had."""
        skip_unless(self.supports_swap and self.supports_ttl, "no atomic_swap or ttl")
        storage = self.make_storage()
        ttl = 0.05
        storage.post("k", context("old"), ttl=ttl)
        while not storage.atomic_swap("k", context("old"), context("new")):
            ttl *= 2  # a slow machine: it expired before the swap
            storage.post("k", context("old"), ttl=ttl)
        storage.post("witness", context(1), ttl=ttl)
        wait_until(lambda: storage.get("witness").storage is None, "the ttl")
        assert storage.get("k").storage == "new"

    def test_swap_applies_ttl(self) -> None:
        """A swap with a ttl lets the key expire."""
        skip_unless(self.supports_swap and self.supports_ttl, "no atomic_swap or ttl")
        storage = self.make_storage()
        storage.post("k", context("old"))
        assert storage.atomic_swap("k", context("old"), context("new"), ttl=0.05)
        wait_until(lambda: storage.get("k").storage is None, "the ttl")
        assert storage.list_keys() == []

    def test_swap_expired(self) -> None:
        """An expired key is a missing one to a swap."""
        skip_unless(self.supports_swap and self.supports_ttl, "no atomic_swap or ttl")
        storage = self.make_storage()
        storage.post("k", context("old"), ttl=0.05)
        wait_until(lambda: storage.get("k").storage is None, "the ttl")
        assert storage.atomic_swap("k", context("old"), context("new")) is False
        assert storage.atomic_swap("k", None, context("new")) is True
        assert storage.get("k").storage == "new"

    def test_swap_fingerprint(self) -> None:
        """A swap stores its fingerprint in place of the old one."""
        skip_unless(
            self.supports_swap and self.supports_fingerprint,
            "no atomic_swap or fingerprint",
        )
        storage = self.make_storage()
        storage.post("k", context(1), fingerprint="old")
        assert storage.atomic_swap("k", context(1), context(2), fingerprint="new")
        assert storage.get_fingerprint("k") == "new"
        assert storage.atomic_swap("k", context(2), context(3))
        assert storage.get_fingerprint("k") is None

    def test_swap_between_threads(self) -> None:
        """No increment is lost when threads count by swapping."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage = self.make_storage()
        storage.post("count", context(0))

        def count() -> None:
            for _ in range(10):
                increment(storage, "count")
            storage.close()

        at_once(*[count] * 4)
        assert storage.get("count").storage == 40

    def test_schedules(self) -> None:
        """What is paused or asked of a schedule is seen by whoever opens the storage."""
        storage = self.make_storage()
        skip_unless(can_keep_schedules(storage), "no schedules")
        mine, other = Schedules(storage), Schedules(storage)
        facts = ScheduleFacts(process_token(), "shop", triggers=True)
        mine.register("nightly: é/1", "me", facts)
        assert [schedule.name for schedule in other.all()] == ["nightly: é/1"]
        other.pause("nightly: é/1")
        assert not mine.begin("nightly: é/1", "me", facts, {})
        other.trigger("nightly: é/1")
        asked = [mine.note("nightly: é/1", "me", facts) for _ in range(2)]
        assert asked == [True, False], "a run was asked for once"
        other.resume("nightly: é/1")
        last = {"status": "In progress", "started": 0.0}
        assert mine.begin("nightly: é/1", "me", facts, last)


def increment(storage: object, key: str) -> None:
    """Add one to a stored number by `atomic_swap`, trying until it succeeds."""
    while True:
        current = storage.get(key)  # type: ignore[attr-defined]
        new = context(current.storage + 1)
        if storage.atomic_swap(key, current, new):  # type: ignore[attr-defined]
            return
