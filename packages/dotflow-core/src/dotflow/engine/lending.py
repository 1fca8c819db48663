"""`Lending`: what an attempt does to its inputs in place, nobody else sees.

An attempt is given the very values that were produced, so nothing is copied in vain. When
it has ended, a value that it has changed, or handed on in what it returned, is replaced in
the records by what it was. Whoever comes while another has a value gets a copy. So
siblings, further attempts, the next start and the results see what the producer left,
in threads as in processes, which have copies by nature.
"""

from __future__ import annotations

from dotflow.model.own import Snapshot, changes, shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.model.context import Context
    from dotflow.model.task import TaskInstance


class Loan:
    """A value that an attempt has.

    Args:
        value: The value itself.
        kept: What it was.
    """

    __slots__ = ("kept", "value")

    def __init__(self, value: Any, kept: Snapshot) -> None:
        self.value = value
        self.kept = kept


class Lending:
    """Lends the values of a run to its attempts, and puts right what they change.

    Only the loop's thread uses it.

    Args:
        tasks: The tasks of the run, which hold the records.
        checkpoints: What keeps the results beside.

    Attributes:
        loans: What the attempts of tasks have now, by node.
        records: By the id of a value, the tasks and contexts that it is in; None before
            the first value is put right.
        taken: By the id of a value, which is kept: the loan of who has it now.
    """

    __slots__ = ("_put_right", "_tasks", "loans", "records", "taken")

    def __init__(self, tasks: Sequence[TaskInstance], checkpoints: Checkpoints) -> None:
        self._tasks = tasks
        self._put_right = checkpoints.put_right
        self.loans: dict[int, list[Loan]] = {}
        self.taken: dict[int, Loan] = {}
        self.records: dict[int, list[tuple[TaskInstance, Context]]] | None = None

    def inputs(
        self,
        node: int,
        task: TaskInstance,
        previous: Context,
        named: dict[str, Any] | None,
    ) -> tuple[Context, dict[str, Any] | None]:
        """Return what an attempt of a task is given, in contexts of its own.

        Args:
            node: The task's place in the graph.
            task: The task; its initial context is lent as well.
            previous: What its upstream has left.
            named: The same by name, or None.
        """
        step, initial = task.step, task.initial
        if named is None and not step.wants_initial and not changes(previous.storage):
            return (shell(previous) if step.wants_previous else previous), None
        if step.wants_initial and initial is not None and changes(initial.storage):
            value = self._lend(node, initial.storage)
            if value is not initial.storage:  # another task was given it, too
                task.initial = shell(initial)
                task.initial.storage = value
                self._lend(node, value)
        if named is not None:
            together = previous.storage is named
            named = {name: self._lend(node, named[name]) for name in named}
            if together:
                previous = shell(previous)
                previous.storage = dict(named)
                return previous, named
        if step.wants_previous:
            value = self._lend(node, previous.storage)
            previous = shell(previous)
            previous.storage = value
        return previous, named

    def as_left(self, context: Context) -> Context:
        """Return a record as its producer left it, though an attempt has the value now."""
        loan = self.taken.get(id(context.storage))
        if loan is None:
            return context
        left = shell(context)
        left.storage = loan.kept.fresh(context.storage)
        return left

    def _is_taken(self, node: int, value: Any) -> bool:
        loan = self.taken.get(id(value))
        return loan is not None and loan not in self.loans.get(node, ())

    def _lend(self, node: int, value: Any) -> Any:
        """Return a value, or a copy where another attempt has it."""
        if not changes(value):
            return value
        if self._is_taken(node, value):
            return self.taken[id(value)].kept.fresh(value)
        if id(value) not in self.taken:
            kept = Snapshot.of(value)
            if kept is not None:
                loan = self.taken[id(value)] = Loan(value, kept)
                self.loans.setdefault(node, []).append(loan)
        return value

    def take_back(self, node: int, output: Any) -> None:
        """Put right what an attempt has changed, or has handed on.

        Args:
            node: The task's place in the graph.
            output: What the attempt has returned; None where it failed.
        """
        for loan in self.loans.pop(node):
            del self.taken[id(loan.value)]
            if not loan.kept.is_left(loan.value, output):
                self._restore(loan)

    def close(self) -> None:
        """Take back what attempts have that were ended, and may go on in threads."""
        for loan in self.taken.values():
            self._restore(loan)
        self.taken.clear()
        self.loans.clear()

    def record(self, task: TaskInstance, context: Context | None) -> None:
        """Take note of a new record of a task."""
        if self.records is None or context is None or not changes(context.storage):
            return
        self.records.setdefault(id(context.storage), []).append((task, context))

    def _restore(self, loan: Loan) -> None:
        if self.records is None:
            self.records = {}
            for task in self._tasks:
                self.record(task, task.initial)
                self.record(task, task.current)
        changed, fresh = loan.value, loan.kept.fresh(loan.value)
        for task, context in self.records.pop(id(changed), ()):
            if context.storage is changed:  # and no other one that has got its id
                context.storage = fresh
                self._put_right(task, changed, fresh)
                self.record(task, context)
