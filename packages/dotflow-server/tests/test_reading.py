"""What the pages read of a store."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from dashboards import NASTY, SECRET, browser, listening, quiet, wait_for

from dotflow import action
from dotflow.history.sql_history import SQLHistory
from dotflow.providers import StorageFile, StorageSQLite
from dotflow_server import Store, create_app
from dotflow_server.access import Access

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


def get(client: httpx.Client, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def run_of(client: httpx.Client, workflow: str) -> dict[str, Any]:
    [row] = get(client, f"runs?workflow={workflow}")["runs"]
    return dict(row)


def test_a_task_is_read_over_its_runs_at_once(
    dashboard: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page of a task does not read all that is known of each of its runs."""

    def whole(*_: Any) -> None:
        raise AssertionError("a whole report was read")

    monkeypatch.setattr(SQLHistory, "run", whole)
    found = get(dashboard, "workflows/bad/tasks/times")
    assert [point["state"] for point in found["points"]] == ["Failed"]
    assert {one["state"] for one in found["slowest"]} == {"Failed"}
    assert found["failures"][0]["count"] == 1


def test_a_failed_run_opens_on_its_root_failure(dashboard: httpx.Client) -> None:
    """The row of a run says why it failed, and its page which task and items did."""
    row = run_of(dashboard, "bad")
    assert row["status"] == "Failed"
    assert row["error"]["exception"] == "ValueError"
    found = get(dashboard, f"runs/{row['run_id']}")
    assert found["root_failure"] == "times"
    nodes = {node["name"]: node for node in found["tasks"]}
    assert nodes["times"]["kind"] == "map"
    assert nodes["times"]["upstream"] == ["extract"]
    items = nodes["times"]["items"]
    assert (items["total"], items["done"], items["failed"]) == (3, 2, 1)
    assert found["facts"] == {"rows": 3}
    assert found["artifacts_count"] == 1
    assert {one["task"] for one in found["attempts"]} >= {"extract", "times"}
    task = get(dashboard, f"runs/{row['run_id']}/tasks/times")
    assert [one["message"] for one in task["failures"]] == ["item 1: item 2 is bad"]
    assert any(frame["code"].startswith("raise") for frame in task["error"]["frames"])


@action
def undecodable() -> None:
    """Say a name of a file that is no text."""
    name = os.fsdecode(b"caf\xe9")
    print(name)
    raise ValueError(name)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """What is no text comes escaped, and fails no page."""
    path = tmp_path / "runs.db"
    storage = StorageSQLite(path)
    flow = quiet(storage, "odd")
    flow.task.add(undecodable)
    flow.start()
    storage.close()
    app = create_app(Store(StorageSQLite(path)), Access(SECRET, None, b"k" * 32))
    with listening(app) as url, browser(url) as client:
        client.post("/api/v1/session", json={"secret": SECRET})
        run_id = run_of(client, "odd")["run_id"]
        lines = get(client, f"runs/{run_id}/output")["lines"]
        assert [line["text"] for line in lines] == ["caf\\udce9"]
        task = get(client, f"runs/{run_id}/tasks/undecodable")
        assert task["error"]["message"] == "caf\\udce9"
        assert get(client, f"runs/{run_id}")["root_failure"] == "undecodable"
        assert client.get("/api/v1/runs?since=0001-01-01T00:00:00").status_code == 400


def test_output_is_text(dashboard: httpx.Client) -> None:
    """What a step prints comes as it was, in JSON, whatever it looks like."""
    run_id = run_of(dashboard, "good")["run_id"]
    answer = dashboard.get(f"/api/v1/runs/{run_id}/output")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [line] = answer.json()["lines"]
    assert line["text"] == NASTY
    assert get(dashboard, f"runs/{run_id}/output?after={line['seq']}")["lines"] == []


@pytest.mark.parametrize(
    ("query", "workflows"),
    [
        ("status=Failed", ["bad"]),
        ("status=Failed&status=Completed", ["bad", "good"]),
        ("text=is%20bad", ["bad"]),
        ("error=ValueError", ["bad"]),
        ("where=rows%3E2", ["bad", "good"]),
        ("where=rows%3E3", []),
        ("until=2020-01-01T00:00:00Z", []),
    ],
)
def test_runs_are_filtered(
    dashboard: httpx.Client, query: str, workflows: list[str]
) -> None:
    """Each filter of the list narrows it."""
    rows = get(dashboard, f"runs?{query}")["runs"]
    assert [row["workflow"] for row in rows] == workflows


def test_pages_of_runs(dashboard: httpx.Client) -> None:
    """A cursor leads to the next page, and the last page has none."""
    first = get(dashboard, "runs?limit=1")
    rest = get(dashboard, f"runs?limit=1&cursor={first['cursor']}")
    names = [page["runs"][0]["workflow"] for page in (first, rest)]
    assert names == ["bad", "good"]
    assert rest["cursor"] is None


def test_overviews(dashboard: httpx.Client) -> None:
    """Now, workflows, failures and a comparison tell of the same runs."""
    assert get(dashboard, "now")["counts"] == {"Completed": 1, "Failed": 1}
    rates = {one["name"]: one for one in get(dashboard, "workflows")["workflows"]}
    assert (rates["good"]["success_rate"], rates["bad"]["success_rate"]) == (1.0, 0.0)
    for name, usual in (("good", True), ("bad", False)):  # of runs that completed
        shown = get(dashboard, f"workflows/{name}")
        assert (shown["p50"], shown["p95"]) == (rates[name]["p50"], rates[name]["p95"])
        assert (shown["p50"] is not None) is usual
    detail = get(dashboard, "workflows/bad")
    assert [node["name"] for node in detail["tasks"]] == ["extract", "times", "late"]
    points = get(dashboard, "workflows/bad/tasks/times")["points"]
    assert [point["state"] for point in points] == ["Failed"]
    [group] = get(dashboard, "failures")["groups"]
    assert (group["shape"], group["count"]) == ("item … item … is bad", 1)
    ids = [run_of(dashboard, name)["run_id"] for name in ("good", "bad")]
    found = get(dashboard, f"compare?left={ids[0]}&right={ids[1]}")
    sides = {one["name"]: (one["left"], one["right"]) for one in found["tasks"]}
    assert sides["times"][0] is None
    assert sides["extract"][1]["state"] == "Completed"


def test_a_folder_answers_what_it_can(tmp_path: Path) -> None:
    """A store of files has its pages too, and says what it cannot answer."""
    storage = StorageFile(str(tmp_path / "kept"))
    flow = quiet(storage, "plain")
    flow.task.add(action(lambda: 1), name="one")
    flow.start()
    app = create_app(Store(storage), Access(SECRET, None, b"k"))
    with (
        listening(app) as url,
        browser(url) as client,
    ):
        client.post("/api/v1/session", json={"secret": SECRET})
        row = run_of(client, "plain")
        assert get(client, f"runs/{row['run_id']}")["run"]["status"] == "Completed"
        assert get(client, "now")["counts"] == {"Completed": 1}
        refused = client.get("/api/v1/failures")
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        501,
        "not_supported",
    )


def test_looking_changes_nothing(filled: Path) -> None:
    """Whoever only looks leaves the file as it was, byte by byte."""
    before = filled.read_bytes()
    app = create_app(Store(StorageSQLite(filled)), Access(SECRET, None, b"k"))
    with (
        listening(app) as url,
        browser(url) as client,
    ):
        client.post("/api/v1/session", json={"secret": SECRET})
        for path in ("now", "runs", "workflows", "schedules", "meta", "admin"):
            get(client, path)
    assert filled.read_bytes() == before


def events(response: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    """Yield the id, the name and the data of what a stream tells."""
    told: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif "data" in told:
            yield told["id"], told["event"], json.loads(told["data"])
            told = {}


def test_a_stream_tells_of_a_run_as_it_goes(tmp_path: Path) -> None:
    """A page hears that a run begins, goes on and ends; and of a gap after a restart."""
    go = threading.Event()
    storage = StorageSQLite(tmp_path / "live.db")
    flow = quiet(storage, "live")
    flow.task.add(action(lambda: go.wait(60)), name="waits")
    app = create_app(
        Store(StorageSQLite(tmp_path / "live.db")), Access(SECRET, None, b"k")
    )
    with (
        listening(app) as url,
        browser(url) as client,
    ):
        client.post("/api/v1/session", json={"secret": SECRET})
        thread = threading.Thread(target=flow.start)
        thread.start()
        row = wait_for(lambda: get(client, "runs")["runs"])[0]
        address = f"/api/v1/stream?runs={row['run_id']}"
        statuses = []
        with client.stream("GET", address, timeout=60) as stream:
            for _, event, data in events(stream):
                if event == "run":
                    statuses.append(data["status"])
                    go.set()
                if statuses and statuses[-1] == "Completed":
                    break
        thread.join()
        assert statuses[0] == "In progress"
        last = {"Last-Event-ID": "of-another-process-7"}
        with client.stream("GET", address, headers=last, timeout=60) as stream:
            told = events(stream)
            assert [next(told)[1], next(told)[1]] == ["hello", "reset"]
