"""`Store`: the storage whose runs are shown, and what it can answer."""

from __future__ import annotations

from collections import Counter
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.abc.history import QueryNotSupported
from dotflow.base.masking import mask
from dotflow.codec.codec import Codec
from dotflow.errors import StorageError
from dotflow.history.schedules import Schedules, can_keep_schedules

if TYPE_CHECKING:
    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage
    from dotflow.history.schedules import ScheduleReport

_TALLIED = 1000


class Store:
    """Where runs are read, and where requests are left for their processes.

    To look changes nothing and unpickles nothing.

    Args:
        storage: The storage.

    Raises:
        StorageError: It keeps no history.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = _without_pickle(storage)
        read_only: Any = getattr(self.storage, "read_only", None)
        looking: Storage = self.storage if read_only is None else read_only()
        history = looking.history
        if history is None:
            raise StorageError(
                f"{type(storage).__name__} keeps no history of runs: name a SQLite file,"
                " a folder of StorageFile, or the address of a database."
            )
        self.history: History = history
        self._looking = looking
        self.keeps_schedules = can_keep_schedules(storage)

    @property
    def label(self) -> str:
        """What people know it by, without a password."""
        path = getattr(self.storage, "path", None)
        kind = type(self.storage).__name__.removeprefix("Storage")
        if isinstance(path, Path):
            return f"{kind} {'folder' if path.is_dir() else 'file'} {path.name}"
        return f"{kind} {mask(str(getattr(self.history, 'place', '')))}".strip()

    @property
    def path(self) -> Path | None:
        """The file or the folder; None where there is none."""
        path = getattr(self.storage, "path", None)
        return path if isinstance(path, Path) else None

    @property
    def schedules(self) -> Schedules:
        """Its schedules, to change them.

        Raises:
            ScheduleRefused: It keeps none.
        """
        return Schedules(self.storage)

    def all_schedules(self) -> list[ScheduleReport]:
        """Return its schedules as they are now; of a storage that keeps none, none."""
        return Schedules(self._looking).all() if self.keeps_schedules else []

    def counts(
        self, workflow: str | None = None, since: datetime | None = None
    ) -> dict[str, int]:
        """Return how many runs there are of each status; of many, of the newest.

        Args:
            workflow: Only those of this workflow.
            since: Only those that began then or later.
        """
        try:
            return self.history.counts(workflow=workflow, since=since)
        except QueryNotSupported:
            runs = self.history.runs(workflow=workflow, since=since, limit=_TALLIED)
            return dict(Counter(run.status for run in runs))

    def close(self) -> None:
        """Let go of what it holds open."""
        self._looking.close()
        self.storage.close()


def ago(**parts: float) -> datetime:
    """Return a moment before now, as of `timedelta`."""
    return datetime.now(UTC) - timedelta(**parts)


def _without_pickle(storage: Storage) -> Storage:
    """Return a storage that reads nothing which could run code."""
    if isinstance(getattr(storage, "codec", None), Codec):
        storage = copy(storage)
        storage.codec = Codec.named("json")  # type: ignore[attr-defined]
    return storage
