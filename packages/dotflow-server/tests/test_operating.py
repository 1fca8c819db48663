"""What can be done from the pages, and by the commands beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
import pytest
from dashboards import (
    PATIENCE,
    SECRET,
    ServerProcess,
    Team,
    browser,
    listening,
    quiet,
    run_columns,
    wait_for,
)

from dotflow import action
from dotflow.base.identity import new_ulid
from dotflow.base.liveness import process_token
from dotflow.history.schedules import ScheduleFacts, Schedules
from dotflow.providers import StorageSQLite
from dotflow_cli.device_flow import begin, wait_for_token
from dotflow_cli.main import run as dotflow
from dotflow_server import Store, create_app
from dotflow_server.access import Access
from dotflow_server.cli import server
from dotflow_server.commands.token import command as token_group
from dotflow_server.forgetting import STEP, forget_some
from dotflow_server.places import server_storage
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOW = """
from pathlib import Path
from dotflow import DotFlow, action

@action
def one():
    with open("one", "a") as file:
        file.write("x")
    return 1

@action
def two(previous_context):
    if Path("broken").exists():
        raise RuntimeError("it is broken")
    return 2

def build():
    flow = DotFlow(workflow_id="nightly")
    flow.task.add(one)
    flow.task.add(two)
    return flow
"""


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dotflow.main", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[httpx.Client]:
    """A browser on a store of its own."""
    path = tmp_path / "runs.db"
    app = create_app(
        Store(StorageSQLite(path)), Access(SECRET, None, b"k"), address=f"sqlite:{path}"
    )
    with listening(app) as url, browser(url) as client:
        client.post("/api/v1/session", json={"secret": SECRET})
        yield client


def runs(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/runs").json()["runs"]
    return found


def test_retry_from_the_page(own: httpx.Client, tmp_path: Path) -> None:
    """A retry of one's own store keeps what was completed, or runs it from a task."""
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "broken").touch()
    failed = command(tmp_path, "start", "-w", "flow:build", "-o", "sqlite:runs.db")
    assert failed.returncode == 1, failed.stderr
    (tmp_path / "broken").unlink()
    [row] = runs(own)
    database = tmp_path / "runs.db"
    database.chmod(0o666)
    refused = own.post(f"/api/v1/runs/{row['run_id']}/retry", json={})
    assert refused.json()["error"]["code"] == "not_from_here"
    database.chmod(0o600)
    detail = own.get(f"/api/v1/runs/{row['run_id']}").json()
    assert detail["can"] == {"cancel": False, "retry": True, "why": None}
    answer = own.post(f"/api/v1/runs/{row['run_id']}/retry", json={"from": None})
    assert answer.json() == {"started": True, "run_id": None}
    ended = wait_for(lambda: [r for r in runs(own) if r["status"] == "Completed"])[0]
    assert ended["retry_of"] == row["run_id"]
    assert (tmp_path / "one").read_text() == "x"
    whole = own.post(f"/api/v1/runs/{ended['run_id']}/retry", json={})
    assert whole.json()["error"]["code"] == "completed"
    own.post(f"/api/v1/runs/{ended['run_id']}/retry", json={"from": "one"})
    wait_for(lambda: [r for r in runs(own) if r["status"] == "Completed"][1:])
    assert (tmp_path / "one").read_text() == "xx"
    none = own.post(f"/api/v1/runs/{ended['run_id']}/retry", json={"from": "nothing"})
    assert none.json()["error"]["code"] == "task_not_found"


def test_a_script_is_not_retried_from_here(own: httpx.Client, tmp_path: Path) -> None:
    """Of a run that no command has started the page tells what to type instead."""
    flow = quiet(StorageSQLite(tmp_path / "runs.db"), "script")
    flow.task.add(action(lambda: 1 / 0), name="fails")
    flow.start()
    [row] = runs(own)
    answer = own.post(f"/api/v1/runs/{row['run_id']}/retry", json={})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "not_a_command")
    assert str(Path.cwd()) in error["hint"]


@pytest.mark.skipif(os.name != "posix", reason="owners of POSIX")
@pytest.mark.parametrize("shared", ["runs.db", "."])
def test_a_store_that_others_write_starts_nothing(
    own: httpx.Client, tmp_path: Path, shared: str
) -> None:
    """Who else may write to a store cannot choose what a click on its page starts."""
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "broken").touch()
    command(tmp_path, "start", "-w", "flow:build", "-o", "sqlite:runs.db")
    place = tmp_path / shared
    place.chmod(place.stat().st_mode | 0o002)
    [row] = runs(own)
    answer = own.post(f"/api/v1/runs/{row['run_id']}/retry", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        409,
        "not_from_here",
    )
    assert "not a file of yours" in answer.json()["error"]["message"]


def test_cancel_from_the_page(own: httpx.Client, tmp_path: Path) -> None:
    """A cancel ends a run of another process, and the audit log tells who asked."""
    flow = quiet(StorageSQLite(tmp_path / "runs.db"), "long")
    step = action(lambda: time.sleep(0.05))
    for number in range(1000):  # as good as for ever
        flow.task.add(step, name=f"step {number}")
    run = flow.start(mode="background")
    [row] = wait_for(lambda: runs(own))
    order = {"action": "cancel", "run_ids": [row["run_id"], "NONE"]}
    told = own.post("/api/v1/runs/bulk", json=order).json()["results"]
    assert [one["ok"] for one in told] == [True, False]
    run.wait()
    assert runs(own)[0]["status"] == "Cancelled"
    entries = own.get("/api/v1/audit").json()["entries"]
    assert {one["action"] for one in entries} == {"cancel"}


def test_schedules_from_the_page(own: httpx.Client, tmp_path: Path) -> None:
    """A schedule is paused, resumed and begun by the page as by the command."""
    schedules = Schedules(StorageSQLite(tmp_path / "runs.db"))
    facts = ScheduleFacts(process_token(), "nightly", cron="0 3 * * *", triggers=True)
    schedules.register("nightly", "me", facts)
    address = "/api/v1/schedules/nightly"
    assert own.post(f"{address}/pause").json()["paused"]
    assert schedules.look("nightly") == (True, False)
    assert not own.post(f"{address}/resume").json()["paused"]
    assert own.post(f"{address}/run").status_code == 200
    assert schedules.look("nightly") == (False, True)
    [row] = own.get("/api/v1/schedules").json()["schedules"]
    assert (row["name"], row["cron"], row["status"]) == (
        "nightly",
        "0 3 * * *",
        "Active",
    )
    assert own.post("/api/v1/schedules/none/pause").status_code == 404


def test_what_dotflow_1_x_reports(team: Team) -> None:
    """Workflows and tasks of a 1.x client become runs, one for each start."""
    with team.client("ingest", "read") as client:
        for status in ("Completed", "Failed"):
            told = {"workflow_id": "old", "workflow_name": "former", "tasks": []}
            assert client.post("/api/v1/cli/workflows", json=told).status_code == 201
            base = "/api/v1/cli/workflows/old"
            task = {"task_id": "T1", "name": "step", "status": "Not started"}
            client.post(f"{base}/tasks", json=task)
            client.patch(base, json={"status": "In progress"})
            error = {"exception": "KeyError", "message": "gone", "traceback": ""}
            for state in ("In progress", status):
                more = {"status": state, "errors": [error], "retry_count": "-"}
                told_of = client.patch(f"{base}/tasks/T1", json={**task, **more})
                assert told_of.status_code == 200
            assert client.patch(base, json={"status": status}).status_code == 200
        rows = client.get("/api/v1/runs?workflow=former").json()["runs"]
        assert [row["status"] for row in rows] == ["Failed", "Completed"]
        assert rows[0]["error"]["exception"] == "KeyError"
        detail = client.get(f"/api/v1/runs/{rows[1]['run_id']}").json()
        assert [node["state"] for node in detail["tasks"]] == ["Completed"]


def test_login_from_a_terminal(team: Team) -> None:
    """`dotflow login` gets a token once somebody who may has confirmed its code."""
    base = f"{team.url}/api/v1"
    device = begin(base)
    with team.client("admin", "read") as client:
        wrong = client.post("/api/v1/devices/BBBB-BBBB/approve")
        assert wrong.status_code == 404
        approve = f"/api/v1/devices/{device.user_code}/approve"
        confirm = threading.Timer(0.2, lambda: client.post(approve))
        confirm.start()
        token = wait_for_token(base, device, lambda seconds: confirm.join())
        header = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{base}/protocol", headers=header, verify=False)
    assert answer.json() == {"protocol": 1}


def test_old_runs_are_forgotten_in_steps(tmp_path: Path) -> None:
    """Retention forgets a few runs at once, and none that goes on."""
    storage = server_storage(str(tmp_path / "team.db"))
    store = Store(storage)
    table = storage.history.table  # type: ignore[union-attr]
    from dotflow.history.stored_run import StoredRun

    for _ in range(STEP + 3):
        ended = {
            "started": 1.0,
            "finished": 2.0,
            "status": "Completed",
            "duration": 1.0,
        }
        table.receive(StoredRun(run_columns(new_ulid(), **ended)))
    table.receive(StoredRun(run_columns(new_ulid(), started=1.0)))
    table.receive(StoredRun(run_columns(new_ulid())))
    forgotten = [forget_some(store, 90) for _ in range(3)]
    assert sum(forgotten) == STEP + 3
    assert max(forgotten) <= STEP
    assert len(store.history.runs()) == 2
    store.close()


def test_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tokens, a backup and the files that run a server come from the command line."""
    monkeypatch.chdir(tmp_path)

    def told(*words: str, code: int = 0) -> str:
        assert dotflow(words) == code, capsys.readouterr().err
        return capsys.readouterr().out

    token = told("server", "token", "create", "me", "--scope", "admin").strip()
    storage = server_storage("dotflow-server.db")
    assert Tokens(storage).check(token) is not None
    listed = told("server", "token", "list")
    assert "me" in listed
    assert token not in listed
    told("server", "token", "revoke", token.split("_")[1])
    told("server", "backup", "copy.db")
    told("server", "backup", "copy.db", code=1)
    copy = server_storage("copy.db")
    assert [one.good for one in Tokens(copy).all()] == [False]
    unit = told("server", "--database", "x.db", "systemd")
    assert f"--database {tmp_path / 'x.db'}" in unit
    told("server", "--database", "postgresql://u:p@h/d", "systemd", code=2)
    assert "FROM python" in told("server", "container")
    told("ui", "nothing.db", code=1)
    assert not Path("nothing.db").exists()
    Path("notes.txt").write_text("no database, but a file")
    assert dotflow(["ui", "notes.txt", "--port", "0", "--no-open"]) == 1
    assert "file is not a database" in capsys.readouterr().err
    for one in (storage, copy):
        one.close()


@pytest.mark.parametrize("group", [server, token_group])
def test_no_help_is_cut_off(group: click.Group) -> None:
    """What a list of commands says of each is a whole sentence."""
    context = click.Context(group, terminal_width=80)
    lines = group.get_help(context).partition("Commands:")[2].strip().splitlines()
    assert len(lines) == len(group.commands)
    assert all(line.endswith(".") and not line.endswith("..") for line in lines)


def test_a_file_has_one_server(process: ServerProcess) -> None:
    """A second server on a SQLite file is refused; the first ends in good order."""
    database = str(process.database)
    second = command(process.database.parent, "server", "--database", database)
    assert second.returncode == 1
    assert "Another server" in second.stderr
    answer = httpx.get(f"{process.url}/readyz", verify=False)
    assert answer.text == "ok\n"
    assert process.terminate() in (0, -15)
