from __future__ import annotations

import multiprocessing

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
