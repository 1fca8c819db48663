from __future__ import annotations

import pickle

import pytest
from opentelemetry import trace

from dotflow.model.graph import Graph
from dotflow.model.outcome import Failure
from dotflow.testing import FakeTask, LogContract, MetricsContract, TracerContract
from dotflow.testing.imports import imported_by
from dotflow_otel import LogOpenTelemetry, MetricsOpenTelemetry, TracerOpenTelemetry


@pytest.fixture(autouse=True)
def endpoint(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)


class TestLog(LogContract):
    def make_log(self):
        return LogOpenTelemetry(service_name="contract")


class TestTracer(TracerContract):
    def make_tracer(self):
        return TracerOpenTelemetry(service_name="contract")


class TestMetrics(MetricsContract):
    def make_metrics(self):
        return MetricsOpenTelemetry(service_name="contract")


def test_importing_is_light() -> None:
    """Importing the package does not load the SDK."""
    assert "opentelemetry" not in imported_by("import dotflow_otel")


def test_nothing_is_left_behind() -> None:
    """A tracer that has served a run holds on to none of its tasks."""
    from dotflow_otel import context

    tracer = TracerOpenTelemetry()
    tracer.start_workflow("w")
    for task in (FakeTask(), FakeTask()):
        tracer.start_task(task)
        assert context.context_of(task) is not None
        tracer.end_task(task)
    tracer.end_workflow("w", failed=False)
    assert not tracer._runs
    assert not tracer._by_task
    assert not context._contexts


def test_task_by_itself(receiver) -> None:
    """A task that runs without a workflow has a span that arrives."""
    tracer = TracerOpenTelemetry()
    task = FakeTask()
    tracer.start_task(task)
    tracer.end_task(task)
    assert tracer.flush(60)
    assert receiver.spans().keys() == {task.name}
    assert not tracer._by_task


def test_scope_travels() -> None:
    """What goes around an attempt arrives in another process as the same span."""
    tracer = TracerOpenTelemetry()
    tracer.start_workflow("w")
    task = FakeTask()
    tracer.start_task(task)
    around = tracer.around(task)
    seen = []
    for scope in (around, pickle.loads(pickle.dumps(around))):
        with scope():
            seen.append(trace.get_current_span().get_span_context())
        assert not trace.get_current_span().get_span_context().is_valid
    assert seen[0].span_id == seen[1].span_id
    assert seen[0].trace_id == seen[1].trace_id
    tracer.end_task(task)
    tracer.end_workflow("w")


def test_failure_before_the_first_attempt(receiver) -> None:
    """A task that failed before it began has a span with its exception all the same."""
    tracer = TracerOpenTelemetry()
    task = FakeTask("Failed")
    tracer.start_workflow(task.workflow_id)
    tracer.end_attempt(task, Failure("Failed", "StorageError", "disk full"))
    tracer.end_task(task)
    tracer.end_workflow(task.workflow_id, failed=True)
    assert tracer.flush(10)
    assert [e.name for e in receiver.spans()[task.name].events] == ["exception"]


def test_lines(tmp_path) -> None:
    """`output="file"` writes the lines of `LogDefault` besides."""
    path = tmp_path / "flow.log"
    LogOpenTelemetry(output="file", path=path, format="json").info(task=FakeTask())
    assert '"status": "Completed"' in path.read_text()


def test_level(receiver) -> None:
    """Records below the level are not sent."""
    log = LogOpenTelemetry(level="ERROR")
    log.info(task=FakeTask())
    log.error(message="alone")
    assert log.flush(10)
    [record] = receiver.logs()
    assert record.severity_text == "ERROR"
    assert "alone" in record.body.string_value


def test_task_made_on_the_way(receiver) -> None:
    """A task that was not part of the graph belongs to the run of its workflow."""
    tracer = TracerOpenTelemetry()
    graph = Graph([], chained=True)
    tracer.start_run("w", graph)
    task = FakeTask(workflow_id="w", name="late")
    tracer.start_task(task)
    tracer.end_task(task)
    tracer.end_run("w", graph)
    assert tracer.flush(10)
    spans = receiver.spans()
    assert spans["late"].parent_span_id == spans["workflow:w"].span_id
