"""`StorageStateStore`: runs of pipelines in any storage that other processes see.

A run has one record, `~pipeline-<run>`: its tasks' statuses, and which process runs it.
A task that succeeded has a checkpoint under the key that a `DotFlow` would give it
whose workflow id is the id of the run. It is written first, and it is what says that
the task is done: a process killed before its record says so has done the task all the
same. That saves a round trip a task, since the record tells it with the next change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from dotflow.abc.storage import Storage
from dotflow.base.guard import STOPS, told
from dotflow.base.identity import new_ulid, quote_name
from dotflow.base.liveness import is_dead, process_token
from dotflow.errors import DecodeError, InvalidTask, StorageError
from dotflow.model.context import Context
from dotflow.pipeline.run_state import PROCESS_CRASH
from dotflow.pipeline.state import (
    InMemoryStateStore,
    RunRecord,
    RunStatus,
    StoredRun,
    TaskRunRecord,
)

# Listed by itself, since a storage holds far more results than runs. No workflow's keys
# begin like this unless somebody gives it this very id.
_PREFIX = "~pipeline-"
_NEEDED = ("atomic_swap", "delete", "list_keys")


class StorageCannotKeepRuns(StorageError, ValueError):
    """A storage lacks what other processes need to find and resume a pipeline's runs.

    Attributes:
        missing: The methods that it does not have.
    """

    def __init__(self, storage: Storage, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        name = type(storage).__name__
        super().__init__(
            f"{name} cannot keep the runs of a pipeline for other processes: it has no"
            f" {', no '.join(f'{method}()' for method in missing)}. Override them in it,"
            " or give the pipeline state_store=InMemoryStateStore() to keep its runs in"
            " this process alone, or a SQLiteStateStore."
        )


class StorageStateStore(InMemoryStateStore):
    """Keeps runs in a storage, where every process that shares it finds them.

    A task's result is in the storage before any task that depends on it begins. A run
    whose process has died is found when somebody reads or lists it: its running tasks
    are marked failed with the error `"PROCESS_CRASH"`, and it can be resumed.

    A change of a status writes the statuses of all tasks of the run: for pipelines of
    thousands of tasks take a `SQLiteStateStore`, which writes a row.

    Args:
        storage: The storage, which stays open.

    Raises:
        StorageCannotKeepRuns: It lacks `list_keys`, `delete` or `atomic_swap`.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        missing = [
            name
            for name in _NEEDED
            if getattr(type(storage), name, None) in (None, getattr(Storage, name))
        ]
        if missing:
            raise StorageCannotKeepRuns(storage, missing)
        self._storage = storage
        # What the records of this process's runs hold, by run.
        self._written: dict[str, Context] = {}
        # The mapped tasks that have results of items in the storage, by run.
        self._mapped: set[tuple[str, str]] = set()

    def storage_beside(self) -> Storage:
        """Return where a pipeline keeps all else by default: the same storage."""
        return self._storage

    def get_run(self, run_id: str) -> RunRecord:
        """Return a run, of whatever process; see `StateStore.get_run`."""
        if run_id in self._runs:
            return self._runs[run_id]
        stored = self._storage.get(_PREFIX + run_id)
        if not isinstance(stored.storage, dict):
            raise KeyError(run_id)
        run = _unpacked(run_id, stored.storage)
        self._take_results(run)
        if run.finished_at is None and is_dead(stored.storage["owner"]):
            self._bury(run, stored)
        return run

    def owner_of(self, run_id: str) -> str | None:
        """Return whose run it is; see `InMemoryStateStore.owner_of`."""
        record = self._storage.get(_PREFIX + run_id).storage
        if not isinstance(record, dict) or record.get("finished") is not None:
            return None
        return str(record.get("owner"))

    def list_runs(
        self, dag_name: str | None = None, status: RunStatus | None = None
    ) -> list[StoredRun]:
        """Return the runs of all processes, reading each; see `StateStore`."""
        runs = []
        for key in reversed(self._storage.list_keys(_PREFIX)):
            run_id = key[len(_PREFIX) :]
            try:
                run = self._listed(run_id, key)
            except DecodeError as error:
                # The others are to be found all the same.
                from dotflow.logging import warn

                warn("A run is not listed: %s", error)
                continue
            if run is None:
                continue
            state: RunStatus = "RUNNING" if run.finished_at is None else run.status
            found = StoredRun(
                run_id, run.dag_name, state, run.created_at, run.finished_at
            )
            if found.matches(dag_name, status):
                runs.append(found)
        return runs

    def _listed(self, run_id: str, key: str) -> RunRecord | None:
        """Return a run without its results; None where it was removed meanwhile."""
        record = self._storage.get(key).storage
        if not isinstance(record, dict):
            return None
        run = _unpacked(run_id, record)
        dead = run.finished_at is None and is_dead(str(record.get("owner")))
        return self.get_run(run_id) if dead else run

    def forget_run(self, run_id: str) -> None:
        """Remove a run that has ended, with its results.

        A kill in between leaves results that nothing lists; doing it again removes them.
        """
        self._storage.delete(_PREFIX + run_id)
        self._storage.delete_prefix(f"{run_id}-")

    def mark_item_success(
        self, run_id: str, task_name: str, index: int, result: object
    ) -> None:
        """Keep the result of an item; see `ItemStateStore`."""
        self._mapped.add((run_id, task_name))
        self._post(run_id, f"{_key(run_id, task_name)}~{index}", result, time.time())

    def get_item(self, run_id: str, task_name: str, index: int) -> Any:
        """Return the result of an item; see `ItemStateStore.get_item`."""
        found = self._storage.get(f"{_key(run_id, task_name)}~{index}")
        if not found.task_id:
            raise KeyError(index)
        return found.storage

    def _add(
        self, run: RunRecord, former: str | None = None, begun: Sequence[str] = ()
    ) -> None:
        # What is swapped must not change under our hands: a task may edit its metadata.
        try:
            run.metadata = deepcopy(run.metadata)
        except STOPS:
            raise
        except BaseException as error:  # a value of it may be anybody's code
            raise InvalidTask(
                f"The metadata of the run cannot be copied: {told(error)}. Make it of"
                " plain data."
            ) from error
        # The record comes last: a kill before it leaves copies that no run owns, and
        # the former run as it was.
        for name, task in run.tasks.items():
            if task.status == "SUCCESS" and not task.result_cleared:
                when = task.finished_at or time.time()
                key = _key(run.run_id, name)
                self._post(run.run_id, key, task.result, when, task.lineage)
        for name in begun:
            old, new = f"{_key(str(former), name)}~", f"{_key(run.run_id, name)}~"
            for key in self._storage.list_keys(old):
                item = self._storage.get(key).storage
                self._post(run.run_id, new + key[len(old) :], item, time.time())
                self._mapped.add((run.run_id, name))
        self._swap(run)

    def _write(self, run_id: str, task: TaskRunRecord) -> None:
        self._swap(self._runs[run_id])

    def _write_result(self, run_id: str, task: TaskRunRecord) -> None:
        key = _key(run_id, task.task_name)
        when = task.finished_at or time.time()
        self._post(run_id, key, task.result, when, task.lineage)
        if (run_id, task.task_name) in self._mapped:
            self._storage.delete_prefix(f"{key}~")
            self._mapped.discard((run_id, task.task_name))

    def _write_cleared(self, run_id: str, task: TaskRunRecord) -> None:
        # In this order: without its checkpoint the record alone says that it is done.
        self._swap(self._runs[run_id])
        self._storage.delete(_key(run_id, task.task_name))

    def _write_end(self, run: RunRecord) -> None:
        self._swap(run)
        del self._runs[run.run_id], self._written[run.run_id]
        self._mapped.difference_update([(run.run_id, name) for name in run.tasks])

    def _post(
        self,
        run_id: str,
        key: str,
        value: Any,
        when: float,
        lineage: str | None = None,
    ) -> None:
        context = Context.of_task(value, new_ulid(), run_id, when, run_id, lineage)
        self._storage.post(key, context)

    def _swap(self, run: RunRecord) -> None:
        """Write the record of a run of this process.

        Raises:
            StorageError: Another process has changed it.
        """
        new = _packed(run, process_token())
        before = self._written.get(run.run_id)
        if not self._storage.atomic_swap(_PREFIX + run.run_id, before, new):
            raise StorageError(
                f"Run {run.run_id} is not this process's any more: another one has taken"
                " it for dead, or removed it. Resume it there."
            )
        self._written[run.run_id] = new

    def _take_results(self, run: RunRecord) -> None:
        """Read the results of a run; a task that has one is done."""
        there = set(self._storage.list_keys(f"{run.run_id}-"))
        for task in run.tasks.values():
            key = _key(run.run_id, task.task_name)
            if key in there:
                found = self._storage.get(key)
                if task.status != "SUCCESS":
                    task.status, task.error = "SUCCESS", None
                    task.finished_at = found.time.timestamp()
                task.result, task.lineage = found.storage, found.lineage
            elif task.status == "SUCCESS":
                # It was not retained, or removed: whoever needs it makes it again.
                task.result_cleared = True

    def _bury(self, run: RunRecord, stored: Context) -> None:
        """Mark a run whose process has died; of several that do so, one writes."""
        run.finished_at = time.time()
        for task in run.tasks.values():
            if task.status in ("RUNNING", "PENDING"):
                task.status = "FAILED" if task.status == "RUNNING" else "SKIPPED"
                task.error, task.finished_at = PROCESS_CRASH, run.finished_at
        record = _packed(run, stored.storage["owner"])
        self._storage.atomic_swap(_PREFIX + run.run_id, stored, record)


def _key(run_id: str, task_name: str) -> str:
    """Return the key of a task's checkpoint, as `Task.checkpoint_key`."""
    return f"{run_id}-{quote_name(task_name)}"


def _packed(run: RunRecord, owner: str) -> Context:
    tasks = [
        [
            task.task_name,
            task.attempt,
            task.status,
            task.started_at,
            task.finished_at,
            task.error,
        ]
        for task in run.tasks.values()
    ]
    record = {
        "dag": run.dag_name,
        "metadata": run.metadata,
        "created": run.created_at,
        "finished": run.finished_at,
        "owner": owner,
        "tasks": tasks,
    }
    # Beside each result there is its own; a mapped task may have those of items alone.
    lineages = {
        task.task_name: task.lineage
        for task in run.tasks.values()
        if task.lineage is not None
        and (task.status in ("RUNNING", "FAILED") or task.result_cleared)
    }
    if lineages:
        record["lineages"] = lineages
    # A task id tells a record from a missing key.
    return Context.of_task(record, run.run_id, run.run_id, run.created_at, run.run_id)


def _unpacked(run_id: str, record: dict[str, Any]) -> RunRecord:
    try:
        tasks = {fields[0]: TaskRunRecord(*fields) for fields in record["tasks"]}
        for name, lineage in record.get("lineages", {}).items():
            tasks[name].lineage = lineage
        metadata, created = dict(record["metadata"]), record["created"]
        return RunRecord(
            run_id, record["dag"], metadata, tasks, created, record["finished"]
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DecodeError(
            f"The record of the pipeline run {run_id!r} is not one of dotflow"
            f" ({error!r}). Remove it with `forget_run({run_id!r})`."
        ) from error
