"""`Source`: a durable history from which a server is told of a run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.base.arguments import output_folder
from dotflow.history.sql_history import SQLHistory
from dotflow.model.context import Context

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

MARK = "reporting/"
"""What the keys begin with that tell which runs a server does not know all of yet."""

_SPOOL = "server-spool.db"
_KEPT_RUNS = 200
_MOST_BYTES = 64 << 20
_NO_TASK = "-"


class Source:
    """Runs in the history of a storage, and which of them a server is owed.

    Args:
        storage: A storage with a database.
        server: The address of the server.
        own: Whether the storage is there for this alone, and forgets what was told.
    """

    def __init__(self, storage: Storage, server: str, own: bool = False) -> None:
        history = storage.history
        assert isinstance(history, SQLHistory)
        self.history = history
        self.storage = storage
        self._server = server
        self._own = own

    def owe(self, run_id: str) -> None:
        """Note durably that the server is to be told of a run."""
        record = {"run": run_id, "server": self._server}
        context = Context.of_task(record, _NO_TASK, None, time.time())
        self.storage.post(MARK + run_id, context)

    def owed(self) -> list[str]:
        """Return the runs that the server is to be told of."""
        found = []
        for key in self.storage.list_keys(MARK):
            record = self.storage.get(key).storage
            if isinstance(record, dict) and record.get("server") == self._server:
                found.append(key.removeprefix(MARK))
        return found

    def settle(self, run_id: str) -> None:
        """Note that the server knows all of a run, or never will."""
        self.storage.delete(MARK + run_id)
        if self._own:
            self.history.delete(run_id)


def has_database(storage: Storage) -> bool:
    """Say whether a storage keeps its history in a database that outlives a process."""
    return storage.persistent and isinstance(storage.history, SQLHistory)


def spool(server: str) -> Source:
    """Return the file for runs whose own storage has no database.

    It is bounded: where a server was away for very long, the oldest runs go first.

    Args:
        server: The address of the server.
    """
    from dotflow.providers.storage_sqlite import StorageSQLite

    path = Path(output_folder(), _SPOOL)
    storage: Any = StorageSQLite(
        path, codec="json", synchronous="NORMAL", keep_runs=_KEPT_RUNS
    )
    found = Source(storage, server, own=True)
    try:
        full = os.stat(path).st_size > _MOST_BYTES
    except OSError:
        return found  # there is none yet
    if full:
        from dotflow.logging import warn

        forgotten = found.history.prune(keep=_KEPT_RUNS // 10)
        warn("The server was away for long: %d runs are not told to it.", forgotten)
        storage.database.execute("VACUUM")
    return found
