"""A workflow as a step of another one."""

from __future__ import annotations

import time

import pytest

from dotflow import Context, Pipeline, RunContext, action
from dotflow.errors import GraphError, InvalidTask

pytestmark = pytest.mark.start_methods


@action
def three():
    return 3


@action
def double(previous_context):
    return (previous_context.storage or 0) * 2


@action
def increment(previous_context):
    return previous_context.storage + 1


@pytest.fixture
def child(quiet):
    """Make a workflow of two tasks in a row."""
    workflow = quiet()
    workflow.task.add([double, increment])
    return workflow


def names(workflow):
    return [task.name for task in workflow.task]


def test_its_tasks_run_inside_the_parent(mode, child, quiet):
    """A sub-workflow gets what a step would, and its result is that of its last task."""
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(child, name="child", depends_on=three)
    workflow.task.add(increment, name="end", depends_on="child")
    workflow.start(mode=mode).wait()
    assert names(workflow) == [
        "three",
        "child/double",
        "child/increment",
        "child",
        "end",
    ]
    assert workflow.result_storage() == [3, 6, 7, 7, 8]
    assert [task.parent for task in workflow.task] == [
        None,
        "child",
        "child",
        None,
        None,
    ]


@pytest.mark.parametrize("mode", ["sequential", "background"])
def test_it_takes_its_place_in_a_chain(mode, child, quiet):
    """Without `depends_on` it follows the task before it, as any step does."""
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(child, name="child")
    workflow.task.add(increment)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [3, 6, 7, 7, 8]


def test_a_child_is_a_root_where_tasks_are_not_chained(child, quiet):
    """In parallel a sub-workflow without `depends_on` waits for nothing."""
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(child, name="child")
    workflow.start(mode="threads")
    assert workflow.result_storage() == [3, 0, 1, 1]


def test_groups_of_the_child_are_branches_of_it(quiet):
    """The groups of a child begin together, and its result then is one of each by name."""
    child = quiet()
    child.task.add(double, group_name="one")
    child.task.add(increment, group_name="two")
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(child, name="child")
    workflow.task.add(action(lambda child: child), name="end", depends_on="child")
    workflow.start()
    assert workflow.result_storage()[3:] == [{"double": 6, "increment": 4}] * 2


def test_names_inside_are_those_of_the_child(mode, quiet):
    """Inside a child tasks know each other by the names they have in it."""

    def both(left, right, previous_context):
        assert isinstance(previous_context, Context)
        return left, right, list(previous_context.storage)

    child = quiet()
    child.task.add(three, name="left")
    child.task.add(three, name="right", depends_on=[])
    child.task.add(action(both), name="both", depends_on=["left", "right"])
    workflow = quiet()
    workflow.task.add(child, name="child")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[-1] == (3, 3, ["left", "right"])


def test_the_first_tasks_get_all_that_it_depends_on(quiet):
    """A child that waits for several tasks gets each result by its name."""
    child = quiet()
    child.task.add(action(lambda one, two: one - two), name="difference")
    workflow = quiet()
    workflow.task.add(three, name="one")
    workflow.task.add(action(lambda: 1), name="two")
    workflow.task.add(child, name="child", depends_on=["one", "two"])
    workflow.start()
    assert workflow.task["child"].current_context.storage == 2


def test_an_initial_context_is_for_the_first_tasks(quiet):
    """Tasks that begin a child and have no initial context get that of the child."""
    step = action(lambda initial_context: initial_context.storage)
    child = quiet()
    child.task.add(step, name="given", group_name="a")
    child.task.add(step, name="own", group_name="b", initial_context="own")
    child.task.add(step, name="second", group_name="a")
    workflow = quiet()
    workflow.task.add(child, name="child", initial_context="outer")
    workflow.start()
    assert workflow.result_storage()[:3] == ["outer", "own", None]


def test_children_of_children(mode, child, quiet):
    """Sub-workflows nest, and the names tell the way."""
    middle = quiet()
    middle.task.add(increment)
    middle.task.add(child, name="inner", depends_on=increment)
    middle.task.add(
        action(lambda inner, increment: (inner, increment)),
        name="pair",
        depends_on=["inner", "increment"],
    )
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(middle, name="outer", depends_on=three)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [3, 4, 8, 9, 9, (9, 4), (9, 4)]
    assert names(workflow)[2:5] == [
        "outer/inner/double",
        "outer/inner/increment",
        "outer/inner",
    ]
    assert workflow.task["outer/inner"].parent == "outer"
    assert workflow.task["outer/inner/double"].parent == "outer/inner"


def test_a_map_inside_a_child(mode, quiet):
    """A child may map, also over what its parent gave it."""
    child = quiet()
    child.task.add(action(lambda previous_context: previous_context.storage), name="in")
    child.task.add(action(lambda item: item * 2), name="twice", map_over="in")
    workflow = quiet()
    workflow.task.add(action(lambda: [1, 2]), name="numbers")
    workflow.task.add(child, name="child", depends_on="numbers")
    workflow.task.add(action(lambda item: -item), name="minus", map_over="child")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[-1] == [-2, -4]


def test_the_child_itself_is_left_alone(child, quiet):
    """A child can still be run by itself, and be a part of several workflows."""
    for _ in range(2):
        workflow = quiet()
        workflow.task.add(three)
        workflow.task.add(child, name="one")
        workflow.task.add(child, name="two")
        workflow.start()
        assert workflow.result_storage()[-1] == 15
    child.start()
    assert child.result_storage() == [0, 1]
    assert [task.status for task in child.task] == ["Completed"] * 2


def test_a_failure_inside_fails_the_whole(mode, quiet):
    """A failed task of a child fails the child with its name, and skips what follows."""
    child = quiet()
    child.task.add(action(lambda: 1 / 0), name="bad")
    child.task.add(increment)
    workflow = quiet()
    workflow.task.add(child, name="child")
    workflow.task.add(increment, name="after", depends_on="child")
    workflow.start(mode=mode).wait()
    whole = workflow.task["child"]
    assert [task.status for task in workflow.task] == [
        "Failed",
        "Skipped",
        "Failed",
        "Skipped",
    ]
    assert "'child/bad'" in whole.reason
    assert "division by zero" in whole.reason
    assert whole.errors[-1].exception == "ZeroDivisionError"


def test_a_child_that_never_began_is_skipped(child, quiet):
    """A failure before a child skips it with all its tasks."""
    workflow = quiet()
    workflow.task.add(action(lambda: 1 / 0), name="bad")
    workflow.task.add(child, name="child", depends_on="bad")
    workflow.start()
    assert [task.status for task in workflow.task][1:] == ["Skipped"] * 3


def test_with_keep_going_what_follows_a_failed_child_runs(quiet):
    """With keep_going the next task of a chain runs after a failed child."""
    child = quiet()
    child.task.add(action(lambda: 1 / 0), name="bad")
    workflow = quiet()
    workflow.task.add(child, name="child")
    workflow.task.add(three)
    workflow.start(keep_going=True)
    assert [task.status for task in workflow.task] == ["Failed", "Failed", "Completed"]


def test_the_innermost_task_is_blamed(quiet):
    """A failure in a child of a child names the task itself, at every level."""
    inner, outer, workflow = quiet(), quiet(), quiet()
    inner.task.add(action(lambda: 1 / 0), name="bad")
    outer.task.add(inner, name="inner")
    workflow.task.add(outer, name="outer")
    workflow.start()
    for name in ("outer/inner", "outer"):
        assert "'outer/inner/bad'" in workflow.task[name].reason


@pytest.mark.parametrize("mode", ["sequential", "threads", "async", "parallel"])
def test_a_deadline_holds_inside(mode, quiet):
    """A deadline of the run cancels a task inside a child, and so the child."""
    child = quiet()
    child.task.add(action(lambda: time.sleep(60), isolate=mode in ("threads", "async")))
    workflow = quiet()
    workflow.task.add(child, name="child")
    run = workflow.start(mode=mode, deadline=0.3)
    assert run.status == "Cancelled"
    assert [task.status for task in workflow.task] == ["Cancelled"] * 2


def test_what_is_wrong_with_a_child_is_found_when_it_is_added(child, quiet):
    """A child without name, tasks or a graph is refused at once."""
    workflow = quiet()
    with pytest.raises(InvalidTask, match="name="):
        workflow.task.add(child)
    with pytest.raises(InvalidTask, match="no tasks"):
        workflow.task.add(quiet(), name="empty")
    with pytest.raises(InvalidTask, match="name="):
        workflow.task.add(child, map_over="three")
    with pytest.raises(InvalidTask, match="no tasks"):
        workflow.task.add(quiet(), name="empty", map_over="three")
    child.task.add(increment, name="lost", depends_on="nowhere")
    with pytest.raises(GraphError, match="'nowhere'"):
        workflow.task.add(child, name="child")
    assert workflow.task.count() == 0


def test_a_pipeline_is_a_step(mode, quiet):
    """A pipeline runs inside a workflow, with its initial context as RunContext."""
    if mode == "parallel":
        pytest.skip("its functions are local, and named by no module")
    pipeline = Pipeline("numbers")

    @pipeline.task()
    def fetch(context: RunContext[int]) -> list[int]:
        return list(range(context.deps))

    @pipeline.task(map=fetch)
    def square(item: int) -> int:
        return item * item

    @pipeline.task()
    async def total(square: list[int]) -> int:
        return sum(square)

    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(pipeline, initial_context=4)
    workflow.task.add(increment, depends_on="numbers")
    workflow.start(mode=mode).wait()
    assert names(workflow)[1:5] == [
        "numbers/fetch",
        "numbers/square",
        "numbers/total",
        "numbers",
    ]
    assert workflow.result_storage()[-2:] == [14, 15]


def test_a_pipeline_that_needs_a_context_says_so(quiet):
    """A pipeline that needs a context is refused without one."""
    pipeline = Pipeline("numbers")

    @pipeline.task()
    def fetch(context: RunContext[int]) -> int:
        return context.deps

    with pytest.raises(GraphError, match="'fetch'"):
        quiet().task.add(pipeline)
