"""The run that `start(resume=RUN_ID)` names, and what is still there of it.

A fixed workflow id has one place for the result of each task, so newer runs that did not
go on from a run replace its results one by one, as they complete their own. What they
have not come to is still there, and says whose it is.
"""

from __future__ import annotations

from dotflow.abc.history import RunNotFound
from dotflow.errors import RunOfAnotherWorkflow, StorageError
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any
    from uuid import UUID

    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage

_PAGE = 1000
_MOST_NAMED = 5
_MOST_READ = 20


class FormerRun:
    """A run that a resume names.

    Args:
        storage: Where it is.
        workflow_id: The workflow that goes on from it.
        wanted: The beginning of its id, or all of it.

    Attributes:
        run_id: Its id.
        results: The run that its results belong to: the first of those that went on from
            each other.

    Raises:
        RunNotFound: There is no such run.
        AmbiguousRun: There are several.
        RunOfAnotherWorkflow: It is one of another workflow.
        StorageError: The history cannot be read.
    """

    def __init__(
        self, storage: Storage, workflow_id: UUID | str | None, wanted: str
    ) -> None:
        history = storage.history
        if history is None:
            raise RunNotFound(wanted, type(storage).__name__)
        self._workflow_id = str(workflow_id)
        self.run_id = history.find(wanted)
        report = history.run(self.run_id)
        if report.workflow_id != self._workflow_id:
            raise RunOfAnotherWorkflow(self.run_id, report.workflow_id, workflow_id)
        self._completed = {
            task.name for task in report.tasks if task.status == TypeStatus.COMPLETED
        }
        self.results = _first_of_line(history, report.workflow_id, self.run_id)

    def record(self) -> dict[str, Any]:
        """Return the record of a run that newer ones have replaced.

        What each result was made from is no longer known of all together, so each is
        asked.
        """
        return {
            "run_id": self.results,
            "start": self.run_id,
            "finished": False,
            "inputs": None,
            "plan": "",
            "mixed": True,
        }

    def lost(self, names: Collection[str]) -> list[str]:
        """Return those tasks it has completed whose results are there no more, sorted.

        Args:
            names: The tasks whose results are there.
        """
        return sorted(self._completed.difference(names))

    def tell(self, lost: Sequence[str], kept: Sequence[str]) -> None:
        """Say that not all of its results are there.

        Args:
            lost: The tasks whose results are not.
            kept: Those whose results are, and that follow none of the others.
        """
        from dotflow.logging import warn

        warn(
            "Run %s is not the newest of workflow %r: what it had of %s was replaced by"
            " newer ones, or deleted, so that runs again with all that follows it; %s",
            self.run_id,
            self._workflow_id,
            _named(lost),
            f"{_named(kept)} {'is' if len(kept) == 1 else 'are'} kept"
            if kept
            else "nothing is kept",
        )


def tell_of_another_kind(storage: Storage, workflow_id: UUID | str | None) -> None:
    """Say where a resume finds values of its workflow id, and no run that has left them.

    dotflow 1.x made the ids of tasks anew in every process, so nobody can tell which task
    a value is of; it has resumed from none of them either.
    """
    from dotflow.logging import warn

    try:
        keys = storage.list_keys(f"{workflow_id}-")
    except NotImplementedError:
        return  # a storage of a user's own
    # Of another workflow, whose id begins so, is what has a run, or says whose it is.
    keys = [key for key in keys if "-~" not in key][:_MOST_READ]
    keys = [key for key in keys if _is_nobodys(storage, workflow_id, key)]
    if keys:
        warn(
            "resume=True finds no run of workflow '%s' in %s, so all tasks run. Values are"
            " there that no run of dotflow 2 has left, as those of 1.x, and nothing tells"
            " which task they are of: storage.get(%r) reads one, `dotflow storage list`"
            " shows them",
            workflow_id,
            type(storage).__name__,
            keys[0],
        )


def _is_nobodys(storage: Storage, workflow_id: UUID | str | None, key: str) -> bool:
    try:
        found = storage.get(key)
    except StorageError:
        return False
    return found.run_id is None and str(found.workflow_id) == str(workflow_id)


def _first_of_line(history: History, workflow_id: str | None, run_id: str) -> str:
    """Return the first of the runs that one has gone on from, as far as it is told."""
    cursor = None
    while True:
        page = history.runs(workflow_id=workflow_id, limit=_PAGE, cursor=cursor)
        for run in page:
            if run.run_id == run_id:
                if run.resumed_from is None:
                    return run_id
                run_id = run.resumed_from
        cursor = page.cursor
        if cursor is None:
            return run_id  # retention has removed the ones before


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(map(repr, names[:_MOST_NAMED]))
    return f"{shown} and {more} more" if more > 0 else shown
