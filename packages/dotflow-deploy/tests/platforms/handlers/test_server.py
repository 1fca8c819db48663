"""The HTTP server of the images: gunicorn, as the generated Dockerfile starts it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAILURE = "there is a boom in it"
TOKEN = "a-long-random-token"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def server(place: Any, serve: Any) -> Any:
    """Serve the project as App Runner does."""
    return serve(place("app-runner"), WORKFLOW_TOKEN=TOKEN)


def test_run(server: Any) -> None:
    """A POST with the token is a run of all steps; its answer has the result."""
    answer = server.ask({"numbers": [30, 10, 2]}, headers=RIGHT)
    assert answer.status == 200
    assert answer.json == {"workflow_id": "shop", "status": "Completed", "result": 42}
    server.wait_for("the total is 42")


def test_refusals(server: Any) -> None:
    """What is no JSON, has no token or is no POST runs nothing."""
    assert server.ask("{oops", headers=RIGHT).status == 400
    assert server.ask({}).status == 401
    assert server.ask({}, headers={"Authorization": "Bearer other"}).status == 401
    assert server.ask(method="GET", headers=RIGHT).status == 405
    assert server.ask(b" " * 1_000_001, headers=RIGHT).status == 413
    assert "the total is" not in server.output


def test_health(server: Any) -> None:
    """The health check needs no token and runs nothing."""
    answer = server.ask(method="GET", path="/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert "the total is" not in server.output


def test_failure(server: Any) -> None:
    """A failed run is answered with 500 and no detail, which the log has; others go on."""
    answer = server.ask({"numbers": ["boom"]}, headers=RIGHT)
    assert answer.status == 500
    assert answer.json == {"workflow_id": "shop", "status": "Failed"}
    assert FAILURE not in answer.text + str(answer.headers)
    server.wait_for(FAILURE)
    assert server.ask({}, headers=RIGHT).json["result"] == 6


def test_requests_at_once(place: Any, serve: Any) -> None:
    """Requests that come together get their own results, beside one that fails."""
    # Without an id of its own, a run of which would keep the others out.
    server = serve(place("app-runner", "shop.events:loose"), WORKFLOW_TOKEN=TOKEN)
    wanted: list[Any] = [*range(12), "boom"]
    answers: dict[Any, Any] = {}

    def one(number: Any) -> None:
        answers[number] = server.ask({"numbers": [number]}, headers=RIGHT)

    threads = [threading.Thread(target=one, args=(number,)) for number in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert answers.pop("boom").status == 500
    assert {number: answer.json["result"] for number, answer in answers.items()} == {
        number: number for number in range(12)
    }


def test_chunked_body(server: Any) -> None:
    """A body of unknown length, as proxies send it, is read to its end."""
    headers = {**RIGHT, "Transfer-Encoding": "chunked"}
    answer = server.ask(b'd\r\n{"numbers": [\r\n3\r\n7]}\r\n0\r\n\r\n', headers=headers)
    assert answer.json["result"] == 7


def test_needs_its_token(place: Any, start: Any, environ: dict[str, str]) -> None:
    """Without a token to compare with, nothing is served at all."""
    placed = place("app-runner")
    for token in ({}, {"WORKFLOW_TOKEN": ""}):
        command = [
            "gunicorn",
            "--no-control-socket",
            "--pythonpath",
            str(placed.folder),
        ]
        server = start(
            [*command, "--bind", "127.0.0.1:0", "server:app"],
            placed.root,
            environ | token,
            0,
            "WORKFLOW_TOKEN|The token is empty",
        )
        assert server.process.wait(120) != 0


def test_termination(
    place: Any, serve: Callable[..., Any], environ: dict[str, str]
) -> None:
    """On SIGTERM what runs comes to its end and is answered; then the process ends."""
    server = serve(place("app-runner", "shop.events:slow"), WORKFLOW_TOKEN=TOKEN)
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.append(server.ask({}, headers=RIGHT))
    )
    asking.start()
    begun, limit = Path(environ["BEGUN"]), threading.Event()
    for _ in range(12_000):
        if begun.exists():
            break
        limit.wait(0.01)
    server.process.send_signal(signal.SIGTERM)
    server.wait_for("Handling signal: term")
    Path(environ["GO"]).touch()
    asking.join(120)
    assert answers[0].json["result"] == "waited"
    assert server.process.wait(120) == 0


def test_writes_to_its_own_folder(
    place: Any, serve: Any, environ: dict[str, str]
) -> None:
    """Checkpoints go where the image says, and nothing into the project or the home."""
    placed = place("app-runner")
    server = serve(placed, WORKFLOW_TOKEN=TOKEN)
    assert server.ask({}, headers=RIGHT).status == 200
    assert placed.written() == set()
    assert list(Path(environ["HOME"]).iterdir()) == []
    assert any(Path(environ["DOTFLOW_OUTPUT_PATH"]).rglob("*"))
    text = (placed.folder / "Dockerfile").read_text(encoding="utf-8")
    assert "DOTFLOW_OUTPUT_PATH=/tmp/.output" in text
