"""Tests of a storage: leases, and writes that need one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from dotflow.abc.storage import Fence, Storage, current_fence
from dotflow.base.liveness import process_token
from dotflow.engine.lease import Lease
from dotflow.errors import LeaseLost, StorageError
from dotflow.model.context import Context
from dotflow.testing.storage_base import (
    StorageSuite,
    context,
    raises,
    skip_unless,
    wait_until,
)
from dotflow.testing.threads import at_once

KEY = "lease-shop"


class StorageLeaseTests(StorageSuite):
    """Part of `StorageContract`; a storage without `fenced = True` skips them."""

    def make_fenced_storage(self) -> Storage:
        """Return a new storage that holds leases, or skip the test."""
        storage = self.make_storage()
        skip_unless(storage.fenced, "no leases")
        return storage

    def test_lease_has_one_holder(self) -> None:
        """Who takes a lease keeps others out, and is named, until it gives it back."""
        storage = self.make_fenced_storage()
        first, second = Lease(storage, KEY), Lease(storage, KEY)
        assert first.take() is None
        holder = second.take()
        assert holder is not None
        assert process_token().split("/")[1] in str(holder)
        first.release()
        assert second.take() is None
        assert first.take() is not None
        second.release()
        wait_until(lambda: storage.list_keys() == [], "the record to be gone")

    def test_lease_of_one_of_many_threads(self) -> None:
        """Of threads that take a lease at once, one gets it."""
        storage = self.make_fenced_storage()
        leases = [Lease(storage, KEY) for _ in range(4)]
        took: list[Lease] = []

        def take(lease: Lease) -> None:
            if lease.take() is None:
                took.append(lease)
            storage.close()

        at_once(*[partial(take, one) for one in leases])
        assert len(took) == 1

    def test_lease_of_a_dead_process_is_free(self) -> None:
        """A process that has died holds nothing, and one elsewhere not for ever."""
        storage = self.make_fenced_storage()
        host, pid, began = process_token().split("/")
        now = time.time()
        elsewhere = f"{host}-other/{pid}/{began}"
        for process, beat, free in (
            (f"{host}/{pid}/1{began}", now, True),
            (elsewhere, now - 3600, True),
            (elsewhere, now, False),
            (process_token(), now, True),  # by a run that could not give it back
        ):
            record = {"token": "x", "process": process, "beat": beat, "since": now}
            storage.post(KEY, Context(record, task_id="-"), fingerprint="x")
            lease = Lease(storage, KEY)
            assert (lease.take() is None) is free, process
            if free:
                lease.release()

    def test_fence_lets_the_holder_write(self) -> None:
        """Under its fence a holder writes as before, also over what others have left."""
        storage = self.make_fenced_storage()
        storage.post("k", context("old"))
        lease = Lease(storage, KEY)
        lease.take()
        with under(lease.fence):
            storage.post("k", context("new"), fingerprint="f")
            storage.post("m", context(None), ttl=3600)
            storage.post("k", context("newer"))
        assert storage.get("k").storage == "newer"
        assert storage.get("m").task_id == "01JTASK"
        assert lease.beat()
        lease.release()

    def test_fence_outlives_renewals(self) -> None:
        """A lease that is renewed is the same one to its holder's writes."""
        storage = self.make_fenced_storage()
        lease = Lease(storage, KEY)
        lease.take()
        for number in range(3):
            lease.renew()
            with under(lease.fence):
                storage.post("k", context(number))
        assert storage.get("k").storage == 2
        lease.release()

    def test_fence_stops_a_former_holder(self) -> None:
        """Who was taken for dead and comes back changes nothing, old keys nor new."""
        storage = self.make_fenced_storage()
        former = Lease(storage, KEY)
        former.take()
        with under(former.fence):
            storage.post("k", context("former"))
        silent(storage)
        second = self.make_second_storage() or storage
        owner = Lease(second, KEY)
        assert owner.take() is None
        with under(owner.fence):
            second.post("k", context("owner"))
        for key in ("k", "unwritten"):
            with under(former.fence):
                raises(LeaseLost, partial(storage.post, key, context("late")))
        assert not former.renew()
        former.release()
        with under(owner.fence):
            second.post("k", context("owner again"))
        assert storage.get("k").storage == "owner again"
        assert "unwritten" not in storage.list_keys()
        owner.release()

    def test_fence_falls_with_its_record(self) -> None:
        """Where the record of the lease was deleted nothing is written."""
        storage = self.make_fenced_storage()
        lease = Lease(storage, KEY)
        lease.take()
        storage.delete(KEY)
        with under(lease.fence):
            raises(StorageError, lambda: storage.post("k", context(1)))
        assert storage.get("k").task_id == ""

    def test_lease_outlives_a_clear(self) -> None:
        """To clear a workflow, also one named as leases are, takes no lease away."""
        storage = self.make_fenced_storage()
        lease = Lease(storage, KEY, "shop")
        lease.take()
        storage.post("shop-a", Context(1, task_id="a", workflow_id="shop"))
        storage.clear("shop")
        storage.clear("lease")
        with under(lease.fence):
            storage.post("k", context(1))
        lease.release()


@contextmanager
def under(fence: Fence) -> Iterator[None]:
    """Write under a fence."""
    before = current_fence.set(fence)
    try:
        yield
    finally:
        current_fence.reset(before)


def silent(storage: Storage) -> None:
    """Make the holder of the lease one elsewhere that was not heard of for long."""
    found = storage.get(KEY)
    record = {**found.storage, "process": "elsewhere/1/1", "beat": 0.0}
    token = storage.get_fingerprint(KEY)
    assert storage.atomic_swap(
        KEY, found, Context(record, task_id="-"), fingerprint=token
    )
