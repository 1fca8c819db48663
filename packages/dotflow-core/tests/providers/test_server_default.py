"""`ServerDefault` against a real server: one that answers, refuses, hangs, lies."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from dotflow.base.cloud_file import save_cloud_config
from dotflow.delivery import delivery, endpoint
from dotflow.errors import ProviderError
from dotflow.providers.server_default import ServerDefault
from dotflow.testing.tasks import FakeTask, FakeWorkflow

TOKEN = "token-that-nobody-may-see"


@pytest.fixture
def serve() -> Any:
    """Make clients that are closed, without waiting, when the test ends."""
    made: list[ServerDefault] = []

    def make(url: str, **arguments: Any) -> ServerDefault:
        made.append(ServerDefault(url, TOKEN, **arguments))
        return made[-1]

    yield make
    for server in made:
        server.close(0)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert TOKEN not in caplog.text
    # Ours alone: an exporter of an earlier test in this process may still be retrying.
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith("dotflow")
    ]


def workers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "dotflow-server"]


def test_nothing_happens_unless_configured() -> None:
    """Without an address and a token nothing is reported and no thread starts."""
    for server in (ServerDefault(), ServerDefault(base_url="http://127.0.0.1:9")):
        assert not server.managed
        assert not server.active
        server.create_workflow(None)
        server.update_workflow(None, "Completed")
        assert server.flush()
        assert server.close()
    assert workers() == []


def test_settings_come_from_arguments_environment_and_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An argument beats the environment, which beats what `dotflow login` saved."""
    save_cloud_config("saved", "https://saved.example/v1")
    assert ServerDefault().managed
    assert ServerDefault().base_url == "https://saved.example/v1"
    monkeypatch.setenv("SERVER_BASE_URL", "")
    assert ServerDefault().base_url == "https://saved.example/v1"
    monkeypatch.setenv("SERVER_BASE_URL", "https://env.example/")
    assert ServerDefault().base_url == "https://env.example"
    assert ServerDefault("https://mine.example").base_url == "https://mine.example"


def test_a_run_arrives_in_order(api: Any, serve: Any) -> None:
    """Every call of a run arrives once, in order, with the token and the data."""
    server = serve(api.url + "/")
    task = FakeTask("Not started", task_id="t1", workflow_id="wf")
    server.create_workflow(FakeWorkflow("wf", "nightly"))
    server.create_task(task)
    server.update_workflow("wf", "In progress")
    for task.status in ("In progress", "Retry", "Completed"):
        server.update_task(task)
    server.update_workflow(FakeWorkflow("wf"), status="Completed")
    assert server.flush(30)
    assert api.calls == [
        ("POST", "/cli/workflows"),
        ("POST", "/cli/workflows/wf/tasks"),
        ("PATCH", "/cli/workflows/wf"),
        *[("PATCH", "/cli/workflows/wf/tasks/t1")] * 3,
        ("PATCH", "/cli/workflows/wf"),
    ]
    bodies = [request["body"] for request in api.requests]
    assert bodies[0]["name"] == "nightly"
    assert [body["status"] for body in bodies[1:]] == [
        "Not started",
        "In progress",
        "In progress",
        "Retry",
        "Completed",
        "Completed",
    ]
    for request in api.requests:
        assert request["headers"]["Authorization"] == f"Bearer {TOKEN}"
        assert request["headers"]["X-User-Token"] == TOKEN
        assert request["headers"]["Content-Type"] == "application/json"


def test_a_name_cannot_change_the_address(api: Any, serve: Any) -> None:
    """Ids are quoted: none leads to another path."""
    server = serve(api.url)
    server.update_task(FakeTask(task_id="../x?y", workflow_id="a:b"))
    assert server.flush(30)
    assert api.calls == [("PATCH", "/cli/workflows/a%3Ab/tasks/..%2Fx%3Fy")]


def test_the_state_is_that_of_the_call(
    api: Any, serve: Any, gate: threading.Event
) -> None:
    """What is sent is the task as it was when it was reported, not as it is now."""
    api.answer = lambda _request: (gate.wait(30), (200, {}))[1]
    server = serve(api.url)
    task = FakeTask("In progress")
    server.update_task(task)
    server.update_task(task)
    task.status = "Completed"
    gate.set()
    assert server.flush(30)
    assert [r["body"]["status"] for r in api.requests] == ["In progress"] * 2


def test_a_hanging_server_delays_nothing(
    api: Any, serve: Any, gate: threading.Event
) -> None:
    """Calls return while the server has not answered the first of them."""
    api.answer = lambda _request: (gate.wait(60), (200, {}))[1]
    server = serve(api.url, timeout=60)
    for number in range(500):
        server.update_task(FakeTask(task_id=f"t{number}"))
    api.wait_for(1)
    assert not server.flush(0.01)
    assert len(api.requests) == 1
    gate.set()
    assert server.flush(60)
    assert len(api.requests) == 500


def test_a_server_that_never_answers_is_given_up(
    api: Any, serve: Any, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """After its time limit a message is given up, and that is said once."""
    api.answer = lambda _request: (gate.wait(60), (200, {}))[1]
    server = serve(api.url, timeout=0.05, retry_for=0.1)
    server.update_workflow("wf", "In progress")
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert [text for text in warnings_in(caplog) if "cannot be reached" in text]
    assert len(warnings_in(caplog)) == 1


def test_a_refused_connection_is_reported_once(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is down neither raises nor floods the log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = serve(f"http://127.0.0.1:{free.getsockname()[1]}", retry_for=0.3)
        for status in ("In progress", "Completed", "Failed"):
            server.update_workflow("wf", status)
        assert server.flush(30)
    (text,) = warnings_in(caplog)
    assert "cannot be reached" in text
    assert "refused" in text


@pytest.mark.parametrize("answer", [500, 503, 429, None, b"no HTTP at all\r\n\r\n"])
def test_a_passing_failure_is_tried_again(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    """5xx, 429, a dropped connection and garbage are retried, and order is kept."""
    answers = iter([answer, answer])
    bad = (answer, {}) if isinstance(answer, int) else answer
    api.answer = lambda _request: (200, {}) if next(answers, 0) == 0 else bad
    server = serve(api.url)
    server.update_workflow("wf", "In progress")
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    statuses = [request["body"]["status"] for request in api.requests]
    assert statuses == ["In progress"] * 3 + ["Completed"]
    assert warnings_in(caplog) == []


def test_retry_after_is_kept(api: Any, serve: Any) -> None:
    """A server that asks to wait a second is left alone for a second."""
    times: list[float] = []

    def answer(_request: Any) -> Any:
        times.append(time.monotonic())
        return (429, {"Retry-After": "1"}) if len(times) == 1 else (200, {})

    api.answer = answer
    server = serve(api.url)
    server.update_workflow("wf", "In progress")
    assert server.flush(30)
    assert times[1] - times[0] >= 1


def test_retry_after_beyond_the_limit_is_given_up(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that may only be sent after its time limit is given up at once."""
    api.answer = lambda _request: (503, {"Retry-After": "3600"})
    server = serve(api.url, retry_for=10)
    server.update_workflow("wf", "In progress")
    assert server.flush(30)
    assert len(api.requests) == 1
    assert ["503" in text for text in warnings_in(caplog)] == [True]


def test_retry_after_as_a_date_or_as_nonsense() -> None:
    """The header may be a date; what says nothing counts as absent."""
    later = formatdate(time.time() + 60, usegmt=True)
    assert 50 < endpoint.retry_after({"retry-after": later}) <= 60
    assert endpoint.retry_after({"retry-after": "soon"}) == 0
    assert endpoint.retry_after({"retry-after": "1.5"}) == 1.5
    assert endpoint.retry_after({}) == 0


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "refused"),
        (401, "SERVER_USER_TOKEN"),
        (404, "/api/v1"),
        (405, "/api/v1"),
        (422, "refused"),
    ],
)
def test_a_refusal_is_reported_once(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture, status: int, advice: str
) -> None:
    """4xx is not retried; the status is named once, with what to look at, the token never."""
    api.answer = lambda _request: (status, {})
    server = serve(api.url)
    server.update_workflow("wf", "In progress")
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert len(api.requests) == 2
    (text,) = warnings_in(caplog)
    assert str(status) in text
    assert advice in text


def test_what_exists_already_is_no_problem(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A workflow that is resumed may be known to the server."""
    api.answer = lambda _request: (409, {})
    server = serve(api.url)
    server.create_workflow(FakeWorkflow())
    server.create_task(FakeTask())
    assert server.flush(30)
    assert warnings_in(caplog) == []


def test_a_redirect_to_another_host_gets_no_token(
    api: Any,
    make_api: Callable[[], Any],
    serve: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A redirect elsewhere is reported and not followed."""
    other = make_api()
    api.answer = lambda _request: (307, {"Location": other.url + "/stolen"})
    server = serve(api.url)
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert other.requests == []
    assert "base_url" in warnings_in(caplog)[0]


def test_a_redirect_on_the_host_is_followed(api: Any, serve: Any) -> None:
    """A redirect on the same host keeps method, body and token."""
    api.answer = lambda request: (
        (200, {}) if request["path"] == "/moved" else (308, {"Location": "/moved"})
    )
    server = serve(api.url)
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    last = api.requests[-1]
    assert (last["method"], last["path"]) == ("PATCH", "/moved")
    assert last["body"] == {"status": "Completed"}
    assert last["headers"]["X-User-Token"] == TOKEN


def test_endless_redirects_end(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect to itself is given up."""
    api.answer = lambda request: (302, {"Location": request["path"]})
    server = serve(api.url)
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert len(warnings_in(caplog)) == 1


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ("http://a.example/x", "http://a.example/y", True),
        ("http://a.example/x", "https://a.example/x", True),
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "https://b.example/x", False),
        ("https://a.example/x", "https://a.example:8443/x", False),
        ("https://a.example/x", "https://a.example@b.example/x", False),
    ],
)
def test_where_the_token_may_go(here: str, there: str, same: bool) -> None:
    """The token goes to its own host alone, and never from HTTPS to plain HTTP."""
    assert endpoint.same_host(here, there) is same


def test_no_proxy_to_reach_this_machine(
    api: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment is not asked for this machine itself."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = serve(api.url, retry_for=0.1)
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert len(api.requests) == 1


def test_a_full_queue_drops_old_states_first(
    api: Any,
    serve: Any,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The queue is bounded; the last state of a task outlives the ones before."""
    monkeypatch.setitem(delivery.Delivery.__init__.__kwdefaults__, "max_messages", 10)
    api.answer = lambda _request: (gate.wait(60), (200, {}))[1]
    server = serve(api.url, timeout=60)
    server.create_workflow(FakeWorkflow())
    api.wait_for(1)
    for status in ("In progress", "Retry", "Completed"):
        for number in range(5):
            server.update_task(FakeTask(status, task_id=f"t{number}"))
    gate.set()
    assert server.flush(60)
    states = {r["body"].get("task_id"): r["body"].get("status") for r in api.requests}
    assert {states[f"t{number}"] for number in range(5)} == {"Completed"}
    assert len(api.requests) == 1 + 10
    assert ["dropped" in text for text in warnings_in(caplog)] == [True]


def test_a_value_that_cannot_be_reported_disturbs_nobody(
    api: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A task whose report fails is warned about; the next ones are sent."""

    class Odd(FakeTask):
        def result(self, max: int | None = None) -> dict[str, Any]:
            raise RuntimeError(TOKEN)

    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError(TOKEN)

    class Worse(FakeTask):
        def result(self, max: int | None = None) -> dict[str, Any]:
            return {"value": Unprintable()}

    server = serve(api.url)
    server.update_task(Odd())
    server.update_task(Worse())
    server.update_workflow("wf", "Completed")
    assert server.flush(30)
    assert api.calls == [("PATCH", "/cli/workflows/wf")]
    assert len(warnings_in(caplog)) == 2


def test_no_thread_is_left_after_flush(api: Any, serve: Any) -> None:
    """The thread ends when everything is sent, and starts again when needed."""
    server = serve(api.url)
    for count in (1, 2):
        server.update_workflow("wf", "Completed")
        assert server.flush(30)
        assert len(api.requests) == count
        assert workers() == []


def test_the_idle_thread_ends_by_itself(
    api: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a flush, too, the thread ends when there is nothing to do."""
    monkeypatch.setattr(delivery, "_IDLE_SECONDS", 0.01)
    server = serve(api.url)
    server.update_workflow("wf", "Completed")
    api.wait_for(1)
    for thread in workers():
        thread.join(30)
    assert workers() == []


def test_close_sends_the_last_states_and_stops(
    api: Any,
    serve: Any,
    gate: threading.Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Closing sends each task's last state; later reports are lost with a warning."""
    api.answer = lambda _request: (gate.wait(60), (200, {}))[1]
    server = serve(api.url, timeout=60)
    server.update_workflow("wf", "In progress")
    api.wait_for(1)
    for status in ("In progress", "Retry", "Completed"):
        server.update_task(FakeTask(status))
    threading.Timer(0.05, gate.set).start()
    assert server.close(60)
    assert [r["body"]["status"] for r in api.requests] == ["In progress", "Completed"]
    server.update_workflow("wf", "Completed")
    assert len(api.requests) == 2
    assert ["closed" in text for text in warnings_in(caplog)] == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_reports_for_itself(
    api: Any, serve: Any, gate: threading.Event
) -> None:
    """A child forked in the middle of a delivery delivers its own reports, and ends."""
    api.answer = lambda _request: (gate.wait(60), (200, {}))[1]
    server = serve(api.url, timeout=60)
    server.update_workflow("wf", "In progress")
    api.wait_for(1)
    api.answer = lambda _request: (200, {})
    child = os.fork()
    if child == 0:
        code = 1
        try:
            server.update_workflow("wf", "Failed")
            code = 0 if server.flush() and server.close() else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    gate.set()
    assert server.flush(60)
    told = [r["body"]["status"] for r in api.requests]
    assert told == ["In progress", "Failed"]


PROGRAM = """
    from dotflow.providers.server_default import ServerDefault
    from dotflow.testing.tasks import FakeTask, FakeWorkflow
    server = ServerDefault(timeout={timeout})
    server.create_workflow(FakeWorkflow("wf"))
    for number in range(20):
        server.update_task(FakeTask("In progress", task_id=f"t{{number}}"))
        server.update_task(FakeTask("Completed", task_id=f"t{{number}}"))
    {end}
"""


def test_the_exit_of_the_program_sends_what_is_left(api: Any, run_program: Any) -> None:
    """A script that ends at once has reported the last state of every task."""
    ran = run_program(
        PROGRAM.format(timeout=60, end=""),
        SERVER_BASE_URL=api.url,
        SERVER_USER_TOKEN=TOKEN,
        DOTFLOW_EXIT_TIMEOUT="60",
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    states = {r["body"].get("task_id"): r["body"].get("status") for r in api.requests}
    assert {states[f"t{number}"] for number in range(20)} == {"Completed"}


@pytest.mark.parametrize("end", ["", "server.flush()", "raise SystemExit(3)"])
def test_the_exit_of_the_program_is_not_held_up(
    api: Any, gate: threading.Event, run_program: Any, end: str
) -> None:
    """A script whose server hangs ends all the same, with its own exit code."""
    api.answer = lambda _request: gate.wait(300)
    ran = run_program(
        PROGRAM.format(timeout=0.2, end=end),
        SERVER_BASE_URL=api.url,
        SERVER_USER_TOKEN=TOKEN,
    )
    assert ran.returncode == (3 if "Exit" in end else 0), ran.stderr
    assert TOKEN not in ran.stdout + ran.stderr


def test_an_answer_without_end_does_not_hold_up_the_exit(
    api: Any, gate: threading.Event, run_program: Any
) -> None:
    """An answer that comes byte by byte for ever is cut off when the program ends."""

    def drip(_request: Any) -> Any:
        yield b"HTTP/1.1 200 OK\r\nX: "
        while not gate.wait(0.01):
            yield b"x"

    api.answer = drip
    ran = run_program(
        PROGRAM.format(timeout=0.2, end=""),
        SERVER_BASE_URL=api.url,
        SERVER_USER_TOKEN=TOKEN,
    )
    assert ran.returncode == 0, ran.stderr
    assert "not reached the server in time" in ran.stderr


def test_making_a_client_loads_and_starts_nothing(run_program: Any) -> None:
    """The constructor loads no network module and starts no thread."""
    ran = run_program(
        """
        import sys
        from dotflow.providers.server_default import ServerDefault
        ServerDefault()
        heavy = {"urllib", "http", "json", "queue", "threading", "logging", "ssl"}
        print(sorted(heavy & set(sys.modules)))
        ServerDefault("http://127.0.0.1:9/", "t")
        import threading
        print(threading.active_count())
        """
    )
    assert ran.stdout == "[]\n1\n", ran.stderr


def test_the_token_is_never_shown(api: Any, serve: Any) -> None:
    """Neither `repr` nor `str` shows the token."""
    server = serve(api.url)
    assert TOKEN not in repr(server) + str(server)
    assert api.url in repr(server)


def test_travels_to_another_process(api: Any, serve: Any) -> None:
    """A client that was in use can be pickled, and reports afterwards."""
    server = serve(api.url)
    server.update_workflow("wf", "In progress")
    assert server.flush(30)
    copy = pickle.loads(pickle.dumps(server))
    copy.update_workflow("wf", "Completed")
    assert copy.close(30)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "example.org"},
        {"base_url": "ftp://example.org"},
        {"base_url": "https://"},
        {"base_url": "https://example.org:99999"},
        {"base_url": f"https://user:{TOKEN}@example.org"},
        {"base_url": "https://example.org/?x=1"},
        {"base_url": "https://example.org/a b"},
        {"user_token": f"{TOKEN}\nX-Evil: 1"},
        {"user_token": f"{TOKEN}é"},
        {"timeout": 0},
        {"timeout": "5"},
        {"retry_for": -1},
    ],
)
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    """A wrong argument is refused at once, and no secret is repeated."""
    with pytest.raises(ProviderError) as caught:
        ServerDefault(**{"base_url": "https://e.org", "user_token": "t", **arguments})
    assert TOKEN not in str(caught.value)


def test_a_wrong_environment_stops_no_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A malformed address in the environment is warned about, and nothing reported."""
    monkeypatch.setenv("SERVER_BASE_URL", "nonsense")
    monkeypatch.setenv("SERVER_USER_TOKEN", TOKEN)
    assert not ServerDefault().active
    assert len(warnings_in(caplog)) == 1
