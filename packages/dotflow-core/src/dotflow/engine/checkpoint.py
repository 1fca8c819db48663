"""`Checkpoints`: what a run leaves in the storage, and what a resumed one finds there.

Beside one record a task a workflow with a fixed id keeps one of the run: which run the
checkpoints belong to, so that those of an earlier one are never taken for this one's,
and the fingerprint of its inputs. It is one record because a process may die between
two.
"""

from __future__ import annotations

import time

from dotflow.base.identity import new_ulid
from dotflow.errors import InputChangedError, StorageError
from dotflow.model.context import Context
from dotflow.model.outcome import Failure
from dotflow.types import TypeInputChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.model.items import ItemKey
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import TaskInstance

# No task's key ends like this: `quote_name` leaves no "~".
_RUN = "~run"


class Checkpoints:
    """What a run asks of whatever keeps the results of its tasks.

    Attributes:
        resuming: Whether tasks may have a stored result to restore.
        run_id: The run that the results belong to, None where nobody can resume it.
    """

    resuming: bool = False
    run_id: str | None = None

    @property
    def storage(self) -> Storage | None:
        """Where each result can be read when it is asked for; None where it cannot."""
        return None

    def keeps_items(self) -> bool:
        """Say whether each item of a mapped task has a checkpoint of its own."""
        return False

    def forget_items(self, task: TaskInstance) -> None:
        """Let go of the checkpoints of a mapped task's items: the task has one itself."""

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        """Return the stored result of a task that this run need not repeat.

        Raises:
            StorageError: It cannot be read; the message names the task.
        """
        raise NotImplementedError

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Store the result of a task; when this returns it is durable.

        Raises:
            StorageError: It cannot be stored; the message names the task.
        """
        raise NotImplementedError

    def keep(self, task: TaskInstance, outcome: Outcome) -> Failure | None:
        """Store a result before anything depends on it; return why that failed.

        A kill before the storage has it leaves a task that runs again, a kill after it
        one that is restored: the step itself is never taken for done too early.
        """
        context = Context.of_task(
            outcome.value, task.task_id, task.workflow_id, outcome.finished, self.run_id
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
    """

    def __init__(
        self, storage: Storage, workflow_id: UUID | str | None, resumable: bool
    ) -> None:
        self._storage = storage
        self._workflow_id = workflow_id
        self._resumable = resumable
        self.resuming = False
        self.run_id: str | None = None
        self.start_id = new_ulid()
        self.resumed_from: str | None = None
        self._inputs: str | None = None

    def begin(
        self,
        tasks: Sequence[TaskInstance],
        resume: bool,
        on_input_change: str,
        fingerprint: str | None,
    ) -> None:
        """Start over, or go on from what an earlier run has left.

        Args:
            tasks: The tasks of the run, for the fingerprint of their inputs.
            resume: Whether completed tasks are to be restored.
            on_input_change: A `TypeInputChange`: what to do where the inputs differ
                from those of the run to resume.
            fingerprint: What stands for the inputs; None to compute it.

        Raises:
            InputChangedError: They differ, and the policy is `"raise"`.
            StorageError: The storage failed.
        """
        if not self._resumable:
            return
        self._inputs = fingerprint or _inputs_of(tasks)
        stored = self._read_run()
        found = stored.storage if isinstance(stored.storage, dict) else {}
        if resume and self._may_resume(found.get("inputs"), on_input_change):
            self.run_id = found.get("run_id")
        self.resuming = self.run_id is not None
        if self.resuming:
            self.resumed_from = found.get("start") or self.run_id
        else:
            if found and stored.run_id is None:
                self._forget(tasks)
            self.run_id = self.start_id
        self._write_run(finished=False)

    def join(self, tasks: Sequence[TaskInstance]) -> None:
        """Take part in a run of which other processes run other tasks.

        Whichever comes first begins it, and no other has to know of that.

        Args:
            tasks: All tasks of the workflow, for the fingerprint of their inputs.

        Raises:
            StorageError: The storage failed.
        """
        stored = self._read_run().storage
        found = stored if isinstance(stored, dict) else {}
        self.run_id = found.get("run_id")
        if self.run_id is None:
            from dotflow.base.identity import stable_ulid

            # The same in every process: several may begin the run at once.
            self.run_id = stable_ulid(self._workflow_id, _RUN)
            self._inputs = _inputs_of(tasks)
            self._write_run(finished=False)
        self.resumed_from = found.get("start")
        self.resuming = True

    def _may_resume(self, inputs: str | None, on_input_change: str) -> bool:
        """Say whether to resume at all, by the policy for inputs that changed."""
        if inputs is None or inputs == self._inputs:
            return True
        if on_input_change == TypeInputChange.RAISE:
            raise InputChangedError(self._workflow_id)
        if on_input_change == TypeInputChange.RESET:
            self._storage.clear(str(self._workflow_id))
            return False
        return True

    def _forget(self, tasks: Sequence[TaskInstance]) -> None:
        """Empty the results of an earlier run.

        A storage of a user's own may keep bare values, which do not tell their run.
        """
        self._write_run(finished=False)  # with no run id: there is nothing to resume
        for task in tasks:
            if self.load(task) is not None:
                self.save(task, Context())

    def end(self, completed: bool) -> None:
        """Note whether the run left anything to resume."""
        if self._resumable:
            self._write_run(finished=completed)

    def begun(self) -> bool:
        """Say whether a run of this workflow id has ever begun."""
        return self._read_run().storage is not None

    def finished(self) -> bool:
        """Say whether the last run of this workflow id has completed every task."""
        found = self._read_run().storage
        return isinstance(found, dict) and found.get("finished") is True

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

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        """Return a stored result of this run; see `Checkpoints.load`."""
        try:
            found = self._storage.get(self._storage.key(task))
        except Exception as error:
            raise StorageError(
                f"The stored result of task '{task.name}' could not be read from"
                f" {type(self._storage).__name__}: {error}"
            ) from error
        if found.run_id is not None:
            return found if found.run_id == self.run_id else None
        # A storage of a user's own may keep the bare value and no run.
        return found if found.storage is not None or found.task_id else None

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Store the result of a task; see `Checkpoints.save`."""
        try:
            self._storage.post(self._storage.key(task), context)
        except Exception as error:
            raise StorageError(
                f"The result of task '{task.name}' could not be stored by"
                f" {type(self._storage).__name__}: {error}{_hint(context.storage)}"
            ) from error

    def _read_run(self) -> Context:
        try:
            return self._storage.get(f"{self._workflow_id}-{_RUN}")
        except Exception as error:
            raise self._failed("read from", error) from error

    def _write_run(self, finished: bool) -> None:
        record = {
            "run_id": self.run_id,
            "start": self.start_id,
            "inputs": self._inputs,
            "finished": finished,
        }
        context = Context.of_task(
            record, "", self._workflow_id, time.time(), self.run_id
        )
        try:
            self._storage.post(f"{self._workflow_id}-{_RUN}", context)
        except Exception as error:
            raise self._failed("stored by", error) from error

    def _failed(self, verb: str, error: Exception) -> StorageError:
        return StorageError(
            f"The state of workflow '{self._workflow_id}' could not be {verb}"
            f" {type(self._storage).__name__}: {error}"
        )


def _inputs_of(tasks: Sequence[TaskInstance]) -> str:
    """Return the fingerprint of what the tasks were given."""
    from dotflow.model.fingerprint import fingerprint_of

    given = [task.initial for task in tasks]
    return fingerprint_of([None if one is None else one.storage for one in given])


def _hint(value: object) -> str:
    """Say what else a task may return that gives its items one by one."""
    if not (hasattr(value, "__next__") or hasattr(value, "__anext__")):
        return ""
    return (
        " What can be read once only cannot be stored: return a list, a range, or an"
        " object of a class with __iter__ that pickle can hold."
    )
