"""Dashboards on loopback: in a thread where that is enough, else in a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx

from dotflow import Config, DotFlow, action, artifact, fact
from dotflow.providers import LogDefault
from dotflow_server import Store
from dotflow_server.places import server_storage
from dotflow_server.serving import GRACE_SECONDS, bound, new_server
from dotflow_server.team import Listening, team_app
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0  # seconds
SECRET = "a-secret-for-tests"
WRITES = {"X-Dotflow": "1"}


def wait_for(found: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come to be")


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve an application from a thread, and give its address."""
    socket = bound("127.0.0.1", 0)
    server = new_server(app)
    # A daemon: what a test has left open must not hold up the end of all tests.
    thread = threading.Thread(target=lambda: server.run(sockets=[socket]), daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        app.state.served.hub.stop()
        server.should_exit = True
        thread.join(2 * GRACE_SECONDS)
        server.force_exit = True
        thread.join(GRACE_SECONDS)
        socket.close()


def browser(url: str) -> httpx.Client:
    """Return a client that asks as the pages do."""
    return httpx.Client(base_url=url, headers=WRITES, verify=False, timeout=PATIENCE)


def quiet(storage: Any, name: str, **more: Any) -> DotFlow:
    """Return a workflow that writes no log."""
    log = LogDefault(level="ERROR", output="file", path=os.devnull)
    return DotFlow(Config(storage=storage, log=log, **more), name=name)


NASTY = "<script>alert(1)</script> \x1b[31mred\x1b[0m \u202etfel"


@action
def extract() -> list[int]:
    """Print what a page must not take for markup."""
    print(NASTY)
    fact("rows", 3)
    artifact("sample", [{"a": 1}])
    return [1, 2, 3]


@action
def times(item: int) -> int:
    """Fail for one item."""
    if item == 2:
        raise ValueError(f"item {item} is bad")
    return item


@action
def late(previous_context: Any) -> None:
    """Never run, after a failure."""


@dataclass
class Team:
    """A team's server in a thread, and tokens for it."""

    url: str
    store: Store
    tokens: Tokens

    def client(self, *scopes: str) -> httpx.Client:
        """Return a client with a token for these scopes."""
        _, text = self.tokens.create("tests", scopes)
        headers = {"Authorization": f"Bearer {text}"}
        return httpx.Client(
            base_url=self.url, headers=headers, verify=False, timeout=PATIENCE
        )

    def token(self, *scopes: str) -> str:
        """Return the text of a token."""
        return self.tokens.create("tests", scopes)[1]


@contextmanager
def serving(database: str) -> Iterator[Team]:
    """Serve a team from a thread, over a database."""
    store = Store(server_storage(database))
    with listening(team_app(store, Listening())) as url:
        yield Team(url, store, Tokens(store.storage))


class ServerProcess:
    """`dotflow server` in a process that can be killed, at one address."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._port = 0
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it, where it was before."""
        command = [sys.executable, "-m", "dotflow.main", "server", "--port"]
        command += [str(self._port), "--database", str(self.database)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        found = re.search(r"http://[\d.]+:(\d+)/", line)
        assert found, line + self._process.stderr.read()
        self._port = int(found[1])
        self.url = f"http://127.0.0.1:{self._port}"

    def kill(self) -> None:
        """End it without a goodbye."""
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def terminate(self) -> int:
        """Ask it to end, and return how it did."""
        self._process.terminate()
        code = self._process.wait(PATIENCE)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code


class Proxy:
    """Passes requests on, and does something at one of them.

    Attributes:
        url: Its address.
        at: Called with the number of a batch, from 1, or 0 for another call, and
            whether it was passed on already; returns whether to answer at all.
    """

    def __init__(self, target: str) -> None:
        self.at: Callable[[int, bool], bool] = lambda number, passed: True
        self._number = 0
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                batch = self.path.endswith("/events")
                with owner._lock:
                    owner._number += batch
                    number = owner._number if batch else 0
                if not owner.at(number, False):
                    self.close_connection = True
                    return
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("host", "connection", "content-length")
                }
                url = target + self.path
                answer = httpx.request(
                    self.command, url, content=body, headers=headers, verify=False
                )
                if not owner.at(number, True):
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                for name in ("content-type", "x-dotflow-protocol"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_PATCH = do_POST  # noqa: N815 - the name that the class looks for

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


EVENTS = (
    "RunStarted", "TaskStarted", "TaskCompleted", "TaskFailed", "TaskRetried",
    "TaskSkipped", "FactSet", "TaskArtifact", "RunFinished",
)  # fmt: skip


def events_of(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """Return all events of a run."""
    kinds = "&kind=".join(["TaskOutput", *EVENTS])
    answer = client.get(f"/api/v1/runs/{run_id}/events?limit=5000&kind={kinds}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


def run_columns(run_id: str, **more: Any) -> dict[str, Any]:
    """Return what a runner tells of a run that goes on."""
    found = {
        "run_id": run_id,
        "workflow_id": None,
        "name": "load",
        "mode": "sequential",
        "status": "In progress",
        "started": time.time(),
        "finished": None,
        "duration": None,
        "resumed_from": None,
        "tasks": 1,
        "process": "elsewhere/1/1",
        "heartbeat": time.time(),
        "metadata": "{}",
        "graph": json.dumps([["step", "1", "default", [], None]]),
        "workflow": "load",
        "parent": None,
        "identity": json.dumps({"workflow": "load"}),
    }
    return {**found, **more}
