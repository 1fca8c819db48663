"""Runs a coroutine to its end, from a thread with or without a loop of its own."""

from __future__ import annotations

from types import CoroutineType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any, TypeVar

    T = TypeVar("T")


class TaskTimeout(TimeoutError):
    """An attempt ran out of its time. Reported as `TimeoutError`."""


def timed_out(task_name: str, seconds: float) -> TaskTimeout:
    """Make the error that says which task took longer than it may."""
    return TaskTimeout(
        f"Task '{task_name}' was stopped: an attempt took longer than its timeout of"
        f" {seconds:g} s."
    )


def finished_value(value: Any, seconds: float = 0, task_name: str = "") -> Any:
    """Return `value`, or what it gives when it is a coroutine, run to its end.

    Args:
        value: What a step returned.
        seconds: The bound on the coroutine's time; 0 for none.
        task_name: For the message of the timeout.
    """
    if type(value) is not CoroutineType:
        return value
    import asyncio

    coroutine = within(value, seconds, task_name) if seconds else value
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    return _run_in_thread(coroutine)


def _run_in_thread(coroutine: Any) -> Any:
    """Run a coroutine beside the loop that already runs in this thread."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    # The loop of this thread stands still meanwhile: its caller asked for a value.
    with ThreadPoolExecutor(1, thread_name_prefix="dotflow-async") as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def within(coroutine: Awaitable[T], seconds: float, task_name: str) -> T:
    """Await a coroutine and cancel it when `seconds` have passed.

    Raises:
        TaskTimeout: The time ran out.
    """
    import asyncio

    try:
        async with asyncio.timeout(seconds) as limit:
            value = await coroutine
    except Exception:
        if limit.expired():
            raise timed_out(task_name, seconds) from None
        raise
    if limit.expired():  # it has swallowed the cancellation
        raise timed_out(task_name, seconds)
    return value
