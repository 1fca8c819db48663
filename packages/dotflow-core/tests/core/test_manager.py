"""`Manager` and the modes by class: runs made by hand, and what providers hear."""

from __future__ import annotations

import pytest
from plain_steps import fail, one, plus_one

from dotflow import Config, DotFlow, Task, action
from dotflow.abc.flow import Flow
from dotflow.abc.log import Log
from dotflow.abc.metrics import Metrics
from dotflow.abc.tracer import Tracer
from dotflow.errors import DotflowError, InvalidOnInputChange
from dotflow.workflow.flows import (
    Background,
    Parallel,
    Sequential,
    SequentialGroup,
    grouper,
)
from dotflow.workflow.manager import Manager
from dotflow.workflow.task_engine import TaskEngine


def tasks(*steps, **options):
    return [Task(f"id-{n}", step, **options) for n, step in enumerate(steps)]


def test_a_manager_runs_its_tasks():
    """A `Manager` made of tasks runs them, in order, as it is made."""
    mine = tasks(one, plus_one)
    run = Manager(mine)
    assert run.tasks == mine
    assert [task.current_context.storage for task in mine] == [1, 2]
    assert run.thread is None
    assert run.status == "Completed"
    assert run.duration >= 0


def test_positional_arguments_of_1x():
    """The order of the arguments is that of 1.x."""
    heard = []
    config = Config()
    mine = tasks(fail, one)
    run = Manager(
        mine,
        lambda tasks: heard.append("success"),
        lambda tasks: heard.append("failure"),
        "sequential",
        True,
        "nightly",
        False,
        "reuse",
        "fingerprint",
        config,
    )
    assert heard == ["failure"]
    assert (run.mode, run.keep_going, run.workflow_id) == (
        "sequential",
        True,
        "nightly",
    )
    assert (run.on_input_change, run.fingerprint) == ("reuse", "fingerprint")
    assert run.config is config
    assert run.status == "Failed"
    assert mine[1].status == "Completed"


def test_a_background_run_has_a_thread():
    """A background run can be waited for through `thread` and through `wait`."""
    run = Manager(tasks(one), mode="background")
    run.thread.join()
    assert run.wait(timeout=0) is True
    assert run.tasks[0].status == "Completed"


def test_a_bad_policy_is_refused_without_a_resume():
    """`on_input_change` is checked whether the run resumes or not."""
    with pytest.raises(InvalidOnInputChange, match="'sometimes'"):
        Manager(tasks(one), on_input_change="sometimes")


def test_a_malformed_workflow_id_is_refused():
    """A `Manager` by hand checks its workflow id like `DotFlow` does."""
    mine = tasks(one)
    with pytest.raises(DotflowError, match="malformed"):
        Manager(mine, workflow_id="../x")
    assert mine[0].status == "Not started"


@pytest.mark.parametrize("mode", [Sequential, SequentialGroup, Background, Parallel])
def test_modes_by_class(mode):
    """Each mode of 1.x is a class that runs its tasks as it is made."""
    flow = mode(tasks(one), "nightly", False, ["default"])
    flow.wait()
    assert isinstance(flow, Flow)
    assert [task.status for task in flow.get_tasks()] == ["Completed"]


def test_ignore_is_keep_going():
    """`ignore=True` of a mode by class runs tasks after a failed one."""
    stopped, went_on = tasks(fail, one), tasks(fail, one)
    Sequential(stopped, ignore=False)
    Sequential(went_on, ignore=True)
    assert stopped[1].status == "Not started"
    assert went_on[1].status == "Completed"


def test_grouper():
    """`grouper` sorts tasks by group and keeps their order."""
    a, b, c = (Task(step=one, group_name=name) for name in "xyx")
    assert grouper([a, b, c]) == {"x": [a, c], "y": [b]}


def test_task_engine_runs_one_task():
    """`TaskEngine` runs a task by hand with a previous context."""
    task = Task("id-1", plus_one, workflow_id="nightly")
    with TaskEngine(task, "nightly", previous_context=4).start() as engine:
        assert engine.execute() == 5
    assert task.status == "Completed"
    assert task.current_context.storage == 5


def test_task_engine_retries():
    """`execute_with_retry` makes all attempts and returns None if all failed."""
    task = Task("id-1", action(fail.func, retry=3, retry_delay=0))
    assert TaskEngine(task, None).execute_with_retry() is None
    assert (task.status, len(task.errors)) == ("Failed", 3)


class Everything(Tracer, Metrics, Log):
    """A tracer, metrics and a log in one, which notes every call in order."""

    def __init__(self):
        self.calls = []

    def start_workflow(self, workflow_id, **kwargs):
        self.calls.append(("start_workflow", kwargs))

    def end_workflow(self, workflow_id, **kwargs):
        self.calls.append(("end_workflow", kwargs["failed"]))

    def start_task(self, task):
        self.calls.append(("start_task", task.name))

    def end_task(self, task):
        self.calls.append(("end_task", task.name))

    def workflow_started(self, workflow_id, **kwargs):
        self.calls.append(("workflow_started",))

    def workflow_completed(self, workflow_id, duration):
        self.calls.append(("workflow_completed", duration >= 0))

    def workflow_failed(self, workflow_id, duration):
        self.calls.append(("workflow_failed", duration >= 0))

    def task_completed(self, task):
        self.calls.append(("task_completed", task.name))

    def task_failed(self, task):
        self.calls.append(("task_failed", task.name))

    def task_retried(self, task):
        self.calls.append(("task_retried", task.name))

    def info(self, task, **kwargs):
        self.calls.append(("info", task.name, task.status))

    def warning(self, task, **kwargs):
        self.calls.append(("warning", task.name, task.status))

    def error(self, task, **kwargs):
        self.calls.append(("error", task.name, task.status))


def calls_of(family, *steps, **options):
    provider = Everything()
    workflow = DotFlow(config=Config(**{family: provider}))
    workflow.task.add(list(steps))
    workflow.start(**options)
    return provider.calls


def test_what_a_tracer_hears():
    """A tracer gets spans of the run and of each task, well nested."""
    assert calls_of("tracer", one, fail, one) == [
        ("start_workflow", {"mode": "sequential", "tasks_count": 3}),
        ("start_task", "one"),
        ("end_task", "one"),
        ("start_task", "fail"),
        ("end_task", "fail"),
        ("end_workflow", True),
    ]


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_what_metrics_hear(mode):
    """Metrics count the run, each end of a task and each retry, in every mode."""
    flaky = action(fail.func, retry=2, retry_delay=0)
    assert calls_of("metrics", flaky, mode=mode) == [
        ("workflow_started",),
        ("task_retried", "fail"),
        ("task_failed", "fail"),
        ("workflow_failed", True),
    ]
    assert calls_of("metrics", one, mode=mode) == [
        ("workflow_started",),
        ("task_completed", "one"),
        ("workflow_completed", True),
    ]


def test_what_a_log_hears():
    """A log gets failures as errors, retries as warnings and the rest as information."""
    assert calls_of("log", action(fail.func, retry=2, retry_delay=0)) == [
        ("info", "fail", "Not started"),
        ("info", "fail", "In progress"),
        ("warning", "fail", "Retry"),
        ("error", "fail", "Failed"),
    ]
