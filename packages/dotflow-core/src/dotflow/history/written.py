"""`WrittenHistory`: what histories have in common that write their runs themselves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from dotflow.abc.history import History, InvalidQuery, Recorder

if TYPE_CHECKING:
    from collections.abc import Collection

    from dotflow.abc.history_query import HistoryEvent
    from dotflow.abc.retention import Retention
    from dotflow.history.journal import HistoryTable, Journal
    from dotflow.history.rows import EventRow
    from dotflow.history.stored_run import StoredRun
    from dotflow.history.summaries import AskedEvents
    from dotflow.model.run_info import RunInfo

PACE = 0.5  # seconds
Table = TypeVar("Table", bound="HistoryTable")


class WrittenHistory(History, Generic[Table]):
    """A history whose runs are written through a journal.

    Args:
        place: What a user knows the place by where runs are kept.
        table: What they are written to.
        retention: How much is kept.
        pace: See `Journal`.

    Attributes:
        place: The place.
        table: The table.
    """

    def __init__(
        self,
        place: str,
        table: Table,
        retention: Retention,
        pace: float | None = PACE,
    ) -> None:
        self.place = place
        self.table = table
        self._retention = retention
        self._pace = pace
        self._journal: Journal | None = None

    @abstractmethod
    def stored(self, run_id: str) -> StoredRun:
        """Return all that is kept of a run, for another history.

        Raises:
            RunNotFound: There is no such run.
        """

    @abstractmethod
    def restore(self, run: StoredRun) -> bool:
        """Keep a run of another history, whole or not at all.

        Returns:
            Whether it was kept; not if there is one of its id already.
        """

    @abstractmethod
    def event_rows(self, run_id: str, asked: AskedEvents) -> list[EventRow]:
        """Return rows of a run in their order, at least those that are asked for.

        Raises:
            RunNotFound: There is no such run.
        """

    def events(
        self,
        run_id: str,
        after: int = 0,
        limit: int | None = None,
        *,
        kinds: Collection[str] | None = None,
        task: str | None = None,
    ) -> list[HistoryEvent]:
        """Return the events of a run in their order; see `History.events`.

        Raises:
            InvalidQuery: The limit is below 0.
            RunNotFound: There is no such run.
        """
        from dotflow.history.summaries import AskedEvents

        if limit is not None and limit < 0:
            raise InvalidQuery(
                f"limit={limit} is none: give 0 or more, or None for all."
            )
        named = (kinds,) if isinstance(kinds, str) else kinds  # one alone, as a text
        asked = AskedEvents(after, limit, named, task)
        return asked.among(self.event_rows(run_id, asked))

    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; see `History.recorder`."""
        if self._retention.keep_runs == 0:
            return None
        from dotflow.history.journal import Journal
        from dotflow.history.recorder import EventRecorder

        if self._journal is None:
            self._journal = Journal(self.table, self._pace)
        return EventRecorder(info, self._journal, f"The history in {self.place}")

    def close(self) -> None:
        """Write what waits, and let go of connections; the next use opens new ones."""
        if self._journal is not None:
            self._journal.pause()
