"""What the parts of `StorageContract` have in common."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dotflow.model.context import Context

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

PATIENCE = 60.0
"""How long a condition is waited for, in seconds, before a test fails."""


class StorageSuite:
    """The settings of a storage's tests; see `StorageContract`."""

    supports_ttl: bool = True
    supports_swap: bool = True
    supports_fingerprint: bool = True
    persistent: bool = True
    keeps_types: bool = True

    def make_storage(self) -> Storage:
        """Return a new, empty storage."""
        raise NotImplementedError(
            f"{type(self).__name__} must override make_storage() and return a new,"
            " empty storage."
        )

    def storage_factory(self) -> Callable[[], Storage] | None:
        """Return what makes, in any process, a storage with `make_storage`'s data.

        It is sent to processes that are spawned, so it must be picklable: for example
        `functools.partial(StorageFile, path=self.path)`. None skips the tests that need
        a second process.
        """
        return None

    def make_second_storage(self) -> Storage | None:
        """Return another storage with `make_storage`'s data, None to skip its tests."""
        factory = self.storage_factory()
        return None if factory is None else factory()


def context(value: Any, task_id: str = "01JTASK", **fields: Any) -> Context:
    """Return a context as the engine stores one."""
    made = Context(storage=value, task_id=task_id, **fields)
    made.run_id = "01JRUN"
    return made


def skip_unless(condition: object, reason: str) -> None:
    """Skip the running test, under pytest as under unittest."""
    if not condition:
        raise unittest.SkipTest(reason)


def raises(kinds: type[BaseException], call: Callable[[], object]) -> BaseException:
    """Return the exception that a call must raise."""
    try:
        call()
    except kinds as error:
        return error
    raise AssertionError(f"{kinds.__name__} was not raised")


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition, and fail the test where it does not come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for: {what}"
        time.sleep(0.005)
