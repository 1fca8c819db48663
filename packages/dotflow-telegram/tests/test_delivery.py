"""Delivery to a local Bot API server that takes, refuses, limits and fails."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from dotflow import Config, DotFlow, action
from dotflow.testing.endpoint import Answer
from dotflow.testing.faults import EXTRA_FAULTS, faulty_endpoint
from dotflow.testing.tasks import FakeTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.testing.endpoint import RecordingEndpoint, Request


def fields(request: Request) -> dict[str, str]:
    """Return what the bot has sent: its library sends forms."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def statuses(api: RecordingEndpoint) -> list[str]:
    return [fields(r)["text"].split(" — ")[0].split(" ", 1)[1] for r in api.requests]


def warnings_in(caplog: pytest.LogCaptureFixture, token: str) -> list[str]:
    assert token not in caplog.text
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and "Telegram" in record.getMessage()
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


def test_a_run_arrives(api: Any, make_notify: Any, token: str) -> None:
    """Every change of status arrives once, in order, in the chat."""
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
    assert first.path == f"/bot{token}/sendMessage"
    sent = fields(first)
    assert (sent["chat_id"], sent["parse_mode"]) == ("42", "HTML")
    assert '"is_disabled": true' in sent["link_preview_options"]


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
    api: Any, make_notify: Any, ok: Answer, gate: threading.Event
) -> None:
    """A message is about the task as it was, not as it is when it is sent."""
    api.answer = lambda _request: (gate.wait(60), ok)[1]
    notify = make_notify(api.url, timeout=60)
    task = FakeTask("In progress")
    notify.hook_status_task(task)
    task.status = "Completed"
    gate.set()
    assert notify.flush(60)
    assert statuses(api) == ["In progress"]


def test_retry_after(
    api: Any,
    make_notify: Any,
    ok: Answer,
    error: Callable[..., Answer],
    caplog: Any,
    token: str,
) -> None:
    """After 429 the API is left alone for as long as it asks, and nothing is lost."""
    times: list[float] = []

    def answer(_request: Request) -> Answer:
        times.append(time.monotonic())
        if len(times) == 1:
            return error(429, "Too Many Requests: retry after 1", retry_after=1)
        return ok

    api.answer = answer
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert statuses(api) == ["In progress", "In progress", "Completed"]
    assert times[1] - times[0] >= 1
    assert warnings_in(caplog, token) == []


def test_a_wait_beyond_the_limit(
    api: Any, make_notify: Any, error: Any, caplog: Any, token: str
) -> None:
    """An API that asks for an hour is left alone; what comes meanwhile is given up."""
    api.answer = lambda _request: error(429, "Too Many Requests", retry_after=3600)
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert len(api.requests) == 1
    (text,) = warnings_in(caplog, token)
    assert "3600 s" in text


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (400, "Bad Request: can't parse entities: Unsupported start tag"),
        (400, "Bad Request: chat not found"),
        (401, "Unauthorized"),
        (403, "Forbidden: bot was blocked by the user"),
        (404, "Not Found"),
    ],
)
def test_a_refusal(
    api: Any,
    make_notify: Any,
    error: Any,
    caplog: Any,
    token: str,
    status: int,
    description: str,
) -> None:
    """A message that is refused is not sent again; why is said once."""
    api.answer = lambda _request: error(status, description)
    notify = make_notify(api.url)
    for name in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(name))
    assert notify.flush(60)
    assert len(api.requests) == 2
    (text,) = warnings_in(caplog, token)
    assert "Telegram refused a message" in text


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"ok": False, "error_code": 500, "description": "Internal"}),
        Answer(502, "<html>Bad Gateway</html>"),
        Answer(200, "no JSON at all"),
    ],
)
def test_a_passing_failure(
    api: Any, make_notify: Any, ok: Answer, caplog: Any, token: str, answer: Answer
) -> None:
    """5xx and garbage are tried again, and the order is kept."""
    answers = iter([answer, answer])
    api.answer = lambda _request: next(answers, ok)
    notify = make_notify(api.url)
    for status in ("In progress", "Completed"):
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(60)
    assert statuses(api) == ["In progress"] * 3 + ["Completed"]
    assert warnings_in(caplog, token) == []


@pytest.mark.parametrize("fault", ["hangs", *EXTRA_FAULTS])
def test_a_faulty_endpoint(
    make_notify: Any, caplog: Any, token: str, fault: str
) -> None:
    """Whatever the endpoint does, the run ends with the same result."""
    with faulty_endpoint(fault) as url:
        notify = make_notify(url, timeout=0.2, retry_for=0.3)
        assert run(notify) == [{"rows": 120}, 120]
        notify.close(0)
    assert len(warnings_in(caplog, token)) >= 1


def test_the_token_is_not_logged(
    api: Any, make_notify: Any, caplog: Any, token: str
) -> None:
    """Nobody's log holds the token, not even that of the HTTP library."""
    caplog.set_level(logging.DEBUG)
    notify = make_notify(api.url)
    notify.hook_status_task(FakeTask())
    assert notify.flush(60)
    assert "HTTP Request" in caplog.text
    assert token not in caplog.text


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
    threads = [t.native_id for t in threading.enumerate() if "Telegram" in t.name]
    assert notify.flush(60)
    # A thread that Python has joined may still be in the C library, with locks of
    # OpenSSL that a child forked right then would find taken for ever.
    while any(Path(f"/proc/self/task/{number}").exists() for number in threads):
        time.sleep(0.001)
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
from dotflow_telegram import NotifyTelegram
from dotflow.testing.tasks import FakeTask
notify = NotifyTelegram(sys.argv[1], 42, timeout=float(sys.argv[3]), base_url=sys.argv[2])
notify.hook_status_task(FakeTask("Completed"))
"""


def program(token: str, url: str, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, token, url, str(timeout)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_exit_sends_what_is_left(api: Any, token: str) -> None:
    """A program that ends at once has told of its last task."""
    ran = program(token, api.url.replace("127.0.0.1", "localhost"), 60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert statuses(api) == ["Completed"]


def test_the_exit_is_not_held_up(api: Any, token: str, gate: Any) -> None:
    """A program whose Bot API hangs ends all the same, and tells no token."""
    api.answer = lambda _request: (gate.wait(300), Answer())[1]
    ran = program(token, api.url, 0.5)
    assert ran.returncode == 0
    assert "Telegram" in ran.stderr
    assert token not in ran.stderr + ran.stdout
