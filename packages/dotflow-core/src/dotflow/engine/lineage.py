"""`Lineage`: what the stored results of a run were made from, and which still hold.

A checkpoint belongs to its task *and* to what that depended on. So each one carries a
text of what it was made from, beside its value, in the place for a fingerprint:

    format . order . edges . own . which . repeats . start . upstream

- order: what edges the order of tasks made (`Graph.order`); edges: the tasks that this
  one followed.
- own: the fingerprint of the task's own initial context, or of what `start` was given
  to stand for it; empty where the task was given nothing.
- which: the same of the context together with the step, and `repeats`: how many tasks
  share the name that a repeated step is numbered under. The name of such a task tells
  only its place, so these tell it from the others.
- start: the id of the start that made the result; `upstream`: the starts that made what
  it was made from, `=` where that was the same one.

A start and a task's name together name one execution of the task. A result holds while
each task before it still has the very result that this one was made from, which is
checked from the first task to the last. What an edited graph, a deleted checkpoint or
`keep_going` has cut off from its origin is made again, and so is all that follows.
"""

from __future__ import annotations

from binascii import crc32
from functools import partial
from types import FunctionType, MethodType
from typing import NamedTuple

from dotflow.errors import GraphError
from dotflow.model.expansion import MapOver
from dotflow.model.fingerprint import inputs_fingerprint
from dotflow.model.graph import Graph
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dotflow.model.context import Context
    from dotflow.model.expansion import Expansion
    from dotflow.model.task import TaskInstance

_FORMAT = "1"
_NONE = "-"  # a task upstream that has no result
_OLD = "?"  # one whose result does not tell what it was made from
_SIMPLE = frozenset((type(None), bool, int, float, complex, str, bytes))


class Made(NamedTuple):
    """What one checkpoint was made from, field by field; see the module."""

    format: str
    order: str
    edges: str
    own: str
    which: str
    repeats: str
    start: str
    upstream: str


def read_lineage(text: str | None) -> Made | None:
    """Return what a checkpoint says it was made from.

    None where it says nothing: one of a former version, or a fingerprint of a user's.
    """
    fields = [] if text is None else text.split(".")
    if len(fields) != len(Made._fields) or fields[0] != _FORMAT:
        return None
    return Made(*fields)


class Lineage:
    """What the tasks of a graph are made from in one start.

    `lineage[node]` is the text for a result that a task has now.

    Args:
        graph: The tasks.
        start: The id of the start.
        fingerprint: What stands for the inputs; None to compute it.
        numbered: Whether a repeated step gets a name with a number by itself.

    Attributes:
        graph: The tasks.
        fresh: The texts of a start that uses no result but its own.
        inputs: The fingerprint of all that the tasks were given.
        plan: That of the tasks, their edges and what each was given.
    """

    def __init__(
        self,
        graph: Graph,
        start: str,
        fingerprint: str | None = None,
        *,
        numbered: bool = True,
    ) -> None:
        self.graph = graph
        self._start = start
        # What is asked for only where something changed.
        self._moved: dict[str, bool] = {}
        self._orders: dict[str, Sequence[str]] = {}
        tasks = graph.tasks
        names = [task.name for task in tasks]
        # `read` and what a repeated step is called by itself: `read#2`, `read#3`.
        self._bases = bases = [
            name.rstrip("0123456789").removesuffix("#")
            if numbered and "#" in name
            else name
            for name in names
        ]
        repeats: dict[str, int] = {}
        for base in bases:
            repeats[base] = repeats.get(base, 0) + 1
        given = None if fingerprint is None else digest(fingerprint)
        inputs = _Inputs()
        pairs, upstream, order = inputs.pairs, graph.upstream, graph.order
        owns: set[str] = set()
        fixed: list[str] = []
        # Without a call for a plain task: a run may have a hundred thousand.
        for node, task in enumerate(tasks):
            count = repeats[bases[node]]
            own = ""
            before = upstream[node]
            text = (
                names[before[0]]
                if len(before) == 1
                else "\n".join(map(names.__getitem__, before))
            )
            initial = task.initial
            if (
                initial is not None
                and initial.storage is not None
                and (given is None or count > 1)
            ):
                own = inputs.of(task.step.own_input(initial))
            if task.expansion is not None:
                text += _expanded(task.expansion, task)
                inner = inner_graph(task)
                if inner is not None:
                    own = digest(own, Lineage(inner, "").inputs)
            which = pairs.get((own, id(task.step)), "")
            if not which and numbered:
                which = inputs.which(own, task)
            if given is not None:
                own = given
            owns.add(own)
            edges = crc32(text.encode("utf-8", "surrogatepass"))
            fixed.append(f"{order}.{edges:08x}.{own}.{which}.{count}")
        head, tail = f"{_FORMAT}.", f".{start}.="
        self.fresh = [head + text + tail for text in fixed]
        self.inputs: str = digest(*sorted(owns))
        self.plan: str = digest(*names, *fixed)

    @property
    def edges(self) -> str:
        """The fingerprint of the tasks and their edges."""
        names = [task.name for task in self.graph.tasks]
        return digest(*names, *(text.split(".")[2] for text in self.fresh))

    def __getitem__(self, node: int) -> str:
        starts = self._starts(node)
        if set(starts) <= {self._start}:
            return self.fresh[node]
        return self.fresh[node][:-1] + ",".join(starts)

    def _now(self, node: int) -> Made:
        return Made(*self.fresh[node].split("."))

    def _starts(self, node: int) -> list[str]:
        """Return the starts that made what a task gets now."""
        tasks = self.graph.tasks
        return [_start_of(tasks[up]) for up in self.graph.upstream[node]]

    def changes_input(self, node: int, made: Made) -> bool:
        """Say whether a result was made from another initial context of its task."""
        return made.own != self._now(node).own

    def changes_place(
        self, node: int, made: Made, stored: Callable[[TaskInstance], Context | None]
    ) -> bool:
        """Say whether a result was made in another place: it is another task's then.

        Args:
            node: The place of the task now.
            made: What its result was made from.
            stored: Returns what is stored of a task.
        """
        now = self._now(node)
        edges = now.edges
        if made.order != now.order and made.edges != edges:
            # A mode is no part of the graph: the same tasks as that one would order them.
            edges = self._ordered(made.order)[node]
        if made.edges != edges:
            return True
        if made.which == now.which:
            return False
        if made.repeats != now.repeats:
            return True
        base = self._bases[node]
        if made.repeats != "1" and base not in self._moved:
            self._moved[base] = self._has_moved(base, stored)
        return self._moved.get(base, False)

    def _ordered(self, order: str) -> Sequence[str]:
        """Return the edges of the tasks where a mode orders them otherwise."""
        if order not in self._orders:
            chained, across = order != "u", order == "x"
            tasks = self.graph.tasks
            try:
                graph = Graph(tasks, chained=chained, across_groups=across)
            except GraphError:  # there is none, so nothing came from it
                self._orders[order] = [""] * len(tasks)
            else:
                other = Lineage(graph, self._start)
                self._orders[order] = [text.split(".")[2] for text in other.fresh]
        return self._orders[order]

    def _has_moved(
        self, base: str, stored: Callable[[TaskInstance], Context | None]
    ) -> bool:
        """Say whether one of the tasks of a repeated step was in another's place."""
        nodes = [node for node, one in enumerate(self._bases) if one == base]
        now = {node: self._now(node).which for node in nodes}
        for node in nodes:
            found = stored(self.graph.tasks[node])
            made = None if found is None else read_lineage(found.lineage)
            if (
                made is not None
                and made.which != now[node]
                and made.which in now.values()
            ):
                return True
        return False

    def holds(
        self,
        node: int,
        stored: Context,
        others: Callable[[TaskInstance], Context | None],
    ) -> bool:
        """Say whether a stored result is what its task would be given as restored.

        Args:
            node: The place of the task, after all that it follows has ended.
            stored: Its result.
            others: Returns what is stored of another task.
        """
        made = read_lineage(stored.lineage)
        if made is not None and self.changes_place(node, made, others):
            return False
        upstream = self.graph.upstream[node]
        if made is None or made.edges != self._now(node).edges:
            # It does not tell, or of an order that did not count: then it follows
            # whatever was not made since.
            return not any(_is_new(self.graph.tasks[up]) for up in upstream)
        starts = self._starts(node)
        if made.upstream == "=":
            return set(starts) <= {made.start}
        return ",".join(starts) == made.upstream


def _is_new(task: TaskInstance) -> bool:
    return task.status == TypeStatus.COMPLETED and not task.restored


def _start_of(task: TaskInstance) -> str:
    """Return the start that made what a task has left."""
    made = None if task.current is None else read_lineage(task.current.lineage)
    if made is not None:
        return made.start
    completed = task.restored or task.status == TypeStatus.COMPLETED
    return _OLD if completed else _NONE


class _Inputs:
    """The fingerprints of what tasks are given, each computed once.

    Attributes:
        pairs: Those of a context together with a step, which is known by its `id`.
    """

    def __init__(self) -> None:
        self._contexts: dict[int, str] = {}
        self.pairs: dict[tuple[str, int], str] = {}

    def of(self, value: Any) -> str:
        """Return that of what a task is given, empty for nothing."""
        if value is None:
            return ""
        known = self._contexts.get(id(value))
        if known is None:
            known = self._contexts[id(value)] = digest(inputs_fingerprint([value]))
        return known

    def which(self, own: str, task: TaskInstance) -> str:
        """Return that of a context together with a task's step."""
        step = task.step
        form = _form_of(step.func)
        found = self.pairs[own, id(step)] = digest(own, repr(form))[:12]
        return found


def _form_of(value: Any, depth: int = 5) -> Any:
    """Return what tells a step from another of its name: its code, and simple values.

    It is the same in every process. Unlike `code_fingerprint` it asks nothing of a user's
    objects, which every start would wait for: they count by their type alone.
    """
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if depth and kind is tuple:
        return [_form_of(one, depth - 1) for one in value]
    if depth and kind is partial:
        named = sorted(value.keywords.items())
        return _form_of((value.func, value.args, tuple(named)), depth - 1)
    if depth and kind is MethodType:
        return _form_of((value.__func__, type(value.__self__)), depth - 1)
    if not depth or kind is not FunctionType:
        return _name_of(value if issubclass(kind, type) else kind)
    inside = list(value.__defaults__ or ())
    for cell in value.__closure__ or ():
        try:
            inside.append(cell.cell_contents)
        except ValueError:
            continue  # an empty cell
    code = value.__code__
    constants = [one for one in code.co_consts if type(one) in _SIMPLE]
    inside = [_form_of(one, depth - 1) for one in inside]
    return [code.co_code, code.co_names, constants, inside]


def inner_graph(task: TaskInstance) -> Graph | None:
    """Return the graph of a workflow that a task runs for each item, None for others."""
    graph = getattr(task.step, "graph", None)
    return graph if isinstance(graph, Graph) else None


def _expanded(expansion: Expansion, task: TaskInstance) -> str:
    """Return what else a task with an expansion follows, as a text."""
    if not isinstance(expansion, MapOver):
        return "\n\n"
    inner = inner_graph(task)
    parts = "" if inner is None else Lineage(inner, "").edges
    return f"\n\n{expansion.over}\n{parts}"


_qualname_of = type.__dict__["__qualname__"].__get__


def _name_of(kind: type) -> str:
    name: str = _qualname_of(kind)  # whatever its metaclass makes of the attribute
    return name


def digest(*texts: str) -> str:
    """Return a short fingerprint of texts."""
    import hashlib

    data = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=12).hexdigest()
