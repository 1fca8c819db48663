"""Who is refused, and how."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import tracemalloc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import httpx
import pytest
from dashboards import (
    SECRET,
    WRITES,
    Team,
    browser,
    listening,
    run_columns,
    serving,
    wait_for,
)

from dotflow.base.identity import new_ulid
from dotflow.providers import StorageSQLite
from dotflow_server import Store, create_app, devices, guard, hub
from dotflow_server import serving as serving_module
from dotflow_server.access import Access
from dotflow_server.api import ingest, stream
from dotflow_server.checking import columns_of, event_of
from dotflow_server.devices import Devices
from dotflow_server.places import server_storage
from dotflow_server.problems import Refusal
from dotflow_server.team import Listening, team_app
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "", "localhost@evil.example"]
)
def test_a_name_that_is_not_its_own(dashboard: httpx.Client, host: str) -> None:
    """A site that has its name lead to this machine reads nothing."""
    answer = dashboard.get("/api/v1/runs", headers={"Host": host})
    assert code(answer) == (421, "unknown_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Dotflow": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site(
    dashboard: httpx.Client, headers: dict[str, str]
) -> None:
    """No page of another site makes a browser cancel, retry or pause anything."""
    for path in ("runs/X/cancel", "runs/bulk", "schedules/X/pause", "session"):
        body = {"action": "cancel", "run_ids": []}
        answer = dashboard.post(f"/api/v1/{path}", json=body, headers=headers)
        assert code(answer) == (403, "other_site"), path


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/%2e%2e%2fapp.py",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/..%2fapp.py",
        "/assets/%00",
    ],
)
def test_paths_lead_to_no_other_file(dashboard: httpx.Client, path: str) -> None:
    """An address leads to the pages, and to no file beside them."""
    parts = urlsplit(str(dashboard.base_url))
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as plain:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        plain.sendall(request.encode())
        answer = b"".join(iter(lambda: plain.recv(65536), b""))
    assert b"create_app" not in answer
    assert b"root:" not in answer


def test_answers_carry_what_keeps_browsers_safe(dashboard: httpx.Client) -> None:
    """Every answer forbids scripts of others, frames, guesses and leaks."""
    for path in ("/", "/api/v1/runs", "/nothing/here", "/api/v1/nothing"):
        headers = dashboard.get(path).headers
        assert headers["content-security-policy"] == guard.CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
    assert dashboard.get("/api/v1/runs").headers["cache-control"] == "no-store"


def test_a_secret_works_once(tmp_path: Path) -> None:
    """The secret in the address opens one session, by a cookie that no script reads."""
    store = Store(StorageSQLite(tmp_path / "runs.db"))
    app = create_app(store, Access(SECRET, None, b"k" * 32))
    with (
        listening(app) as url,
        browser(url) as client,
    ):
        assert code(client.get("/api/v1/runs")) == (401, "no_session")
        wrong = client.post("/api/v1/session", json={"secret": "guess"})
        assert code(wrong) == (401, "bad_credentials")
        right = client.post("/api/v1/session", json={"secret": SECRET})
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert SECRET not in cookie
        assert client.get("/api/v1/runs").status_code == 200
        forged = {"Cookie": cookie.partition(";")[0][:-1] + "0"}
        if forged["Cookie"] != cookie.partition(";")[0]:
            assert httpx.get(f"{url}/api/v1/runs", headers=forged).status_code == 401
        again = httpx.post(
            f"{url}/api/v1/session", json={"secret": SECRET}, headers=WRITES
        )
        assert code(again) == (401, "bad_credentials")
        client.delete("/api/v1/session")
        assert client.get("/api/v1/runs").status_code == 401
        for _ in range(30):
            last = client.post("/api/v1/session", json={"secret": "guess"})
        assert code(last) == (429, "too_many")


@pytest.fixture
def expired(team: Team) -> str:
    """A token whose time is over."""
    return team.tokens.create("old", ["admin"], 1e-9)[1]


def test_tokens(team: Team, expired: str) -> None:
    """A token does what its scopes say, until it is revoked or its time is over."""
    allowed = {
        "ingest": {"/api/v1/protocol"},
        "read": {"/api/v1/runs"},
        "operate": {"/api/v1/runs"},
        "admin": {"/api/v1/runs", "/api/v1/tokens"},
    }
    for scope, paths in allowed.items():
        with team.client(scope) as client:
            for path in ("/api/v1/protocol", "/api/v1/runs", "/api/v1/tokens"):
                answer = client.get(path)
                assert answer.status_code == (200 if path in paths else 403), path
    for bad in (expired, "dft_x_y", "dft_" + "0" * 12 + "_" + "0" * 48, "é"):
        header = {"Authorization": f"Bearer {bad}".encode()}
        answer = httpx.get(f"{team.url}/api/v1/runs", headers=header)
        assert answer.status_code == 401, bad


def test_a_revoked_token_ends_its_sessions(team: Team) -> None:
    """Whoever revokes a token also ends what was opened with it, and it is written down."""
    token, text = team.tokens.create("ada", ["read"])
    with (
        httpx.Client(base_url=team.url, headers=WRITES, verify=False) as browser,
        team.client("admin") as admin,
    ):
        browser.post("/api/v1/session", json={"token": text})
        assert browser.get("/api/v1/runs").status_code == 200
        row = {one["id"]: one for one in admin.get("/api/v1/tokens").json()["tokens"]}
        assert row[token.id]["last_used"] is not None
        assert text not in json.dumps(row)
        assert admin.delete(f"/api/v1/tokens/{token.id}").status_code == 204
        assert browser.get("/api/v1/runs").status_code == 401
        entry = admin.get("/api/v1/audit").json()["entries"][0]
    assert (entry["who"], entry["action"], entry["target"]) == (
        "tests",
        "revoke token",
        token.id,
    )


def test_a_revoked_token_ends_its_streams(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who listens hears nothing more once the token is revoked."""
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 1.0)
    token, text = team.tokens.create("ada", ["read"])
    headers = {"Authorization": f"Bearer {text}"}
    url = f"{team.url}/api/v1/stream"
    with httpx.stream("GET", url, headers=headers, timeout=60) as told:
        lines = told.iter_lines()
        next(lines)
        assert team.tokens.revoke(token.id)
        assert ": still here" not in itertools.islice(lines, 100)  # it ends


def test_strangers_keep_no_terminal_out(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many codes strangers ask for, who signs in from elsewhere is let in."""
    monkeypatch.setattr(devices, "_ALL", 30)
    found = Devices(team.store.storage, team.tokens)
    first = found.begin("192.0.2.1")
    crowd = [found.begin(f"2001:db8::{number:x}") for number in range(40)]
    for number in range(40):
        found.begin(f"198.51.100.{number % 4}")
    last = found.begin("192.0.2.2")
    assert found.approve(first.user_code, "ada")
    for number in range(40):
        found.begin(f"198.51.100.{number % 4}")
        found.begin("192.0.2.1")
    assert found.approve(last.user_code, "ada")
    assert found.take(first.device_code)
    assert found.take(last.device_code)
    assert sum(found.approve(one.user_code, "ada") for one in crowd) <= 10


def test_who_is_refused_is_told_the_way_in(team: Team, dashboard: httpx.Client) -> None:
    """Without a session a team's server asks for a token, and `dotflow ui` for its address."""
    hint = httpx.get(f"{team.url}/api/v1/runs").json()["error"]["hint"]
    assert "dotflow server token create" in hint
    assert "dotflow ui" not in hint
    stranger = httpx.get(f"{dashboard.base_url}/api/v1/runs".replace("//api", "/api"))
    assert "dotflow ui" in stranger.json()["error"]["hint"]
    assert "token" not in stranger.json()["error"]["hint"]


def test_guesses_lock_nobody_out(tmp_path: Path) -> None:
    """However many wrong tokens a stranger tries, who has a good one is let in."""
    with serving(str(tmp_path / "team.db")) as team, team.client("admin") as client:
        bad = {"Authorization": "Bearer dft_x_y"}
        url = f"{team.url}/api/v1/runs"
        last = [httpx.get(url, headers=bad).status_code for _ in range(30)][-1]
        assert last == 429
        assert client.get("/api/v1/runs").status_code == 200
        order = {"token": team.token("read")}
        opened = client.post("/api/v1/session", json=order, headers=WRITES)
        assert opened.status_code == 200


@pytest.mark.parametrize(
    "before", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_slow_heads(
    dashboard: httpx.Client, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    """Half a request holds no connection, be it the first or a later one."""
    monkeypatch.setattr(serving_module, "HEAD_SECONDS", 0.2)
    address = (dashboard.base_url.host, dashboard.base_url.port)
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(before)
        if before:
            assert connection.recv(12) == b"HTTP/1.1 200"
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        while connection.recv(4096):
            pass


def test_no_stranger_makes_metrics(team: Team) -> None:
    """Words for a method that nobody knows are counted as one."""
    with team.client("read") as client:
        client.request("EVIL1", "/")
        text = client.get("/metrics").text
    assert 'method="other"' in text
    assert "EVIL" not in text


def test_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    """Whoever reads the store finds no token in it."""
    storage = server_storage(str(tmp_path / "team.db"))
    _, text = Tokens(storage).create("me", ["admin"])
    storage.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("team.db*"))
    assert text.encode() not in kept
    assert text.rpartition("_")[2].encode() not in kept


def slow_parts() -> Iterator[bytes]:
    import time

    yield b'{"secret": "'
    for _ in range(600):  # ended by the server, long before
        time.sleep(0.1)
        yield b"x"


def test_bodies_are_bounded(dashboard: httpx.Client) -> None:
    """A body that is too large is refused, and one that comes by the byte given up."""
    large = dashboard.post("/api/v1/session", content=b"x" * (guard.MOST_BODY + 1))
    assert code(large) == (413, "too_large")
    try:
        slow = dashboard.post("/api/v1/session", content=slow_parts(), timeout=60)
    except httpx.TransportError:
        return  # the connection was closed under it
    assert code(slow) == (408, "slow_body")


def test_bodies_are_bounded_together(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies that strangers hold back fill no memory, and leave room once they go."""
    monkeypatch.setattr(guard, "MOST_HELD", 1000)
    address = urlsplit(team.url)
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 901\r\n\r\n"

    def other() -> int:
        return httpx.post(f"{team.url}/api/v1/session", content=b"x" * 500).status_code

    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head + b"x" * 900)
        wait_for(lambda: other() == 503, "a refusal")
    wait_for(lambda: other() == 422, "room")


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (gzip.compress(b" " * (65 << 20)), {"Content-Encoding": "gzip"}, 413),
        (gzip.compress(b"{}")[:-9], {"Content-Encoding": "gzip"}, 422),
        (b"no gzip", {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b"{}") * 2, {"Content-Encoding": "gzip"}, 422),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"[" * 100_000, {}, 422),
        (b'{"events": [[1]]}', {}, 422),
        (b'{"events": [["a", 1, "X", null, null, null, null]]}', {}, 422),
        (b'{"events": [[1, 1, "TaskFailed", "t", 1, "{}", null]]}', {}, 422),
        (b'{"run": {"run_id": "ELSE"}}', {}, 422),
        (b'{"maps": {"t": [1]}}', {}, 422),
    ],
    ids=[
        "bomb",
        "cut",
        "plain",
        "two in one",
        "brotli",
        "deep",
        "short",
        "typed",
        "detail",
        "other",
        "counts",
    ],
)
def test_malformed_batches(
    team: Team, body: bytes, headers: dict[str, str], expected: int
) -> None:
    """A batch that is none, or would be too large inflated, is refused whole."""
    with team.client("ingest", "read") as client:
        run_id = new_ulid()
        address = f"/api/v1/runs/{run_id}/events"
        answer = client.post(address, content=body, headers=headers)
        assert answer.status_code == expected, answer.text
        assert client.get(f"/api/v1/runs/{run_id}").status_code == 404


@pytest.mark.parametrize("value", ["[]", '{"":[]}', '"ab"', '""'])
def test_values_without_number_take_little_memory(value: str) -> None:
    """A batch, or a text in it, of small values without end is refused before it is made."""
    text = f'{{"events": [{f"{value}," * 1_000_000} []]}}'
    run = run_columns("R", graph=text)
    tracemalloc.start()
    try:
        with pytest.raises(Refusal) as refused:
            ingest.read_batch(text.encode(), "identity")
        with pytest.raises(Refusal, match="graph"):
            columns_of("R", run)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413


def test_brackets_in_a_text_are_no_values() -> None:
    """What a step prints or returns may have brackets, quotes and commas without end."""
    lines = [[1767225600.0, "stdout", '[{"\\",' * 400_000]]
    detail = json.dumps({"output": lines})
    told = [1, 1767225600.0, "TaskOutput", "step", 1, detail, None]
    batch = ingest.read_batch(json.dumps({"events": [told]}).encode(), "identity")
    assert batch.events == [told]
    assert event_of(told)[5] == detail


def test_no_open_doors(tmp_path: Path) -> None:
    """A server that other machines reach does not start where nobody is asked."""
    store = Store(server_storage(str(tmp_path / "team.db")))
    with pytest.raises(click.UsageError, match="make a token"):
        team_app(store, Listening("0.0.0.0"))
    with pytest.raises(click.UsageError, match="no-auth"):
        team_app(store, Listening("0.0.0.0", free=True))
    Tokens(store.storage).create("me", ["admin"])
    team_app(store, Listening("0.0.0.0"))
    team_app(store, Listening("127.0.0.1", free=True))
    store.close()


def test_a_run_id_is_one(team: Team) -> None:
    """What is no id of a run is refused, and nothing is written."""
    with team.client("ingest") as client:
        for run_id in ("a-b", "x" * 65, "..%2f", "%00"):
            body: dict[str, Any] = {"run": run_columns(run_id), "events": []}
            answer = client.post(f"/api/v1/runs/{run_id}/events", json=body)
            assert answer.status_code in (404, 405, 422), run_id
