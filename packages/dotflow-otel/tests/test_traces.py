from __future__ import annotations

import multiprocessing

import pytest

STARTS = [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]
MODES = [
    ("sequential", "none"),
    ("background", "none"),
    ("threads", "none"),
    *(("parallel", start) for start in STARTS),
]


def attributes(item):
    return {
        a.key: getattr(a.value, a.value.WhichOneof("value")) for a in item.attributes
    }


def events(span):
    return [(e.name, attributes(e)) for e in span.events]


def linked(span, spans):
    names = {s.span_id: name for name, s in spans.items()}
    return sorted(names[link.span_id] for link in span.links)


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_tree(receiver, run, mode, start) -> None:
    """A run is one trace whose tasks are children of the run, linked as the graph is."""
    result = run(mode, start)
    assert result["statuses"] == ["Completed"] * 4
    spans = receiver.spans()
    assert spans.keys() == {"workflow:w1", "a", "b", "c", "d"}
    root = spans["workflow:w1"]
    assert not root.parent_span_id
    assert {s.trace_id for s in spans.values()} == {root.trace_id}
    tasks = {name: s for name, s in spans.items() if s is not root}
    assert {s.parent_span_id for s in tasks.values()} == {root.span_id}
    assert {name: linked(s, spans) for name, s in tasks.items()} == {
        "a": [],
        "b": ["a"],
        "c": ["a"],
        "d": ["b", "c"],
    }
    assert all(
        root.start_time_unix_nano
        <= s.start_time_unix_nano
        <= s.end_time_unix_nano
        <= root.end_time_unix_nano
        for s in tasks.values()
    )


@pytest.mark.parametrize("start", STARTS)
def test_groups(receiver, run, start) -> None:
    """Tasks of a group link to the one before them in the group."""
    run("sequential_group", start)
    spans = receiver.spans()
    assert linked(spans["left-2"], spans) == ["left-1"]
    assert linked(spans["right-2"], spans) == ["right-1"]
    assert linked(spans["left-1"], spans) == linked(spans["right-1"], spans) == []


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_attempts(receiver, run, mode, start) -> None:
    """Each attempt is an event, a failed one with its exception as the convention says."""
    run(mode, start)
    span = receiver.spans()["b"]
    first, exception, retried, second = events(span)
    assert first == ("dotflow.attempt.started", {"dotflow.attempt": 1})
    assert exception[0] == "exception"
    assert exception[1]["exception.type"] == "ValueError"
    assert exception[1]["exception.message"] == "once"
    assert 'raise ValueError("once")' in exception[1]["exception.stacktrace"]
    assert retried[0] == "dotflow.attempt.retried"
    assert second == ("dotflow.attempt.started", {"dotflow.attempt": 2})
    assert attributes(span)["dotflow.task.retry_count"] == 1
    assert span.status.code == span.status.STATUS_CODE_UNSET


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_failure(receiver, run, mode, start) -> None:
    """A task that fails, and its run, have the status ERROR."""
    run(mode, start, "fails")
    spans = receiver.spans()
    failed, root = spans["d"], spans["workflow:w1"]
    assert failed.status.code == root.status.code == failed.status.STATUS_CODE_ERROR
    assert failed.status.message == "'for good'"
    assert attributes(failed)["error.type"] == "KeyError"
    assert attributes(failed)["dotflow.task.status"] == "Failed"
    assert [name for name, _ in events(failed)] == [
        "dotflow.attempt.started",
        "exception",
    ]


def test_attributes(receiver, run) -> None:
    """Spans say what they are about by dotflow's names and by OpenTelemetry's."""
    pid = run()["results"][0]
    spans = receiver.spans()
    root, task = attributes(spans["workflow:w1"]), attributes(spans["a"])
    assert root["dotflow.workflow_id"] == task["dotflow.workflow_id"] == "w1"
    assert root["dotflow.mode"] == "sequential"
    assert root["dotflow.tasks_count"] == 4
    assert root["dotflow.duration"] > 0
    assert root["process.pid"] == pid
    assert spans["a"].name == f"task:{task['dotflow.task_id']}"
    assert task["dotflow.task.status"] == task["dotflow.task.outcome"] == "Completed"
    assert task["dotflow.task.duration"] >= 0
    assert task["code.function.name"] == "__main__.a"
    assert task["code.file.path"].endswith("program.py")
    assert receiver.resources("/v1/traces")[0]["service.name"] == "dotflow"


@pytest.mark.parametrize(
    ("mode", "start"), [("sequential", "none"), *(("parallel", s) for s in STARTS)]
)
def test_interrupted(receiver, run, mode, start) -> None:
    """What a run has done before Ctrl-C arrives, with the task that it cut off."""
    assert run(mode, start, "interrupted") == "interrupted"
    spans = receiver.spans()
    assert spans.keys() == {"workflow:w1", "a", "b", "c", "d"}
    assert attributes(spans["d"])["dotflow.task.status"] == "Cancelled"
    assert spans["d"].status.code == spans["workflow:w1"].status.code == 2
    assert receiver.metrics()["dotflow_workflow_total", "failed"].as_int == 1


@pytest.mark.parametrize(("mode", "start"), [*MODES, ("async", "none")])
def test_step_sees_its_span(receiver, run, mode, start) -> None:
    """A step's requests carry the span of its task, in whichever thread or process."""
    results = run(mode, start, "current")["results"]
    spans = receiver.spans()
    for name, carrier in zip(["current", "current_async"], results, strict=True):
        version, trace_id, span_id, flags = carrier["traceparent"].split("-")
        assert version == "00"
        assert int(flags, 16) & 1, "it is recorded"
        assert span_id == spans[name].span_id.hex()
        assert trace_id == spans["workflow:w1"].trace_id.hex()


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_own_spans(receiver, run, mode, start) -> None:
    """Spans of a step arrive as children of its task, from workers as well."""
    run(mode, start, "own-spans")
    spans = receiver.spans()
    assert spans["inside a"].parent_span_id == spans["a"].span_id
    assert spans["inside a"].trace_id == spans["workflow:w1"].trace_id


def test_incoming_from_environment(receiver, run) -> None:
    """A program that was started with TRACEPARENT continues that trace."""
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    run(TRACEPARENT=f"00-{trace_id}-{span_id}-01")
    root = receiver.spans()["workflow:w1"]
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (trace_id, span_id)


@pytest.mark.parametrize("mode", ["sequential", "background"])
def test_incoming_from_caller(receiver, run, mode) -> None:
    """A run that is started inside a span is its child."""
    parent = run(mode, what="called")
    assert receiver.spans()["workflow:w1"].parent_span_id.hex() == parent
