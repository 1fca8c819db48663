"""Providers of a user's own: written for dotflow 1.x, and as docs/ says to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from dotflow import Config, DotFlow, action
from dotflow.abc.notify import Notify
from dotflow.abc.scheduler import Scheduler
from dotflow.abc.storage import Storage
from dotflow.model.context import Context
from dotflow.testing.endpoint import recording_endpoint

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/custom-providers.md").read_text("utf-8")
# A file's name in a line of its own, then what it holds.
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


# The providers as the documentation of dotflow 1.x has them.


class StorageRedis(Storage):
    def __init__(self, host: str = "localhost", port: int = 6379):
        import redis

        self.client = redis.Redis(host=host, port=port)

    def post(self, key: str, context: Context) -> None:
        import json

        self.client.set(key, json.dumps(context.storage))

    def get(self, key: str) -> Context:
        import json

        data = self.client.get(key)
        return Context(storage=json.loads(data) if data else None)

    def key(self, task):
        return f"{task.workflow_id}:{task.task_id}"


class SchedulerInterval(Scheduler):
    def __init__(self, seconds: int = 60):
        self.seconds = seconds
        self.running = False

    def start(self, workflow: Callable, **kwargs) -> None:
        import time

        self.running = True
        while self.running:
            workflow(**kwargs)
            time.sleep(self.seconds)

    def stop(self) -> None:
        self.running = False


class NotifySlack(Notify):
    def __init__(self, webhook_url: str):
        self.webhook_url = webhook_url

    def hook_status_task(self, task: Any) -> None:
        import requests

        requests.post(
            self.webhook_url, json={"text": f"Task {task.task_id}: {task.status}"}
        )


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What a stand-in for the library `redis` keeps, whoever connects."""
    kept: dict[str, bytes] = {}

    class Redis:
        def __init__(self, host: str, port: int) -> None:
            self.address = (host, port)

        def set(self, key: str, value: str) -> None:
            kept[key] = value.encode()

        def get(self, key: str) -> bytes | None:
            return kept.get(key)

    module = ModuleType("redis")
    module.Redis = Redis  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "redis", module)
    return kept


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a stand-in for the library `requests` in its place, which does post."""

    def post(url: str, json: Any) -> None:
        from json import dumps

        request = urllib.request.Request(url, dumps(json).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=30).close()

    module = ModuleType("requests")
    module.post = post  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "requests", module)


@action
def extract() -> dict[str, int]:
    return {"rows": 120}


@action
def load(previous_context: Any) -> int:
    return int(previous_context.storage["rows"])


def test_storage_as_documented(redis: dict[str, bytes]) -> None:
    """A storage with three methods, as for dotflow 1.x, keeps results and resumes."""
    runs: list[str] = []

    @action
    def count() -> str:
        runs.append("count")
        return "counted"

    @action
    def fail_once() -> str:
        runs.append("fail_once")
        if runs.count("fail_once") == 1:
            raise ValueError("not yet")
        return "done"

    for resume in (False, True):
        workflow = DotFlow(
            config=Config(storage=StorageRedis(host="redis.local")), workflow_id="wf"
        )
        workflow.task.add(step=count)
        workflow.task.add(step=fail_once)
        workflow.start(resume=resume)
    assert runs == ["count", "fail_once", "fail_once"]
    assert workflow.result_storage() == ["counted", "done"]
    stored = [json.loads(value) for key, value in redis.items() if key[:3] == "wf:"]
    assert stored == ["counted", "done"]


def test_scheduler_as_documented() -> None:
    """A scheduler with two methods, as for dotflow 1.x, runs the workflow each time."""
    scheduler = SchedulerInterval(seconds=0)
    runs: list[int] = []

    @action
    def count() -> int:
        runs.append(1)
        if len(runs) == 3:
            scheduler.stop()
        return len(runs)

    workflow = DotFlow(config=Config(scheduler=scheduler))
    workflow.task.add(step=count)
    workflow.schedule()
    assert len(runs) == 3


def test_notify_as_documented(requests: None) -> None:
    """A notifier with one method, as for dotflow 1.x, hears of each status."""
    with recording_endpoint() as slack:
        workflow = DotFlow(config=Config(notify=NotifySlack(webhook_url=slack.url)))
        workflow.task.add(step=extract)
        workflow.task.add(step=load)
        workflow.start()
    ids = [task.task_id for task in workflow.result_task()]
    texts = [request.json()["text"] for request in slack.requests]
    for task_id in ids:
        mine = [text for text in texts if task_id in text]
        assert mine == [
            f"Task {task_id}: {status}"
            for status in ("Not started", "In progress", "Completed")
        ]


def test_all_three_as_documented(redis: dict[str, bytes], requests: None) -> None:
    """The three work together."""
    with recording_endpoint() as slack:
        config = Config(
            storage=StorageRedis(host="redis.local"),
            scheduler=SchedulerInterval(seconds=300),
            notify=NotifySlack(webhook_url=slack.url),
        )
        workflow = DotFlow(config=config)
        workflow.task.add(step=extract)
        workflow.task.add(step=load)
        workflow.start()
    assert workflow.result_storage() == [{"rows": 120}, 120]
    assert len(redis) >= 2
    assert len(slack.requests) == 6


def test_the_script_of_the_page(tmp_path: Path) -> None:
    """The script of docs/custom-providers.md runs and prints what it says."""
    script = (
        PAGE.partition("## In a script")[2].split("```")[1].removeprefix("python\n")
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    expected = script.rstrip().splitlines()[-1].removeprefix("# ")
    assert ran.stdout.splitlines() == [expected]


def test_the_distribution_of_the_page(tmp_path: Path) -> None:
    """The distribution of docs/custom-providers.md builds, installs and passes its tests."""
    pytest.importorskip("pip")
    project = tmp_path / "dotflow-ntfy"
    files = dict(FILE.findall(PAGE))
    assert files.keys() > {"pyproject.toml", "src/dotflow_ntfy/__init__.py"}
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    wheels = [
        next(WheelBuilder(str(source)).build(directory=str(tmp_path / "dist")))
        for source in (ROOT / "packages/dotflow-core", project)
    ]
    venv.create(tmp_path / "venv", symlinks=sys.platform != "win32")
    folder = "Scripts" if sys.platform == "win32" else "bin"
    python = tmp_path / "venv" / folder / "python"
    install = ["--no-deps", "--no-index", "--quiet", *wheels]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", *install],
        check=True,
        timeout=300,
    )
    code = (
        "import dotflow.providers as providers\n"
        "assert 'NotifyNtfy' in dir(providers)\n"
        "from dotflow.providers import NotifyNtfy\n"
        "assert NotifyNtfy.__module__ == 'dotflow_ntfy'\n"
    )
    for command in (["-c", code], ["-W", "error", "tests/test_ntfy.py"]):
        ran = subprocess.run(
            [python, "-I", *command],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stderr
