"""What a dashboard's server bears: events of runners, and lists of many runs.

    python -m benchmarks.server load [--seconds 120] [--rate 1000] [--batch 5]
    python -m benchmarks.server flood [--seconds 10] [--batch 50]
    python -m benchmarks.server lists [FILE]

`load` sends events at a rate from several runs at once and looks that each is there
afterwards; `flood` as fast as the server takes them; `lists` asks a store of 100,000 runs,
which it fills with a few events each unless FILE is there. The limits: 1,000 events a second
with a p99 below 100 ms, 10,000 a second in batches of 50, and lists with a p95 below 50 ms.

On two cores that nobody else wanted, and no event lost or there twice:

    load, 120 s, batches of 5   120,040 events, 1,000 a second, p50 7.3 ms, p99 19.6 ms; 271 µs
                                of a processor an event
    flood, batches of 50        28,338 a second, p99 26 ms; 36 µs of a processor an event
    lists, of 100,000 runs      p95 1.6 to 11.6 ms, in a FILE of `benchmarks.history`, which
                                has 10 million events

While twenty other processes wanted them as well: p99 92 to 390 ms under load, 8,000 a second
of the flood, lists with a p95 up to 73 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.history import fill
from dotflow.base.identity import new_ulid
from dotflow_server.places import server_storage
from dotflow_server.tokens import Tokens

_RUNS = 8
_QUESTIONS = 60
_LISTS = (
    "/healthz",  # what any answer takes on this machine now
    "/api/v1/runs?limit=50",
    "/api/v1/runs",
    "/api/v1/runs?status=Failed",
    "/api/v1/runs?workflow=workflow-3",
    "/api/v1/runs?error=KeyError",
    "/api/v1/runs?text=timed",
    "/api/v1/failures",
    "/api/v1/now",
)


class _Server:
    """A server in a process.

    Attributes:
        port: Where it listens.
        headers: What lets requests in.
    """

    def __init__(self, port: int, headers: dict[str, str], process: int) -> None:
        self.port = port
        self.headers = headers
        self._process = process

    def cpu_seconds(self) -> float:
        """Return what it has used of processors, which others' load does not change."""
        text = Path(f"/proc/{self._process}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(database: Path) -> Iterator[_Server]:
    storage = server_storage(str(database))
    _, token = Tokens(storage).create("benchmark", ["ingest", "read"])
    storage.close()
    command = [sys.executable, "-m", "dotflow.main", "server", "--port", "0"]
    command += ["--database", str(database)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r":(\d+)/", process.stderr.readline())
    assert found is not None
    try:
        header = {"Authorization": f"Bearer {token}"}
        yield _Server(int(found[1]), header, process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


class _Runner(threading.Thread):
    """One run that reports, on a connection that stays open."""

    def __init__(self, server: _Server, batch: int, until: float, rate: float) -> None:
        super().__init__()
        self.run_id = new_ulid()
        self.sent = 0
        self.seconds: list[float] = []
        self._port, self._headers = server.port, server.headers
        self._batch, self._until, self._rate = batch, until, rate

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        told: dict[str, Any] | None = _columns(self.run_id)
        began = time.monotonic()
        with closing(connection):
            while time.monotonic() < self._until:
                if self._rate:
                    due = began + self.sent / self._rate
                    time.sleep(max(0.0, due - time.monotonic()))
                first = self.sent + 1
                numbers = range(first, first + self._batch)
                events = [_event(number) for number in numbers]
                body = json.dumps({"run": told, "events": events})
                start = time.perf_counter()
                connection.request(
                    "POST", f"/api/v1/runs/{self.run_id}/events", body, self._headers
                )
                answer = connection.getresponse()
                text = answer.read()
                self.seconds.append(time.perf_counter() - start)
                assert answer.status == 200, text
                self.sent += self._batch
                told = None


def _event(number: int) -> list[Any]:
    detail = json.dumps({"type": "int", "size": None, "preview": str(number)})
    name = f"step {number % 100}"
    return [number, time.time(), "TaskCompleted", name, 1, detail, None]


def _columns(run_id: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "mode": "sequential",
        "status": "In progress",
        "started": time.time(),
        "tasks": 100,
        "process": "elsewhere/1/1",
        "heartbeat": time.time(),
        "metadata": "{}",
        "graph": "[]",
        "workflow": "load",
        "identity": json.dumps({"workflow": "load"}),
    }


def _send(seconds: float, rate: float, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "team.db"
        with _serving(database) as server:
            until = time.monotonic() + seconds
            each = rate / _RUNS
            runners = [_Runner(server, batch, until, each) for _ in range(_RUNS)]
            began, used = time.monotonic(), server.cpu_seconds()
            for runner in runners:
                runner.start()
            for runner in runners:
                runner.join()
            took, used = time.monotonic() - began, server.cpu_seconds() - used
        sent = sum(runner.sent for runner in runners)
        history = server_storage(str(database)).history
        assert history is not None
        kept = sum(history.glance(runner.run_id).seq for runner in runners)
        times = sorted(one for runner in runners for one in runner.seconds)
        print(
            f"{sent} events in {took:.0f} s, batches of {batch}: {sent / took:.0f} a"
            f" second; {kept} are kept; p50 {_part(times, 0.5):.1f} ms, p99"
            f" {_part(times, 0.99):.1f} ms; {1e6 * used / sent:.0f} µs of a processor an"
            " event"
        )
        assert kept == sent


def _lists(path: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = path or Path(folder) / "large.db"
        if not database.exists():
            fill(database, events=4)
        with _serving(database) as server:
            for asked in _LISTS:
                times, used = _asked(server, asked)
                print(
                    f"{asked:32} p50 {_part(times, 0.5):6.1f} ms"
                    f"   p95 {_part(times, 0.95):6.1f} ms   {1000 * used:6.1f} ms of a"
                    " processor"
                )


def _asked(server: _Server, path: str) -> tuple[list[float], float]:
    """Return how long each answer took, and what one cost the server."""
    times: list[float] = []
    used = server.cpu_seconds()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with closing(connection):
        for _ in range(_QUESTIONS):
            start = time.perf_counter()
            connection.request("GET", path, headers=server.headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            times.append(time.perf_counter() - start)
    return sorted(times), (server.cpu_seconds() - used) / _QUESTIONS


def _part(times: list[float], part: float) -> float:
    return 1000 * times[min(len(times) - 1, int(part * len(times)))]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "flood", "lists"])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--batch", type=int)
    given = parser.parse_args()
    if given.what == "lists":
        _lists(given.file)
    elif given.what == "flood":
        _send(given.seconds, 0, given.batch or 50)
    else:
        _send(given.seconds, given.rate, given.batch or 5)


if __name__ == "__main__":
    main()
