"""Events of other machines arrive once, whatever happens on the way."""

from __future__ import annotations

import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from dashboards import ServerProcess, Team, browser, events_of, run_columns, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from dotflow.abc.history import RunNotFound
from dotflow.base.identity import new_ulid
from dotflow.providers import StorageSQLite
from dotflow_server.ingesting import Batch, Ingesting
from dotflow_server.places import server_storage
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow.history.stored_run import StoredRun


@pytest.fixture(scope="module")
def stored(filled: Path) -> StoredRun:
    """All that the history of a runner keeps of a run with a map."""
    history = StorageSQLite(filled).history
    [row] = history.runs(workflow="bad")
    return history.stored(row.run_id)


@settings(max_examples=25)
@given(data=st.data())
def test_any_order_and_any_repetition(
    stored: StoredRun, ingesting: Ingesting, data: st.DataObject
) -> None:
    """Batches in any order, some of them twice, leave the run as it was."""
    run_id = new_ulid()
    columns = {**stored.columns, "run_id": run_id}
    cuts = data.draw(st.lists(st.integers(0, len(stored.rows)), max_size=4).map(sorted))
    bounds = [0, *cuts, len(stored.rows)]
    parts = [stored.rows[a:b] for a, b in itertools.pairwise(bounds)]
    order = data.draw(st.permutations([*parts, *parts[:1]]))
    missing = 0
    for part in order:
        rows = [list(row) for row in part]
        missing = ingesting.take(run_id, Batch(columns, rows, dict(stored.maps)))
    assert missing == stored.rows[-1][0] + 1
    found = ingesting._history.stored(run_id)
    assert found.rows == stored.rows
    assert found.maps == stored.maps
    kept = {**found.columns, "heartbeat": 0.0}
    assert kept == {**columns, "heartbeat": 0.0}


@pytest.fixture(scope="module")
def ingesting(tmp_path_factory: pytest.TempPathFactory) -> Ingesting:
    """What takes events, on a store of its own."""
    folder = tmp_path_factory.mktemp("ingest")
    return Ingesting(server_storage(str(folder / "team.db")))


def post(client: httpx.Client, run_id: str, **body: Any) -> httpx.Response:
    return client.post(f"/api/v1/runs/{run_id}/events", json=body)


def event(seq: int) -> list[Any]:
    return [seq, 1000.0 + seq, "TaskStarted", "step", seq, None, None]


def test_the_answers(team: Team) -> None:
    """An answer tells the first event that is missing, and why a run is to end."""
    run_id = new_ulid()
    with team.client("ingest", "operate") as client:
        assert post(client, run_id).status_code == 409  # nothing is known of it
        first = post(
            client, run_id, run=run_columns(run_id), events=[event(1), event(3)]
        )
        assert first.json() == {"next": 2, "cancel": None}
        assert post(client, run_id, events=[event(2)]).json()["next"] == 4
        assert post(client, run_id).json() == {"next": 4, "cancel": None}
        asked = client.post(f"/api/v1/runs/{run_id}/cancel", json={"reason": "enough"})
        assert asked.json() == {"asked": True}
        reasons = [post(client, run_id).json()["cancel"] for _ in range(2)]
        while reasons[-1] is None:
            reasons.append(post(client, run_id).json()["cancel"])
        assert reasons[-1] == "enough"
        row = client.get(f"/api/v1/runs/{run_id}").json()["run"]
        assert row["status"] == "In progress"


ERROR = {"outcome": "Failed", "exception": "E", "message": "m", "traceback": "t"}
HALF = "\ud800"


@pytest.mark.parametrize(
    "columns",
    [
        {"started": 1e300},
        {"started": float("nan")},
        {"started": True},
        {"finished": 1e12},
        {"duration": float("inf")},
        {"heartbeat": None},
        {"tasks": 1 << 70},
        {"name": [1]},
        {"name": HALF},
        {"workflow": "a\0b"},
        {"status": 'x"} 1\nevil{a="'},
        {"graph": "[[1]]"},
        {"graph": '[["a", "", "", [1], null]]'},
        {"identity": "[]"},
        {"identity": '{"tags": 5}'},
        {"identity": "[" * 100_000},
    ],
    ids=str,
)
def test_runs_that_nobody_could_read(team: Team, columns: dict[str, Any]) -> None:
    """A run that would fail the pages that list it is refused, and they go on."""
    run_id = new_ulid()
    with team.client("ingest", "read") as client:
        body = json.dumps({"run": run_columns(run_id, **columns)})
        answer = client.post(f"/api/v1/runs/{run_id}/events", content=body)
        assert answer.status_code == 422, answer.text
        assert client.get("/api/v1/runs").status_code == 200


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("TaskFailed", {**ERROR, "message": 5}),
        ("TaskRetried", {**ERROR, "traceback": None}),
        ("ItemFailed", {**ERROR, "index": 0, "attempt": None, "began": 1.0}),
        ("FactSet", {"name": "a", "value": {}}),
        ("FactSet", {"name": "a", "value": float("nan")}),
        ("TaskArtifact", {"name": "a", "kind": "table", "size": 1, "value": 5}),
        ("TaskCompleted", {"type": 5}),
        ("TaskOutput", {"output": [[1e300, "stdout", "x"]]}),
        ("TaskProgress", {"name": "a", "done": "x", "total": None}),
        ("TaskStarted", "[" * 100_000),
        (HALF, {}),
    ],
    ids=str,
)
def test_events_that_nobody_could_read(team: Team, name: str, detail: Any) -> None:
    """An event that would fail the page of its run is refused."""
    run_id = new_ulid()
    text = detail if isinstance(detail, str) else json.dumps(detail)
    row = [1, 1000.0, name, "step", 1, text, None]
    with team.client("ingest", "read") as client:
        body = json.dumps({"run": run_columns(run_id), "events": [row]})
        answer = client.post(f"/api/v1/runs/{run_id}/events", content=body)
        assert answer.status_code == 422, answer.text
        assert client.get(f"/api/v1/runs/{run_id}").status_code == 404


def test_a_forgotten_run_is_told_from_the_first(team: Team) -> None:
    """Of a run that retention has removed, none of its events count as known."""
    run_id = new_ulid()
    with team.client("ingest") as client:
        told = run_columns(run_id, status="Completed", finished=2000.0)
        assert post(client, run_id, run=told, events=[event(1)]).json()["next"] == 2
        assert team.store.history.delete(run_id)
        assert post(client, run_id).status_code == 409
        again = post(client, run_id, run=told, events=[event(3)])
        assert again.json()["next"] == 1


def test_a_run_between_attempts_waits(team: Team) -> None:
    """A run of which no step is at work is told as one that waits."""
    run_id = new_ulid()
    error = {"outcome": "Failed", "exception": "E", "message": "", "traceback": ""}
    retried = [2, 1001.5, "TaskRetried", "step", 1, json.dumps(error), None]

    def told(client: httpx.Client) -> list[str]:
        now = client.get("/api/v1/now").json()
        return [
            kind
            for kind in ("running", "waiting")
            if run_id in {row["run_id"] for row in now[kind]}
        ]

    with team.client("ingest", "read") as client:
        post(client, run_id, run=run_columns(run_id), events=[event(1)])
        assert told(client) == ["running"]
        post(client, run_id, events=[retried])
        assert told(client) == ["waiting"]


def test_a_silent_run_has_crashed(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of which nothing was heard for a minute counts as crashed."""
    run_id = new_ulid()
    with team.client("ingest", "read") as client:
        post(client, run_id, run=run_columns(run_id))
        monkeypatch.setattr("dotflow.base.liveness.SILENCE_SECONDS", -1.0)
        row = client.get(f"/api/v1/runs/{run_id}").json()["run"]
    assert row["status"] == "Crashed"


def test_a_kill_under_load_loses_nothing(process: ServerProcess) -> None:
    """What was acknowledged before a kill -9 is there after the restart, once."""
    storage = server_storage(str(process.database))
    _, token = Tokens(storage).create("load", ["ingest", "read"])
    headers = {"Authorization": f"Bearer {token}"}
    acknowledged: dict[str, int] = {}
    enough = threading.Event()

    def load(run_id: str) -> None:
        with httpx.Client(
            base_url=process.url, headers=headers, verify=False
        ) as client:
            body: dict[str, Any] = {"run": run_columns(run_id)}
            for first in range(1, 100_000, 10):
                body["events"] = [event(seq) for seq in range(first, first + 10)]
                try:
                    answer = post(client, run_id, **body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                acknowledged[run_id] = first + 9
                if sum(acknowledged.values()) > 1500:
                    enough.set()

    threads = [threading.Thread(target=load, args=(new_ulid(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    with browser(process.url) as page:
        page.post("/api/v1/session", json={"token": token})
        process.kill()
        for thread in threads:
            thread.join()
        process.start()
        assert page.get("/api/v1/runs").status_code == 200  # signed in as before
    with httpx.Client(base_url=process.url, headers=headers, verify=False) as client:
        assert all(post(client, run_id).is_success for run_id in acknowledged)
        for run_id, last in acknowledged.items():
            numbers = [one["seq"] for one in events_of(client, run_id)]
            assert numbers[:last] == list(range(1, last + 1))
            assert len(numbers) == len(set(numbers))


def test_on_postgresql(postgres: str) -> None:
    """A server on PostgreSQL takes and tells runs as one on a file does."""
    run_id = new_ulid()
    with serving(postgres) as team, team.client("ingest", "admin") as client:
        ended = {"status": "Completed", "finished": 1003.0, "duration": 3.0}
        columns = run_columns(run_id, **ended)
        answer = post(client, run_id, run=columns, events=[event(2), event(1)])
        assert answer.json()["next"] == 3
        assert post(client, run_id, events=[event(1)]).json()["next"] == 3
        found = client.get(f"/api/v1/runs/{run_id}").json()
        assert (found["run"]["status"], found["seq"]) == ("Completed", 2)
        assert len(client.get("/api/v1/tokens").json()["tokens"]) == 1
        assert client.get("/api/v1/runs?workflow=load").json()["runs"]
        with pytest.raises(RunNotFound):
            team.store.history.glance("NONE")
