"""Tests of a storage: several processes at once, and one that is killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dotflow.testing.storage_base import (
    PATIENCE,
    StorageSuite,
    context,
    skip_unless,
    wait_until,
)
from dotflow.testing.storage_swap import increment

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from dotflow.abc.storage import Storage

_LENGTH = 20_000  # items; long enough that a write is many operations


class StorageProcessTests(StorageSuite):
    """Part of `StorageContract`."""

    def test_value_in_another_process(self) -> None:
        """What a process has stored is there when it has ended."""
        storage, factory = self._shared()
        _join([start_process(write_keys, factory, "child", 3)])
        assert storage.list_keys("child-") == ["child-0", "child-1", "child-2"]
        assert storage.get("child-2").storage == {"child": (2,)}

    def test_concurrent_writers(self) -> None:
        """Processes that write at the same time lose nothing of each other's."""
        storage, factory = self._shared()
        _join([start_process(write_keys, factory, f"p{n}", 10) for n in range(4)])
        assert len(storage.list_keys()) == 40
        for key in storage.list_keys():
            name, _, number = key.partition("-")
            assert storage.get(key).storage == {name: (int(number),)}

    def test_concurrent_writers_of_one_key(self) -> None:
        """Of values that are written at the same time, one is there, whole."""
        storage, factory = self._shared()
        _join([start_process(write_key, factory, "k", n, 10) for n in range(4)])
        assert storage.get("k").storage in [[n] * _LENGTH for n in range(4)]

    def test_swap_between_processes(self) -> None:
        """No increment is lost when processes count by swapping."""
        skip_unless(self.supports_swap, "no atomic_swap")
        storage, factory = self._shared()
        storage.post("count", context(0))
        _join([start_process(count, factory, "count", 25) for _ in range(4)])
        assert storage.get("count").storage == 100

    def test_killed_writer(self) -> None:
        """A writer killed at any moment leaves each key with an old or new value."""
        storage, factory = self._shared()
        for progress in (1, 4, 9):
            process = start_process(
                write_for_ever, factory, ("a", "b", "c"), progress * 1000
            )
            try:
                wait_until(
                    lambda: _first(storage, "a") >= progress * 1000 + progress,  # noqa: B023 - called before the next turn
                    "the writer's progress",
                )
            finally:
                process.kill()
                process.join()
            for key in storage.list_keys():
                value = storage.get(key).storage
                assert len(value) == _LENGTH
                assert set(value) == {value[0]}
            # And it holds no lock that would stop others.
            storage.post("a", context([0] * _LENGTH))
            assert storage.get("a").storage[0] == 0

    def _shared(self) -> tuple[Storage, Callable[[], Storage]]:
        skip_unless(self.persistent, "not persistent")
        storage = self.make_storage()
        factory = self.storage_factory()
        skip_unless(factory is not None, "no storage_factory()")
        assert factory is not None
        return storage, factory


def write_keys(factory: Callable[[], Storage], name: str, number: int) -> None:
    """Write keys of one's own; runs in a process of its own, as do the next ones."""
    storage = factory()
    for n in range(number):
        storage.post(f"{name}-{n}", context({name: (n,)}))
    storage.close()


def write_key(factory: Callable[[], Storage], key: str, item: int, times: int) -> None:
    """Write the same long list under one key again and again."""
    storage = factory()
    for _ in range(times):
        storage.post(key, context([item] * _LENGTH))
    storage.close()


def count(factory: Callable[[], Storage], key: str, times: int) -> None:
    """Add to a stored number."""
    storage = factory()
    for _ in range(times):
        increment(storage, key)
    storage.close()


def write_for_ever(
    factory: Callable[[], Storage], keys: tuple[str, ...], first: int
) -> None:
    """Write ever new long lists until killed."""
    storage = factory()
    while True:
        first += 1
        for key in keys:
            storage.post(key, context([first] * _LENGTH))


def _first(storage: Storage, key: str) -> int:
    value: list[int] | None = storage.get(key).storage
    return value[0] if value else 0


def start_process(worker: Callable[..., None], *arguments: Any) -> SpawnProcess:
    """Run a function in another process.

    Args:
        worker: A function of a module.
        *arguments: What pickle can hold.
    """
    # Spawned, so that nothing is shared but what the storage itself shares.
    process = multiprocessing.get_context("spawn").Process(
        target=worker, args=arguments, daemon=True
    )
    process.start()
    return process


def _join(processes: list[SpawnProcess]) -> None:
    for process in processes:
        process.join(PATIENCE)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    assert codes == [0] * len(processes), f"exit codes {codes}"
