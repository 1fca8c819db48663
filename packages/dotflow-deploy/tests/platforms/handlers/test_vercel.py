"""Vercel: the generated function, called as Vercel's runtime calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.generate import generate
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

FAILURE = "there is a boom in it"
SECRET = "a-random-cron-secret"
CALL = Path(__file__).with_name("vercel_call.py")


def request(
    body: str = "", method: str = "POST", token: str | None = SECRET
) -> dict[str, Any]:
    """Return a request as Vercel hands it over."""
    headers = {"host": "shop.vercel.app", "user-agent": "vercel-cron/1.0"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return {"method": method, "path": "/api", "headers": headers, "body": body}


@pytest.fixture(params=["runtime", "wsgi"])
def call(request: pytest.FixtureRequest, place: Any, environ: dict[str, str]) -> Any:
    """Return what calls the function in the project, and its log."""
    if request.param == "runtime":
        pytest.importorskip("vercel_runtime")

    def run(
        *requests: dict[str, Any], **env: str
    ) -> tuple[list[Any], subprocess.CompletedProcess[str]]:
        # Vercel has no older Python; the function itself runs on all of dotflow's.
        placed = place("vercel", python="3.12")
        done = subprocess.run(
            [sys.executable, CALL, request.param],
            cwd=placed.root,
            env={**environ, "CRON_SECRET": SECRET, **env},
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert placed.written() == set(), "only /tmp is written to"
        assert done.stdout or "The token is empty" in done.stderr, done.stderr
        return json.loads(done.stdout) if done.stdout else [], done

    return run


def test_cron(call: Any) -> None:
    """The GET of the cron job, with its secret, is a run of all steps."""
    ((status, text),), done = call(request(method="GET"))
    assert (status, json.loads(text)["result"]) == (200, 6), done.stderr
    assert "the total is 6" in done.stderr


def test_post(call: Any) -> None:
    """A POST is a run with the JSON of its body; what is no JSON is none."""
    answers, _ = call(request('{"numbers": [30, 12]}'), request("{oops"))
    assert json.loads(answers[0][1])["result"] == 42
    assert answers[1][0] == 400


def test_failure(call: Any) -> None:
    """A failed run is answered with 500 and no detail, which the log has."""
    ((status, text),), done = call(request('{"numbers": ["boom"]}'))
    assert status == 500
    assert json.loads(text) == {"workflow_id": "shop", "status": "Failed"}
    assert FAILURE in done.stderr


def test_strangers(call: Any) -> None:
    """Who does not know the secret runs nothing, and without one nothing is served."""
    answers, done = call(request(token=None), request(token="other"))
    assert [status for status, _ in answers] == [401, 401]
    assert "the total is" not in done.stderr
    answers, done = call(request(token=""), CRON_SECRET="")
    assert answers == []
    assert "The token is empty" in done.stderr


def test_settings(shop: Path) -> None:
    """The cron job calls the function, and only if there is a schedule."""
    platform = find_platform("vercel")
    for cron in ("0 6 * * 1-5", None):
        schedule = Cron.parse(cron) if cron else None
        files = generate(platform, Request(load_project(shop), schedule=schedule)).files
        (text,) = [file.text for file in files if file.target == "vercel.json"]
        settings = json.loads(text)
        wanted = [{"path": "/api", "schedule": cron}] if cron else []
        assert settings.get("crons", []) == wanted
        assert set(settings["functions"]) == {"api/index.py"}
        (ignored,) = [file.text for file in files if file.target == ".vercelignore"]
        assert ".env" in ignored.splitlines()


def test_what_vercel_lacks(shop: Path) -> None:
    """A project that does not name dotflow, or wants an older Python, is refused."""
    platform = find_platform("vercel")
    with pytest.raises(InvalidProject, match=r"--python 3\.12"):
        generate(platform, Request(load_project(shop, python="3.11")))
    (shop / "requirements.txt").write_text("requests\n")
    with pytest.raises(InvalidProject, match=r"add 'dotflow-core~=.*requirements\.txt"):
        generate(platform, Request(load_project(shop)))
