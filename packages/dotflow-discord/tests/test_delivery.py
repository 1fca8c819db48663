"""Delivery to a local webhook that takes, refuses, limits and fails."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.testing.endpoint import Answer
from dotflow.testing.faults import EXTRA_FAULTS, faulty_endpoint
from dotflow.testing.tasks import FakeTask

if TYPE_CHECKING:
    import threading

    from dotflow.testing.endpoint import RecordingEndpoint, Request

TAKEN = Answer(200, {"id": "1"})


def statuses(api: RecordingEndpoint) -> list[str]:
    return [
        request.json()["embeds"][0]["title"].split(" ", 1)[1]
        for request in api.requests
    ]


def warnings_in(caplog: pytest.LogCaptureFixture, secret: str) -> list[str]:
    assert secret not in caplog.text
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and "Discord" in record.getMessage()
    ]


@action
def extract() -> dict[str, int]:
    return {"rows": 120}


@action
def load(previous_context: Any) -> int:
    return int(previous_context.storage["rows"])


def run(notify: Any) -> list[Any]:
    workflow = DotFlow(config=Config(notify=notify))
    workflow.task.add(step=extract)
    workflow.task.add(step=load)
    workflow.start()
    return workflow.result_storage()


def test_a_run_arrives(api: Any, make_notify: Any, secret: str) -> None:
    """Every change of status arrives once, in order."""
    notify = make_notify(api.url)
    assert run(notify) == [{"rows": 120}, 120]
    assert notify.flush(60)
    assert statuses(api) == [
        "Not started",
        "Not started",
        "In progress",
        "Completed",
        "In progress",
        "Completed",
    ]
    first = api.requests[0]
    assert (first.method, first.path) == (
        "POST",
        f"/api/webhooks/1/{secret}?wait=true",
    )
    assert first.headers["content-type"] == "application/json"
    assert first.headers["user-agent"].startswith("DiscordBot (")


def test_a_thread(api: Any, make_notify: Any) -> None:
    """What the address asks for, such as a thread of the channel, is kept."""
    notify = make_notify(api.url)
    notify = type(notify)(f"{api.url}/api/webhooks/1/x?thread_id=7")
    notify.hook_status_task(FakeTask())
    assert notify.close(60)
    assert api.requests[0].path == "/api/webhooks/1/x?wait=true&thread_id=7"


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ("Completed", ["Completed"]),
        (("Retry", "Failed"), ["Retry", "Failed"]),
        ({"In progress"}, ["In progress"]),
    ],
)
def test_filter(api: Any, make_notify: Any, wanted: Any, seen: list[str]) -> None:
    """Only the statuses that were asked for are told of."""
    notify = make_notify(api.url, wanted)
    for status in ("Not started", "In progress", "Retry", "Failed", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert statuses(api) == seen


def test_the_state_is_that_of_the_call(
    api: Any, make_notify: Any, gate: threading.Event
) -> None:
    """A message is about the task as it was, not as it is when it is sent."""
    api.answer = lambda _request: (gate.wait(60), TAKEN)[1]
    notify = make_notify(api.url, timeout=60)
    task = FakeTask("In progress")
    notify.hook_status_task(task)
    task.status = "Completed"
    gate.set()
    assert notify.flush(60)
    assert statuses(api) == ["In progress"]


LIMITED = Answer(
    429,
    {"message": "You are being rate limited.", "retry_after": 0.6, "global": False},
    {"Retry-After": "1", "X-RateLimit-Reset-After": "0.6"},
)


def test_retry_after(api: Any, make_notify: Any, caplog: Any, secret: str) -> None:
    """After 429 Discord is left alone for as long as it asks, and nothing is lost."""
    times: list[float] = []

    def answer(_request: Request) -> Answer:
        times.append(time.monotonic())
        return LIMITED if len(times) == 1 else TAKEN

    api.answer = answer
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert statuses(api) == ["In progress", "In progress", "Completed"]
    assert times[1] - times[0] >= 1
    assert warnings_in(caplog, secret) == []


def test_the_limit_is_kept(api: Any, make_notify: Any) -> None:
    """Once the last request of a window is used up, the next one waits for another."""
    times: list[float] = []
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.5"}

    def answer(_request: Request) -> Answer:
        times.append(time.monotonic())
        return TAKEN._replace(headers=headers)

    api.answer = answer
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert times[1] - times[0] >= 0.5


def test_a_wait_beyond_the_limit(
    api: Any, make_notify: Any, caplog: Any, secret: str
) -> None:
    """Asked for an hour, it leaves Discord alone; what comes meanwhile is given up."""
    api.answer = lambda _request: Answer(429, b"", {"Retry-After": "3600"})
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert len(api.requests) == 1
    (text,) = warnings_in(caplog, secret)
    assert "3600 s" in text


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_a_refusal(
    api: Any, make_notify: Any, caplog: Any, secret: str, status: int
) -> None:
    """A message that is refused is not sent again; why is said once."""
    api.answer = lambda request: Answer(
        status, {"message": "no", "code": 1}, {"Location": request.path}
    )
    notify = make_notify(api.url)
    for name in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(name))
    assert notify.flush(60)
    assert len(api.requests) == 2
    (text,) = warnings_in(caplog, secret)
    assert str(status) in text


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_passing_failure(
    api: Any, make_notify: Any, caplog: Any, secret: str, status: int
) -> None:
    """5xx is tried again, and the order is kept."""
    answers = iter([Answer(status, "<html>"), Answer(status)])
    api.answer = lambda _request: next(answers, TAKEN)
    notify = make_notify(api.url)
    for name in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(name))
    assert notify.flush(60)
    assert statuses(api) == ["In progress"] * 3 + ["Completed"]
    assert warnings_in(caplog, secret) == []


@pytest.mark.parametrize("fault", ["hangs", *EXTRA_FAULTS])
def test_a_faulty_endpoint(
    make_notify: Any, caplog: Any, secret: str, fault: str
) -> None:
    """Whatever the endpoint does, the run ends with the same result."""
    with faulty_endpoint(fault) as url:
        notify = make_notify(url, timeout=0.2, retry_for=0.3)
        assert run(notify) == [{"rows": 120}, 120]
        notify.close(0)
    assert len(warnings_in(caplog, secret)) >= 1


def test_no_logger_is_left(make_notify: Any) -> None:
    """However many notifiers are made, there are no more loggers than before."""
    make_notify("http://127.0.0.1:9")
    before = set(logging.root.manager.loggerDict)
    for _ in range(50):
        make_notify("http://127.0.0.1:9")
    assert set(logging.root.manager.loggerDict) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_delivers_its_own(api: Any, make_notify: Any) -> None:
    """A child forked after a delivery tells of its own tasks, and of no other's."""
    notify = make_notify(api.url)
    notify.hook_status_task(FakeTask("In progress"))
    assert notify.flush(60)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            notify.hook_status_task(FakeTask("Completed"))
            code = 0 if notify.flush(60) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert statuses(api) == ["In progress", "Completed"]


PROGRAM = """
import sys
from dotflow_discord import NotifyDiscord
from dotflow.testing.tasks import FakeTask
notify = NotifyDiscord(sys.argv[1], timeout=float(sys.argv[2]))
notify.hook_status_task(FakeTask("Completed"))
"""


def program(url: str, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, url, str(timeout)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_exit_sends_what_is_left(api: Any) -> None:
    """A program that ends at once has told of its last task."""
    ran = program(api.url, 60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert statuses(api) == ["Completed"]


def test_the_exit_is_not_held_up(api: Any, gate: Any, secret: str) -> None:
    """A program whose webhook hangs ends all the same, and tells no address."""
    api.answer = lambda _request: (gate.wait(300), TAKEN)[1]
    ran = program(f"{api.url}/{secret}", 0.5)
    assert ran.returncode == 0
    assert "Discord" in ran.stderr
    assert secret not in ran.stderr + ran.stdout
