"""`WrittenHistory`: what histories have in common that write their runs themselves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from dotflow.abc.history import History, Recorder

if TYPE_CHECKING:
    from dotflow.abc.retention import Retention
    from dotflow.history.journal import HistoryTable, Journal
    from dotflow.history.stored_run import StoredRun
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
