"""`Lending`: what an attempt does to its inputs in place, nobody else sees.

An attempt is given the very values that were produced, so nothing is copied in vain. When
it has ended, a value that it has changed, or handed on in what it returned, is replaced in
the records by what it was. Whoever comes while another has a value gets a copy. So
siblings, further attempts, the next start and the results see what the producer left,
in threads as in processes, which have copies by nature.

What is too large for a copy is one for all of them. A checksum tells that an attempt has
changed it: then it is read again from the storage that has it, or else it is said who has
changed what, since whoever gets it from then on sees the change.
"""

from __future__ import annotations

from dotflow.errors import StorageError
from dotflow.model.checksum import checksum
from dotflow.model.own import Snapshot, changes, shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.model.checksum import Checksum
    from dotflow.model.context import Context
    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance


class Loan:
    """A value that an attempt has.

    Args:
        value: The value itself.
        kept: What it was; None where nothing of it was kept.
        checked: The checksum of what was not; None where others could not see a change,
            or pickle cannot go through it.
    """

    __slots__ = ("checked", "kept", "value")

    def __init__(
        self, value: Any, kept: Snapshot | None, checked: Checksum | None
    ) -> None:
        self.value = value
        self.kept = kept
        self.checked = checked


class Lending:
    """Lends the values of a run to its attempts, and puts right what they change.

    Only the loop's thread uses it.

    Args:
        graph: The tasks of the run, which hold the records.
        checkpoints: What keeps the results beside.

    Attributes:
        loans: What the attempts of tasks have now, by node.
        records: By the id of a value, the tasks and contexts that it is in; None before
            the first value is put right.
        taken: By the id of a value, which is kept: the loan of who has it now.
    """

    __slots__ = ("_checkpoints", "_graph", "_tasks", "loans", "records", "taken")

    def __init__(self, graph: Graph, checkpoints: Checkpoints) -> None:
        self._graph = graph
        self._tasks = graph.tasks
        self._checkpoints = checkpoints
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
        if loan is None or loan.kept is None:
            return context
        if loan.checked is not None:
            return context  # who gets it gets a copy of what is copied, and is watched
        left = shell(context)
        left.storage = loan.kept.fresh(context.storage)
        return left

    def _lend(self, node: int, value: Any) -> Any:
        """Return a value, or a copy where another attempt has it."""
        if not changes(value):
            return value
        loan = self.taken.get(id(value))
        own = self.loans.setdefault(node, [])
        if loan is None:
            kept = Snapshot.of(value)
            whole = kept is not None and kept.whole
            checked = None if whole else self._check(node, value)
            if kept is not None or checked is not None:
                loan = self.taken[id(value)] = Loan(value, kept, checked)
                own.append(loan)
        elif loan not in own:
            if loan.checked is not None:  # of which a copy shares parts
                own.append(Loan(value, None, loan.checked))
            if loan.kept is not None:
                return loan.kept.fresh(value)
        return value

    def _check(self, node: int, value: Any) -> Checksum | None:
        """Return a checksum where another task, attempt or start gets the value, too."""
        task, graph = self._tasks[node], self._graph
        shared = (
            task.step.policy.attempts > 1
            or (task.initial is not None and task.initial.storage is value)
            or any(len(graph.downstream[up]) > 1 for up in graph.upstream[node])
        )
        return checksum(value) if shared else None

    def take_back(self, node: int, output: Any) -> None:
        """Put right what an attempt has changed, or has handed on.

        Args:
            node: The task's place in the graph.
            output: What the attempt has returned; None where it failed.
        """
        for loan in self.loans.pop(node):
            value, kept = loan.value, loan.kept
            if self.taken.get(id(value)) is loan:
                del self.taken[id(value)]
            if kept is not None and not kept.is_left(value, output):
                value = self._restore(loan.value, kept)
            self._check_again(node, loan, value)

    def close(self) -> None:
        """Take back what attempts have that were ended, and may go on in threads."""
        self.taken.clear()
        for node in list(self.loans):
            for loan in self.loans.pop(node):
                kept, value = loan.kept, loan.value
                value = value if kept is None else self._restore(value, kept)
                self._check_again(node, loan, value)

    def record(self, task: TaskInstance, context: Context | None) -> None:
        """Take note of a new record of a task."""
        if self.records is None or context is None or not changes(context.storage):
            return
        self.records.setdefault(id(context.storage), []).append((task, context))

    def _records_of(self, value: Any) -> list[tuple[TaskInstance, Context]]:
        """Take out the records that hold a value."""
        if self.records is None:
            self.records = {}
            for task in self._tasks:
                self.record(task, task.initial)
                self.record(task, task.current)
        found = self.records.pop(id(value), ())
        # Another value may have got its id since.
        return [record for record in found if record[1].storage is value]

    def _restore(self, changed: Any, kept: Snapshot) -> Any:
        """Have records hold a value as it was, and return it."""
        fresh = kept.fresh(changed)
        for task, context in self._records_of(changed):
            self._put_right(task, context, fresh)
        return fresh

    def _put_right(self, task: TaskInstance, context: Context, value: Any) -> None:
        changed, context.storage = context.storage, value
        self._checkpoints.put_right(task, changed, value)
        self.record(task, context)

    def _check_again(self, node: int, loan: Loan, value: Any) -> None:
        """Read anew what an attempt has changed of a value that all share, or say so."""
        if loan.checked is None or checksum(value) == loan.checked:
            return
        who = [self._tasks[node].name, *self._beside(loan)]
        spoiled = None
        for task, context in self._records_of(value):
            stored = self._stored(task, context)
            if stored is None:
                self.record(task, context)
            else:
                self._put_right(task, context, stored.storage)
            if stored is None or len(who) > 1:  # who run beside it have seen it, too
                spoiled = spoiled or (task, context)
        if spoiled is not None:
            owner, context = spoiled
            initial = owner.initial is context
            what = "the initial context of" if initial else "the result of"
            tell_changed(who, what, owner.name)

    def _beside(self, loan: Loan) -> list[str]:
        """Return the tasks that have the same value now, and look for it no more."""
        found = []
        for node, loans in self.loans.items():
            for other in loans:
                if other.value is loan.value and other is not loan:
                    other.checked = None  # it is told once
                    found.append(self._tasks[node].name)
        return found

    def _stored(self, task: TaskInstance, context: Context) -> Context | None:
        """Return a record as the storage has it; None where that has no other copy."""
        if task.current is not context or self._checkpoints.keeps_objects:
            return None
        try:
            return self._checkpoints.load(task)
        except StorageError:
            return None


def tell_changed(who: Sequence[str], what: str, owner: str) -> None:
    """Say that a task has changed what others get as well.

    Args:
        who: The task, or those of which one has.
        what: What it has changed of another.
        owner: The name of that one.
    """
    from dotflow.logging import warn

    names = ", ".join(f"'{name}'" for name in who)
    warn(
        "%s has changed in place %s '%s', which is too large to be copied for each that"
        " gets it, so that others see the change. Have the step return a new value, or run"
        " it with isolate=True",
        f"Task {names}" if len(who) == 1 else f"One of the tasks {names}",
        what,
        owner,
    )
