"""`History`: what a storage remembers of runs, for whoever looks at them later."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotflow.errors import StorageError
from dotflow.model.run_info import RunInfo as RunInfo  # noqa: TC001 - authors of a history take it from here

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from dotflow.model.events import EventBus
    from dotflow.report.model import RunReport


class RunNotFound(StorageError, LookupError):
    """The history has no run of that id."""

    def __init__(self, run_id: str, where: str = "") -> None:
        super().__init__(
            f"There is no run {run_id!r}{f' in {where}' if where else ''}: it never was,"
            " or retention has removed it."
        )


@dataclass(slots=True)
class RunSummary:
    """A run in a listing; what is not told here is as of a `RunReport`.

    Args:
        tasks: How many tasks it had when it began.
        host: The machine it ran on.
        pid: The process it ran in.
    """

    run_id: str
    workflow_id: str | None
    name: str | None
    mode: str
    status: str
    started: datetime
    finished: datetime | None
    duration: float | None
    resumed_from: str | None
    tasks: int
    host: str
    pid: int


@dataclass(slots=True)
class HistoryEvent:
    """Something that happened in a run.

    Args:
        seq: Its number in the run, from 1, without gaps.
        time: When, with a time zone.
        event: The name of its class in `dotflow.model.events`.
        task: The name of the task; None for an event of the whole run.
        attempt: The attempt of the task, or of the item; None where it has to do with
            none.
        detail: What else is known: an error, a reason, a delay, the type of a result.
        index: Of which item of a mapped task, from 0; None for the task itself. Only
            the first 100 failures and retries of a map are told one by one.
    """

    seq: int
    time: datetime
    event: str
    task: str | None
    attempt: int | None
    detail: dict[str, Any]
    index: int | None = None


class Recorder(ABC):
    """Writes down one run. Its failures never fail the run."""

    @abstractmethod
    def connect(self, bus: EventBus) -> None:
        """Listen to the events of the run, before the first one."""


class History(ABC):
    """What a storage remembers of runs; `storage.history` of a storage that has one.

    Reading works from any process, also while a run goes on.
    """

    @abstractmethod
    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; None where nothing is to be kept."""

    @abstractmethod
    def runs(
        self,
        status: str | None = None,
        workflow_id: UUID | str | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
    ) -> list[RunSummary]:
        """Return runs, newest first.

        Args:
            status: Only those of this `WorkflowStatus`, `"Crashed"` among them.
            workflow_id: Only those of this workflow.
            since: Only those that began then or later.
            limit: The most to return; None for all.
        """

    @abstractmethod
    def run(self, run_id: str) -> RunReport:
        """Return all that is known of a run.

        Raises:
            RunNotFound: There is no such run.
        """

    @abstractmethod
    def events(
        self, run_id: str, after: int = 0, limit: int | None = None
    ) -> list[HistoryEvent]:
        """Return the events of a run in their order.

        Args:
            run_id: The run.
            after: The `seq` of the last event that is known already.
            limit: The most to return; None for all.

        Raises:
            RunNotFound: There is no such run.
        """

    @abstractmethod
    def delete(self, run_id: str) -> bool:
        """Forget a run that does not go on; its checkpoints stay.

        Returns:
            Whether there was one.
        """

    @abstractmethod
    def prune(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> int:
        """Forget runs, except those that go on.

        Args:
            keep: The number of newest runs that stay; None for all.
            older_than: The age in seconds from which on runs are forgotten; None for
                none.

        Returns:
            How many were forgotten.
        """

    def follow(
        self, run_id: str, after: int = 0, poll: float = 0.25
    ) -> Iterator[HistoryEvent]:
        """Yield the events of a run until it has ended, waiting for those to come.

        Args:
            run_id: The run.
            after: The `seq` of the last event that is known already.
            poll: Seconds between two looks.

        Raises:
            RunNotFound: There is no such run.
        """
        while True:
            # Asked first: what comes after the answer is read below.
            goes_on = self.goes_on(run_id)
            for event in self.events(run_id, after):
                after = event.seq
                yield event
            if not goes_on:
                return
            time.sleep(poll)

    @abstractmethod
    def goes_on(self, run_id: str) -> bool:
        """Say whether a run has neither ended nor died.

        Raises:
            RunNotFound: There is no such run.
        """
