"""Google: functions in Google's own server, tasks and pushed messages over HTTP."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FAILURE = "there is a boom in it"
TASK = {
    "X-CloudTasks-QueueName": "shop",
    "X-CloudTasks-TaskName": "8157-task",
    "X-CloudTasks-TaskRetryCount": "2",
    "X-CloudTasks-TaskExecutionCount": "0",
    "X-CloudTasks-TaskETA": "1640822041.511",
    "Content-Type": "application/json",
}
EVENT = {
    "ce-specversion": "1.0",
    "ce-id": "1096434104173400",
    "ce-source": "//storage.googleapis.com/projects/_/buckets/some-bucket",
    "ce-type": "google.cloud.storage.object.v1.finalized",
    "ce-subject": "objects/orders/2026.csv",
    "ce-time": "2026-01-31T06:00:00Z",
    "Content-Type": "application/json",
}
OBJECT = {"bucket": "some-bucket", "name": "orders/2026.csv", "size": "352"}


def pushed(data: bytes, **more: Any) -> dict[str, Any]:
    """Return what Pub/Sub pushes."""
    encoded = base64.b64encode(data).decode()
    message = {
        "data": encoded,
        "messageId": "2070443601311540",
        "message_id": "2070443601311540",
        "publishTime": "2026-01-31T06:00:00.0Z",
        "publish_time": "2026-01-31T06:00:00.0Z",
        "attributes": {"team": "blue"},
    }
    return {"message": message, "subscription": "projects/p/subscriptions/shop", **more}


@pytest.fixture
def function(
    place: Any,
    package: Any,
    start: Any,
    free_port: Any,
    environ: dict[str, str],
    tmp_path: Path,
) -> Any:
    """Return what serves what `build.py` made with Google's functions framework."""
    pytest.importorskip("functions_framework")

    def run(target: str, kind: str, workflow: str | None = None) -> Any:
        placed = place("cloud-functions", workflow)
        source = package(placed)
        installed = tmp_path / "installed"
        # What Google's pip does with the project's line of requirements.txt.
        (wheel,) = source.glob("*.whl")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", installed, wheel], check=True)
        port = free_port()
        command = ["functions-framework", "--target", target, "--source", "main.py"]
        options = ["--signature-type", kind, "--host", "127.0.0.1", "--port", str(port)]
        env = environ | {"PYTHONPATH": str(installed)}
        # One process, as Google starts it: threads answer what comes at once.
        return start([*command, *options], source, env, port)

    return run


def test_package(place: Any, package: Any) -> None:
    """What is uploaded is the handler, a wheel and exact requirements; no secret is."""
    source = package(place("cloud-functions"))
    names = sorted(path.name for path in source.iterdir())
    assert names == ["main.py", "requirements.txt", "shop-0.1.0-py3-none-any.whl"]
    lines = (source / "requirements.txt").read_text().splitlines()
    assert lines == ["./shop-0.1.0-py3-none-any.whl", "functions-framework==3.10.2"]


def test_package_without_a_build_system(place: Any, package: Any, shop: Path) -> None:
    """A project that is no package goes as its files, with what it asks for."""
    (shop / "pyproject.toml").unlink()
    (shop / "requirements.txt").write_text("dotflow-core\nfunctions-framework==3.9.0\n")
    source = package(place("cloud-functions", "shop.workflow:build"))
    files = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()}
    assert {"main.py", "shop/workflow.py", "shop/steps.py"} <= files
    assert not {name for name in files if name.endswith((".env", ".log"))}
    lines = (source / "requirements.txt").read_text().splitlines()
    assert lines == ["dotflow-core", "functions-framework==3.9.0"]


def test_http_function(function: Any) -> None:
    """A request is a run of all steps; a failed one is answered without any detail."""
    server = function("run_request", "http")
    answer = server.ask(
        {"numbers": [30, 12]}, headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.json["result"]) == (200, 42)
    server.wait_for("the total is 42")

    assert server.ask("{oops").status == 400
    failed = server.ask({"numbers": ["boom"]})
    assert failed.status == 500
    assert failed.json == {"workflow_id": "shop", "status": "Failed"}
    server.wait_for(FAILURE)


def test_event_function(function: Any) -> None:
    """An event runs the workflow with all of it; a failed run is told as a failed call."""
    server = function("run_event", "cloudevent", "shop.events:build")
    answer = server.ask(OBJECT, headers=EVENT)
    assert answer.status == 200, server.output
    server.wait_for(f"'id': '{EVENT['ce-id']}'.*'name': 'orders/2026.csv'")

    failed = server.ask(OBJECT | {"name": "boom"}, headers=EVENT)
    assert failed.status == 500
    assert FAILURE not in failed.text + str(failed.headers)
    server.wait_for(FAILURE)


def test_pubsub_function(function: Any) -> None:
    """The same function takes a pushed message of Pub/Sub as an event."""
    server = function("run_event", "cloudevent")
    headers = {"Content-Type": "application/json"}
    answer = server.ask(pushed(b'{"numbers": [1]}'), headers=headers)
    assert answer.status == 200, server.output
    server.wait_for("the total is 6")


def test_task(place: Any, serve: Any) -> None:
    """A task of the queue is a run with its body, name and number of attempts."""
    server = serve(place("cloud-tasks", "shop.events:build"))
    answer = server.ask({"day": 31}, headers=TASK)
    assert answer.status == 200
    assert answer.json["result"] == {
        "message_id": "8157-task",
        "body": {"day": 31},
        "attributes": {"queue": "shop", "eta": "1640822041.511"},
        "attempt": 3,
    }


def test_failed_task(place: Any, serve: Any) -> None:
    """A task whose run fails is refused with 500, so that it is sent again."""
    server = serve(place("cloud-tasks", "shop.events:build"))
    failed = server.ask({"numbers": "boom"}, headers=TASK)
    assert failed.status == 500
    assert FAILURE not in failed.text
    assert server.ask({"day": 31}).status == 400, "it comes from no queue"
    assert (
        server.ask({}, headers=TASK | {"X-CloudTasks-TaskRetryCount": "x"}).status
        == 400
    )


def test_message(place: Any, serve: Any) -> None:
    """A pushed message is a run with what is in its envelope; 200 acknowledges it."""
    server = serve(place("pubsub-trigger", "shop.events:build"))
    answer = server.ask(pushed(b'{"day": 31}', deliveryAttempt=3))
    assert answer.status == 200
    assert answer.json["result"] == {
        "message_id": "2070443601311540",
        "body": {"day": 31},
        "attributes": {"team": "blue"},
        "attempt": 3,
    }
    plain = server.ask(pushed("grüße".encode())).json["result"]
    assert (plain["body"], plain["attempt"]) == ("grüße", 1)
    # JSON has no bytes: the run completes, and its result stays there.
    binary = server.ask(pushed(b"\xff\x00"))
    assert (binary.status, "result" in binary.json) == (200, False)


def test_failed_message(place: Any, serve: Any) -> None:
    """A message whose run fails is not acknowledged, and neither is a broken envelope."""
    server = serve(place("pubsub-trigger", "shop.events:build"))
    failed = server.ask(pushed(b"boom"))
    assert failed.status == 500
    assert FAILURE not in failed.text
    broken: list[Any] = [
        {"message": {"data": "%", "messageId": "1"}},
        {"message": {"data": 3, "messageId": "1"}},
        {"message": {"data": ""}},
        {"message": "text"},
        {},
        [],
        None,
    ]
    assert {server.ask(json.dumps(one)).status for one in broken} == {400}
