"""What a step does to its inputs in place, no other task, attempt, start or result sees."""

from __future__ import annotations

import collections
import dataclasses
import threading

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import StorageDefault, StorageSQLite

pytestmark = pytest.mark.start_methods

MODES = ["sequential", "threads", "async", "background", "parallel"]


@dataclasses.dataclass
class Order:
    rows: list


@dataclasses.dataclass(slots=True)
class Slotted:
    rows: list


VALUES = {
    "list": lambda: [1],
    "list of lists": lambda: [[1], 2],
    "dict": lambda: {"a": 1},
    "nested dict": lambda: {"a": {"b": [1]}},
    "set": lambda: {1},
    "bytearray": lambda: bytearray(b"a"),
    "tuple of a list": lambda: ([1], 2),
    "object": lambda: Order([1]),
    "object with slots": lambda: Slotted([1]),
    "list of objects": lambda: [Order([1])],
}


def change(value):
    """Change a value in place, as deep as it goes."""
    if isinstance(value, dict):
        value["more"] = 1
        change(value.get("a"))
    elif isinstance(value, set):
        value.add("more")
    elif isinstance(value, bytearray):
        value += b"more"
    elif isinstance(value, list):
        change(value[0])
        value.append("more")
    elif isinstance(value, tuple):
        change(value[0])
    elif isinstance(value, (Order, Slotted)):
        value.rows.append("more")


def start(workflow, mode="sequential", **options):
    run = workflow.start(mode=mode, **options)
    if mode == "background":
        run.wait()
    tasks = workflow.result_task()
    assert {task.status for task in tasks} == {"Completed"}, [t.errors for t in tasks]
    return workflow.result_storage()


@action
def produce(initial_context):
    return VALUES[initial_context.storage]()


@action
def by_name(produce):
    change(produce)


@action
def by_context(previous_context):
    change(previous_context.storage)


@action
def assigns(previous_context):
    previous_context.storage = "overwritten"


@action
def passes_on(produce):
    change(produce)
    return produce


@action
def passes_within(previous_context):
    return {"within": [previous_context.storage]}


@action
async def in_a_coroutine(produce):
    change(produce)


@action
class InAMethod:
    @action
    def run(self, previous_context):
        change(previous_context.storage)


@action
def shown(produce):
    return repr(produce)


CARELESS = [by_name, by_context, assigns, passes_on, in_a_coroutine, InAMethod]


@pytest.mark.parametrize("careless", CARELESS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("mode", MODES)
def test_siblings_and_results_see_what_the_producer_left(name, careless, mode):
    """Whatever one task does to a value, another one and the results have it unchanged."""
    workflow = DotFlow()
    workflow.task.add(produce, initial_context=name)
    workflow.task.add(careless, depends_on="produce")
    workflow.task.add(shown, depends_on=["produce", careless.__name__])
    results = start(workflow, mode, max_parallel=1)
    assert results[2] == repr(VALUES[name]())
    assert results[0] == VALUES[name]()


@pytest.mark.parametrize("mode", ["threads", "async", "parallel"])
def test_tasks_that_run_at_once_have_a_value_each(mode):
    """What one has begun to change, another one that runs beside it does not see."""
    workflow = DotFlow()
    workflow.task.add(produce, initial_context="list")
    for number in range(4):
        workflow.task.add(meets, depends_on="produce", name=f"meets{number}")
    results = start(workflow, mode, max_parallel=4)
    assert results == [[1], *[[1, "mine"]] * 4]


BARRIER = threading.Barrier(4)


@action
def meets(produce):
    produce.append("mine")
    if threading.current_thread() is not threading.main_thread():
        BARRIER.wait(30)
    return produce


@pytest.mark.parametrize("mode", MODES)
def test_what_is_passed_on_is_no_part_of_the_input(mode):
    """A result that holds the input can be changed, and the input's own record not."""
    workflow = DotFlow()
    workflow.task.add(produce, initial_context="list")
    workflow.task.add(passes_within, depends_on="produce")
    workflow.task.add(changes_within, depends_on="passes_within")
    results = start(workflow, mode)
    assert results == [[1], {"within": [[1]]}, None]


@action
def changes_within(passes_within):
    passes_within["within"][0].append("more")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["chain", "named", "initial", "method"])
def test_another_attempt_begins_with_what_the_first_had(mode, kind, tmp_path):
    """What a failed attempt has done to its inputs is undone before the next one."""
    mark = tmp_path / "failed"

    def once(rows):
        rows.append("half")
        if not mark.exists():
            mark.touch()
            raise ConnectionError("in the middle")
        return rows

    @action(retry=2)
    def chain(previous_context):
        return once(previous_context.storage)

    @action(retry=2)
    def named(produce):
        return once(produce)

    @action(retry=2)
    def initial(initial_context):
        return once(initial_context.storage)

    @action
    class Method:
        @action(retry=2)
        def run(self, initial_context):
            return once(initial_context.storage)

    step = {"chain": chain, "named": named, "initial": initial, "method": Method}[kind]
    workflow = DotFlow()
    if kind in ("chain", "named"):
        workflow.task.add(produce, initial_context="list")
        workflow.task.add(step, depends_on="produce")
    else:
        workflow.task.add(step, initial_context=[1])
    result = start(workflow, mode)[-1]
    assert (result[0].storage if kind == "method" else result) == [1, "half"]


@pytest.mark.parametrize("mode", MODES)
def test_each_start_has_the_initial_context_that_was_given(mode):
    """Tasks that were given one list, and starts one after the other, see it as it was."""
    workflow = DotFlow()
    given = {"a": [1]}
    for name in "xyz":
        workflow.task.add(grows, initial_context=given, name=name)
    for _ in range(3):
        assert start(workflow, mode) == [2] * 3


@action
def grows(initial_context):
    initial_context.storage["a"].append("more")
    return len(initial_context.storage["a"])


@pytest.mark.parametrize("mode", MODES)
def test_the_items_of_a_map_have_values_of_their_own(mode):
    """Neither an item, nor another attempt of it, sees what an item does to its inputs."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: [[1], [2]]), name="rows")
    workflow.task.add(action(lambda: ["shared"]), name="shared")
    workflow.task.add(
        grow_item, depends_on=["rows", "shared"], map_over="rows", initial_context=["i"]
    )
    results = start(workflow, mode, max_parallel=1)
    assert results == [[[1], [2]], ["shared"], [[2, 2, 2], [2, 2, 2]]]


@action
def grow_item(item, shared, initial_context):
    lengths = []
    for rows in (item, shared, initial_context.storage):
        rows.append("more")
        lengths.append(len(rows))
    return lengths


@pytest.mark.parametrize("mode", ["sequential", "async", "parallel"])
def test_a_workflow_for_each_item_leaves_the_item(mode):
    """What the tasks of a mapped workflow do to their item, nobody outside sees."""
    inner = DotFlow()
    inner.task.add(grow_initial)
    workflow = DotFlow()
    workflow.task.add(action(lambda: [[1], [2]]), name="rows")
    workflow.task.add(inner, map_over="rows", name="each")
    assert start(workflow, mode) == [[[1], [2]], [2, 2]]


@action
def grow_initial(initial_context):
    initial_context.storage.append("more")
    return len(initial_context.storage)


@pytest.mark.parametrize("mode", MODES)
def test_a_result_that_several_tasks_show(mode):
    """What was passed on from task to task is put right in each that shows it."""
    inner = DotFlow()
    inner.task.add(action(lambda: [1]), name="rows")
    workflow = DotFlow()
    workflow.task.add(produce, initial_context="dict")
    workflow.task.add(by_name, depends_on="produce")
    workflow.task.add(inner, name="inner")
    workflow.task.add(
        action(lambda inner: inner), depends_on=["inner", "by_name"], name="passed"
    )
    workflow.task.add(
        action(lambda passed: passed.append(2)), depends_on="passed", name="changes"
    )
    results = start(workflow, mode)
    assert results == [{"a": 1}, None, [1], [1], [1], None]


def test_the_methods_of_a_class():
    """What a method has returned is what it was then, and each method has its own."""

    @action
    class Steps:
        def __init__(self):
            self.rows = []

        @action
        def first(self):
            self.rows.append(1)
            return self.rows

        @action
        def second(self, previous_context):
            previous_context.storage.append("mine")
            self.rows.append(2)
            return previous_context.storage

        @action
        def third(self, previous_context):
            previous_context.storage.append(3)

    workflow = DotFlow()
    workflow.task.add(Steps)
    (contexts,) = start(workflow)
    assert [c.storage for c in contexts] == [[1], [1, "mine"], None]


def test_a_run_that_is_ended_leaves_its_inputs():
    """What an attempt has half done when its run is cancelled, the next start undoes."""
    workflow = DotFlow()
    seen = []

    @action
    def half(initial_context):
        seen.append(list(initial_context.storage))
        initial_context.storage.append("half")
        if len(seen) == 1:
            raise KeyboardInterrupt

    workflow.task.add(half, initial_context=[1])
    with pytest.raises(KeyboardInterrupt):
        workflow.start()
    workflow.start()
    assert seen == [[1], [1]]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("how", ["named", "upstream"])
def test_a_pipeline_has_the_same_rule(kind, how):
    """Results of a Pipeline are what their tasks left, for siblings and attempts alike."""
    pipeline = Pipeline("p")
    attempts = []

    @pipeline.task()
    def rows():
        return {"a": [1]}

    def grow(value):
        value["a"].append("more")
        attempts.append(len(value["a"]))
        if len(attempts) == 1:
            raise ConnectionError
        return value

    if how == "named":

        def careless(rows):
            return grow(rows)
    else:

        def careless(upstream):
            return grow(upstream["rows"])

    if kind == "async":
        plain = careless
        if how == "named":

            async def careless(rows):
                return plain(rows)
        else:

            async def careless(upstream):
                return plain(upstream)

    pipeline.task(name="careless", deps=["rows"], retries=1)(careless)

    @pipeline.task(deps=["rows", "careless"])
    def after(rows, careless):
        careless["a"].append("after")
        return [rows, len(careless["a"])]

    tasks = pipeline.run()["tasks"]
    assert attempts == [2, 2]
    assert tasks["rows"]["result"] == {"a": [1]}
    assert tasks["careless"]["result"] == {"a": [1, "more"]}
    assert tasks["after"]["result"] == [{"a": [1]}, 3]


def test_what_pickle_cannot_copy_is_shared():
    """A lock is one for all; of a list that holds one, the list is each task's own."""
    lock = threading.Lock()

    @action
    def locks():
        return [lock]

    @action
    def careless(locks):
        locks.append("more")
        return locks[0] is lock

    @action
    def after(locks):
        return locks[0] is lock, len(locks)

    workflow = DotFlow()
    workflow.task.add(locks)
    workflow.task.add(careless, depends_on="locks")
    workflow.task.add(after, depends_on=["locks", "careless"])
    assert start(workflow) == [[lock], True, (True, 1)]


def test_what_is_very_large_is_shared():
    """An object that takes long to copy is one for all; a list with it is each one's."""
    large = Order([b"x" * (17 * 1024 * 1024)])
    workflow = DotFlow()
    workflow.task.add(action(lambda: [large]), name="large")
    workflow.task.add(
        action(lambda large: large.append(large[0])), depends_on="large", name="more"
    )
    workflow.task.add(
        action(lambda large: (len(large), id(large[0]))),
        depends_on=["large", "more"],
        name="after",
    )
    assert start(workflow)[2] == (1, id(large))


def test_an_unchanged_value_is_passed_as_it_is():
    """A value that nobody changes is one object for all: nothing is copied in vain."""
    payload = {"rows": [[1], [2]]}
    workflow = DotFlow()
    workflow.task.add(action(lambda: payload), name="payload")
    for name in "ab":
        workflow.task.add(
            action(lambda payload: id(payload)), depends_on="payload", name=name
        )
    results = start(workflow)
    assert results[0] is payload
    assert results[1:] == [id(payload)] * 2


def test_a_view_of_an_array_is_no_part_of_it():
    """What is done to a view that a step has returned, its input does not show."""
    numpy = pytest.importorskip("numpy")

    @action
    def change_view(view):
        view[0] = 9

    workflow = DotFlow()
    workflow.task.add(action(lambda: numpy.zeros(3)), name="array")
    workflow.task.add(action(lambda array: array[1:]), depends_on="array", name="view")
    workflow.task.add(change_view, depends_on="view")
    array, view, _ = start(workflow)
    assert array.tolist() == [0, 0, 0]
    assert view.tolist() == [0, 0]


class Hostile:
    def __reduce_ex__(self, _protocol):
        raise SystemExit

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None


def test_a_value_that_raises_ends_no_run():
    """What a value does when it is looked at is no outcome of a task."""
    value = [Hostile()]
    workflow = DotFlow()
    workflow.task.add(action(lambda: value), name="hostile")
    workflow.task.add(action(lambda hostile: len(hostile)), depends_on="hostile")
    assert start(workflow)[1] == 1


@pytest.mark.parametrize("durable", [False, True])
def test_a_resumed_run_sees_the_input_as_it_was(durable, tmp_path):
    """What a step did to its initial context is no change of the input."""
    storage = StorageSQLite(tmp_path / "runs.db") if durable else StorageDefault()
    workflow = DotFlow(Config(storage=storage), "shop")
    workflow.task.add(grow_initial, initial_context=[])
    workflow.task.add(action(lambda: 1 / 0), name="broken")
    workflow.start()
    if durable:
        workflow.start(resume=True, on_input_change="raise")
        assert workflow.result_task()[0].restored
    workflow.start()
    assert workflow.result_storage()[0] == 1


def _local_values():
    """Return values of which pickle alone finds a part under no name."""

    @dataclasses.dataclass
    class Local:
        rows: list

    pair = collections.namedtuple("pair", "a b")
    return {
        "instance": lambda: Local([1]),
        "within a list": lambda: [Local([1])],
        "default dict": lambda: collections.defaultdict(lambda: [0], a=[1]),
        "named tuple": lambda: pair([1], 2),
    }


@pytest.mark.parametrize("name", _local_values())
@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_values_of_local_classes_and_functions(name, mode):
    """What pickle finds under no name is each one's own as well."""
    make = _local_values()[name]

    def rows_of(value):
        if name == "instance":
            return value.rows
        return (
            value[0].rows
            if name == "within a list"
            else value["a" if name[0] == "d" else 0]
        )

    workflow = DotFlow()
    workflow.task.add(action(make), name="rows")
    workflow.task.add(
        action(lambda rows: rows_of(rows).append("more")), depends_on="rows", name="bad"
    )
    workflow.task.add(
        action(lambda rows: list(rows_of(rows))),
        depends_on=["rows", "bad"],
        name="after",
    )
    results = start(workflow, mode)
    assert results[2] == rows_of(results[0]) == [1]
    assert type(results[0]).__name__ == type(make()).__name__
