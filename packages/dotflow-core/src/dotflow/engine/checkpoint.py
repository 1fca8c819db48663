"""`Checkpoints`: what a run leaves in the storage, and what a resumed one finds there.

Beside one record a task a workflow with a fixed id keeps one of the run: which run the
checkpoints belong to, so that those of an earlier one are never taken for this one's,
and which inputs its results came from. It is one record because a process may die
between two.

What each checkpoint was made from stands in the checkpoint itself (`engine/lineage.py`),
and is never written anew: a resume that keeps a result over other inputs leaves it tied
to those that it came from.
"""

from __future__ import annotations

import time
from contextlib import nullcontext

from dotflow.abc.storage import SwappingStorage, current_fence
from dotflow.base.guard import STOPS, error_message, has
from dotflow.base.identity import new_ulid
from dotflow.errors import LeaseLost, StorageError
from dotflow.model.context import Context
from dotflow.model.outcome import Failure
from dotflow.providers.storage_default import StorageDefault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, Protocol
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.engine.former_run import FormerRun
    from dotflow.engine.lease import Lease
    from dotflow.engine.lineage import Lineage
    from dotflow.model.graph import Graph
    from dotflow.model.held import Errand
    from dotflow.model.items import ItemKey
    from dotflow.model.options import StartOptions
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import TaskInstance
    from dotflow.types import Reach

    class Lineages(Protocol):
        """What results are made from, by node."""

        def __getitem__(self, node: int, /) -> str: ...


# No task's key ends like this: `quote_name` leaves no "~".
_RUN = "~run"


class Checkpoints:
    """What a run asks of whatever keeps the results of its tasks.

    Attributes:
        resuming: Whether tasks may have a stored result to restore.
        run_id: The run that the results belong to, None where nobody can resume it.
        keeps_objects: Whether a result is kept as the object that it is, in memory.
        lineages: What the result of each task is made from; None where nobody asks.
    """

    resuming: bool = False
    run_id: str | None = None
    keeps_objects: bool = False
    lineages: Lineages | None = None

    @property
    def storage(self) -> Storage | None:
        """Where each result can be read when it is asked for; None where it cannot."""
        return None

    def grouped(self) -> AbstractContextManager[Any] | None:
        """Return what stores several results together; None where no kill loses any."""
        return None if self.keeps_objects else nullcontext()

    def keeps_items(self) -> bool:
        """Say whether each item of a mapped task has a checkpoint of its own."""
        return False

    def forget_items(self, task: TaskInstance) -> None:
        """Let go of the checkpoints of a mapped task's items: the task has one itself."""

    def errands(self, reach: Reach) -> Callable[[TaskInstance, int], Errand] | None:
        """Return what tells a worker how to store a result itself.

        Args:
            reach: How far away it may be.

        Returns:
            Called with a task and its node; None where results are stored here.
        """
        return None

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        """Return the stored result of a task that this run need not repeat.

        Raises:
            StorageError: It cannot be read; the message names the task.
        """
        raise NotImplementedError

    def belongs(self, node: int, stored: Context) -> bool:
        """Say whether a stored result was made from what its task depends on now.

        Args:
            node: The place of the task, or of an item of it.
            stored: What `load` has returned.
        """
        return True

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Store the result of a task; when this returns it is durable.

        Raises:
            StorageError: It cannot be stored; the message names the task.
        """
        raise NotImplementedError

    def direct_put(self) -> Callable[[str, Context], None] | None:
        """Return what stores a result by its key, which cannot fail; None where it can."""
        return None

    def put_right(self, task: TaskInstance, changed: object, value: object) -> None:
        """Have a result again that a step after its task has changed in place.

        Args:
            task: The task.
            changed: The very object that is no result any more.
            value: What takes its place.
        """

    def keep(self, task: TaskInstance, outcome: Outcome) -> Failure | None:
        """Store a result before anything depends on it; return why that failed.

        A kill before the storage has it leaves a task that runs again, a kill after it
        one that is restored: the step itself is never taken for done too early.
        """
        lineages = self.lineages
        context = Context.of_task(
            outcome.value,
            task.task_id,
            task.workflow_id,
            outcome.finished,
            self.run_id,
            None if lineages is None else lineages[outcome.node],
        )
        try:
            self.save(task, context)
        except StorageError as error:
            # The step has run: to run it again would not mend the storage.
            return Failure.final(error)
        task.current = context
        task.finished = outcome.finished
        return None


class RunCheckpoints(Checkpoints):
    """The checkpoints of a workflow in a storage.

    Args:
        storage: Where the records are.
        workflow_id: The workflow they belong to.
        resumable: Whether another process can know this workflow id.

    Attributes:
        start_id: The id of this start, which is another one when it resumes.
        resumed_from: The start that this one goes on from, or None.
        lease: What each write needs; None where no other run is kept out.
    """

    def __init__(
        self, storage: Storage, workflow_id: UUID | str | None, resumable: bool
    ) -> None:
        self._storage = storage
        self._workflow_id = workflow_id
        self._resumable = resumable
        self.lease: Lease | None = None
        self.resuming = False
        self.run_id: str | None = None
        self.start_id = new_ulid()
        self.resumed_from: str | None = None
        self.keeps_objects = not storage.persistent
        self._lineage: Lineage | None = None
        # What the results came from, as the record of the run tells it.
        self._origin: dict[str, Any] = {}
        self._found: dict[str, Any] = {}
        # The tasks whose stored result no longer holds.
        self._cut_off: set[int] = set()

    def begin(self, graph: Graph, options: StartOptions) -> None:
        """Start over, or go on from what an earlier run has left.

        Args:
            graph: The tasks of the run.
            options: What `start` was given; checked.

        Raises:
            InputChangedError: The inputs or the graph changed, and the policy is
                `"raise"`.
            StorageError: The storage failed.
        """
        if not self._resumable:
            return
        if not self._storage.persistent:
            self._storage.run_begun(str(self._workflow_id))
        lineage = self._trace(graph, options["fingerprint"])
        resume = options["resume"]
        # A storage of a user's own may keep bare values, which do not tell their run.
        owned = isinstance(self._storage, SwappingStorage)
        stored = None if owned and not resume else self._read_run()
        found: dict[str, Any] = {}
        if stored is not None and isinstance(stored.storage, dict):
            found = stored.storage
        former = None
        if isinstance(resume, str):
            from dotflow.engine.former_run import FormerRun

            former = FormerRun(self._storage, self._workflow_id, resume)
            owner = found.get("run_id")
            if former.results != owner:
                found = former.record()
            if owner in (None, former.results):
                former = None  # no newer run has replaced any of its results
        if resume and not found:
            from dotflow.engine.former_run import tell_of_another_kind

            tell_of_another_kind(self._storage, self._workflow_id)
        if resume and found.get("run_id") is not None:
            self._go_on(found, lineage, options)
            if former is not None and self.run_id is not None:
                self._tell_lost(former, graph)
        self.resuming = self.run_id is not None
        if not self.resuming:
            self._origin = {"inputs": lineage.inputs, "plan": lineage.plan}
            if found and stored is not None and stored.run_id is None:
                self._forget(graph.tasks)
            self.run_id = self.start_id
        alone = not (self.resuming or options["keep_going"])
        self.lineages = lineage.fresh if alone else lineage
        self._write_run(finished=False)

    def _go_on(
        self, found: dict[str, Any], lineage: Lineage, options: StartOptions
    ) -> None:
        """Take over what an earlier run has left, unless the policy is to start over."""
        from dotflow.engine.resumption import Resumption

        fingerprint = options["fingerprint"]
        resumption = Resumption(found, lineage, self._records, fingerprint)
        self.run_id = found["run_id"]
        self._found = found
        if resumption.may_go_on(options, self._workflow_id):
            self._origin = resumption.record()
            self.resumed_from = found.get("start") or self.run_id
        else:
            self.run_id = None
            self._storage.clear(str(self._workflow_id))

    def _tell_lost(self, former: FormerRun, graph: Graph) -> None:
        """Say what is there no more of the run that this one is to go on from."""
        tasks = graph.tasks
        there = {task.name for task in tasks if self._stored(task) is not None}
        lost = former.lost(there)
        again = [node for node, task in enumerate(tasks) if task.name in lost]
        while again:
            node = again.pop()
            if node not in self._cut_off:  # which speaks for all that follows it
                self._cut_off.add(node)
                again.extend(graph.downstream[node])
        cut_off = {tasks[node].name for node in self._cut_off}
        if lost:
            former.tell(lost, sorted(there - cut_off))

    def _records(self, task: TaskInstance) -> Iterator[Context]:
        """Read what is stored of a task: its result, or those of its items."""
        from dotflow.model.expansion import MapOver

        found = self._stored(task)
        if found is not None:
            yield found
        elif isinstance(task.expansion, MapOver):
            try:
                keys = self._storage.list_keys(f"{task.checkpoint_key}~")
            except NotImplementedError:
                return  # a storage of a user's own
            for key in keys:
                found = self._storage.get(key)
                if found.run_id == self.run_id:
                    yield found

    def _stored(self, task: TaskInstance | ItemKey) -> Context | None:
        """Read a result; one that cannot be read fails its task when that comes."""
        try:
            return self.load(task)
        except StorageError:
            return None

    def join(self, graph: Graph) -> None:
        """Take part in a run of which other processes run other tasks.

        Whichever comes first begins it, and no other has to know of that.

        Args:
            graph: All tasks of the workflow.

        Raises:
            StorageError: The storage failed.
        """
        self.lineages = lineage = self._trace(graph)
        stored = self._read_run().storage
        found = stored if isinstance(stored, dict) else {}
        self.run_id = found.get("run_id")
        if self.run_id is None:
            from dotflow.base.identity import stable_ulid

            # The same in every process: several may begin the run at once.
            self.run_id = stable_ulid(self._workflow_id, _RUN)
            self._origin = {"inputs": lineage.inputs, "plan": lineage.plan}
            self._write_run(finished=False)
        self.resumed_from = found.get("start")
        self.resuming = True

    def _trace(self, graph: Graph, fingerprint: str | None = None) -> Lineage:
        from dotflow.engine.lineage import Lineage

        self._lineage = Lineage(graph, self.start_id, fingerprint)
        return self._lineage

    def belongs(self, node: int, stored: Context) -> bool:
        """Say whether a result still holds; see `Checkpoints.belongs`.

        One that does not is told in a line, which speaks for all that follows it.
        """
        lineage = self._lineage
        if lineage is None or lineage.holds(node, stored, self._stored):
            return True
        node = int(node)
        if node not in self._cut_off:
            follows = not self._cut_off.isdisjoint(lineage.graph.upstream[node])
            self._cut_off.add(node)
            if not follows:
                from dotflow.engine.resumption import tell_cut_off

                tell_cut_off(lineage.graph.tasks[node])
        return False

    def _forget(self, tasks: Sequence[TaskInstance]) -> None:
        """Empty the results of an earlier run."""
        self._write_run(finished=False)  # with no run id: there is nothing to resume
        for task in tasks:
            if self.load(task) is not None:
                self.save(task, Context())

    def end(self, completed: bool) -> None:
        """Note whether the run left anything to resume."""
        if not self._storage.persistent:
            self._storage.run_ended(str(self._workflow_id), self._resumable)
        if not self._resumable:
            return
        if self.resuming and "plan" in self._found and self._lineage is not None:
            tasks = self._lineage.graph.tasks
            if not any(task.attempt or task.cached for task in tasks):
                # It has made nothing: whatever is there came from what it did before.
                kept = ("inputs", "plan", "mixed", "former")
                found = self._found.items()
                self._origin = {name: value for name, value in found if name in kept}
        self._write_run(finished=completed)

    def begun(self) -> bool:
        """Say whether a run of this workflow id has ever begun."""
        return self._read_run().storage is not None

    def unfinished(self) -> bool:
        """Say whether there is a run of this workflow id that left something to do."""
        found = self._read_run().storage
        return isinstance(found, dict) and found.get("finished") is not True

    def grouped(self) -> AbstractContextManager[Any] | None:
        """Return that of the storage; see `Checkpoints.grouped`."""
        return self._storage.grouped() if self._storage.persistent else None

    def keeps_items(self) -> bool:
        """Say whether anybody could resume them; see `Checkpoints.keeps_items`."""
        return self.run_id is not None

    @property
    def storage(self) -> Storage:
        """Where the records are."""
        return self._storage

    def forget_items(self, task: TaskInstance) -> None:
        """Delete them; see `Checkpoints.forget_items`.

        Where that cannot be done they do no harm: a later run does not take them for
        its own.
        """
        key = self._storage.key(task)
        if not key.startswith(task.checkpoint_key):
            return  # a storage of a user's own, with keys of its own
        try:
            self._storage.delete_prefix(f"{task.checkpoint_key}~")
        except Exception:  # noqa: BLE001 - the results themselves are stored
            return

    def errands(self, reach: Reach) -> Callable[[TaskInstance, int], Errand] | None:
        """Return it where a copy of the storage does the same there; see `Checkpoints`."""
        if not self._storage.persistent:
            return None
        from dotflow.engine.errands import storage_errands

        fence = None if self.lease is None else self.lease.fence
        lineage_of = None if self.lineages is None else self.lineages.__getitem__
        return storage_errands(self._storage, reach, fence, self.run_id, lineage_of)

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        """Return a stored result of this run; see `Checkpoints.load`."""
        try:
            found = self._storage.get(self._storage.key(task))
        except STOPS:
            raise
        except BaseException as error:
            raise StorageError(
                f"The stored result of task '{task.name}' could not be read from"
                f" {type(self._storage).__name__}: {error_message(error)}"
            ) from error
        if found.run_id is not None:
            return found if found.run_id == self.run_id else None
        # A storage of a user's own may keep the bare value and no run.
        return found if found.storage is not None or found.task_id else None

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Store the result of a task; see `Checkpoints.save`."""
        storage = self._storage
        try:
            if self.lease is None:  # as `_post`, which is one more call for every task
                storage.post(storage.key(task), context)
            else:
                self._post(storage.key(task), context)
        except STOPS:
            raise
        except BaseException as error:
            raise StorageError(
                f"The result of task '{task.name}' could not be stored by"
                f" {type(self._storage).__name__}: {error_message(error)}"
                f"{_hint(context.storage)}"
            ) from error

    def direct_put(self) -> Callable[[str, Context], None] | None:
        """Return that of results that nobody can resume; see `Checkpoints.direct_put`."""
        storage = self._storage
        if self._resumable or not isinstance(storage, StorageDefault):
            return None
        return storage.direct_put()

    def _read_run(self) -> Context:
        try:
            return self._storage.get(f"{self._workflow_id}-{_RUN}")
        except Exception as error:
            raise self._failed("read from", error) from error

    def _write_run(self, finished: bool) -> None:
        record = {
            "run_id": self.run_id,
            "start": self.start_id,
            "finished": finished,
            **self._origin,
        }
        context = Context.of_task(
            record, "", self._workflow_id, time.time(), self.run_id
        )
        try:
            self._post(f"{self._workflow_id}-{_RUN}", context)
        except Exception as error:
            raise self._failed("stored by", error) from error

    def _post(self, key: str, context: Context) -> None:
        lease = self.lease
        if lease is None:
            self._storage.post(key, context)
            return
        before = current_fence.set(lease.fence)
        try:
            self._storage.post(key, context)
        except LeaseLost:
            # At once: what goes on elsewhere must not run here as well.
            lease.end("its lease was lost", interrupt=False)
            raise
        finally:
            current_fence.reset(before)

    def _failed(self, verb: str, error: Exception) -> StorageError:
        return StorageError(
            f"The state of workflow '{self._workflow_id}' could not be {verb}"
            f" {type(self._storage).__name__}: {error}"
        )


def _hint(value: object) -> str:
    """Say what else a task may return that gives its items one by one."""
    if not (has(value, "__next__") or has(value, "__anext__")):
        return ""
    return (
        " What can be read once only cannot be stored: return a list, a range, or an"
        " object of a class with __iter__ that pickle can hold."
    )
