"""Brings what a step returned to its end: a coroutine, or a generator.

It serves a thread with or without an event loop of its own.
"""

from __future__ import annotations

import threading
import time
from types import AsyncGeneratorType, CoroutineType, GeneratorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

# A coroutine that is cancelled has this long for its `finally` before it is once more.
AGAIN_SECONDS = 2.0
# One that swallows so many cancellations is closed: that passes `except CancelledError`.
CANCELLATIONS = 3


# What gives its items once only, and computes them as they are asked for. Iterators of a
# user's own are not among them: one may be a file, or a cursor that somebody rewinds.
_ITERABLE: tuple[Any, ...] = (
    *((), [], set(), "", b"", range(0)),
    *({}, {}.values(), {}.items()),
)
_ONCE = frozenset(
    (
        *(GeneratorType, map, filter, zip, enumerate, reversed),
        *(type(iter(made)) for made in _ITERABLE),
    )
)


class AsyncList(list["Any"]):
    """All that an async generator gave: a list that `async for` reads as well."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Give the items one by one."""
        for item in self:
            yield item


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
        return awaited(coroutine, run_to_end)
    return awaited(coroutine, _run_in_thread)


def awaited(coroutine: Any, run: Callable[[Any], Any]) -> Any:
    """Run a coroutine so that another thread may cancel it: see `cancel_coroutine`.

    Args:
        coroutine: The coroutine.
        run: Runs one to its end, from this thread.
    """
    from asyncio import CancelledError

    thread = threading.get_ident()
    outer, running = _running.get(thread), _Running()
    _running[thread] = running
    try:
        return run(running.await_(coroutine))
    except (CancelledError, GeneratorExit):
        if running.error is None:
            raise
        raise running.error from None
    finally:
        running.end()
        if outer is None:
            del _running[thread]
        else:
            _running[thread] = outer


class _Running:
    """A coroutine that a thread runs to its end.

    Attributes:
        error: What the thread is to raise for its cancellation; None for the usual.
    """

    __slots__ = ("_insistence", "_loop", "_since", "_task", "error")

    def __init__(self) -> None:
        self.error: type[BaseException] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._since = 0.0
        self._insistence: Insistence | None = None

    async def await_(self, coroutine: Any) -> Any:
        """Await the coroutine, unless it was cancelled before it began."""
        import asyncio

        from dotflow.base.daemon_threads import DaemonThreads

        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        # Looked at after the loop is told, as `cancel` does it the other way round:
        # one of both sees the other.
        if self.error is not None:
            coroutine.close()
            raise asyncio.CancelledError
        # For `asyncio.to_thread`: a cancelled coroutine lets go of what it waits for
        # there, and so must the end of its loop.
        threads = DaemonThreads(thread_name_prefix="asyncio")
        self._loop.set_default_executor(threads)
        try:
            return await coroutine
        except BaseException as error:
            if not issubclass(type(error), Exception):
                threads.let_go()
            raise

    def cancel(self, error: type[BaseException]) -> None:
        """Cancel it, from any thread; a repetition that comes soon does nothing."""
        now = time.monotonic()
        if self.error is not None and now - self._since < AGAIN_SECONDS:
            return
        self.error, self._since = error, now
        if self._loop is not None and self._task is not None:
            try:
                self._loop.call_soon_threadsafe(self._insist)
            except RuntimeError:
                pass  # its loop is closed: it has ended

    def end(self) -> None:
        """Cancel no more: it has ended."""
        if self._insistence is not None:
            self._insistence.stop()

    def _insist(self) -> None:
        if self._task is not None and self._insistence is None:
            self._insistence = Insistence(self._task, 0.0)


# By thread: what it waits for. A thread adds and removes only its own.
_running: dict[int, _Running] = {}


def cancel_coroutine(thread: int, error: type[BaseException]) -> bool:
    """Cancel the coroutine that another thread runs to its end.

    An exception raised there would wait until the event loop of that thread wakes.

    Args:
        thread: Its identity.
        error: What is raised there once the coroutine has ended.

    Returns:
        Whether it runs one.
    """
    running = _running.get(thread)
    if running is None:
        return False
    running.cancel(error)
    return True


class Insistence:
    """Cancels a task of this thread's loop again and again, and in the end closes it.

    A cancelled coroutine may go on, for a while or for ever. Closing raises GeneratorExit
    in it, which nobody catches by chance.

    Args:
        task: The task.
        after: Seconds until the first cancellation.

    Attributes:
        count: How often it was cancelled.
        closing: Whether it is being closed.
    """

    __slots__ = ("_handle", "_task", "closing", "count")

    def __init__(self, task: asyncio.Task[Any], after: float) -> None:
        self._task = task
        self.closing = False
        self.count = 0
        self._handle = task.get_loop().call_later(after, self._again)

    def stop(self) -> None:
        """Cancel no more."""
        self._handle.cancel()

    def _again(self) -> None:
        if self._task.done():
            return
        if self.count < CANCELLATIONS:
            self.count += 1
            self._task.cancel()
        else:
            self.closing = True
            self._close()
        self._handle = self._task.get_loop().call_later(AGAIN_SECONDS, self._again)

    def _close(self) -> None:
        """Close the coroutine: what it returns then is lost, unless noted within."""
        coroutine: Any = self._task.get_coro()
        try:
            coroutine.close()
        except RuntimeError:
            pass  # it swallows that as well: it is cancelled once more
        # Its next step raises, since nothing is left of its coroutine.
        self._task.add_done_callback(_look)
        self._task.cancel()


def _look(task: asyncio.Task[Any]) -> None:
    # Else its loop complains that nobody did.
    if not task.cancelled():
        task.exception()


class Caught:
    """What a call gave or raised, for those who must not look at it: an event loop.

    A task that ends with an exception whose `__class__` raises never ends for its loop,
    and `asyncio.run` asks for the `repr` of what its coroutine gave.

    Args:
        value: What it gave.
        error: What it raised; None where nothing.
    """

    __slots__ = ("error", "value")

    def __init__(self, value: Any, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error

    def result(self) -> Any:
        """Return the value, or raise what was raised."""
        if self.error is not None:
            raise self.error
        return self.value


def run_to_end(coroutine: Awaitable[Any]) -> Any:
    """Run a coroutine in an event loop of its own; see `asyncio.run`."""
    import asyncio

    found: list[Caught] = []

    try:
        asyncio.run(_note(coroutine, found))
    except RuntimeError:
        if not found:  # else it was closed: its loop has not seen its end
            raise
    return found[0].result()


async def _note(coroutine: Awaitable[Any], found: list[Caught]) -> None:
    """Note what a coroutine gives: here, since closing throws away what is returned.

    Only a cancellation is raised, for which the loop has asked.
    """
    import asyncio

    try:
        found.append(Caught(await coroutine))
    except BaseException as error:
        if type(error) is asyncio.CancelledError:
            raise
        found.append(Caught(None, error))


def _run_in_thread(coroutine: Any) -> Any:
    """Run a coroutine beside the loop that already runs in this thread."""
    from concurrent.futures import Future, wait
    from contextvars import copy_context

    # With the context variables of this thread, as without a loop.
    around = copy_context()
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(around.run(run_to_end, coroutine))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            outcome.set_exception(error)

    # The loop of this thread stands still meanwhile: its caller asked for a value.
    # A daemon, so that what blocks in it does not hold up the end of the program.
    threading.Thread(target=run, name="dotflow-async", daemon=True).start()
    try:
        return outcome.result()
    except BaseException as error:
        if not outcome.done():  # this thread was interrupted, and not the coroutine
            cancel_coroutine(threading.get_ident(), type(error))
            wait((outcome,), AGAIN_SECONDS)
        raise


def read_once(value: object) -> bool:
    """Say whether a value gives its items once only, to whoever asks first."""
    kind = type(value)
    try:
        return kind is AsyncGeneratorType or kind in _ONCE
    except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ of its own
        return False


def whole(value: Any) -> Any:
    """Return all items of what gives them once only, and any other value as it is.

    What gives them asynchronously is made a coroutine, to be run to its end.
    """
    if not read_once(value):
        return value
    return _collected(value) if type(value) is AsyncGeneratorType else list(value)


async def _collected(values: AsyncIterable[Any]) -> AsyncList:
    return AsyncList([value async for value in values])


def finish_callback(value: Any) -> None:
    """Run what a callback has returned to its end, if it is a coroutine.

    Raises:
        RuntimeError: It was cancelled, which is nobody else's end.
    """
    if type(value) is CoroutineType:
        from asyncio import CancelledError

        try:
            finished_value(value)
        except CancelledError:
            raise RuntimeError("The coroutine was cancelled.") from None


class InTurn:
    """Awaits the coroutines of callbacks, one after the other, in the running loop.

    In their order, so that whoever hears of an end has heard of its beginning.

    Args:
        report: Called with the name of a callback and what it has raised.
    """

    __slots__ = ("_report", "_running", "_waiting")

    def __init__(self, report: Callable[[str, Exception], None]) -> None:
        self._report = report
        self._waiting: list[tuple[str, Any]] = []
        self._running: asyncio.Task[None] | None = None

    def add(self, name: str, coroutine: Any) -> None:
        """Have a coroutine awaited after those that came before."""
        import asyncio

        self._waiting.append((name, coroutine))
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def join(self) -> None:
        """Wait for all of them."""
        while self._running is not None and not self._running.done():
            await self._running

    async def _run(self) -> None:
        import asyncio

        while self._waiting:
            name, coroutine = self._waiting.pop(0)
            try:
                await coroutine
            except asyncio.CancelledError:
                current = asyncio.current_task()
                if current is not None and current.cancelling():
                    raise
                self._report(name, RuntimeError("The coroutine was cancelled."))
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._report(name, error)


async def within(coroutine: Awaitable[T], seconds: float, task_name: str) -> T:
    """Await a coroutine and cancel it when `seconds` have passed.

    Raises:
        TaskTimeout: The time ran out.
    """
    import asyncio

    task = asyncio.current_task()
    assert task is not None
    insistence = Insistence(task, seconds + AGAIN_SECONDS)
    try:
        async with asyncio.timeout(seconds) as limit:
            value = await coroutine
    except Exception:
        if limit.expired():
            raise timed_out(task_name, seconds) from None
        raise
    except asyncio.CancelledError:
        if not insistence.count:
            raise
        raise timed_out(task_name, seconds) from None
    except GeneratorExit:
        if not insistence.closing:
            raise  # its loop is gone, and nobody hears what is raised
        raise timed_out(task_name, seconds) from None
    finally:
        insistence.stop()
        for _ in range(insistence.count):
            task.uncancel()
    if limit.expired():  # it has swallowed the cancellation
        raise timed_out(task_name, seconds)
    return value
