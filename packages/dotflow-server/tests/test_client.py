"""`ServerDefault` against a real server: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from dashboards import PATIENCE, Proxy, ServerProcess, Team, events_of, wait_for

from dotflow_server.places import server_storage
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = """
import os, sys, threading, time
from dotflow import Config, DotFlow, action, fact
from dotflow.providers import LogDefault, ServerDefault, StorageDefault, StorageSQLite

url, token, kind, seconds = sys.argv[1:5]

@action
def one():
    print("begun", flush=True)
    fact("kind", kind)
    return "a-value-" + "x" * 200_000

@action
def two(previous_context):
    time.sleep(float(seconds))

@action
def three():
    raise ValueError("on purpose")

storage = StorageSQLite("own.db") if kind == "sqlite" else StorageDefault()
if kind == "postgres":
    from dotflow.providers import StoragePostgres

    storage = StoragePostgres(os.environ["POSTGRES_DSN"])
server = ServerDefault(url + "/api/v1", token, send_values=kind == "values")
log = LogDefault(level="ERROR", output="file", path=os.devnull)
flow = DotFlow(Config(storage=storage, server=server, log=log), name=kind)
for step in (one, two, three):
    flow.task.add(step)
began = time.monotonic()
flow.start()
print("took", time.monotonic() - began, flush=True)
if len(sys.argv) > 5:
    print("all told", server.flush(60), flush=True)
"""

KINDS = ["sqlite", "memory"]


@pytest.fixture
def proxy(team: Team) -> Iterator[Proxy]:
    """What stands between runners and the server."""
    found = Proxy(team.url)
    yield found
    found.close()


def runner(
    folder: Path, url: str, team_token: str, kind: str, seconds: float, *more: str
) -> subprocess.Popen[str]:
    """Start a run that reports to a server."""
    environment = {**os.environ, "DOTFLOW_OUTPUT_PATH": str(folder / "out")}
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, url, team_token, kind, str(seconds), *more],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Return what a run has printed, once it has ended."""
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return out


def rows(client: Any, workflow: str) -> list[dict[str, Any]]:
    """Return the runs that the server knows, newest first."""
    found: list[dict[str, Any]] = client.get(
        "/api/v1/runs", params={"workflow": workflow}
    ).json()["runs"]
    return found


@pytest.mark.parametrize("kind", [*KINDS, "postgres"])
def test_a_run_is_told_whole(
    team: Team,
    tmp_path: Path,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The server knows each event of a run once, its facts and previews, no values."""
    if kind == "postgres":
        monkeypatch.setenv("POSTGRES_DSN", request.getfixturevalue("postgres"))
    out = finish(runner(tmp_path, team.url, team.token("ingest"), kind, 0, "flush"))
    assert "all told True" in out
    with team.client("read") as client:
        row = rows(client, kind)[0]
        assert row["status"] == "Failed"
        assert row["error"]["message"] == "on purpose"
        found = client.get(f"/api/v1/runs/{row['run_id']}").json()
        states = {node["name"]: node["state"] for node in found["tasks"]}
        assert states == {"one": "Completed", "two": "Completed", "three": "Failed"}
        assert found["facts"] == {"kind": kind}
        told = events_of(client, row["run_id"])
        assert len({one["seq"] for one in told}) == len(told)
        assert "x" * 10_000 not in str(told)


def test_values_travel_where_they_are_to(team: Team, tmp_path: Path) -> None:
    """With `send_values=True` the server has results themselves, as JSON."""
    finish(runner(tmp_path, team.url, team.token("ingest"), "values", 0, "flush"))
    with team.client("read") as client:
        run_id = rows(client, "values")[0]["run_id"]
        found = client.get(f"/api/v1/runs/{run_id}/tasks/one").json()
    assert json.loads(found["output"]["value"]) == "a-value-" + "x" * 200_000


@pytest.mark.parametrize("passed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(4)
def test_a_kill_at_each_step(
    team: Team, proxy: Proxy, tmp_path: Path, kind: str, number: int, passed: bool
) -> None:
    """A runner killed before or after the server hears it is told of by the next one."""
    name, processes = kind, []

    def kill(at: int, before: bool) -> bool:
        if at == number and before == passed:
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait()
            return False
        return True

    proxy.at = kill
    token = team.token("ingest")
    with team.client("read") as client:
        known = {row["run_id"] for row in rows(client, name)}
        processes.append(runner(tmp_path, proxy.url, token, kind, 30))
        processes[0].communicate(timeout=PATIENCE)
        assert processes[0].returncode == -signal.SIGKILL
        out = finish(runner(tmp_path, proxy.url, token, kind, 0, "flush"))
        assert "all told True" in out

        def both() -> list[dict[str, Any]]:
            found = [row for row in rows(client, name) if row["run_id"] not in known]
            return found if len(found) == 2 else []

        last, first = wait_for(both, "the run that was killed")
        assert last["status"] == "Failed"
        assert first["status"] == "Crashed"
        kept = history_of(tmp_path, kind, first["run_id"])
        told = [one["seq"] for one in events_of(client, first["run_id"])]
        assert told == sorted(set(told))
        assert set(told) >= kept


def history_of(folder: Path, kind: str, run_id: str) -> set[int]:
    """Return the events that the runner's own store has of a run."""
    from dotflow.abc.history import RunNotFound
    from dotflow.providers import StorageSQLite

    path = folder / ("own.db" if kind == "sqlite" else "out/server-spool.db")
    storage = StorageSQLite(path)
    try:
        return {event.seq for event in storage.history.events(run_id)}
    except RunNotFound:
        return set()  # the spool forgets what the server knows
    finally:
        storage.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_away(
    process: ServerProcess, tmp_path: Path, kind: str
) -> None:
    """A run does not wait for a server that is away, which hears of it once it is back."""
    storage = server_storage(str(process.database))
    _, token = Tokens(storage).create("runner", ["ingest", "read"])
    process.kill()
    out = finish(runner(tmp_path, process.url, token, kind, 0))
    assert float(out.split("took ")[1].split()[0]) < PATIENCE / 2
    process.start()
    out = finish(runner(tmp_path, process.url, token, kind, 0, "flush"))
    assert "all told True" in out
    history = storage.history
    assert history is not None
    found = wait_for(
        lambda: [run for run in history.runs(workflow=kind) if run.finished] or None
    )
    assert len(found) == 2
    storage.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["token", "scope", "away"])
def test_what_is_not_taken_is_kept(
    process: ServerProcess, tmp_path: Path, kind: str, wrong: str
) -> None:
    """A runner whom the server refuses says once what is kept, and it is told later."""
    storage = server_storage(str(process.database))
    _, token = Tokens(storage).create("runner", ["ingest", "read"])
    given = token
    if wrong == "away":
        process.kill()
    else:
        given = token[:-1] + ("0" if token[-1] != "0" else "1")
    if wrong == "scope":
        given = Tokens(storage).create("reader", ["read"])[1]
    first = runner(tmp_path, process.url, given, kind, 0)
    errors = first.communicate(timeout=PATIENCE)[1]
    assert errors.count("is not told of runs") == 1, errors
    assert errors.count("server") <= 3, errors
    assert ("own.db" if kind == "sqlite" else "server-spool.db") in errors
    assert "have not reached" not in errors
    # A workflow is told when it is made: that may be refused before any run is there.
    assert errors.count("Further ones are not reported") <= 1
    if wrong == "away":
        process.start()
    out, errors = runner(tmp_path, process.url, token, kind, 0, "flush").communicate(
        timeout=PATIENCE
    )
    assert "all told True" in out
    assert errors == ""
    history = storage.history
    assert history is not None
    found = wait_for(
        lambda: [run for run in history.runs(workflow=kind) if run.finished][1:]
    )
    events = [event.seq for event in history.events(found[0].run_id)]
    assert events[:1] == [1]
    storage.close()


def test_a_cancel_reaches_the_runner(team: Team, tmp_path: Path) -> None:
    """Who cancels a run at the server ends it on the runner's machine."""
    process = runner(tmp_path, team.url, team.token("ingest"), "memory", 600)
    with team.client("read", "operate") as client:

        def goes_on() -> Any:
            found = client.get("/api/v1/runs?status=In%20progress").json()["runs"]
            return [row for row in found if row["workflow"] == "memory"]

        row = wait_for(goes_on)[0]
        answer = client.post(f"/api/v1/runs/{row['run_id']}/cancel", json={})
        assert answer.json() == {"asked": True}
        finish(process)
        ended = client.get(f"/api/v1/runs/{row['run_id']}").json()
    assert ended["run"]["status"] == "Cancelled"
