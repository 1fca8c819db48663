"""What an engine calls for each task: the generated handler and server, called so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.generate import generate, write
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

CALL_HANDLER = """
import json, sys
from handler import handler
for task in json.loads(sys.argv[1]):
    print(json.dumps(handler({"task": task, "run": "run-1", "input": {}})))
"""
CALL_SERVER = """
import json, sys, threading
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server
from server import app
class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments): pass
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
for task in json.loads(sys.argv[1]):
    body = json.dumps({"task": task, "run": "run-1", "input": {}}).encode()
    request = Request(url, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        print(answer.read().decode())
server.shutdown()
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [("step-functions", CALL_HANDLER), ("cloud-workflows", CALL_SERVER)],
)
def test_tasks_run_one_by_one(name: str, code: str, shop: Path, tmp_path: Path) -> None:
    """Each call runs one task, and the next finds its result in the storage."""
    pytest.importorskip("dotflow_aws")
    write(shop, generate(find_platform(name), Request(load_project(shop))).files)
    settings = {
        "PYTHONPATH": f"{shop}{os.pathsep}{shop / 'deploy' / name}",
        "DOTFLOW_STORAGE": f"sqlite:///{tmp_path / 'results.db'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(["extract", "transform", "load"])],
        cwd=tmp_path,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "shop: the total is 6" in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    answers: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert [answer["status"] for answer in answers] == ["Completed"] * 3
