"""What the starting process knows of tasks that ran elsewhere: everything."""

from __future__ import annotations

import os
import time
from datetime import datetime

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.abc.metrics import Metrics
from dotflow.abc.notify import Notify
from dotflow.abc.tracer import Tracer

pytestmark = pytest.mark.start_methods

MODES = ("sequential", "background", "parallel", "sequential_group")


class Recorder:
    def __init__(self):
        self.told = []

    def note(self, *what):
        self.told.append((os.getpid(), *what))

    def of(self, name):
        return [entry[2:] for entry in self.told if entry[1] == name]


class RecordingNotify(Recorder, Notify):
    def hook_status_task(self, task):
        self.note(task.name, task.status)


class RecordingLog(Recorder, Log):
    def info(self, **kwargs):
        self.note(kwargs["task"].name, "info", kwargs["task"].status)

    def warning(self, **kwargs):
        self.note(kwargs["task"].name, "warning", kwargs["task"].status)

    def error(self, **kwargs):
        self.note(kwargs["task"].name, "error", kwargs["task"].status)


class RecordingMetrics(Recorder, Metrics):
    def workflow_started(self, workflow_id, **kwargs):
        self.note("workflow", "started")

    def workflow_completed(self, workflow_id, duration):
        self.note("workflow", "completed", duration > 0)

    def workflow_failed(self, workflow_id, duration):
        self.note("workflow", "failed", duration > 0)

    def task_completed(self, task):
        self.note(task.name, "completed", task.duration)

    def task_failed(self, task):
        self.note(task.name, "failed", task.duration)

    def task_retried(self, task):
        self.note(task.name, "retried", task.retry_count)


class RecordingTracer(Recorder, Tracer):
    def start_workflow(self, workflow_id, **kwargs):
        self.note("workflow", "start")

    def end_workflow(self, workflow_id, **kwargs):
        self.note("workflow", "end", kwargs["failed"])

    def start_task(self, task):
        self.note(task.name, "start")

    def end_task(self, task):
        self.note(task.name, "end", task.status)


@pytest.fixture(params=MODES)
def told(request, tmp_path):
    """Run a task that is retried, one that fails and one that completes."""

    @action(retry=2, retry_delay=0.01)
    def retried():
        time.sleep(0.02)
        try:
            (tmp_path / "tried").touch(exist_ok=False)
        except FileExistsError:
            return os.getpid()
        raise ValueError("once")

    @action
    def fails():
        time.sleep(0.02)
        raise ValueError("always")

    config = Config(
        notify=RecordingNotify(),
        log=RecordingLog(),
        metrics=RecordingMetrics(),
        tracer=RecordingTracer(),
    )
    workflow = DotFlow(config)
    # More than one group would make the sequential mode one of groups.
    groups = ("a", "a") if request.param == "sequential" else ("a", "b")
    for step, group in zip((retried, fails), groups, strict=True):
        workflow.task.add(step, group_name=group)
    workflow.before = datetime.now()
    workflow.start(mode=request.param, keep_going=True).wait()
    workflow.mode = request.param
    return workflow


def test_times_are_known(told):
    """started_at, finished_at and duration of a task are known in every mode."""
    for task in told.result_task():
        assert told.before <= task.started_at <= task.finished_at <= datetime.now()
        assert task.duration == pytest.approx(
            (task.finished_at - task.started_at).total_seconds(), abs=0.001
        )
        assert task.duration >= 0.02


def test_attempts_are_known(told):
    """Attempts, retries and the error of each are known in every mode."""
    retried, fails = told.result_task()
    assert (retried.attempt, retried.retry_count) == (2, 1)
    assert [(error.attempt, error.message) for error in retried.errors] == [(1, "once")]
    assert "raise ValueError" in retried.errors[0].traceback
    assert (fails.attempt, fails.retry_count) == (1, 0)
    assert fails.reason == "always"
    elsewhere = told.mode in ("parallel", "sequential_group")
    assert (retried.current_context.storage != os.getpid()) is elsewhere


def test_every_change_of_status_is_told(told):
    """A notifier hears every change of status, in order, in every mode."""
    notify = told.config.notify
    assert [status for (status,) in notify.of("retried")] == [
        "Not started",
        "In progress",
        "Retry",
        "Completed",
    ]
    assert [status for (status,) in notify.of("fails")][-2:] == [
        "In progress",
        "Failed",
    ]
    assert told.config.log.of("retried")[-2:] == [
        ("warning", "Retry"),
        ("info", "Completed"),
    ]
    assert told.config.log.of("fails")[-1] == ("error", "Failed")


def test_metrics_see_durations(told):
    """Metrics hear each end of a task once, with its duration, in every mode."""
    metrics = told.config.metrics
    assert metrics.of("retried")[0] == ("retried", 1)
    ((_, completed),) = metrics.of("retried")[1:]
    ((_, failed),) = metrics.of("fails")
    assert completed >= 0.02
    assert failed >= 0.02
    assert metrics.of("workflow") == [("started",), ("failed", True)]


def test_tracers_see_pairs(told):
    """A tracer hears one start and one end of each task and of the workflow."""
    tracer = told.config.tracer
    assert tracer.of("retried") == [("start",), ("end", "Completed")]
    assert tracer.of("fails") == [("start",), ("end", "Failed")]
    assert tracer.of("workflow") == [("start",), ("end", True)]


def test_providers_are_called_where_the_run_was_started(told):
    """No provider is ever called in a worker process."""
    config = told.config
    for provider in (config.notify, config.log, config.metrics, config.tracer):
        assert {entry[0] for entry in provider.told} == {os.getpid()}


def test_the_rest_of_a_failed_group_is_not_started():
    """After a failure in a group its further tasks are Not started, without errors."""

    @action
    def fails():
        raise ValueError("no")

    @action
    def works():
        return 1

    workflow = DotFlow()
    workflow.task.add([fails, works], group_name="a")
    workflow.task.add([works, works], group_name="b")
    workflow.start()
    states = [(task.status, len(task.errors)) for task in workflow.result_task()]
    assert states == [
        ("Failed", 1),
        ("Not started", 0),
        ("Completed", 0),
        ("Completed", 0),
    ]


def test_a_task_that_waits_to_be_retried_ends(tmp_path):
    """A failure beside it does not leave a task in the status Retry for ever."""

    @action(retry=2, retry_delay=0.3)
    def retried():
        try:
            (tmp_path / "tried").touch(exist_ok=False)
        except FileExistsError:
            return "done"
        raise ValueError("once")

    @action
    def fails():
        while not (tmp_path / "tried").exists():
            time.sleep(0.01)
        time.sleep(0.1)
        raise ValueError("always")

    @action
    def never():
        return 1

    workflow = DotFlow()
    workflow.task.add(retried)
    workflow.task.add(fails)
    workflow.task.add(never, depends_on=["fails"])
    workflow.start(mode="parallel", max_parallel=2)
    assert [task.status for task in workflow.result_task()] == [
        "Completed",
        "Failed",
        "Skipped",
    ]
