"""`SQLiteStateStore`: runs of pipelines in one file, for any process to resume."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.core.liveness import is_dead, process_token
from dotflow.pipeline.serializers import AnySerializer, Serializer
from dotflow.pipeline.state import (
    InMemoryStateStore,
    RunRecord,
    RunStatus,
    RunSummary,
    TaskRunRecord,
)
from dotflow.providers.storage_sqlite.database import Database, check_path

if TYPE_CHECKING:
    import sqlite3

PROCESS_CRASH = "PROCESS_CRASH"

_ADD_RUN = "INSERT INTO pipeline_runs VALUES (?, ?, ?, ?, NULL, 'RUNNING', ?)"
_ADD_TASKS = """
    INSERT INTO pipeline_tasks (run_id, name, status, attempt, started_at, finished_at)
    VALUES (?, ?, ?, ?, ?, ?)
"""
# The results that a resumed run keeps are copied as they were written.
_COPY_RESULTS = """
    UPDATE pipeline_tasks SET result = (
        SELECT former.result FROM pipeline_tasks AS former
        WHERE former.run_id = ? AND former.name = pipeline_tasks.name
    )
    WHERE run_id = ? AND status = 'SUCCESS'
"""
_SET_TASK = """
    UPDATE pipeline_tasks
    SET status = ?, attempt = ?, started_at = ?, finished_at = ?, error = ?
    WHERE run_id = ? AND name = ?
"""
_SET_RESULT = """
    UPDATE pipeline_tasks SET status = 'SUCCESS', finished_at = ?, result = ?
    WHERE run_id = ? AND name = ?
"""
_CLEAR_RESULT = "UPDATE pipeline_tasks SET result = NULL WHERE run_id = ? AND name = ?"
_END_RUN = "UPDATE pipeline_runs SET status = ?, finished_at = ? WHERE run_id = ?"
_GET_RUN = """
    SELECT dag_name, metadata, created_at, finished_at
    FROM pipeline_runs WHERE run_id = ?
"""
_GET_TASKS = """
    SELECT name, attempt, status, started_at, finished_at, error, result
    FROM pipeline_tasks WHERE run_id = ? ORDER BY id
"""
_LIST = """
    SELECT run_id, dag_name, status, created_at, finished_at FROM pipeline_runs
    WHERE dag_name = coalesce(?, dag_name) AND status = coalesce(?, status)
    ORDER BY run_id DESC
"""
_STATUSES = "SELECT name, status FROM pipeline_tasks WHERE run_id = ?"
_CRASH = [
    f"""
    UPDATE pipeline_tasks SET status = '{becomes}', error = ?, finished_at = ?
    WHERE run_id = ? AND status = '{was}'
    """  # noqa: S608 - fixed texts
    for was, becomes in (("RUNNING", "FAILED"), ("PENDING", "SKIPPED"))
]
_UNFINISHED = "SELECT run_id, owner FROM pipeline_runs WHERE finished_at IS NULL"


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
        synchronous: `"FULL"` (a result survives a power cut) or `"NORMAL"` (it survives
            a kill, and is stored several times faster).
        timeout: How long to wait for another process's lock, in seconds.

    Raises:
        ValueError: The path is no file.
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
    ) -> None:
        super().__init__()
        self._serializer: Serializer = serializer or AnySerializer()
        self._database = Database(check_path(os.fspath(path)), synchronous, timeout)
        self._recovers = recover
        if recover and self.path.exists():
            self.recover()

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._database.path)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._database.close()

    def create_run(
        self,
        run_id: str,
        dag_name: str,
        task_names: list[str],
        metadata: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run; see `InMemoryStateStore.create_run`."""
        tasks = {name: TaskRunRecord(name) for name in task_names}
        run = RunRecord(run_id, dag_name, dict(metadata or {}), tasks)
        with self._database.transaction() as connection:
            self._insert(connection, run)
        self._runs[run_id] = run
        return run

    def create_resumed_run(
        self,
        run_id: str,
        prev_run_id: str,
        dag_name: str,
        task_names: list[str],
        reset_tasks: set[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run with the results of another, of whatever process."""
        run = self._resumed(
            self.get_run(prev_run_id),
            RunRecord(run_id, dag_name, dict(metadata or {})),
            task_names,
            reset_tasks or set(),
        )
        with self._database.transaction() as connection:
            self._insert(connection, run)
            connection.execute(_COPY_RESULTS, (prev_run_id, run_id))
        self._runs[run_id] = run
        return run

    def get_run(self, run_id: str) -> RunRecord:
        """Return a run, of whatever process.

        Raises:
            KeyError: There is none of this id.
            StorageError: The file, or a result in it, cannot be read.
        """
        if run_id in self._runs:
            return self._runs[run_id]
        with self._database.transaction(write=False) as connection:
            found = connection.execute(_GET_RUN, (run_id,)).fetchone()
            tasks = connection.execute(_GET_TASKS, (run_id,)).fetchall()
        if found is None:
            raise KeyError(run_id)
        dag_name, metadata, created_at, finished_at = found
        return RunRecord(
            run_id,
            dag_name,
            self._serializer.loads(metadata),
            {row[0]: self._task(row) for row in tasks},
            created_at,
            finished_at,
        )

    def list_runs(
        self, dag_name: str | None = None, status: RunStatus | None = None
    ) -> list[RunSummary]:
        """Return the runs of all processes, the newest first.

        Args:
            dag_name: Only those of this DAG.
            status: Only those of this status.
        """
        if self._recovers:
            self.recover()
        rows = self._database.execute(_LIST, (dag_name, status))
        return [RunSummary(*row) for row in rows]

    def recover(self) -> list[str]:
        """Mark the runs whose process has died, and return their ids."""
        unfinished = self._database.execute(_UNFINISHED)
        dead = [run_id for run_id, owner in unfinished if is_dead(owner)]
        for run_id in dead:
            with self._database.transaction() as connection:
                now = time.time()
                for query in _CRASH:
                    connection.execute(query, (PROCESS_CRASH, now, run_id))
                status = self._status(connection, run_id)
                connection.execute(_END_RUN, (status, now, run_id))
        return dead

    def mark_running(self, run_id: str, task_name: str) -> None:
        """Note that an attempt begins; see `InMemoryStateStore.mark_running`."""
        super().mark_running(run_id, task_name)
        self._write(run_id, task_name)

    def mark_success(self, run_id: str, task_name: str, result: object) -> None:
        """Keep a result; see `InMemoryStateStore.mark_success`.

        Raises:
            StorageError: The file failed, or the serializer has no form for the result.
        """
        data = self._serializer.dumps(result)
        super().mark_success(run_id, task_name, result)
        task = self._runs[run_id].tasks[task_name]
        try:
            self._database.execute(
                _SET_RESULT, (task.finished_at, data, run_id, task_name)
            )
        except BaseException:
            # It does not count as done before the file says so.
            task.status, task.result, task.finished_at = "RUNNING", None, None
            raise

    def mark_failed(self, run_id: str, task_name: str, err: str) -> None:
        """Note that an attempt failed; see `InMemoryStateStore.mark_failed`."""
        super().mark_failed(run_id, task_name, err)
        self._write(run_id, task_name)

    def mark_skipped(self, run_id: str, task_name: str, reason: str) -> None:
        """Note that a task will not run; see `InMemoryStateStore.mark_skipped`."""
        super().mark_skipped(run_id, task_name, reason)
        self._write(run_id, task_name)

    def mark_retry(self, run_id: str, task_name: str) -> None:
        """Note that another attempt follows; see `InMemoryStateStore.mark_retry`."""
        super().mark_retry(run_id, task_name)
        self._write(run_id, task_name)

    def clear_result(self, run_id: str, task_name: str) -> None:
        """Let go of a result that no task needs any more."""
        super().clear_result(run_id, task_name)
        self._database.execute(_CLEAR_RESULT, (run_id, task_name))

    def finalize_run_if_done(self, run_id: str) -> None:
        """Note the end of a run whose tasks have all ended, and forget it in memory."""
        super().finalize_run_if_done(run_id)
        run = self.get_run(run_id)
        if run.finished_at is not None and run_id in self._runs:
            self._database.execute(_END_RUN, (run.status, run.finished_at, run_id))
            del self._runs[run_id]

    def _insert(self, connection: sqlite3.Connection, run: RunRecord) -> None:
        metadata = self._serializer.dumps(run.metadata)
        owner = process_token()
        connection.execute(
            _ADD_RUN, (run.run_id, run.dag_name, metadata, run.created_at, owner)
        )
        connection.executemany(
            _ADD_TASKS,
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

    def _write(self, run_id: str, task_name: str) -> None:
        task = self._runs[run_id].tasks[task_name]
        self._database.execute(
            _SET_TASK,
            (
                task.status,
                task.attempt,
                task.started_at,
                task.finished_at,
                task.error,
                run_id,
                task_name,
            ),
        )

    def _task(self, row: tuple[Any, ...]) -> TaskRunRecord:
        *fields, data = row
        task = TaskRunRecord(*fields)
        if data is not None:
            task.result = self._serializer.loads(data)
        # A result of None is stored as text.
        task.result_cleared = task.status == "SUCCESS" and data is None
        return task

    @staticmethod
    def _status(connection: sqlite3.Connection, run_id: str) -> RunStatus:
        rows = connection.execute(_STATUSES, (run_id,)).fetchall()
        tasks = {name: TaskRunRecord(name, status=status) for name, status in rows}
        return RunRecord(run_id, "", tasks=tasks).status
