"""The image of a server: built as its Dockerfile says, and asked over HTTP."""

from __future__ import annotations

import signal
from typing import Any


def test_image(
    place: Any, build_image: Any, start: Any, free_port: Any, wheelhouse: Any
) -> None:
    """The image serves the installed project at `PORT`, with its own Python alone."""
    placed = place("app-runner")
    dockerfile = (placed.folder / "Dockerfile").read_text("utf-8")
    (placed.root / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    image = build_image("app-runner", placed.root)
    assert image.user != "root"
    assert not list(image.root.rglob(".env"))

    port = free_port()
    env = image.environment() | {"PORT": str(port), "WORKFLOW_TOKEN": "secret"}
    program = str(image.root / "venv/bin" / image.command[0])
    server = start([program, *image.command[1:]], image.folder, env, port)
    headers = {"Authorization": "Bearer secret"}
    answer = server.ask({"numbers": [30, 12]}, headers=headers)
    assert (answer.status, answer.json["result"]) == (200, 42), server.output
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
