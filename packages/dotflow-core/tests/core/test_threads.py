"""Several runs at once: two workflows, one from two threads, one inside another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import pytest

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageDefault
from dotflow.workflow.manager import Manager

pytestmark = pytest.mark.start_methods


@action
def number(initial_context):
    return initial_context.storage


@action
def plus_one(previous_context):
    return previous_context.storage + 1


def chain(start, length=20, **options):
    workflow = DotFlow(**options)
    workflow.task.add(number, initial_context=start)
    workflow.task.add([plus_one] * length)
    return workflow


def test_two_workflows_from_threads():
    """Workflows that run at the same time keep their results apart."""
    workflows = [chain(1_000 * n) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda workflow: workflow.start(), workflows))
    for n, workflow in enumerate(workflows):
        expected = list(range(1_000 * n, 1_000 * n + 21))
        assert workflow.result_storage() == expected


@pytest.mark.parametrize("mode", ["parallel", "sequential_group", "background"])
def test_two_workflows_in_other_modes_from_threads(mode):
    """Process pools of two workflows do not take each other's tasks."""
    workflows = [DotFlow() for _ in range(3)]
    for n, workflow in enumerate(workflows):
        for k in range(4):
            workflow.task.add(
                number, initial_context=(n, k), group_name=str(k % 2), name=f"task{k}"
            )
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda w: w.start(mode=mode).wait(), workflows))
    for n, workflow in enumerate(workflows):
        assert workflow.result_storage() == [(n, k) for k in range(4)]


def test_two_workflows_share_one_config():
    """A config, a storage in memory and an action may be shared by workflows."""
    config = Config(storage=StorageDefault())
    workflows = [chain(n, config=config, workflow_id=f"flow-{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda workflow: workflow.start(), workflows))
    assert [workflow.result_storage()[-1] for workflow in workflows] == [20, 21, 22, 23]


def test_one_workflow_from_two_threads():
    """Each `start` of one object runs all its tasks and has its own results."""
    both = threading.Barrier(2)
    calls = []

    @action
    def meet():
        both.wait(timeout=60)  # which needs both runs to be under way
        calls.append(1)
        return len(calls)

    workflow = DotFlow()
    workflow.task.add(meet).add(plus_one)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: workflow.start(), range(2)))
    assert len(calls) == 2
    for run in runs:
        assert [task.status for task in run.tasks] == ["Completed"] * 2
        first, second = (task.current_context.storage for task in run.tasks)
        assert second == first + 1
    assert runs[0].tasks[0] is not runs[1].tasks[0]
    assert workflow.result_storage()[1] == workflow.result_storage()[0] + 1


class Gate:
    """Where a run waits, once it has come there, until it is opened."""

    def __init__(self):
        self.reached, self.opened = threading.Event(), threading.Event()

    def wait_until_reached(self):
        self.reached.wait(timeout=60)

    def stand(self):
        self.reached.set()
        self.opened.wait(timeout=60)


def through(*gates):
    """Return a workflow whose runs come to their order, the first ones through a gate."""
    inputs = zip_longest(["first", "second", "third"], gates)

    @action
    def slow():
        value, gate = next(inputs)
        if gate is not None:
            gate.stand()
        return value

    workflow = DotFlow()
    workflow.task.add(slow)
    return workflow


def test_results_are_those_of_the_run_that_has_the_tasks():
    """After overlapping runs the next one, alone, reports in the workflow again."""
    gate = Gate()
    workflow = through(gate)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(workflow.start)
        gate.wait_until_reached()
        second = workflow.start()
        gate.opened.set()
        first.result()
    assert [t.current_context.storage for t in second.tasks] == ["second"]
    assert workflow.result_storage() == ["first"]
    workflow.start()
    assert workflow.result_storage() == ["third"]


def test_an_overlap_that_outlives_the_first_run():
    """A run that starts when the workflow's own tasks are free again reports in them."""
    one, two = Gate(), Gate()
    workflow = through(one, two)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(workflow.start)
        one.wait_until_reached()
        second = pool.submit(workflow.start)
        two.wait_until_reached()
        one.opened.set()
        first.result()
        third = workflow.start()  # while the second still runs on its copies
        meanwhile = workflow.result_storage()
        two.opened.set()
    assert meanwhile == workflow.result_storage() == ["third"]
    assert third.tasks == workflow.result_task()
    assert second.result().tasks[0].current_context.storage == "second"


def test_a_start_inside_a_step():
    """A step may run a workflow of its own."""

    @action
    def outer():
        inner = chain(5, length=2)
        inner.start()
        return inner.result_storage()

    workflow = DotFlow()
    workflow.task.add(outer).add(action(lambda previous_context: "after"))
    workflow.start()
    assert workflow.result_storage() == [[5, 6, 7], "after"]


@pytest.mark.parametrize("mode", ["parallel", "sequential_group"])
@pytest.mark.start_methods("the inner one cannot import the test")
def test_a_parallel_start_inside_a_worker(mode):
    """A step that runs in a process may start processes of its own."""

    @action
    def outer():
        inner = DotFlow()
        inner.task.add([number, number], initial_context=3)
        inner.start(mode="parallel")
        return inner.result_storage()

    workflow = DotFlow()
    workflow.task.add(outer)
    workflow.start(mode=mode)
    assert workflow.result_storage() == [[3, 3]]


def test_the_same_workflow_inside_its_own_step():
    """A step may start its own workflow again; the inner run reports by itself."""
    depth = []

    @action
    def recursive():
        depth.append(1)
        if len(depth) == 3:
            return ["bottom"]
        run = workflow.start()
        return ["over", *run.tasks[0].current_context.storage]

    workflow = DotFlow()
    workflow.task.add(recursive)
    workflow.start()
    assert workflow.result_storage() == [["over", "over", "bottom"]]


@pytest.mark.parametrize("where", ["task callback", "on_success"])
def test_a_start_inside_a_callback(where):
    """A callback may start the workflow again without disturbing its results."""
    runs = []

    def again(**kwargs):
        if not runs:
            runs.append(None)
            runs[0] = workflow.start()

    calls = []
    step = action(lambda: calls.append(1) or len(calls))
    workflow = DotFlow()
    if where == "on_success":
        workflow.task.add(step)
        workflow.start(on_success=again)
    else:
        workflow.task.add(step, callback=again)
        workflow.start()
    assert len(calls) == 2
    assert isinstance(runs[0], Manager)
    assert runs[0].tasks[0].current_context.storage == 2
    assert workflow.result_storage() == [1]
