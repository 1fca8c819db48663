"""Modes, groups, callbacks and resumes as users of dotflow 1.x know them."""

from __future__ import annotations

import os

import pytest
from former_flows import (
    MODES,
    broken,
    flow_of,
    one,
    pid,
    plus_one,
    quiet,
    started,
    statuses,
)

from dotflow import DotFlow, action
from dotflow.core import exception
from dotflow.core.workflow import Background, Manager, Sequential, grouper
from dotflow.providers import StorageFile

# Modes, groups, keep_going


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_runs_all_tasks(mode):
    """By the name that 1.x gave it."""
    flow = started(one, one, mode=mode)
    assert (statuses(flow), flow.result_storage()) == (["Completed"] * 2, [1, 1])


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_knows_when_tasks_began_and_ended(mode):
    """`started_at`, `finished_at` and `duration` are there."""
    for task in started(one, mode=mode).result_task():
        assert task.started_at <= task.finished_at
        assert task.duration >= 0


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_tells_the_end_of_the_run(mode):
    """`on_success` or `on_failure` is called once, with the tasks."""
    told = []
    for step in (one, broken):
        started(
            step,
            mode=mode,
            on_success=lambda tasks: told.append(("success", len(tasks))),
            on_failure=lambda tasks: told.append(("failure", len(tasks))),
        )
    assert told == [("success", 1), ("failure", 1)]


@pytest.mark.parametrize("mode", ["never", "", "Sequential", None, 5])
def test_a_mode_that_there_is_not_is_refused(mode):
    """Before anything runs."""
    flow = flow_of(one)
    with pytest.raises(exception.ExecutionModeNotExist):
        flow.start(mode=mode)
    assert statuses(flow) == ["Not started"]


def test_parallel_tasks_run_in_other_processes():
    """And those of a sequential run here."""
    assert os.getpid() not in started(pid, pid, mode="parallel").result_storage()
    assert started(pid).result_storage() == [os.getpid()]


def test_parallel_tasks_have_no_previous_context():
    """Each begins from nothing."""
    assert started(plus_one, plus_one, mode="parallel").result_storage() == [1, 1]


def test_several_groups_run_each_in_its_order():
    """More than one group makes a sequential run one of groups."""
    flow = DotFlow(quiet())
    for group in ("a", "b"):
        flow.task.add([plus_one, plus_one], group_name=group)
    flow.start()
    assert flow.result_storage() == [1, 2, 1, 2]


def test_a_failure_in_a_group_stops_that_group():
    """What follows stays Not started; the others go on."""
    flow = DotFlow(quiet())
    flow.task.add([broken, one], group_name="a")
    flow.task.add([one, one], group_name="b")
    flow.start()
    assert statuses(flow) == ["Failed", "Not started", "Completed", "Completed"]


@pytest.mark.parametrize(
    ("keep_going", "expected"),
    [
        (False, ["Completed", "Failed", "Not started"]),
        (True, ["Completed", "Failed", "Completed"]),
    ],
)
def test_keep_going_decides_what_follows_a_failure(keep_going, expected):
    """By default the chain stops there."""
    assert statuses(started(one, broken, one, keep_going=keep_going)) == expected


def test_what_follows_a_failure_has_no_previous_context():
    """With `keep_going` the next task gets None."""
    assert started(broken, plus_one, keep_going=True).result_storage()[1] == 1


@pytest.mark.parametrize("keep_going", [False, True])
def test_on_failure_gets_the_tasks_that_ran(keep_going):
    """Those that stayed Not started are not among them."""
    told = []
    started(
        broken,
        one,
        keep_going=keep_going,
        on_failure=lambda tasks: told.append(len(tasks)),
    )
    assert told == [2 if keep_going else 1]


def test_a_callback_is_called_for_failed_tasks_too():
    """With `task=`, before the callbacks of the workflow."""
    told = []
    flow = DotFlow(quiet())
    flow.task.add(broken, callback=lambda task: told.append(task.status))
    flow.start(on_failure=lambda tasks: told.append("workflow"))
    assert told == ["Failed", "workflow"]


def test_a_callback_that_raises_does_not_end_the_run():
    """It is reported, and the next task runs."""

    def boom(task):
        raise RuntimeError

    flow = DotFlow(quiet())
    flow.task.add(one, callback=boom).add(one)
    flow.start()
    assert statuses(flow) == ["Completed", "Completed"]


def test_a_background_run_returns_at_once():
    """`start` has a thread, and the statuses are read meanwhile."""
    flow = flow_of(one)
    run = flow.start(mode="background")
    assert run.thread is not None
    run.wait()
    assert statuses(flow) == ["Completed"]


@pytest.mark.parametrize(
    "name", ["tasks", "on_success", "on_failure", "workflow_id", "started", "config"]
)
def test_a_manager_has_the_attributes_of_1x(name):
    """And `thread`, which is None but for a background run."""
    run = flow_of(one).start()
    assert getattr(run, name) is not None
    assert run.thread is None


def test_a_manager_takes_its_arguments_by_place():
    """Tasks, on_success, on_failure, mode, keep_going, in 1.x's order."""
    told = []
    flow = flow_of(broken, one)
    callbacks = (lambda tasks: told.append(0), lambda tasks: told.append(1))
    Manager(flow.task.queue, *callbacks, "sequential", True)
    assert (told, statuses(flow)) == ([1], ["Failed", "Completed"])


def test_tasks_are_grouped():
    """`grouper` gives the tasks by their groups, in order."""
    flow = DotFlow()
    flow.task.add([one, one], group_name="b").add(one, group_name="a")
    assert {name: len(tasks) for name, tasks in grouper(flow.task.queue).items()} == {
        "b": 2,
        "a": 1,
    }


@pytest.mark.parametrize("mode", [Sequential, Background])
def test_a_mode_by_class_runs_when_it_is_made(mode):
    """`Sequential(tasks, workflow_id, ignore, groups)`."""
    flow = flow_of(one)
    made = mode(flow.task.queue, None, False, {})
    made.wait()
    assert [task.status for task in made.get_tasks()] == ["Completed"]


# Resume


@pytest.mark.parametrize("value", [1, None, [], [1, 2], "", {"a": (1,)}])
def test_a_resume_restores_what_was_completed(value, tmp_path):
    """In another object of the same id, whatever the result was."""
    calls = []

    @action
    def step():
        calls.append(1)
        return value

    for _ in range(2):
        flow = DotFlow(quiet(storage=StorageFile(path=tmp_path)), workflow_id="w")
        flow.task.add(step)
        flow.start(resume=True)
    assert calls == [1]
    assert flow.result_storage() == [value]


def test_a_resume_runs_neither_step_nor_callback_again(tmp_path):
    """Of what is restored."""
    told = []
    for _ in range(2):
        flow = DotFlow(quiet(storage=StorageFile(path=tmp_path)), workflow_id="w")
        flow.task.add(one, callback=lambda task: told.append(1))
        flow.start(resume=True)
    assert told == [1]


@pytest.mark.parametrize("policy", ["never", None, "RESET"])
def test_a_policy_that_there_is_not_is_refused(policy):
    """Also where nothing is resumed."""
    with pytest.raises(exception.InvalidOnInputChange):
        flow_of(one).start(on_input_change=policy)


def test_changed_inputs_are_refused_or_reset(tmp_path):
    """`raise` raises, `reset` runs again."""

    @action
    def step(initial_context):
        return initial_context.storage

    def start(value, policy):
        flow = DotFlow(quiet(storage=StorageFile(path=tmp_path)), workflow_id="w")
        flow.task.add(step, initial_context=value)
        flow.start(resume=True, on_input_change=policy)
        return flow.result_storage()

    assert start(1, "reuse") == [1]
    with pytest.raises(exception.InputChangedError, match="reset"):
        start(2, "raise")
    assert start(2, "reset") == [2]
