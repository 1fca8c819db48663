"""The steps that `ExecutorContract` runs: in a module, so that any worker finds them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from dotflow.engine.artifacts import artifact
from dotflow.engine.facts import fact
from dotflow.engine.progress import progress
from dotflow.model.action import action

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.model.context import Context


def mark(folder: str, name: str) -> int:
    """Note that a step runs, and return how often it did by now.

    Args:
        folder: Where all processes of the test find it.
        name: What is counted.
    """
    path = Path(folder, f"{name}.marks")
    with path.open("ab") as file:  # one write, which also a kill leaves whole
        file.write(f"{os.getpid()} {time.monotonic()}\n".encode())
    return marks(folder, name)


def kill(process: int) -> None:
    """End a process at once, this one too; it hears nothing of it."""
    os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def marks(folder: str, name: str) -> int:
    """Return how often a step has run."""
    path = Path(folder, f"{name}.marks")
    return path.read_bytes().count(b"\n") if path.exists() else 0


@action
def one() -> int:
    """Return 1."""
    return 1


@action
def two(one: int) -> int:
    """Add to what it is given by name."""
    return one + 1


@action
def three(one: int, two: int, previous_context: Context) -> list[Any]:
    """Return what it is given by two names, and as the context of both."""
    return [one + two, previous_context.storage]


@action
def numbers(initial_context: Context) -> list[int]:
    """Return as many numbers as it was told."""
    return list(range(initial_context.storage))


@action
def square(previous_context: Context) -> int:
    """Square an item."""
    value: int = previous_context.storage
    return value * value


@action
def total(previous_context: Context) -> int:
    """Sum up a list."""
    return sum(previous_context.storage)


@action
async def awaited() -> str:
    """Wait in an event loop."""
    await asyncio.sleep(0.01)
    return "awaited"


@action
def generated() -> Iterator[int]:
    """Give numbers one by one."""
    yield from (1, 2, 3)


@action
def process() -> int:
    """Return in which process it runs."""
    return os.getpid()


@action(retry=3, retry_delay=0.01)
def flaky(initial_context: Context) -> int:
    """Fail twice."""
    times = mark(initial_context.storage, "flaky")
    if times < 3:
        raise ConnectionError(f"attempt {times}")
    return times


class Hostile(Exception):
    """An exception whose text and pickle fail."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __reduce__(self) -> Any:
        raise RuntimeError("no pickle")


class Odd(Exception):
    """An exception whose arguments and attributes have no pickle."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.lock = threading.Lock()


class TwoArguments(Exception):
    """An exception whose pickle makes another one when it is read."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def hostile_errors() -> list[Callable[[], BaseException]]:
    """Return what makes the exceptions that are hardest to tell of."""

    class Local(ValueError):
        """Nobody can import it."""

    def of_itself() -> BaseException:
        error = ValueError("its own cause")
        error.__context__ = Local("within")
        error.__context__.__context__ = error
        return error

    return [
        Hostile,
        Odd,
        lambda: TwoArguments("one", "two"),
        Local,
        of_itself,
        lambda: ExceptionGroup("several", [Hostile(), Local()]),
        lambda: ValueError("x" * 3_000_000),
        lambda: OSError(2, "gone", "file\udcff"),
    ]


@action
def hostile(initial_context: Context) -> None:
    """Raise one of what can be neither shown nor sent, or hardly."""
    make = hostile_errors()[initial_context.storage]
    raise make()


@action
def unpicklable() -> Any:
    """Return what cannot be sent."""
    return (number for number in [Hostile()])


@action
def leaves() -> None:
    """End its process, as it thinks."""
    sys.exit(3)


@action(timeout=0.5)
def slow() -> None:
    """Take far longer than it may."""
    time.sleep(60)


@action(timeout=0.5, isolate=True)
def slow_apart() -> None:
    """Take far longer than it may, in a process of its own."""
    time.sleep(60)


@action(isolate=True)
def apart() -> int:
    """Return in which process of its own it runs."""
    return os.getpid()


@action
def beats(initial_context: Context) -> None:
    """Note again and again that it still runs."""
    for _ in range(3000):
        mark(initial_context.storage, "beats")
        time.sleep(0.02)


@action(retry=2, retry_delay=0.01)
def killed_once(initial_context: Context) -> int:
    """Kill its process the first time."""
    times = mark(initial_context.storage, "killed")
    if times < 2:
        kill(os.getpid())
    return times


@action
def killed(initial_context: Context) -> None:
    """Kill its process."""
    mark(initial_context.storage, "killed")
    kill(os.getpid())


@action
def waits(initial_context: Context) -> int:
    """Take a moment."""
    time.sleep(0.2)
    return mark(initial_context.storage, "waits")


@action(limit="contract")
def limited() -> list[float]:
    """Say from when to when it held its limit."""
    began = time.monotonic()
    time.sleep(0.05)
    return [began, time.monotonic()]


@action
def large(initial_context: Context) -> bytes:
    """Return many bytes."""
    return b"x" * int(initial_context.storage)


@action
def changed(previous_context: Context) -> bytes:
    """Return as many other bytes."""
    value: bytes = previous_context.storage
    return value.replace(b"x", b"y")


@action
def length(previous_context: Context) -> int:
    """Return how long a value is."""
    return len(previous_context.storage)


@action
def made(initial_context: Context) -> bytes:
    """Return many bytes, and note how often."""
    mark(initial_context.storage, "made")
    return b"x" * 1_000_000


@action(retry=3, retry_delay=0.01)
def kills_first(previous_context: Context, initial_context: Context) -> int:
    """Kill the process that may hold what it was given, the first time."""
    if mark(initial_context.storage, "kills") < 2:
        kill(os.getpid())
    return len(previous_context.storage)


@contextmanager
def spanned(folder: str) -> Iterator[None]:
    """Stand for a span around an attempt, in whatever process that runs."""
    mark(folder, "span-begun")
    yield
    mark(folder, "span-ended")


TENANT: ContextVar[Any] = ContextVar("tenant", default=None)


@action
def tenant() -> Any:
    """Return a context variable of the caller."""
    return TENANT.get()


@action
def tells_until_heard(initial_context: Context) -> bool:
    """Print a line, and one more when the first was heard; say whether it was."""
    print("first")  # noqa: T201 - it is what the step tells
    mark(initial_context.storage, "said")
    until = time.monotonic() + 30
    while not marks(initial_context.storage, "heard") and time.monotonic() < until:
        time.sleep(0.02)
    print("last")  # noqa: T201
    return marks(initial_context.storage, "heard") > 0


@action(retry=2, retry_delay=0.01)
def tells(initial_context: Context) -> int:
    """Tell all that a step can tell; fail the first time."""
    print("printed")  # noqa: T201 - it is what the step tells
    logging.getLogger("contract").warning("logged")
    artifact("sample", [{"row": 3}])
    fact("rows", 3)
    for done in (1, 2):
        progress(done, 2)
    if mark(initial_context.storage, "tells") < 2:
        raise ConnectionError("the first time")
    return 3
