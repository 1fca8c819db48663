"""Whom the next process of `dotflow ui` lets in without its secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from dashboards import SECRET, browser, listening

from dotflow.providers import StorageSQLite
from dotflow_server import Store, create_app
from dotflow_server.access import Access
from dotflow_server.administration import Proof
from dotflow_server.resumption import Resumption, kept_key

if TYPE_CHECKING:
    from pathlib import Path

KEY, PORT = b"k" * 32, 4300


def proof(key: str, until: int, challenge: str) -> dict[str, Any]:
    """Return what a page proves with that it has a key."""
    mac = hmac.new(key.encode(), challenge.encode(), hashlib.sha256).hexdigest()
    return {"until": until, "mac": mac}


def accepts(to: Resumption, made: Resumption, until: int) -> bool:
    """Say whether a process lets in a page that has its key from another."""
    return to.accepts(Proof(**proof(made.key(until), until, to.challenge)))


def test_a_page_is_let_in_by_the_next_process(tmp_path: Path) -> None:
    """With its key a page opens a session that ends when the one before would have."""
    path = tmp_path / "runs.db"
    told: dict[str, Any] = {}
    for _ in range(2):
        access = Access(SECRET, None, os.urandom(32), resumption=Resumption(KEY, PORT))
        app = create_app(Store(StorageSQLite(path)), access)
        with listening(app) as url, browser(url) as page:
            asked = page.get("/api/v1/session").json()
            assert asked["key"] is None  # nobody is signed in
            order: dict[str, Any] = {"secret": SECRET}
            if told:
                order = {"proof": proof(told["key"], told["until"], asked["challenge"])}
                late = {**order["proof"], "until": told["until"] + 1}
                refused = page.post("/api/v1/session", json={"proof": late})
                assert refused.status_code == 401
            assert page.post("/api/v1/session", json=order).status_code == 200
            assert page.get("/api/v1/runs").status_code == 200
            again = page.get("/api/v1/session").json()
            assert not told or again["until"] == told["until"]
            told = again


def test_a_key_is_for_one_port_one_store_and_some_time() -> None:
    """A page of another port or store, or whose session is over, is not let in."""
    here, soon = Resumption(KEY, PORT), int(time.time()) + 60
    assert accepts(here, Resumption(KEY, PORT), soon)
    assert not accepts(here, Resumption(KEY, PORT + 1), soon)
    assert not accepts(here, Resumption(b"x" * 32, PORT), soon)
    assert not accepts(here, Resumption(KEY, PORT), soon - 120)
    former = Resumption(KEY, PORT)
    heard = proof(former.key(soon), soon, former.challenge)
    assert not here.accepts(Proof(**heard))


@pytest.mark.skipif(os.name != "posix", reason="asks the bits of POSIX modes")
def test_keys_are_kept_for_their_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store's key stays the same, until it is old or somebody else could have read it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOTFLOW_FILE_MODE", "644")
    key = kept_key("sqlite:/a.db")
    assert kept_key("sqlite:/a.db") == key
    assert kept_key("sqlite:/b.db") != key
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in files} == {0o700}
    assert not any("a.db" in str(path) for path in files)

    mine = next(path for path in files if path.read_bytes() == key)
    mine.chmod(0o640)
    second = kept_key("sqlite:/a.db")
    assert second != key
    os.utime(mine, (0, 0))
    third = kept_key("sqlite:/a.db")
    assert third not in (key, second)
    assert mine.stat().st_mode & 0o777 == 0o600
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(third)
    elsewhere.chmod(0o600)
    mine.unlink()
    mine.symlink_to(elsewhere)
    assert kept_key("sqlite:/a.db") != third
    assert elsewhere.read_bytes() == third
