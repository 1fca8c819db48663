"""`SQLiteStateStore`: runs of pipelines in one file, for any process to resume."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.abc.retention import DAY, Retention
from dotflow.base.liveness import is_dead, process_token
from dotflow.codec.codec import Codec
from dotflow.errors import StorageError
from dotflow.pipeline import state_sql as sql
from dotflow.pipeline.run_state import PROCESS_CRASH
from dotflow.pipeline.serializers import (
    AnySerializer,
    JsonSerializer,
    PickleSerializer,
    Serializer,
)
from dotflow.pipeline.state import (
    InMemoryStateStore,
    RunRecord,
    RunStatus,
    StoredRun,
    TaskRunRecord,
)
from dotflow.providers.storage_sqlite.database import Database, check_path

if TYPE_CHECKING:
    import sqlite3

    from dotflow.providers.storage_sqlite.storage import StorageSQLite
    from dotflow.types import CodecName

# What trusts a file as much as each serializer of ours does.
_CODECS: dict[type, CodecName] = {
    type(None): "pickle",
    AnySerializer: "pickle",
    PickleSerializer: "pickle",
    JsonSerializer: "json",
}


class SQLiteStateStore(InMemoryStateStore):
    """Keeps runs in one SQLite file, which threads and processes may share.

    What it is told is on disk when the call returns, so a task's result is there before
    any task that depends on it begins. Runs whose process has died are found when the
    store is opened, and at every `list_runs`: their running tasks are marked failed with
    the error `"PROCESS_CRASH"`, and they can be resumed.

    Args:
        path: The file; a `StorageSQLite` may use the same one.
        serializer: How results are written. Default: JSON, and pickle for what JSON has
            no form for; whoever can write to the file can then run code in the reader.
            `JsonSerializer()` never does.
        recover: Whether runs of dead processes are marked.
        synchronous: As of a `StorageSQLite`.
        timeout: As of a `StorageSQLite`.
        keep_runs: How many of the newest runs are kept; None for all. Others are
            forgotten, with their results, when a run ends; those that go on are not.
        keep_days: After how many days a run is forgotten; None for never.

    Raises:
        ValueError: The path is no file, or a number is out of range.
        StorageError: The file cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        serializer: Serializer | None = None,
        *,
        recover: bool = True,
        synchronous: str = "FULL",
        timeout: float = 30.0,
        keep_runs: int | None = None,
        keep_days: float | None = None,
    ) -> None:
        super().__init__()
        if keep_runs == 0:
            raise ValueError(
                "keep_runs=0: a run that has just ended is to be read and resumed, so"
                " give a whole number, 1 or more, or None for all."
            )
        self._retention = Retention(keep_runs, keep_days)
        # The mapped tasks that have results of items in the file, by run.
        self._mapped: set[tuple[str, str]] = set()
        codec = Codec.named("pickle")
        self._dumps: Callable[[Any], str | bytes] = codec.encode
        self._loads: Callable[[Any], Any] = codec.decode
        if serializer is not None:
            self._dumps, self._loads = serializer.dumps, serializer.loads
        self._database = Database(check_path(os.fspath(path)), synchronous, timeout)
        self._codec = _CODECS.get(type(serializer))
        self._storage: StorageSQLite | None = None
        self._recovers = recover
        if recover and self.path.exists():
            self.recover()

    @classmethod
    def beside(cls, storage: StorageSQLite) -> SQLiteStateStore:
        """Return a store in the file of a storage, with the storage's settings.

        Args:
            storage: The storage; what it keeps no history of is kept here all the same.
        """
        database, retention = storage.database, storage.retention
        days = retention.keep_seconds
        return cls(
            storage.path,
            None if storage.codec.pickle else JsonSerializer(),
            synchronous=database.synchronous,
            timeout=database.timeout,
            keep_runs=retention.keep_runs or None,
            keep_days=None if days is None else days / DAY,
        )

    def storage_beside(self) -> StorageSQLite | None:
        """Return where a pipeline keeps all else by default: a storage in the same file.

        None with a serializer of a user's own: who writes results in a secret form wants
        no history that shows them, and no cache that has them in another.
        """
        if self._storage is None and self._codec is not None:
            from dotflow.providers.storage_sqlite.storage import StorageSQLite

            days, database = self._retention.keep_seconds, self._database
            level: Any = database.synchronous
            self._storage = StorageSQLite(
                self.path,
                self._codec,
                level,
                database.timeout,
                self._retention.keep_runs,
                None if days is None else days / DAY,
            )
        return self._storage

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._database.path)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._database.close()
        if self._storage is not None:
            self._storage.close()

    def get_run(self, run_id: str) -> RunRecord:
        """Return a run, of whatever process; see `StateStore.get_run`."""
        if run_id in self._runs:
            return self._runs[run_id]
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sql.GET_RUN, (run_id,)).fetchone()
            tasks = connection.execute(sql.GET_TASKS, (run_id,)).fetchall()
        if found is None:
            raise KeyError(run_id)
        dag_name, metadata, created_at, finished_at = found
        return RunRecord(
            run_id,
            dag_name,
            self._loads(metadata),
            {row[0]: self._task(row) for row in tasks},
            created_at,
            finished_at,
        )

    def owner_of(self, run_id: str) -> str | None:
        """Return whose run it is; see `InMemoryStateStore.owner_of`."""
        rows = self._database.execute(sql.OWNER, (run_id,))
        return str(rows[0][0]) if rows else None

    def list_runs(
        self, dag_name: str | None = None, status: RunStatus | None = None
    ) -> list[StoredRun]:
        """Return the runs of all processes; see `StateStore.list_runs`."""
        if self._recovers:
            self.recover()
        rows = self._database.execute(sql.LIST, (dag_name, status))
        return [StoredRun(*row) for row in rows]

    def recover(self) -> list[str]:
        """Mark the runs whose process has died, and return their ids."""
        unfinished = self._database.execute(sql.UNFINISHED)
        dead = [run_id for run_id, owner in unfinished if is_dead(owner)]
        for run_id in dead:
            with self._database.transaction() as connection:
                now = time.time()
                for query in sql.CRASH:
                    connection.execute(query, (PROCESS_CRASH, now, run_id))
                status = self._status(connection, run_id)
                connection.execute(sql.END_RUN, (status, now, run_id))
        return dead

    def mark_item_success(
        self, run_id: str, task_name: str, index: int, result: object
    ) -> None:
        """Keep the result of an item; see `ItemStateStore`."""
        data = self._dumps(result)
        self._database.change(sql.SET_ITEM, (run_id, task_name, index, data))
        self._mapped.add((run_id, task_name))

    def get_item(self, run_id: str, task_name: str, index: int) -> Any:
        """Return the result of an item; see `ItemStateStore.get_item`."""
        rows = self._database.execute(sql.GET_ITEM, (run_id, task_name, index))
        if not rows:
            raise KeyError(index)
        return self._loads(rows[0][0])

    def _add(
        self, run: RunRecord, former: str | None = None, begun: Sequence[str] = ()
    ) -> None:
        self._database.revisit()
        with self._database.transaction() as connection:
            self._insert(connection, run)
            if former is None:
                return
            connection.execute(sql.COPY_RESULTS, (former, run.run_id))
            for name in begun:
                row = (run.run_id, former, name)
                if connection.execute(sql.COPY_ITEMS, row).rowcount > 0:
                    self._mapped.add((run.run_id, name))

    def _insert(self, connection: sqlite3.Connection, run: RunRecord) -> None:
        metadata = self._dumps(run.metadata)
        owner = process_token()
        connection.execute(
            sql.ADD_RUN, (run.run_id, run.dag_name, metadata, run.created_at, owner)
        )
        connection.executemany(
            sql.ADD_TASKS,
            [
                (
                    run.run_id,
                    t.task_name,
                    t.status,
                    t.attempt,
                    t.started_at,
                    t.finished_at,
                )
                for t in run.tasks.values()
            ],
        )

    def _prune(self, connection: sqlite3.Connection) -> None:
        keep, seconds = self._retention.keep_runs, self._retention.keep_seconds
        doomed: set[str] = set()
        if keep is not None:
            doomed.update(run for (run,) in connection.execute(sql.SURPLUS, (keep,)))
        if seconds is not None:
            since = time.time() - seconds
            doomed.update(run for (run,) in connection.execute(sql.OUTDATED, (since,)))
        for statement in sql.FORGET if doomed else ():
            connection.executemany(statement, [(run,) for run in doomed])

    def _write(self, run_id: str, task: TaskRunRecord) -> None:
        row = (
            task.status,
            task.attempt,
            task.started_at,
            task.finished_at,
            task.error,
            task.lineage,
            run_id,
            task.task_name,
        )
        self._found(run_id, self._database.change(sql.SET_TASK, row))

    def _found(self, run_id: str, rows: int) -> None:
        """Refuse to go on with a run that is not in the file any more.

        Raises:
            StorageError: No row was changed.
        """
        if not rows:
            raise StorageError(
                f"Run {run_id} is not in {self.path} any more: it was removed, or the"
                " file was deleted or replaced. Run it again."
            )

    def _write_result(self, run_id: str, task: TaskRunRecord) -> None:
        name = task.task_name
        data = self._dumps(task.result)
        row = (task.finished_at, data, task.lineage, run_id, name)
        if (run_id, name) not in self._mapped:
            self._found(run_id, self._database.change(sql.SET_RESULT, row))
            return
        with self._database.transaction() as connection:
            self._found(run_id, connection.execute(sql.SET_RESULT, row).rowcount)
            connection.execute(sql.DROP_ITEMS, (run_id, name))
        self._mapped.discard((run_id, name))

    def _write_cleared(self, run_id: str, task: TaskRunRecord) -> None:
        self._database.change(sql.CLEAR_RESULT, (run_id, task.task_name))

    def _write_end(self, run: RunRecord) -> None:
        """Write that a run has ended, forget it in memory, and others in the file."""
        with self._database.transaction() as connection:
            row = (run.status, run.finished_at, run.run_id)
            self._found(run.run_id, connection.execute(sql.END_RUN, row).rowcount)
            self._prune(connection)
        del self._runs[run.run_id]
        self._mapped.difference_update([(run.run_id, name) for name in run.tasks])

    def _task(self, row: tuple[Any, ...]) -> TaskRunRecord:
        *fields, data, lineage = row
        task = TaskRunRecord(*fields)
        task.lineage = lineage
        if data is not None:
            task.result = self._loads(data)
        # A result of None is stored as text.
        task.result_cleared = task.status == "SUCCESS" and data is None
        return task

    @staticmethod
    def _status(connection: sqlite3.Connection, run_id: str) -> RunStatus:
        rows = connection.execute(sql.STATUSES, (run_id,)).fetchall()
        tasks = {name: TaskRunRecord(name, status=status) for name, status in rows}
        return RunRecord(run_id, "", tasks=tasks).status
