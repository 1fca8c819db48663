from __future__ import annotations

import multiprocessing
import socket

import pytest

from dotflow.testing.faults import EXTRA_FAULTS, FAULTS, MORE_FAULTS, faulty_endpoint

KEY = "0123456789abcdef0123456789abcdef"
STARTS = [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]
MODES = [
    ("sequential", "none"),
    ("background", "none"),
    ("threads", "none"),
    *(("parallel", start) for start in STARTS),
]
# Far more than a run takes: none waits for an endpoint.
LIMIT = 20


def status_of(span):
    """Return a span's status; the SDK had it among the tags until some 2.x."""
    return span.get("status") or span["tags"]["status"]


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_error(endpoint, run, mode, start) -> None:
    """A failure is one event with its tags, its traceback and what came before."""
    assert run(mode, start)["statuses"] == ["Completed", "Failed"]
    [event] = endpoint.events
    error = event["exception"]["values"][-1]
    assert (error["type"], error["value"]) == ("LookupError", "no such table")
    frames = error["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["load"]
    assert frames[0]["abs_path"].endswith("program.py")
    assert "raise LookupError" in frames[0]["context_line"]
    tags = event["tags"]
    assert tags["dotflow.workflow_id"] == "w1"
    assert tags["dotflow.task.name"] == "load"
    assert tags["dotflow.task.status"] == "Failed"
    assert event["environment"] == "tests"
    crumbs = event["breadcrumbs"]["values"]
    assert [
        (crumb["message"], crumb["level"])
        for crumb in crumbs
        if crumb["category"] == "dotflow"
    ][-3:] == [
        ("Task extract: Completed", "info"),
        ("Task load: In progress", "info"),
        ("Task load: Retry", "warning"),
    ]


def test_causes(endpoint, run) -> None:
    """An exception raised in this process arrives with the one that caused it."""
    run()
    [event] = endpoint.events
    types = [value["type"] for value in event["exception"]["values"]]
    assert types == ["ValueError", "LookupError"]


@pytest.mark.parametrize("start", STARTS)
def test_text_of_a_worker(endpoint, run, start) -> None:
    """The traceback of a worker arrives as it was, with the causes."""
    run("parallel", start)
    text = endpoint.events[0]["extra"]["traceback"]
    assert "invalid literal for int()" in text
    assert text.endswith("LookupError: no such table\n")


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_transaction(endpoint, run, mode, start) -> None:
    """A run is one transaction with a span for each task, and the error is in its span."""
    run(mode, start)
    [transaction] = endpoint.transactions
    trace = transaction["contexts"]["trace"]
    assert transaction["transaction"] == "workflow:w1"
    assert (trace["op"], trace["status"]) == ("workflow", "internal_error")
    assert transaction["tags"]["dotflow.mode"] == mode
    # The SDK may see its own sending of the error, too.
    ours = [span for span in transaction["spans"] if span["op"] != "http.client"]
    spans = {span["description"]: span for span in ours}
    assert {(name, s["op"], status_of(s)) for name, s in spans.items()} == {
        ("extract", "task", "ok"),
        ("load", "task", "internal_error"),
    }
    assert {s["parent_span_id"] for s in spans.values()} == {trace["span_id"]}
    assert spans["load"]["tags"]["dotflow.task.status"] == "Failed"
    [event] = endpoint.events
    assert event["contexts"]["trace"]["trace_id"] == trace["trace_id"]
    assert event["contexts"]["trace"]["span_id"] == spans["load"]["span_id"]


def test_output(endpoint, run) -> None:
    """The report of a failure has the last lines that its step has printed."""
    run(what="prints")
    [event] = endpoint.events
    assert event["contexts"]["output"]["last lines"] == "last words"


def test_caller(endpoint, run) -> None:
    """A run inside a transaction of the caller is a span of that one."""
    run(what="called")
    [transaction] = endpoint.transactions
    assert transaction["transaction"] == "caller"
    names = [(s["op"], s["description"]) for s in transaction["spans"]]
    assert ("workflow", "workflow:w1") in names
    assert ("task", "load") in names


@pytest.mark.parametrize(("mode", "start"), MODES)
def test_own_reports(endpoint, run, mode, start) -> None:
    """What a step reports belongs to its task, from workers as well."""
    run(mode, start, "own")
    [said] = [e for e in endpoint.events if e.get("message") == "said by the step"]
    [transaction] = endpoint.transactions
    assert said["tags"]["dotflow.task.name"] == "extract"
    trace = transaction["contexts"]["trace"]
    assert said["contexts"]["trace"]["trace_id"] == trace["trace_id"]
    assert said["environment"] == transaction["environment"] == "mine"


def test_interrupted(endpoint, run) -> None:
    """What a run has done before an interruption arrives."""
    assert run(what="interrupted") == "interrupted"
    [transaction] = endpoint.transactions
    spans = {span["description"]: status_of(span) for span in transaction["spans"]}
    assert (spans["extract"], spans["load"]) == ("ok", "cancelled")


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_no_dsn_in_any_output(endpoint, run, mode) -> None:
    """The DSN is in nothing that a program shows, nor in what it reports."""
    run(mode)
    assert KEY not in run.output
    assert KEY not in str(endpoint.events) + str(endpoint.transactions)


@pytest.mark.parametrize("behaviour", ["500", "garbage", "hang", "slow"])
def test_endpoint(endpoint, run, behaviour) -> None:
    """Whatever the endpoint does, the run has its result within its limit."""
    endpoint.behaviour = behaviour
    result = run()
    assert result["statuses"] == ["Completed", "Failed"]
    assert result["seconds"] < LIMIT
    assert endpoint.requests


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [("500", "status_500"), ("garbage", "network"), ("hang", "not reached Sentry")],
)
def test_a_failure_is_told_once(endpoint, run, behaviour, text) -> None:
    """That reports do not arrive at Sentry is one line that says why."""
    endpoint.behaviour = behaviour
    run()
    assert run.output.count(text) == 1, run.output


def test_nobody_listens(run) -> None:
    """Where nobody listens the run has its result within its limit."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = run(dsn=f"http://{KEY}@127.0.0.1:{unused.getsockname()[1]}/1")
    assert result["statuses"] == ["Completed", "Failed"]
    assert result["seconds"] < LIMIT


@pytest.mark.parametrize("kind", [*FAULTS, *EXTRA_FAULTS, *MORE_FAULTS])
@pytest.mark.sampled(6)
def test_faults(run, kind) -> None:
    """Whatever the endpoint does, the program ends in time, and tells no key."""
    with faulty_endpoint(kind) as url:
        scheme, _, place = url.partition("://")
        result = run(dsn=f"{scheme}://{KEY}@{place}/1")
    assert result["statuses"] == ["Completed", "Failed"]
    assert result["seconds"] < LIMIT
    assert KEY not in run.output
    told = [line for line in run.output.splitlines() if "Sentry" in line]
    assert len(told) == len(set(told)) <= 2, told
