"""The built-in providers and the fakes keep the contracts that others are tested by."""

from __future__ import annotations

import threading
import time
import unittest
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import providers
from dotflow.abc.notify import Notify
from dotflow.abc.scheduler import Scheduler
from dotflow.testing import fakes
from dotflow.testing.log import LogContract
from dotflow.testing.metrics import MetricsContract
from dotflow.testing.notify import NotifyContract
from dotflow.testing.scheduler import SchedulerContract
from dotflow.testing.server import ServerContract
from dotflow.testing.tasks import STATUSES, FakeTask, tasks_in_every_status
from dotflow.testing.tracer import TracerContract

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow.abc.log import Log
    from dotflow.abc.metrics import Metrics
    from dotflow.abc.server import Server
    from dotflow.abc.tracer import Tracer


class TestNotifyDefault(NotifyContract):
    picklable = True

    def make_notify(self) -> Notify:
        return providers.NotifyDefault()


class TestRecordingNotify(NotifyContract):
    picklable = True

    def make_notify(self) -> Notify:
        return fakes.RecordingNotify()


class TestLogDefault(LogContract):
    picklable = True

    def make_log(self) -> Log:
        return providers.LogDefault(level="DEBUG")


class TestLogDefaultFile(LogContract):
    picklable = True

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "flow.log"

    def make_log(self) -> Log:
        return providers.LogDefault(output="both", path=self.path, format="json")


class TestRecordingLog(LogContract):
    picklable = True

    def make_log(self) -> Log:
        return fakes.RecordingLog()


class TestTracerDefault(TracerContract):
    picklable = True

    def make_tracer(self) -> Tracer:
        return providers.TracerDefault()


class TestRecordingTracer(TracerContract):
    picklable = True

    def make_tracer(self) -> Tracer:
        return fakes.RecordingTracer()


class TestMetricsDefault(MetricsContract):
    picklable = True

    def make_metrics(self) -> Metrics:
        return providers.MetricsDefault()


class TestRecordingMetrics(MetricsContract):
    picklable = True

    def make_metrics(self) -> Metrics:
        return fakes.RecordingMetrics()


class TestServerDefault(ServerContract):
    """Nothing listens at the address: the contract holds all the same."""

    picklable = True
    secrets = ("token-that-nobody-may-see",)

    def make_server(self) -> Server:
        return providers.ServerDefault(
            "http://127.0.0.1:9", self.secrets[0], retry_for=0.01
        )


class TestRecordingServer(ServerContract):
    picklable = True

    def make_server(self) -> Server:
        return fakes.RecordingServer()


class TestSchedulerDefault(SchedulerContract):
    picklable = True
    ticks = False

    def make_scheduler(self) -> Scheduler:
        return providers.SchedulerDefault()


class Interval(Scheduler):
    """The scheduler of the documentation, with the errors of a run caught."""

    def __init__(self) -> None:
        self.running = False

    def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
        self.running = True
        while self.running:
            try:
                workflow(**kwargs)
            except Exception:
                pass
            time.sleep(0.001)

    def stop(self) -> None:
        self.running = False


class TestInterval(SchedulerContract):
    def make_scheduler(self) -> Scheduler:
        return Interval()


class Unit(NotifyContract, unittest.TestCase):
    """The same suite under unittest."""

    def make_notify(self) -> Notify:
        return fakes.RecordingNotify()


def failures(suite: type[Any]) -> set[str]:
    """Run a contract and return the names of the tests that failed."""
    failed = set()
    for name in dir(suite):
        if name.startswith("test_") and name != "test_fork":
            try:
                getattr(suite(), name)()
            except (AssertionError, TypeError, AttributeError):
                failed.add(name)
    return failed


def test_the_contract_notices_a_provider_that_raises() -> None:
    """A notifier that raises for failed tasks breaks the contract."""

    class Raises(Notify):
        def hook_status_task(self, task: Any) -> None:
            if task.status == "Failed":
                raise ValueError("no")

    class Suite(NotifyContract):
        def make_notify(self) -> Notify:
            return Raises()

    assert "test_calls_of_a_run" in failures(Suite)


def test_the_contract_notices_a_provider_that_blocks() -> None:
    """A tracer that never returns breaks the contract, and does not hang it."""
    never = threading.Event()

    class Blocks(fakes.RecordingTracer):
        def end_task(self, task: Any) -> None:
            never.wait()

    class Suite(TracerContract):
        time_limit = 0.05

        def make_tracer(self) -> Tracer:
            return Blocks()

    assert "test_calls_of_a_run" in failures(Suite)
    never.set()


def test_the_contract_notices_secrets_and_what_cannot_travel() -> None:
    """A shown secret and a false claim to be picklable break the contract."""

    class Leaks(fakes.RecordingServer):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def __repr__(self) -> str:
            return "Leaks(token='secret')"

    class Suite(ServerContract):
        picklable = True
        secrets = ("secret",)

        def make_server(self) -> Server:
            return Leaks()

    assert failures(Suite) == {"test_shows_no_secret", "test_pickle"}


def test_the_contract_notices_a_scheduler_that_does_not_stop() -> None:
    """A scheduler that ignores `stop` breaks the contract."""
    release = threading.Event()

    class Endless(Scheduler):
        def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
            workflow(**kwargs)
            release.wait()

        def stop(self) -> None:
            """Ignore it."""

    class Suite(SchedulerContract):
        time_limit = 0.05

        def make_scheduler(self) -> Scheduler:
            return Endless()

    assert "test_calls_the_workflow_until_stopped" in failures(Suite)
    release.set()


def test_fakes_remember() -> None:
    """A fake tells afterwards what it was told."""
    task = FakeTask("Completed", task_id="t")
    notify, log, tracer = (
        fakes.RecordingNotify(),
        fakes.RecordingLog(),
        fakes.RecordingTracer(),
    )
    metrics, server = fakes.RecordingMetrics(), fakes.RecordingServer()
    notify.hook_status_task(task)
    log.info(task=task)
    log.debug(x=1)
    tracer.start_workflow("w", mode="sequential")
    tracer.end_task(task)
    metrics.task_completed(task)
    server.update_workflow("w", "Completed")
    assert notify.events == [("t", "Completed")]
    assert log.events == [("INFO", ("t", "Completed")), ("DEBUG", {"x": 1})]
    assert tracer.events == [
        ("start_workflow", "w", {"mode": "sequential"}),
        ("end_task", "t", {"status": "Completed"}),
    ]
    assert metrics.events == [("task_completed", "t", 1.5)]
    assert server.events == [("update_workflow", "w", "Completed")]


def test_the_tasks_of_the_contract_have_every_status() -> None:
    """No status that a task can have is left out."""
    from dotflow.types import TypeStatus

    known = {v for k, v in vars(TypeStatus).items() if k.isupper()}
    assert set(STATUSES) == known
    assert {task.status for task in tasks_in_every_status()} == known


def test_a_fake_task_reports_what_a_task_reports(report_keys: set[str]) -> None:
    """The report of a fake task has every key that the reference names."""
    for task in tasks_in_every_status():
        assert report_keys <= task.result(max=4000).keys()
