from __future__ import annotations

import socket

import pytest

# What an endpoint may cost at the end of a run: the limit of one provider's flush, and
# the short ones of the other two. Generous, for a machine with much else to do.
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
