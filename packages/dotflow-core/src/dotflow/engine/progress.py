"""`progress`: a step tells how far it is."""

from __future__ import annotations

import time
from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any, TypeVar, overload

from dotflow.base.guard import guarded, has, short_type_name
from dotflow.engine.telling import MOST_NAME, listener, refusal, state_of, tell_of
from dotflow.model.current import this_attempt
from dotflow.model.events import TaskProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

    from dotflow.model.task import Attempt

T = TypeVar("T")

# Between two tellings of an attempt; it grows with the attempt, so that one of hours
# leaves hundreds of rows, and not hundreds of thousands.
SHORTEST_SECONDS, LONGEST_SECONDS = 0.25, 5.0
PARTS_OF_TIME = 200
# So many may come at once before that counts, as of a step with a few phases.
BURST = 10
# How long an item of a map runs before it tells anything.
ITEM_SECONDS = 2.0
# Beyond it a number is looked at before it is taken for one that can be shown.
LARGEST = 10**15
# The most that one attempt tells of at the same time, by their names.
MOST_NAMES = 20

_now = time.monotonic


@overload
def progress(
    rows: Iterable[T], /, total: float | None = None, *, name: str = ""
) -> Iterator[T]: ...


@overload
def progress(
    rows: AsyncIterable[T], /, total: float | None = None, *, name: str = ""
) -> AsyncIterator[T]: ...


@overload
def progress(done: float, /, total: float | None = None, *, name: str = "") -> None: ...


def progress(rows: Any, /, total: float | None = None, *, name: str = "") -> Any:
    """Tell how far a step is, of what it goes through or as two numbers.

        for row in progress(rows):
            ...
        progress(done, total)

    The display of `dotflow start`, `dotflow show` and the history of the run tell it. It
    may be called as often as one likes: what is told is bounded, and where nobody
    listens, also outside of a run, the rows are given on as they are.

    Args:
        rows: What to iterate over, also asynchronously; or how much is done.
        total: How much there is; None for the length of `rows`, if they have one.
        name: What it is of, where a step tells of several things.

    Returns:
        The rows, one by one; None where it was told how much is done.

    Raises:
        TellingRefused: What was given is neither, or a number is none.
    """
    # First, since it may come a million times: two numbers, and nobody listens.
    if type(rows) is int is type(total) and this_attempt() is None:
        return None
    asynchronous = not has(rows, "__iter__")
    if asynchronous and not has(rows, "__aiter__"):
        return _told(rows, total, name)
    _check_name(name)
    if total is not None:
        total = _check(total, "total", name)
    attempt = listener(TaskProgress)
    if attempt is None:
        return aiter(rows) if asynchronous else iter(rows)
    if total is None and has(rows, "__len__"):
        total = guarded(lambda: len(rows), None)
    meter = state_of(attempt, Meter)
    return (_counted_async if asynchronous else _counted)(rows, total, name, meter)


def _told(done: Any, total: Any, name: str) -> None:
    _check_name(name)
    number = _check(done, "done", name)
    whole = None if total is None else _check(total, "total", name)
    attempt = listener(TaskProgress)
    if attempt is not None:
        meter = state_of(attempt, Meter)
        meter.note(meter.cell(name, whole), number, ended=number == whole)


def _counted(rows: Iterable[T], total: Any, name: str, meter: Meter) -> Iterator[T]:
    cell, done = meter.cell(name, total), 0
    meter.note(cell, done)
    for row in rows:
        yield row
        done += 1
        cell.done = done  # for whenever the next telling is
        if _now() >= meter.due:
            meter.note(cell, done)
    meter.end(cell)


async def _counted_async(
    rows: AsyncIterable[T], total: Any, name: str, meter: Meter
) -> AsyncIterator[T]:
    cell, done = meter.cell(name, total), 0
    meter.note(cell, done)
    async for row in rows:
        yield row
        done += 1
        cell.done = done
        if _now() >= meter.due:
            meter.note(cell, done)
    meter.end(cell)


class Cell:
    """How far something is.

    Args:
        name: What is.
        total: How much there is.
    """

    __slots__ = ("done", "end_due", "name", "told", "total")

    def __init__(self, name: str, total: float | None) -> None:
        self.name = name
        self.done: float = 0
        self.total = total
        self.told: tuple[float, float | None] | None = None
        # When its end may be told again at once.
        self.end_due = 0.0


class Meter:
    """What an attempt tells of its progress, and when it may tell more.

    Args:
        attempt: The attempt.

    Attributes:
        due: When it may tell again.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._cells: dict[str, Cell] = {}
        self._began = self.due = _now()
        self._burst = BURST
        if attempt.index is None:
            attempt.before_end(self._tell)
        else:
            # There may be a million of them, of which only a slow one tells.
            self._burst, self.due = 0, self.due + ITEM_SECONDS

    def cell(self, name: str, total: float | None) -> Cell:
        """Return the progress of a name."""
        cell = self._cells.get(name)
        if cell is None:
            if len(self._cells) >= MOST_NAMES:
                self._tell()
                self._cells.clear()
            cell = self._cells[name] = Cell(name, total)
        cell.total = total
        return cell

    def end(self, cell: Cell) -> None:
        """Take note that there is no more."""
        if cell.total is None:
            cell.total = cell.done
        self.note(cell, cell.done, ended=True)

    def note(self, cell: Cell, done: float, ended: bool = False) -> None:
        """Take note of a progress, and tell it if that is due."""
        cell.done = done
        self._cells.setdefault(cell.name, cell)
        now = _now()
        interval = (now - self._began) / PARTS_OF_TIME
        interval = min(max(interval, SHORTEST_SECONDS), LONGEST_SECONDS)
        if now < self.due:
            # Nothing may follow an end for a long time.
            if ended and cell.told is not None and now >= cell.end_due:
                cell.end_due = now + interval
            elif self._burst > 0:
                self._burst -= 1
            else:
                return
        self.due = now + interval
        self._tell()

    def _tell(self) -> None:
        for cell in list(self._cells.values()):
            now = (cell.done, cell.total)
            if now != cell.told:
                cell.told = now
                detail = {"done": cell.done, "total": cell.total, "name": cell.name}
                tell_of(self._attempt, TaskProgress, detail)


def _check_name(name: Any) -> None:
    if type(name) is not str or len(name) > MOST_NAME:
        raise refusal(
            "The progress",
            f"has a name that is no text of up to {MOST_NAME} characters.",
        )


def _check(value: Any, what: str, name: str) -> float:
    """Return a number that JSON can hold.

    Raises:
        TellingRefused: It is none.
    """
    kind = type(value)
    if kind is int and -LARGEST < value < LARGEST:
        return value  # type: ignore[no-any-return]
    number: float | None = None
    if kind is not bool and not issubclass(kind, (str, bytes, bytearray)):
        of = index if has(value, "__index__") else float
        number = guarded(lambda: of(value), None)
    if number is not None and guarded(lambda: isfinite(number), False):
        return number
    raise refusal(
        f"The progress {name!r}" if name else "The progress",
        f"has {what} of type {short_type_name(value)}, which is no"
        " finite number: give progress(rows), something to iterate over, or"
        " progress(done, total), two numbers.",
    )
