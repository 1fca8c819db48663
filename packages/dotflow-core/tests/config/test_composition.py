"""Several providers of one family in a `Config`."""

from __future__ import annotations

import logging
import pickle
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.abc.metrics import Metrics
from dotflow.abc.notify import Notify
from dotflow.abc.server import Server
from dotflow.abc.tracer import Tracer
from dotflow.errors import NotCallableObject
from dotflow.providers import SchedulerDefault, StorageDefault
from dotflow.providers.composite.log import CompositeLog
from dotflow.providers.composite.metrics import CompositeMetrics
from dotflow.providers.composite.notify import CompositeNotify
from dotflow.providers.composite.server import CompositeServer
from dotflow.providers.composite.tracer import CompositeTracer
from dotflow.testing import (
    LogContract,
    MetricsContract,
    NotifyContract,
    RecordingLog,
    RecordingMetrics,
    RecordingNotify,
    RecordingServer,
    RecordingTracer,
    ServerContract,
    TracerContract,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDING: dict[str, Any] = {
    "log": RecordingLog,
    "notify": RecordingNotify,
    "tracer": RecordingTracer,
    "metrics": RecordingMetrics,
    "server": RecordingServer,
}
COMPOSITES = {
    "log": (CompositeLog, Log),
    "notify": (CompositeNotify, Notify),
    "tracer": (CompositeTracer, Tracer),
    "metrics": (CompositeMetrics, Metrics),
    "server": (CompositeServer, Server),
}


def broken(family: str) -> Any:
    """Make a provider whose every method raises."""
    base = RECORDING[family]

    def fail(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("out of order")

    names = [name for name in dir(base) if not name.startswith("_")]
    methods = {
        n: fail for n in names if callable(getattr(base, n)) and n != "listening"
    }
    return type(f"Broken{family.capitalize()}", (base,), methods)()


def run(**providers: Any) -> DotFlow:
    """Run two steps, of which the second one fails."""

    def first() -> int:
        return 1

    def second() -> None:
        raise ValueError("wrong")

    providers.setdefault("log", RecordingLog())
    workflow = DotFlow(config=Config(**providers))
    workflow.task.add(action(first))
    workflow.task.add(action(second))
    workflow.start()
    return workflow


@pytest.mark.parametrize("family", RECORDING)
def test_all_are_told(family: str) -> None:
    """Each of several is told exactly what one alone is told."""
    kind = RECORDING[family]
    alone, one, other = kind(), kind(), kind()
    shapes = []
    for given in (alone, [one, other]):
        workflow = run(**{family: given})
        ids = [task.task_id for task in workflow.result_task()]
        shapes.append((ids, workflow.workflow_id))

    def named(provider: Any, ids: tuple[list[str], Any]) -> list[str]:
        text = repr([event[:2] for event in provider.events])
        for number, task_id in enumerate(ids[0]):
            text = text.replace(task_id, f"task {number}")
        return [text.replace(repr(ids[1]), "workflow").replace(str(ids[1]), "workflow")]

    assert named(alone, shapes[0]) == named(one, shapes[1]) == named(other, shapes[1])
    assert one.events == other.events
    assert one.events


@pytest.mark.parametrize("family", RECORDING)
def test_failures_stay_apart(family: str, caplog: pytest.LogCaptureFixture) -> None:
    """One that always fails disturbs neither the run nor the others, and is named once."""
    kind = RECORDING[family]
    before, after = kind(), kind()
    with caplog.at_level(logging.WARNING, "dotflow"):
        workflow = run(**{family: [before, broken(family), after]})
    assert [task.status for task in workflow.result_task()] == ["Completed", "Failed"]
    assert before.events == after.events
    assert before.events
    name = f"Broken{family.capitalize()}"
    reports = [r.getMessage() for r in caplog.records if name in r.getMessage()]
    # A server is told of the workflow before any run, and each says it once.
    assert 1 <= len(reports) <= 2
    assert all(report.startswith(name) for report in reports)


@pytest.mark.parametrize("family", RECORDING)
def test_reading_gives_one(family: str) -> None:
    """Reading the attribute gives one provider of the family that forwards."""
    composite, base = COMPOSITES[family]
    config = Config(**{family: (RECORDING[family](), RECORDING[family]())})
    found = getattr(config, family)
    assert type(found) is composite
    assert isinstance(found, base)
    assert repr(found).count("Recording") == 2
    setattr(config, family, [found, RECORDING[family]()])
    assert len(getattr(config, family).parts) == 3


def test_one_of_a_list_is_itself() -> None:
    """A list of one is that one, and a list of none is nobody."""
    log = RecordingLog()
    assert Config(log=[log]).log is log
    nobody = Config(log=[]).log
    assert (nobody.active, nobody.listening()) == (False, False)


def test_exactly_one_storage() -> None:
    """Of storages and schedulers there is one, and the message says so."""
    with pytest.raises(NotCallableObject, match=r"exactly one.*Storage, not a list"):
        Config(storage=[StorageDefault()])  # type: ignore[arg-type]
    with pytest.raises(NotCallableObject, match=r"exactly one.*Scheduler, not a tuple"):
        Config(scheduler=(SchedulerDefault(),))  # type: ignore[arg-type]


def test_each_is_checked() -> None:
    """One of the wrong kind in a list is refused by its type."""
    with pytest.raises(
        NotCallableObject, match=r"abc\.notify\.Notify, not a RecordingLog"
    ):
        Config(notify=[RecordingNotify(), RecordingLog()])  # type: ignore[list-item]


def test_the_inactive_are_left_out() -> None:
    """One that is not active, or to whom nobody listens, is not called."""
    idle, deaf, on = RecordingLog(), RecordingLog(), RecordingLog()
    idle.active = False
    deaf.listening = lambda: False  # type: ignore[method-assign]
    run(log=[idle, deaf, on])
    assert (idle.events, deaf.events) == ([], [])
    assert on.events
    assert Config(log=[idle, on]).log.active


class Slow(RecordingNotify):
    """A notifier that takes all the time it may have."""

    given: float | None = None

    def flush(self, timeout: float | None = None) -> bool:
        self.given = timeout
        time.sleep(timeout or 0)
        return False


def test_flush_shares_its_time() -> None:
    """Several that deliver in the background have one time limit together."""
    slow = [Slow(), Slow(), Slow()]
    composite = CompositeNotify([*slow, RecordingNotify()])
    assert composite.flush(0.05) is False
    assert [one.given for one in slow[1:]] == [0.0, 0.0]
    assert CompositeServer([RecordingServer()]).flush(1.0) is True


def test_own_calls_are_forwarded(caplog: pytest.LogCaptureFixture) -> None:
    """What a program logs itself reaches all logs, in spite of a broken one."""
    one, other = RecordingLog(), RecordingLog()
    log = Config(log=[broken("log"), one, other]).log
    with caplog.at_level(logging.WARNING, "dotflow"):
        for method in (log.info, log.warning, log.error, log.debug):
            method(note=1)
    assert one.events == other.events
    assert [level for level, _ in one.events] == ["INFO", "WARNING", "ERROR", "DEBUG"]
    assert len(caplog.records) == 1


class Around(RecordingTracer):
    """A tracer that is around each attempt, also in another process."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def around(self, task: Any) -> Any:
        return Entered(self.name)


class Entered:
    """What is put around: it leaves a mark in the environment."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def __call__(self) -> Iterator[None]:
        import os

        os.environ["AROUND"] = os.environ.get("AROUND", "") + self.name
        try:
            yield
        finally:
            os.environ["AROUND"] = os.environ["AROUND"].removesuffix(self.name)


class Unpicklable(Around):
    """A tracer whose wish cannot be sent to another process."""

    def around(self, task: Any) -> Any:
        return lambda: Entered(self.name)()


def read_mark() -> str:
    """Return what tracers have left around this step."""
    import os

    return os.environ.get("AROUND", "")


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_tracers_around_a_step(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What several tracers put around a step is around it, in every mode."""
    monkeypatch.delenv("AROUND", raising=False)
    tracers = [Around("a"), broken("tracer"), Around("b")]
    workflow = DotFlow(config=Config(tracer=tracers, log=RecordingLog()))
    workflow.task.add(action(read_mark))
    workflow.start(mode=mode)
    assert workflow.result_storage() == ["ab"]


def test_one_that_cannot_travel_is_left_out() -> None:
    """What one tracer cannot send along does not cost the others theirs."""
    composite = CompositeTracer([Around("a"), Unpicklable("x"), Around("b")])
    around = pickle.loads(pickle.dumps(composite.around(None)))
    with around():
        assert read_mark() == "ab"
    assert read_mark() == ""


class TestLog(LogContract):
    """A composite is a log like any other."""

    def make_log(self) -> Log:
        return CompositeLog([RecordingLog(), RecordingLog()])


class TestNotify(NotifyContract):
    """A composite is a notifier like any other."""

    def make_notify(self) -> Notify:
        return CompositeNotify([RecordingNotify(), RecordingNotify()])


class TestTracer(TracerContract):
    """A composite is a tracer like any other."""

    def make_tracer(self) -> Tracer:
        return CompositeTracer([RecordingTracer(), RecordingTracer()])


class TestMetrics(MetricsContract):
    """A composite is metrics like any other."""

    def make_metrics(self) -> Metrics:
        return CompositeMetrics([RecordingMetrics(), RecordingMetrics()])


class TestServer(ServerContract):
    """A composite is a server client like any other."""

    def make_server(self) -> Server:
        return CompositeServer([RecordingServer(), RecordingServer()])
