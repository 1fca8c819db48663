"""What makes two calls of a cached step the same: its code, what it holds, its inputs."""

from __future__ import annotations

import functools
import re
import threading
from collections import OrderedDict

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.errors import InvalidTask
from dotflow.providers import StorageDefault, StorageSQLite

MODES = ["sequential", "threads", "async", "background", "parallel"]


@pytest.fixture(params=["memory", "sqlite"])
def kept(request, tmp_path):
    return (
        StorageDefault()
        if request.param == "memory"
        else StorageSQLite(tmp_path / "runs.db")
    )


def task_of(step, storage, initial=None, **options):
    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(step, initial_context=initial)
    run = workflow.start(**options)
    if options.get("mode") == "background":
        run.wait()
    return workflow.result_task()[0]


def result_of(step, storage, initial=None, **options):
    task = task_of(step, storage, initial, **options)
    assert task.status == "Completed", task.errors
    return task.current_context.storage


def of_pipeline(function, storage):
    pipeline = Pipeline("p", storage=storage)
    pipeline.task(cache=True)(function)
    (task,) = pipeline.run()["tasks"].values()
    assert task["status"] == "SUCCESS", task
    return task["result"]


def closing_over(value):
    def step():
        return value

    return step


def by_default(value):
    def step(rate=value):
        return rate

    return step


def by_keyword(value):
    def step(*, rate=value):
        return rate

    return step


def decorated(value):
    def decorate(function):
        @functools.wraps(function)
        def wrapper():
            return (function(), value)

        return wrapper

    return decorate(one)


def one():
    return 1


class Rated:
    def __init__(self, value):
        self.value = value

    def step(self):
        return self.value

    def __call__(self):
        return self.value


def plus(value):
    return value


FACTORIES = {
    "closure": closing_over,
    "default": by_default,
    "keyword": by_keyword,
    "decorator": decorated,
    "bound": lambda value: Rated(value).step,
    "callable": Rated,
    "partial": lambda value: functools.partial(plus, value),
    "partial of a bound method": lambda value: functools.partial(Rated(value).step),
    "lru_cache": lambda value: functools.lru_cache(closing_over(value)),
    "a closure that closes over": lambda value: closing_over(closing_over(value)),
}


@pytest.mark.parametrize("make", FACTORIES.values(), ids=FACTORIES)
@pytest.mark.parametrize(("former", "latter"), [(1, 2), ([1], [2]), ((1,), [1])])
@pytest.mark.parametrize("front", ["DotFlow", "Pipeline"])
def test_what_a_step_holds_is_part_of_its_code(make, former, latter, front, kept):
    """Steps of one text that hold other values are other steps; the same one is found."""
    calls = []

    def counted(value):
        step = make(value)

        @functools.wraps(step)
        def called():
            calls.append(1)
            got = step()
            return got() if callable(got) else got

        return called

    def run(value):
        if front == "Pipeline":
            return of_pipeline(counted(value), kept)
        return result_of(action(counted(value), cache=True), kept)

    first, second, again = run(former), run(latter), run(former)
    assert first != second
    assert again == first
    assert len(calls) == 2


def test_two_lambdas_of_one_line_are_two_steps(kept):
    """Bytecode tells apart what has one source line."""
    steps = [action(lambda: 1, cache=True), action(lambda: 2, cache=True)]
    assert [result_of(step, kept) for step in steps] == [1, 2]


def test_classes_of_one_name_are_two_steps(kept):
    """The methods of a class are its code, and what they are given is its input."""

    def make(number):
        class Step:
            @action
            def run(self, previous_context, initial_context):
                return number, previous_context.storage, initial_context.storage

        return action(Step, cache=True)

    def run(number, value):
        return result_of(make(number), kept, value)[0].storage

    assert run(1, "a") == (1, None, "a")
    assert run(2, "a") == (2, None, "a")
    assert run(1, "b") == (1, None, "b")


@pytest.mark.parametrize(
    ("former", "latter"),
    [
        ((1, 2), [1, 2]),
        ({1: "a"}, {"1": "a"}),
        ({1: "a"}, {True: "a"}),
        ([1], [True]),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"x": {"a": 1, "b": []}}, {"x": {"b": [], "a": 1}}),
        (functools.partial(int, base=2), functools.partial(int, base=3)),
        (closing_over(1), closing_over(2)),
    ],
)
def test_other_inputs_are_other_calls(former, latter, kept):
    """Types, order and what callables do count in every depth."""
    calls = []

    @action(cache=True)
    def step(initial_context):
        calls.append(1)

    for value in (former, latter, [former], [latter], former, latter):
        result_of(step, kept, value)
    assert len(calls) == 4


@pytest.mark.parametrize("mode", MODES)
def test_the_key_is_made_before_the_step_changes_its_input(mode, tmp_path):
    """A step that appends to its input is kept under the input that it was given."""
    storage = StorageSQLite(tmp_path / "runs.db")
    seen = [
        result_of(grow, storage, value, mode=mode)
        for value in ([0], [0], [0, 0], {"a": [0]})
    ]
    assert seen == [2, 2, 3, 2]


@action(cache=True)
def grow(initial_context):
    rows = initial_context.storage
    rows = rows["a"] if isinstance(rows, dict) else rows
    rows.append(0)
    return len(rows)


def test_what_a_step_notes_itself_is_no_other_step(kept):
    """A list that a step appends to counts as it was, whichever calls come between."""
    calls = []

    @action(cache=True)
    def step(initial_context):
        calls.append(initial_context.storage)
        return initial_context.storage

    for value in (3, 4, 3, 4, 5, 3):
        assert result_of(step, kept, value) == value
    assert calls == [3, 4, 5]


def test_what_others_change_is_another_step(kept):
    """A setting that a step closes over, and somebody else changes, is part of the key."""
    settings = {"rate": 1}

    @action(cache=True)
    def step():
        return settings["rate"]

    assert result_of(step, kept) == 1
    settings["rate"] = 2
    assert result_of(step, kept) == 2
    settings["rate"] = 1
    assert result_of(step, kept) == 1


def test_a_step_that_counts_has_the_count_it_begins_with(kept):
    """Another object in the state that a step has left is not taken for that one."""

    def make(items):
        @action(cache=True)
        def step():
            items.append(0)
            return len(items)

        return step

    assert [result_of(make(items), kept) for items in ([], [0], [], [0, 0])] == [
        1,
        2,
        1,
        3,
    ]


def nothing():
    yield from ()


@pytest.mark.parametrize("front", ["DotFlow", "Pipeline"])
def test_a_step_that_cannot_be_told_from_others_is_refused(front, kept):
    """What closes over a generator is refused by name before anything runs."""
    ran = []

    def first():
        ran.append(1)

    rows = nothing()

    def reads():
        return list(rows)

    if front == "Pipeline":
        pipeline = Pipeline("p", storage=kept)
        pipeline.task()(first)
        pipeline.task(cache=True)(reads)
        start = pipeline.run
    else:
        workflow = DotFlow(Config(storage=kept))
        workflow.task.add([action(first), action(reads, cache=True)])
        start = workflow.start
    with pytest.raises(InvalidTask, match=r"reads.*generator.*cache_key"):
        start()
    assert not ran


def test_a_cache_key_stands_for_what_cannot_be_compared(kept):
    """With cache_key= a step may close over anything, and take anything."""
    rows = nothing()
    calls = []

    @action(cache=True, cache_key=lambda initial_context: 7)
    def step(initial_context):
        calls.append(initial_context)
        return list(rows)

    assert result_of(step, kept, nothing()) == result_of(step, kept, nothing()) == []
    assert len(calls) == 1


def test_a_step_may_close_over_a_lock(kept):
    """A lock tells nothing of the result, so it is no obstacle."""
    lock = threading.Lock()

    @action(cache=True)
    def step():
        with lock:
            return 1

    assert result_of(step, kept) == 1
    assert task_of(step, kept).cached


@pytest.mark.parametrize("value", [{"rows": [nothing()]}, threading.Lock()])
def test_an_input_that_cannot_be_told_apart_is_refused_by_name(value, kept):
    """A generator as an input is never taken for another one."""

    @action(cache=True)
    def total(initial_context):
        return 1

    task = task_of(total, kept, value)
    assert task.status == "Failed"
    assert "'total'" in task.errors[-1].message
    assert re.search("generator|lock", task.errors[-1].message)


def test_a_user_who_changes_a_result_changes_no_kept_one():
    """What a run shows, and what the cache of a memory keeps, are two values."""
    storage = StorageDefault()

    @action(cache=True)
    def rows():
        return [1]

    result_of(rows, storage).append(2)
    result_of(rows, storage).append(3)
    assert result_of(rows, storage) == [1]
