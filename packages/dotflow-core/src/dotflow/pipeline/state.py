"""The state of runs: the store that keeps them in memory, the base of durable ones.

The rules of which status follows which are here alone. A durable store says, in the
methods at the end of the class, only where each change is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from dotflow.base.arguments import check_count
from dotflow.model.own import own
from dotflow.pipeline.kept_runs import KeptRuns
from dotflow.pipeline.run_state import (
    IllegalTransition,
    RunRecord,
    RunStatus,
    StoredRun,
    TaskRunRecord,
    TaskStatus,
)
from dotflow.pipeline.state_protocol import ItemStateStore, StateStoreProtocol

__all__ = [
    "IllegalTransition",
    "InMemoryStateStore",
    "ItemStateStore",
    "RunRecord",
    "RunStatus",
    "StateStore",
    "StateStoreProtocol",
    "StoredRun",
    "TaskRunRecord",
    "TaskStatus",
]


class InMemoryStateStore:
    """Keeps the runs of this process in memory.

    A service may run one pipeline again and again, so results are let go: of a run that
    succeeded once `keep_runs` others of its DAG have ended that began after its end, of
    one that did not, and that can be resumed, once there were ten. What they were is not known
    then, only that they were there; a resume makes those again that it needs. The
    statuses stay of the newest ten thousand tasks.

    Args:
        keep_runs: How many runs keep their results: by default the newest one, with all
            that went on beside it. The newest sixteen of one `run_many` count as one, and
            a run with those that resumed it. None for all runs, which nothing bounds.

    Raises:
        InvalidTask: `keep_runs` is no whole number from 1 on.
    """

    def __init__(self, *, keep_runs: int | None = 1) -> None:
        if keep_runs != 1:
            check_count("keep_runs", keep_runs)
        self._keep_runs = keep_runs
        self._runs: dict[str, RunRecord] = {}
        # By run and mapped task; results of tasks are in their records.
        self._items: dict[tuple[str, str], dict[int, Any]] = {}

    def create_run(
        self,
        run_id: str,
        dag_name: str,
        task_names: list[str],
        metadata: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run: all its tasks are pending."""
        tasks = {name: TaskRunRecord(name) for name in task_names}
        run = RunRecord(run_id, dag_name, _kept(metadata), tasks)
        self._add(run)
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
        """Begin a run with the results of another.

        Args:
            run_id: The new run.
            prev_run_id: The run whose successful tasks are kept.
            dag_name: The DAG.
            task_names: All tasks of the new run.
            reset_tasks: Tasks to run again although they succeeded, and mapped tasks
                whose items are to run again.
            metadata: For the new run; None or empty for that of the other one.

        Raises:
            KeyError: There is no run `prev_run_id`.
        """
        run = self._resumed(
            self.get_run(prev_run_id),
            RunRecord(run_id, dag_name, _kept(metadata)),
            task_names,
            reset_tasks or set(),
        )
        begun = [
            name
            for name, task in run.tasks.items()
            if task.status == "PENDING" and name not in (reset_tasks or ())
        ]
        self._add(run, prev_run_id, begun)
        self._runs[run_id] = run
        return run

    @staticmethod
    def _resumed(
        former: RunRecord, run: RunRecord, task_names: list[str], reset: set[str]
    ) -> RunRecord:
        """Fill a new record with what is kept of a former one."""
        former.settle_lineages()
        run.metadata = run.metadata or dict(former.metadata)
        for name in task_names:
            task = former.tasks.get(name)
            kept = task is not None and task.status == "SUCCESS" and name not in reset
            run.tasks[name] = (
                replace(task) if task is not None and kept else TaskRunRecord(name)
            )
        return run

    def owner_of(self, run_id: str) -> str | None:
        """Return the token of the process that a run is of, where others may have any.

        None of one that has ended, and in memory, where all are of this process.
        """
        return None

    def note_lineages(self, run_id: str, texts: Mapping[str, str]) -> None:
        """Take note of what each task that will run is made from, to be kept with it.

        Args:
            run_id: The run, which has just begun.
            texts: The texts by task; see `dotflow.engine.lineage`.
        """
        for name, task in self._runs[run_id].tasks.items():
            if task.status != "SUCCESS":
                task.lineage = texts[name]

    def note_lineages_later(
        self, run_id: str, texts: Callable[[], Mapping[str, str]]
    ) -> None:
        """Take note of how to find out what each task is made from, if it is asked for.

        Args:
            run_id: The run, which has just begun.
            texts: Returns what `note_lineages` takes, then as now.
        """
        self._runs[run_id].lineages = texts

    def get_run(self, run_id: str) -> RunRecord:
        """Return a run.

        Raises:
            KeyError: There is none of this id.
            StorageError: The store, or a result in it, cannot be read.
        """
        return self._runs[run_id]

    def list_runs(
        self, dag_name: str | None = None, status: RunStatus | None = None
    ) -> list[StoredRun]:
        """Return the runs, the newest first.

        Args:
            dag_name: Only those of this DAG.
            status: Only those of this status.
        """
        runs = (
            StoredRun(r.run_id, r.dag_name, r.status, r.created_at, r.finished_at)
            for r in reversed(self._runs.values())
        )
        return [run for run in runs if run.matches(dag_name, status)]

    def mark_running(self, run_id: str, task_name: str) -> None:
        """Note that an attempt begins.

        Raises:
            RuntimeError: The task is not pending.
        """
        task = self._runs[run_id].tasks[task_name]
        if task.status != "PENDING":
            raise _illegal(run_id, task, "RUNNING")
        # Not by `_move`, nor in `_complete`: a call less is 3 % of a task.
        task.status = "RUNNING"
        task.attempt += 1
        task.started_at = time.time()
        task.finished_at = None
        task.error = None
        self._write(run_id, task)

    def mark_success(self, run_id: str, task_name: str, result: object) -> None:
        """Keep a result.

        Raises:
            RuntimeError: The task is not running.
            StorageError: It cannot be stored; then the task does not count as done.
        """
        self._complete(run_id, task_name, "RUNNING", result)

    def mark_cached(self, run_id: str, task_name: str, result: object) -> None:
        """Keep a result that was found in a cache: no attempt was made.

        Raises:
            RuntimeError: The task is not pending.
        """
        self._complete(run_id, task_name, "PENDING", result)

    def put_right(
        self, run_id: str, task_name: str, changed: object, result: object
    ) -> None:
        """Show another object as a result, in place of one that was changed."""
        task = self._runs[run_id].tasks[task_name]
        if task.result is changed:
            task.result = result

    def mark_item_success(
        self, run_id: str, task_name: str, index: int, result: object
    ) -> None:
        """Keep the result of an item; see `ItemStateStore`."""
        self._items.setdefault((run_id, task_name), {})[index] = result

    def get_item(self, run_id: str, task_name: str, index: int) -> Any:
        """Return the result of an item; see `ItemStateStore.get_item`."""
        return self._items[run_id, task_name][index]

    def mark_failed(self, run_id: str, task_name: str, err: str) -> None:
        """Note that an attempt failed, and why.

        Raises:
            RuntimeError: The task is not running.
        """
        self._move(run_id, task_name, "RUNNING", "FAILED", err)

    def mark_skipped(self, run_id: str, task_name: str, reason: str) -> None:
        """Note that a task will not run, and why.

        Raises:
            RuntimeError: The task is not pending.
        """
        self._move(run_id, task_name, "PENDING", "SKIPPED", reason)

    def mark_retry(self, run_id: str, task_name: str) -> None:
        """Note that another attempt follows: the task waits, and has no error.

        Raises:
            RuntimeError: The task has not failed.
        """
        self._move(run_id, task_name, "FAILED", "PENDING")

    def clear_result(self, run_id: str, task_name: str) -> None:
        """Let go of a result that no task needs any more."""
        task = self.get_run(run_id).tasks[task_name]
        task.result = None
        task.result_cleared = True
        self._write_cleared(run_id, task)

    def finalize_run_if_done(self, run_id: str) -> None:
        """Note the end of a run whose tasks have all ended."""
        run = self.get_run(run_id)
        if run.finished_at is None and not any(
            task.status in ("PENDING", "RUNNING") for task in run.tasks.values()
        ):
            run.finished_at = time.time()
            self._write_end(run)

    @cached_property
    def _kept(self) -> KeptRuns:
        # Only where runs are in memory: a durable store forgets them as it says.
        return KeptRuns(self._keep_runs)

    def has_let_go(self, run_id: str) -> bool:
        """Say whether the results of a run are gone, of which the statuses are known."""
        # Of a durable store, none is ever kept here.
        return "_kept" in self.__dict__ and self._kept.has_let_go(run_id)

    @contextmanager
    def counting_as_one(self) -> Iterator[Callable[[str], None]]:
        """Count some runs as one; what it gives is called with each that has begun."""
        batch = self._kept.batch()
        try:
            yield partial(self._kept.join, batch=batch)
        finally:
            self._let_go(*self._kept.close(batch))

    def close(self) -> None:
        """Let go of what is open; the next call opens it again."""

    def _complete(
        self, run_id: str, task_name: str, former: TaskStatus, result: object
    ) -> None:
        task = self._runs[run_id].tasks[task_name]
        if task.status != former:
            raise _illegal(run_id, task, "SUCCESS")
        task.status = "SUCCESS"
        task.finished_at = time.time()
        task.result = result
        try:
            self._write_result(run_id, task)
        except BaseException:
            # It does not count as done before the store holds it.
            task.status, task.result, task.finished_at = former, None, None
            raise

    def _move(
        self,
        run_id: str,
        task_name: str,
        former: TaskStatus,
        status: TaskStatus,
        error: str | None = None,
    ) -> None:
        """Note that a task has ended, where there is an error, or waits again."""
        task = self._runs[run_id].tasks[task_name]
        if task.status != former:
            raise _illegal(run_id, task, status)
        task.status = status
        task.finished_at = None if error is None else time.time()
        task.error = error
        self._write(run_id, task)

    def _add(
        self, run: RunRecord, former: str | None = None, begun: Sequence[str] = ()
    ) -> None:
        """Write a run that begins, with the items of begun tasks of a former one."""
        self._kept.begin(run.run_id, run.dag_name, former)
        for name in begun:
            if (former, name) in self._items:
                self._items[run.run_id, name] = dict(self._items[str(former), name])

    def _write(self, run_id: str, task: TaskRunRecord) -> None:
        """Write the new status of a task."""

    def _write_result(self, run_id: str, task: TaskRunRecord) -> None:
        """Write what a task has come to; its items are of no more use then."""
        if self._items:
            self._items.pop((run_id, task.task_name), None)

    def _write_cleared(self, run_id: str, task: TaskRunRecord) -> None:
        """Let go of the stored result of a task."""

    def _write_end(self, run: RunRecord) -> None:
        """Write that a run has ended, and let go of others."""
        self._let_go(
            *self._kept.end(run.run_id, run.status != "SUCCESS", len(run.tasks))
        )

    def _let_go(self, bare: Sequence[str], unknown: Sequence[str]) -> None:
        for run_id in bare:
            for name, task in self._runs[run_id].tasks.items():
                self._items.pop((run_id, name), None)
                if task.status == "SUCCESS":
                    task.result, task.result_cleared = None, True
        for run_id in unknown:
            del self._runs[run_id]


def _illegal(run_id: str, task: TaskRunRecord, status: TaskStatus) -> Exception:
    return IllegalTransition(
        f"Task {task.task_name!r} of run {run_id} cannot go from {task.status} to"
        f" {status}."
    )


StateStore = InMemoryStateStore
"""The base of a store of one's own."""


def _kept(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return metadata as they are now: a task may change what its context has of them."""
    return own(dict(metadata)) if metadata else {}
