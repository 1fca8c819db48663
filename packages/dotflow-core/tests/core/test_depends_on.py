"""Explicit edges: order, inputs by name, and what a failure upstream means."""

from __future__ import annotations

import time

import pytest

from dotflow import DotFlow, action
from dotflow.testing import RecordingNotify

MODES = ["sequential", "parallel", "sequential_group", "background"]


@action
def number(initial_context):
    return initial_context.storage


@action
def fail():
    raise ValueError("no way")


@action
def seen(previous_context):
    return previous_context.storage


def states(workflow):
    return {task.name: task.status for task in workflow.result_task()}


def values(workflow):
    return {task.name: task.current_context.storage for task in workflow.result_task()}


def test_order_is_that_of_the_edges():
    """A task runs after all it depends on, whatever the order it was added in."""
    order = []
    workflow = DotFlow()
    for name, upstream in (("d", "bc"), ("b", "a"), ("c", "a"), ("a", "")):
        step = action(lambda name=name: order.append(name))
        workflow.task.add(step, name=name, depends_on=list(upstream))
    workflow.start()
    assert order == ["a", "b", "c", "d"]


@pytest.mark.parametrize("mode", MODES)
def test_fan_out_and_fan_in(mode):
    """A diamond gives the same in every mode: inputs by name, several at once."""

    @action
    def total(left, right):
        return left + right

    workflow = DotFlow()
    workflow.task.add(number, initial_context=10, name="source", depends_on=[])
    workflow.task.add(
        action(lambda source: source + 1), name="left", depends_on="source"
    )
    workflow.task.add(
        action(lambda source: source * 2), name="right", depends_on="source"
    )
    workflow.task.add(total, depends_on=["left", "right"])
    workflow.start(mode=mode).wait()
    assert values(workflow) == {"source": 10, "left": 11, "right": 20, "total": 31}


def test_previous_context_of_one_upstream():
    """With one upstream `previous_context` is its context, as in a chain."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5, name="a")
    workflow.task.add(number, initial_context=6, name="b")
    workflow.task.add(seen, depends_on="a")
    workflow.start()
    tasks = workflow.result_task()
    assert tasks[2].current_context.storage == 5
    assert tasks[2].previous_context.task_id == tasks[0].task_id


def test_previous_context_of_several_upstreams():
    """With several `previous_context` holds their values by name, in the order given."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5, name="a")
    workflow.task.add(number, initial_context=6, name="b")
    workflow.task.add(seen, depends_on=["b", "a"])
    workflow.start()
    assert list(workflow.result_storage()[2].items()) == [("b", 6), ("a", 5)]


@pytest.mark.parametrize("value", [None, 0, "", False])
def test_falsy_inputs_by_name(value):
    """A falsy result arrives by name as it is."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=value, name="a")
    workflow.task.add(action(lambda a="default": ("got", a)), depends_on="a", name="b")
    workflow.start()
    assert values(workflow)["b"] == ("got", value)


def test_no_upstream_is_a_root():
    """`depends_on=[]` makes a root: it sees nothing of the task before it."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5)
    workflow.task.add(seen, depends_on=[])
    workflow.start()
    assert workflow.result_storage() == [5, None]


@pytest.mark.parametrize("how", ["name", "action", "task", "list"])
def test_what_depends_on_takes(how):
    """An upstream may be given by name, as an action, as a task, or in a list."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5)
    workflow.task.add(seen, name="other", depends_on=[])
    first = workflow.task.queue[0]
    upstream = {
        "name": "number",
        "action": number,
        "task": first,
        "list": ["number", number, first],
    }[how]
    workflow.task.add(seen, name="last", depends_on=upstream)
    workflow.start()
    assert values(workflow)["last"] == 5


def test_an_action_that_is_added_later():
    """An action may be named as an upstream before it was added."""
    workflow = DotFlow()
    workflow.task.add(seen, depends_on=number)
    workflow.task.add(number, initial_context=5, depends_on=[])
    workflow.start()
    assert values(workflow) == {"seen": 5, "number": 5}


@pytest.mark.parametrize("keep_going", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_what_depends_on_a_failure_is_skipped(mode, keep_going):
    """All tasks downstream of a failure are Skipped, and say which task failed."""
    workflow = DotFlow()
    workflow.task.add(fail, depends_on=[])
    workflow.task.add(seen, name="child", depends_on="fail")
    workflow.task.add(seen, name="grandchild", depends_on="child")
    workflow.start(mode=mode, keep_going=keep_going).wait()
    assert states(workflow) == {
        "fail": "Failed",
        "child": "Skipped",
        "grandchild": "Skipped",
    }
    for task in workflow.result_task()[1:]:
        assert "upstream task 'fail' failed" in task.reason
        assert task.errors == []
        assert (task.started_at, task.outcome) == (None, "Skipped")


def test_keep_going_runs_what_does_not_depend_on_the_failure():
    """With `keep_going` a failure costs its own downstream alone."""
    workflow = DotFlow()
    workflow.task.add(fail, depends_on=[])
    workflow.task.add(number, initial_context=5, depends_on=[])
    workflow.task.add(seen, name="of_fail", depends_on="fail")
    workflow.task.add(seen, name="of_number", depends_on="number")
    workflow.task.add(seen, name="of_both", depends_on=["fail", "number"])
    run = workflow.start(keep_going=True)
    assert states(workflow) == {
        "fail": "Failed",
        "number": "Completed",
        "of_fail": "Skipped",
        "of_number": "Completed",
        "of_both": "Skipped",
    }
    assert run.status == "Failed"


def test_without_keep_going_nothing_starts_after_a_failure():
    """Without `keep_going` tasks that were not started yet stay so."""
    workflow = DotFlow()
    workflow.task.add(fail, depends_on=[])
    workflow.task.add(number, initial_context=5, depends_on=[])
    workflow.start()
    assert states(workflow) == {"fail": "Failed", "number": "Not started"}


def test_a_task_that_is_being_retried_is_not_abandoned(tmp_path):
    """A failure elsewhere does not leave a task at `Retry`: its attempts go on."""
    first_attempt = tmp_path / "first_attempt"

    @action(retry=2, retry_delay=0.4)
    def flaky():
        if not first_attempt.exists():
            first_attempt.touch()
            raise ValueError("once")
        return "recovered"

    @action
    def fails_meanwhile():
        while not first_attempt.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        raise ValueError("no way")

    workflow = DotFlow()
    workflow.task.add(flaky, depends_on=[])
    workflow.task.add(fails_meanwhile, depends_on=[])
    workflow.start(mode="parallel", max_parallel=2)
    assert states(workflow) == {"flaky": "Completed", "fails_meanwhile": "Failed"}


def test_a_skip_is_told():
    """A notifier hears of a skipped task."""
    from dotflow import Config

    notify = RecordingNotify()
    workflow = DotFlow(config=Config(notify=notify))
    workflow.task.add(fail, depends_on=[])
    workflow.task.add(seen, depends_on="fail")
    workflow.start()
    skipped = workflow.result_task()[1].task_id
    assert [status for task_id, status in notify.events if task_id == skipped] == [
        "Not started",
        "Skipped",
    ]


def test_edges_across_groups():
    """A task may depend on one of another group, which runs at the same time."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5, name="a", group_name="left")
    workflow.task.add(
        action(lambda a: a + 1), name="b", group_name="right", depends_on="a"
    )
    workflow.start()
    assert values(workflow) == {"a": 5, "b": 6}


def test_an_upstream_given_twice_counts_once():
    """A name that stands twice in `depends_on` is one edge."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=5, name="a")
    workflow.task.add(seen, depends_on=["a", "a"])
    workflow.start()
    assert workflow.result_storage() == [5, 5]


def test_a_long_chain_of_edges():
    """Thousands of edges in a row need no recursion."""
    workflow = DotFlow()
    workflow.task.add(number, initial_context=0, name="0", depends_on=[])
    for n in range(1, 3_000):
        workflow.task.add(plus_one, name=str(n), depends_on=str(n - 1))
    workflow.start()
    assert workflow.result_storage()[-1] == 2_999


@action
def plus_one(previous_context):
    return previous_context.storage + 1
