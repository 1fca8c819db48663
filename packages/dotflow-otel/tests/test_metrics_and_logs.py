from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import pytest

STARTS = [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]
MODES = [("sequential", "none"), *(("parallel", start) for start in STARTS)]


def attributes(item):
    return {
        a.key: getattr(a.value, a.value.WhichOneof("value")) for a in item.attributes
    }


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_metrics(receiver, run, mode, start) -> None:
    """Runs, tasks and retries are counted, and their durations measured, in any mode."""
    run(mode, start, "fails")
    found = receiver.metrics()
    counts = {key: p.as_int for key, p in found.items() if key[0].endswith("_total")}
    assert counts == {
        ("dotflow_workflow_total", "started"): 1,
        ("dotflow_workflow_total", "failed"): 1,
        ("dotflow_task_total", "completed"): 3,
        ("dotflow_task_total", "failed"): 1,
        ("dotflow_task_retry_total", None): 1,
    }
    seconds = {key: p for key, p in found.items() if key not in counts}
    assert {key: p.count for key, p in seconds.items()} == {
        ("dotflow_workflow_duration_seconds", "failed"): 1,
        ("dotflow_task_duration_seconds", "completed"): 3,
        ("dotflow_task_duration_seconds", "failed"): 1,
    }
    assert seconds["dotflow_workflow_duration_seconds", "failed"].sum > 0
    assert len(receiver.resources("/v1/metrics")) >= 1
    assert len({r["process.pid"] for r in receiver.resources("/v1/metrics")}) == 1


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_logs(receiver, run, mode, start) -> None:
    """A log record has the ids of the span of its task."""
    run(mode, start, "fails")
    spans = receiver.spans()
    told = {}
    for record in receiver.logs():
        values = attributes(record)
        name, status = values["dotflow.task.name"], values["dotflow.task.status"]
        told.setdefault(name, []).append((status, record.severity_text))
        own = spans["workflow:w1" if status == "Not started" else name]
        assert record.trace_id == own.trace_id
        assert record.span_id == own.span_id
    assert told["b"] == [
        ("Not started", "INFO"),
        ("In progress", "INFO"),
        ("Retry", "WARN"),
        ("Completed", "INFO"),
    ]
    assert told["d"][-1] == ("Failed", "ERROR")
    [failed] = [r for r in receiver.logs() if r.severity_text == "ERROR"]
    assert attributes(failed)["exception.type"] == "KeyError"
    assert 'raise KeyError("for good")' in attributes(failed)["exception.stacktrace"]


def test_output(receiver, run) -> None:
    """What a step prints and logs is a record each, of the span of its task."""
    run("parallel", STARTS[0], "prints")
    told = {record.body.string_value: record for record in receiver.logs()}
    printed, logged = told["printed"], told["WARNING shop: logged"]
    assert attributes(printed)["log.iostream"] == "stdout"
    assert (printed.severity_text, logged.severity_text) == ("INFO", "WARN")
    own = receiver.spans()["a"]
    for record in (printed, logged):
        assert (record.trace_id, record.span_id) == (own.trace_id, own.span_id)


def test_service_name_from_environment(receiver, run) -> None:
    """OTEL_SERVICE_NAME names the service of all signals."""
    run(OTEL_SERVICE_NAME="nightly")
    for path in ("/v1/traces", "/v1/metrics", "/v1/logs"):
        assert {r["service.name"] for r in receiver.resources(path)} == {"nightly"}


def test_console(receiver, run) -> None:
    """OTEL_TRACES_EXPORTER=console shows the spans instead of sending them."""
    run(OTEL_TRACES_EXPORTER="console")
    assert '"name": "workflow:w1"' in run.stdout
    assert not receiver.requests["/v1/traces"]
    assert receiver.requests["/v1/logs"]


def test_disabled(receiver, run) -> None:
    """OTEL_SDK_DISABLED sends nothing and changes no result."""
    result = run(OTEL_SDK_DISABLED="true")
    assert result["statuses"] == ["Completed"] * 4
    assert not receiver.requests


PREFORK = """
import os, sys
from dotflow import Config, DotFlow, action
from dotflow_otel import LogOpenTelemetry, MetricsOpenTelemetry, TracerOpenTelemetry

@action
def step():
    return 1

config = Config(
    tracer=TracerOpenTelemetry(), metrics=MetricsOpenTelemetry(), log=LogOpenTelemetry()
)

def serve():
    flow = DotFlow(config)
    flow.task.add(step)
    flow.start()

if "used-before" in sys.argv:
    serve()
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        serve()
        sys.exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif("fork" not in STARTS, reason="needs fork")
@pytest.mark.parametrize("used", ["used-before", "not-before"])
def test_workers_of_a_prefork_server(receiver, used) -> None:
    """Each forked worker exports its own counts, and nothing of its parent's."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    environ = clean | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "DOTFLOW_EXIT_TIMEOUT": "60",
    }
    ran = subprocess.run(
        [sys.executable, "-c", PREFORK, used],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    processes = 3 if used == "used-before" else 2
    for path in receiver.requests:
        pids = {resource["process.pid"] for resource in receiver.resources(path)}
        assert len(pids) == processes, path
    counts = [
        (attributes(point).get("status"), point.as_int)
        for request in receiver.requests["/v1/metrics"]
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "dotflow_task_total"
        for point in metric.sum.data_points
    ]
    assert counts == [("completed", 1)] * processes
