"""Defects of dotflow 1.0.1 about callbacks and providers, by their number: none left."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.abc.metrics import Metrics
from dotflow.abc.notify import Notify
from dotflow.abc.server import Server
from dotflow.abc.tracer import Tracer

pytestmark = pytest.mark.usefixtures("young_heap")

MODES = ["sequential", "parallel", "sequential_group", "background"]


def broken(*args, **kwargs):
    raise RuntimeError("user code that only listens")


def breaking(base):
    """Make a provider whose every method raises."""
    own = [name for name, value in vars(base).items() if callable(value)]
    methods = dict.fromkeys([name for name in own if name[0] != "_"], broken)
    return type(f"Breaking{base.__name__}", (base,), methods)()


@action
def one():
    return 1


@action
def two(previous_context):
    return 2


@pytest.mark.parametrize("mode", MODES)
def test_defect_07_a_callback_that_raises_does_not_stop_the_run(mode):
    """After a callback raised, the other tasks run, and the end is told as it was."""
    heard = []
    workflow = DotFlow()
    workflow.task.add([one, two], callback=broken)
    workflow.start(
        mode=mode,
        on_success=lambda tasks: heard.append("success"),
        on_failure=lambda tasks: heard.append("failure"),
    ).wait()
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
    assert workflow.result_storage() == [1, 2]
    assert heard == ["success"]


@pytest.mark.parametrize("mode", MODES)
def test_defect_07_failed_tasks_are_not_told_as_success(mode):
    """A failed task whose callback raises leads to `on_failure` all the same."""
    heard = []
    workflow = DotFlow()
    workflow.task.add(action(broken), callback=broken)
    workflow.start(
        mode=mode,
        on_success=lambda tasks: heard.append("success"),
        on_failure=lambda tasks: heard.append("failure"),
    ).wait()
    assert heard == ["failure"]


def test_defect_07_the_end_is_told_although_a_callback_raised():
    """Tracers hear the end of a run in which every callback raised."""
    heard = []

    class Ends(Tracer):
        def start_workflow(self, workflow_id, **kwargs):
            heard.append("start")

        def end_workflow(self, workflow_id, **kwargs):
            heard.append("end")

        def start_task(self, task):
            heard.append("start task")

        def end_task(self, task):
            heard.append("end task")

    workflow = DotFlow(config=Config(tracer=Ends()))
    workflow.task.add(one, callback=broken)
    workflow.start(on_success=broken)
    assert heard == ["start", "start task", "end task", "end"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("family", "base"),
    [
        ("notify", Notify),
        ("log", Log),
        ("metrics", Metrics),
        ("tracer", Tracer),
        ("server", Server),
    ],
)
def test_defect_08_a_provider_that_raises_does_not_stop_the_run(family, base, mode):
    """A provider whose every method raises changes nothing about a run."""
    workflow = DotFlow(config=Config(**{family: breaking(base)}))
    workflow.task.add([one, two])
    run = workflow.start(mode=mode)
    run.wait()
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
    assert run.status == "Completed"


def test_defect_08_it_is_reported_once(caplog):
    """A provider that raises at every event is one warning, with its class' name."""
    workflow = DotFlow(config=Config(notify=breaking(Notify)))
    workflow.task.add([one] * 10)
    with caplog.at_level(logging.WARNING, logger="dotflow"):
        workflow.start()
    reports = [
        record.getMessage()
        for record in caplog.records
        if "only listens" in record.getMessage()
    ]
    assert len(reports) == 1
    assert reports[0].startswith("BreakingNotify failed and was ignored")


class Durations(Metrics):
    """Metrics that note the duration of each task they hear of."""

    def __init__(self):
        self.heard = []

    def _note(self, task):
        self.heard.append((task.name, task.status, task.duration))

    def workflow_started(self, workflow_id, **kwargs):
        self.heard.append("started")

    def workflow_completed(self, workflow_id, duration):
        self.heard.append(("completed", duration))

    def workflow_failed(self, workflow_id, duration):
        self.heard.append(("failed", duration))

    task_completed = task_failed = _note

    def task_retried(self, task):
        raise NotImplementedError


@pytest.mark.parametrize("mode", MODES)
def test_defect_21_metrics_see_durations(mode):
    """A completed task and a failed one have a duration when metrics hear of them."""
    metrics = Durations()
    workflow = DotFlow(config=Config(metrics=metrics))
    workflow.task.add([one, action(broken)])
    workflow.start(mode=mode).wait()
    tasks = [call for call in metrics.heard if len(call) == 3]
    assert sorted(status for _, status, _ in tasks) == ["Completed", "Failed"]
    assert all(isinstance(duration, float) for _, _, duration in tasks)
    assert metrics.heard[-1][0] == "failed"
    assert isinstance(metrics.heard[-1][1], float)


def loggers():
    return {name for name in logging.root.manager.loggerDict if "dotflow" in name}


def test_defect_26_configs_leave_no_loggers_behind():
    """However many configs log, they add neither loggers nor handlers."""
    workflow = DotFlow(config=Config())
    workflow.task.add(one)
    workflow.start()
    before = loggers(), len(logging.getLogger("dotflow").handlers)
    for _ in range(50):
        workflow = DotFlow(config=Config())
        workflow.task.add(one)
        workflow.start()
    assert (loggers(), len(logging.getLogger("dotflow").handlers)) == before


def test_defect_26_configs_are_freed():
    """A config that is out of use is garbage."""
    configs = []
    for _ in range(20):
        workflow = DotFlow(config=Config())
        configs.append(weakref.ref(workflow.config))
        workflow.task.add(one)
        workflow.start()
    del workflow
    gc.collect()
    assert not any(reference() for reference in configs)
