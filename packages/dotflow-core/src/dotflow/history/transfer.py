"""Runs on their way from one history to another, or to a file of lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dotflow.errors import StorageError
from dotflow.history.stored_run import StoredRun
from dotflow.history.written import WrittenHistory
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from typing import TextIO

    from dotflow.abc.history import History

_PAGE = 100


def written(history: History) -> WrittenHistory[Any]:
    """Return a history as one that gives and takes whole runs.

    Raises:
        StorageError: It is a user's own, which does not.
    """
    if isinstance(history, WrittenHistory):
        return history
    raise StorageError(
        f"{type(history).__name__} neither gives nor takes whole runs: derive it from"
        " dotflow.history.written.WrittenHistory."
    )


def all_runs(history: History, **filters: Any) -> Iterator[StoredRun]:
    """Yield the runs of a history that do not go on, newest first.

    Args:
        history: The history.
        **filters: As of `History.runs`.

    Raises:
        StorageError: It does not give whole runs.
    """
    source, cursor = written(history), None
    while True:
        page = source.runs(limit=_PAGE, cursor=cursor, **filters)
        for told in page:
            if told.status != WorkflowStatus.IN_PROGRESS:
                yield source.stored(told.run_id)
        cursor = page.cursor
        if cursor is None:
            return


def write_lines(runs: Iterable[StoredRun], file: TextIO) -> int:
    """Write runs to a file, one a line; return how many."""
    number = 0
    for run in runs:
        file.write(f"{run.to_json()}\n")
        number += 1
    return number


def read_lines(file: Iterable[str], name: str) -> Iterator[StoredRun]:
    """Yield the runs that `write_lines` has written.

    Args:
        file: The lines.
        name: What a message calls the file.

    Raises:
        StorageError: A line is no run; the message has its number.
    """
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield StoredRun.from_json(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StorageError(f"{name}, line {number}: {error}.") from error
