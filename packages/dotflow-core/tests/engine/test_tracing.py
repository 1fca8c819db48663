"""What a tracer hears of attempts, and what it puts around them."""

from __future__ import annotations

import logging
import multiprocessing

import pytest
from surrounding import CURRENT, Surrounding, inside

from dotflow import Config, DotFlow, action
from dotflow.model.graph import Graph
from dotflow.testing import RecordingLog, RecordingTracer


def broken():
    raise RuntimeError("no collector")


class Attempts(RecordingTracer):
    def start_run(self, workflow_id, graph=None, **kwargs):
        self.graph = graph
        super().start_run(workflow_id, graph, **kwargs)

    def end_run(self, workflow_id, graph=None, **kwargs):
        assert graph is self.graph
        super().end_run(workflow_id, graph, **kwargs)

    def start_attempt(self, task):
        self.events.append(("start_attempt", task.attempt, {}))

    def end_attempt(self, task, failure=None, delay=None):
        said = failure and (failure.exception, type(failure.error), delay)
        self.events.append(("end_attempt", task.attempt, said))


@action
def first():
    return CURRENT.get()


@action
async def second():
    return CURRENT.get()


def run(tracer, mode, *steps):
    flow = DotFlow(config=Config(tracer=tracer))
    for step in steps:
        flow.task.add(step=step)
    done = flow.start(mode=mode)
    if mode == "background":
        done.wait()
    return [context.storage for context in flow.result_context()]


MODES = ["sequential", "background", "parallel", "threads", "async"]


@pytest.mark.parametrize("mode", MODES)
def test_around(mode) -> None:
    """A step runs inside what the tracer puts around it, in every mode."""
    assert run(Surrounding(), mode, first, second) == ["first", "second"]
    assert CURRENT.get() == "nothing"


def test_around_in_a_process_of_its_own() -> None:
    """An isolated attempt is inside it as well."""

    @action(isolate=True)
    def alone():
        return CURRENT.get()

    assert run(Surrounding(), "sequential", alone) == ["alone"]


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
def test_around_that_has_no_pickle(caplog) -> None:
    """An attempt whose surroundings cannot travel runs without them, with a warning."""

    class Local(RecordingTracer):
        def around(self, task):
            return lambda: inside("lambda")

    assert run(Local(), "sequential", first) == ["lambda"]
    with caplog.at_level(logging.WARNING, "dotflow"):
        assert run(Local(), "parallel", first) == ["nothing"]
    assert "cannot be sent to another process" in caplog.text


@pytest.mark.parametrize("mode", MODES)
def test_around_that_raises(mode) -> None:
    """An attempt runs all the same where its surroundings fail."""

    class Broken(RecordingTracer):
        def around(self, task):
            return broken

    class Worse(RecordingTracer):
        def around(self, task):
            raise RuntimeError("no tracer")

    for tracer in (Broken(), Worse()):
        assert run(tracer, mode, first) == ["nothing"]


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_attempts(mode) -> None:
    """A tracer hears of every attempt, with the exception and the delay."""

    @action(retry=2, retry_delay=0)
    def fails():
        raise KeyError("x")

    tracer = Attempts()
    run(tracer, mode, fails)
    error = KeyError if mode == "sequential" else type(None)
    assert [event for event in tracer.events if "attempt" in event[0]] == [
        ("start_attempt", 1, {}),
        ("end_attempt", 1, ("KeyError", error, 0.0)),
        ("start_attempt", 2, {}),
        ("end_attempt", 2, ("KeyError", error, None)),
    ]
    names = [event[0] for event in tracer.events]
    assert names[:3] == ["start_workflow", "start_task", "start_attempt"]
    assert names[-3:] == ["end_attempt", "end_task", "end_workflow"]
    assert isinstance(tracer.graph, Graph)


def test_log_gets_the_failure() -> None:
    """A log that asks for it gets the exception; another one hears `error`."""
    seen = []

    class Curious(RecordingLog):
        def failed(self, task, failure):
            seen.append(failure.error)
            super().failed(task, failure)

    @action
    def fails():
        raise KeyError("x")

    log = Curious()
    flow = DotFlow(config=Config(log=log))
    flow.task.add(step=fails)
    flow.start()
    assert isinstance(seen[0], KeyError)
    assert log.events[-1][0] == "ERROR"


def test_background_keeps_context_variables() -> None:
    """A background run sees the context variables of who has started it."""
    with inside("the caller"):
        assert run(RecordingTracer(), "background", first) == ["the caller"]
