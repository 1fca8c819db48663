from __future__ import annotations

import socket

import pytest

# Far more than a run takes: none waits for an endpoint.
LIMIT = 20


@pytest.mark.parametrize("behaviour", ["500", "garbage", "hang", "slow"])
def test_endpoint(receiver, run, behaviour) -> None:
    """Whatever the endpoint does, the run has its result within its limit."""
    receiver.behaviour = behaviour
    result = run("parallel")
    assert result["statuses"] == ["Completed"] * 4
    assert result["results"][1:] == ["b", "c", "bc"]
    assert result["seconds"] < LIMIT
    assert receiver.requests


def test_the_exit_says_what_is_lost(receiver, run) -> None:
    """An exit that an endpoint hangs up is over in a second, with a word for each signal."""
    receiver.behaviour = "hang"
    run()
    told = [x for x in run.stderr.splitlines() if "has not been sent in time" in x]
    assert len(told) == 3


def test_nobody_listens(run) -> None:
    """Where nobody listens the run has its result within its limit."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert result["statuses"] == ["Completed"] * 4
    assert result["seconds"] < LIMIT


def test_unknown_exporter(receiver, run) -> None:
    """An exporter that is not installed is one warning that says what to install."""
    result = run(OTEL_TRACES_EXPORTER="otlp_proto_pigeon")
    assert result["statuses"] == ["Completed"] * 4
    assert run.stderr.count("otlp_proto_pigeon") == 1
    assert 'pip install "dotflow-otel[otlp]"' in run.stderr
