"""Alibaba Function Compute: events posted to the port of a custom container."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

FAILURE = "there is a boom in it"
HEADERS = {
    "Content-Type": "application/octet-stream",
    "x-fc-request-id": "1-61a-request",
    "x-fc-access-key-id": "STS.id",
    "x-fc-access-key-secret": "never-to-be-told",
    "x-fc-security-token": "never-to-be-told",
    "x-fc-function-name": "shop",
    "x-fc-function-handler": "index.handler",
    "x-fc-function-memory": "1024",
    "x-fc-region": "cn-hangzhou",
    "x-fc-control-path": "/invoke",
}
TIMER = {
    "triggerTime": "2026-01-31T06:00:00Z",
    "triggerName": "shop-timer",
    "payload": "{}",
}


@pytest.fixture
def server(place: Any, serve: Any) -> Any:
    """Serve the project as Function Compute does."""
    return serve(place("alibaba-fc"))


def test_event(server: Any) -> None:
    """An event is a run of all steps; 200 and `x-fc-status` say that it succeeded."""
    answer = server.ask({"numbers": [30, 12]}, path="/invoke", headers=HEADERS)
    assert (answer.status, answer.headers["x-fc-status"]) == (200, "200")
    assert answer.json["result"] == 42
    server.wait_for("FC Invoke Start RequestId: 1-61a-request")
    server.wait_for("FC Invoke End RequestId: 1-61a-request")
    assert "never-to-be-told" not in server.output


def test_failure(server: Any) -> None:
    """A failed run is told with 404 and `x-fc-status: 404`, as a failed call, no more."""
    answer = server.ask({"numbers": ["boom"]}, path="/invoke", headers=HEADERS)
    assert (answer.status, answer.headers["x-fc-status"]) == (404, "404")
    assert answer.json == {"workflow_id": "shop", "status": "Failed"}
    assert FAILURE not in answer.text + str(answer.headers)
    server.wait_for(FAILURE)
    server.wait_for("FC Invoke End")
    broken = server.ask("{oops", path="/invoke", headers=HEADERS)
    assert (broken.status, broken.headers["x-fc-status"]) == (404, "404")


def test_empty_event(server: Any) -> None:
    """An event without a payload is a run without content."""
    assert server.ask(path="/invoke", headers=HEADERS).json["result"] == 6


def test_initialize(server: Any) -> None:
    """The call at the start of an instance is answered with success, and runs nothing."""
    headers = HEADERS | {"x-fc-control-path": "/initialize"}
    answer = server.ask(path="/initialize", headers=headers)
    assert (answer.status, answer.headers["x-fc-status"]) == (200, "200")
    assert "the total is" not in server.output


def test_timer(place: Any, serve: Any) -> None:
    """A tick of the timer is a run with the timer's event."""
    server = serve(place("alibaba-fc-scheduled", "shop.events:build"))
    answer = server.ask(TIMER, path="/invoke", headers=HEADERS)
    assert answer.json["result"] == TIMER


@pytest.mark.parametrize("platform", ["alibaba-fc", "alibaba-fc-scheduled"])
def test_function(place: Any, platform: str) -> None:
    """The function's port is the server's, its sizes are allowed, its files in /tmp."""
    placed = place(platform)
    text = (placed.folder / "s.yaml").read_text(encoding="utf-8")
    props = yaml.safe_load(text)["resources"]["workflow"]["props"]
    port = props["customContainerConfig"]["port"]
    assert f"ENV PORT={port}\n" in (placed.folder / "Dockerfile").read_text("utf-8")
    assert props["environmentVariables"]["DOTFLOW_OUTPUT_PATH"].startswith("/tmp/")
    # Function Compute takes 1 to 4 GB for each CPU, and steps of 64 MB.
    assert 1 <= props["memorySize"] / 1024 / props["cpu"] <= 4
    assert props["memorySize"] % 64 == 0
    triggers = props.get("triggers", [])
    assert len(triggers) == (platform == "alibaba-fc-scheduled")
    for trigger in triggers:
        assert trigger["triggerType"] == "timer"
        assert trigger["triggerConfig"]["cronExpression"] == "CRON_TZ=UTC 0 0 6 * * *"
