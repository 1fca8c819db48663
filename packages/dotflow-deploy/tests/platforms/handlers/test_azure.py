"""Azure Functions: the packaged function app, loaded and called as its worker does it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FAILURE = "there is a boom in it"
HOST = Path(__file__).with_name("azure_host.py")
TICK = {
    "Schedule": {"AdjustForDST": True},
    "ScheduleStatus": {
        "Last": "2026-01-30T06:00:00+00:00",
        "LastUpdated": "2026-01-30T06:00:00+00:00",
        "Next": "2026-01-31T06:00:00+00:00",
    },
    "IsPastDue": True,
}


def tick() -> dict[str, Any]:
    """Return what the host sends when a timer is due."""
    return {"data": TICK, "metadata": {}}


def message(text: str, count: int = 1) -> dict[str, Any]:
    """Return what the host sends for a message of a queue."""
    metadata = {
        "Id": {"string": "c0a-message"},
        "PopReceipt": {"string": "AgAAAAMAAAA"},
        "DequeueCount": {"string": str(count)},
        "ExpirationTime": {"string": "2026-02-07T06:00:00+00:00"},
        "InsertionTime": {"string": "2026-01-31T06:00:00+00:00"},
        "NextVisibleTime": {"string": "2026-01-31T06:10:00+00:00"},
    }
    return {"data": text, "metadata": metadata}


@pytest.fixture(params=["worker", "library"])
def call(
    request: pytest.FixtureRequest,
    place: Any,
    package: Any,
    environ: dict[str, str],
    tmp_path: Path,
) -> Any:
    """Return what packages an app, has it loaded and called; its answers and its log."""
    pytest.importorskip("azure.functions")
    if request.param == "worker":
        pytest.importorskip("azure_functions_runtime")

    def run(
        platform: str, kind: str, calls: list[Any], workflow: str | None = None
    ) -> tuple[list[Any], str]:
        source = package(place(platform, workflow))
        packages = tmp_path / "packages"
        # What Azure's pip does with the project's line of requirements.txt.
        (wheel,) = source.glob("*.whl")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", packages, wheel], check=True)
        before = sorted(source.rglob("*"))
        done = subprocess.run(
            [sys.executable, HOST, request.param, source, "run_workflow", kind],
            cwd=source,
            env=environ | {"PYTHONPATH": f"{source}:{packages}"},
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert sorted(source.rglob("*")) == before, "only /tmp is written to"
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run


def test_timer(call: Any) -> None:
    """A tick of the timer is a run of all steps."""
    (app, *answers), log = call("azure-functions", "timer", [tick(), tick()])
    assert app["binding"]["type"] == "timerTrigger"
    assert app["binding"]["schedule"] == "0 0 6 * * *"
    assert [answer["succeeded"] for answer in answers] == [True, True]
    assert log.count("the total is 6") == 2


def test_late_timer(call: Any) -> None:
    """The workflow is told that it is late."""
    (_, answer), log = call("azure-functions", "timer", [tick()], "shop.events:build")
    assert answer["succeeded"]
    assert "got {'past_due': True}" in log


def test_failed_timer(call: Any, shop: Path) -> None:
    """A failed run fails the call, with the step and its error for the log."""
    steps = shop / "shop/steps.py"
    steps.write_text(steps.read_text().replace("[3, 1, 2]", '["boom"]'))
    (_, answer), _log = call("azure-functions", "timer", [tick()])
    assert not answer["succeeded"]
    assert f"'transform': ValueError: {FAILURE}" in answer["error"]


def test_queue(call: Any) -> None:
    """A message is a run with what it says, its id and the number of its deliveries."""
    calls = [message('{"day": 31}', count=2), message("grüße")]
    answers, log = call("azure-queue-trigger", "queue", calls, "shop.events:build")
    app, *told = answers
    assert app["binding"]["type"] == "queueTrigger"
    assert app["binding"]["queueName"] == "shop-queue"
    assert [answer["succeeded"] for answer in told] == [True, True]
    content = {
        "message_id": "c0a-message",
        "body": {"day": 31},
        "attributes": {},
        "attempt": 2,
    }
    assert f"got {content}" in log
    assert "'body': 'grüße'" in log


def test_failed_message(call: Any) -> None:
    """A message whose run fails fails its call, so that it comes back; others go on."""
    calls = [message("boom"), message("fine")]
    answers, _log = call("azure-queue-trigger", "queue", calls, "shop.events:build")
    failed, fine = answers[1:]
    assert not failed["succeeded"]
    assert FAILURE in failed["error"]
    assert fine["succeeded"]


@pytest.mark.parametrize("platform", ["azure-functions", "azure-queue-trigger"])
def test_package(place: Any, package: Any, platform: str) -> None:
    """What is uploaded is the app, its settings, a wheel and requirements; no secret is."""
    source = package(place(platform))
    names = {path.name for path in source.iterdir()}
    wheel = "shop-0.1.0-py3-none-any.whl"
    assert names == {"function_app.py", "host.json", "requirements.txt", wheel}
    lines = (source / "requirements.txt").read_text().splitlines()
    assert lines[0] == f"./{wheel}"
    assert re.fullmatch(r"azure-functions==\d+\.\d+\.\d+", lines[1])
    settings = json.loads((source / "host.json").read_text())
    assert settings["version"] == "2.0"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", settings["functionTimeout"])
    queues = settings.get("extensions", {}).get("queues")
    assert (queues is not None) == (platform == "azure-queue-trigger")


def test_logic_app(place: Any) -> None:
    """The logic app starts the job, waits for its end, and fails if it failed."""
    placed = place("azure-logic-apps")
    template = json.loads((placed.folder / "template.json").read_text())
    jobs = json.loads(
        (placed.root / "deploy/azure-container/template.json").read_text()
    )
    by_type = {one["type"]: one for one in template["resources"]}
    logic = by_type["Microsoft.Logic/workflows"]
    actions = logic["properties"]["definition"]["actions"]
    start = actions["Start"]["inputs"]
    assert start["method"] == "POST"
    assert start["uri"].endswith("/start?api-version=2024-03-01")
    assert start["authentication"]["type"] == "ManagedServiceIdentity"
    # It is the job that the other template makes, and has no schedule of its own.
    (job,) = [one for one in jobs["resources"] if one["type"] == "Microsoft.App/jobs"]
    assert f"'{job['name']}'" in template["variables"]["job"]
    assert job["properties"]["configuration"]["triggerType"] == "Manual"
    assert actions["Until_it_ends"]["runAfter"] == {"Start": ["Succeeded"]}
    failing = actions["If_it_failed"]["actions"]["Fail"]
    assert failing["inputs"]["runStatus"] == "Failed"
    # It may start and see this one job.
    role = by_type["Microsoft.Authorization/roleDefinitions"]["properties"]
    allowed = {a for p in role["permissions"] for a in p["actions"]}
    assert all(a.startswith("Microsoft.App/jobs/") for a in allowed)
    given = by_type["Microsoft.Authorization/roleAssignments"]
    assert given["scope"] == "[variables('job')]"
