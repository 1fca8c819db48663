"""HTTP requests that run a workflow, under the standard library's own WSGI server."""

from __future__ import annotations

import gc
import http.client
import io
import json
import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from dotflow import DotFlow, action
from dotflow.errors import ConfigError, InvalidWorkflowFactory
from dotflow.serving import Request, wsgi_app

pytestmark = pytest.mark.usefixtures("young_heap")

SECRET = "the password is hunter2"


@action
def work(initial_context):
    value = initial_context.storage
    if value == "boom":
        raise ValueError(SECRET)
    return value


def make():
    flow = DotFlow(workflow_id="wf")
    flow.task.add(work)
    return flow


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def serve():
    """Serve an application on loopback, checked to keep to WSGI; return what asks it."""
    servers = []

    def start(app):
        # The checker wants a size for each read, as PEP 3333 does.
        server = make_server("127.0.0.1", 0, validator(app), Threaded, Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)

        def ask(body=None, method="POST", path="/", headers=None):
            link = http.client.HTTPConnection("127.0.0.1", server.server_port, 60)
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            text = answer.read()
            told = json.loads(text) if text else None
            link.close()
            return answer.status, told, answer.headers

        return ask

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_run(serve):
    """A POST runs the workflow with the JSON of its body, whatever its content type."""
    ask = serve(wsgi_app(make))
    status, told, headers = ask('{"rows": [1, null]}')
    assert status == 200
    assert told == {
        "workflow_id": "wf",
        "status": "Completed",
        "result": {"rows": [1, None]},
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"


def test_no_body(serve):
    """A request without a body runs the workflow without content."""
    assert serve(wsgi_app(make))()[1]["result"] is None


@pytest.mark.parametrize("body", ["{oops", "NaN", b"\xff", "[" * 100_000, "1" * 9999])
def test_invalid_json(serve, body):
    """What is not JSON is the sender's mistake, and runs nothing."""
    status, told, _ = serve(wsgi_app(make))(body)
    assert status == 400
    assert told == {"message": "The body is not valid JSON."}


def test_too_large(serve):
    """A body over the limit is refused, and one of exactly its size is not."""
    ask = serve(wsgi_app(make, max_bytes=10))
    assert ask('"12345678"')[0] == 200
    assert ask('"123456789"')[0] == 413


def test_failure_keeps_its_details(serve, caplog):
    """A failed run is answered with 500 and the workflow's id; the log has the rest."""
    status, told, _ = serve(wsgi_app(make))('"boom"')
    assert status == 500
    assert told == {"workflow_id": "wf", "status": "Failed"}
    assert SECRET in caplog.text


def test_factory_that_raises(serve):
    """A request that no workflow can be made of is answered with 500, without details."""

    def factory():
        raise KeyError(SECRET)

    status, told, _ = serve(wsgi_app(factory))("{}")
    assert (status, told) == (500, {"workflow_id": None, "status": "Failed"})


def test_answer_that_json_cannot_hold(serve):
    """An answer of one's own that is no JSON is an error without details."""
    status, told, _ = serve(wsgi_app(make, answer=lambda flow: {SECRET.encode(): 1}))()
    assert (status, told) == (500, {"workflow_id": "wf", "status": "Failed"})


def test_health(serve):
    """`GET /healthz` answers without running anything, and needs no token."""

    def factory():
        raise AssertionError("it ran")

    ask = serve(wsgi_app(factory, token="secret"))
    assert ask(method="GET", path="/healthz")[:2] == (200, {"status": "ok"})
    assert ask(method="HEAD", path="/healthz")[0] == 200


def test_methods(serve):
    """Other methods than those for runs are refused, and the answer names these."""
    ask = serve(wsgi_app(make))
    status, _, headers = ask(method="GET")
    assert (status, headers["Allow"]) == (405, "POST")
    assert ask(method="DELETE")[0] == 405
    assert serve(wsgi_app(make, methods=("GET", "POST")))(method="GET")[0] == 200


def test_token(serve):
    """With a token, a request without it, or with another, runs nothing."""
    ask = serve(wsgi_app(make, token="schlüssel"))
    right = "Bearer schlüssel".encode().decode("latin-1")
    assert ask(headers={"Authorization": right})[0] == 200
    for wrong in ("Bearer other", "Basic schl", "Bearer", "", right + "x"):
        status, told, headers = ask("{}", headers={"Authorization": wrong})
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert told == {"message": "The token is missing or wrong."}
    assert ask()[0] == 401


def test_empty_token():
    """An empty token, as an unset variable gives, is refused before anything is served."""
    with pytest.raises(ConfigError, match="anyone could run the workflow"):
        wsgi_app(make, token=" ")


def test_workflow_itself():
    """A workflow instead of a function that returns one is refused at once."""
    with pytest.raises(InvalidWorkflowFactory, match="one of its own"):
        wsgi_app(make())


def test_content(serve):
    """What the workflow gets can be made of the whole request."""
    seen: list[Request] = []

    def content(request):
        seen.append(request)
        return request.query["day"]

    ask = serve(wsgi_app(make, content=content))
    status, told, _ = ask("[1]", path="/in?day=31&day=1&x=", headers={"X-Team": "blue"})
    assert (status, told["result"]) == (200, "1")
    request = seen[0]
    assert (request.method, request.path, request.body) == ("POST", "/in", [1])
    assert request.query == {"day": "1", "x": ""}
    assert request.headers["x-team"] == "blue"
    assert request.headers["content-length"] == "3"


def test_content_that_refuses(serve, caplog):
    """A request that `content` refuses is answered with 400, the reason in the log."""

    def content(request):
        raise ValueError(SECRET)

    status, told, _ = serve(wsgi_app(make, content=content))("{}")
    assert status == 400
    assert SECRET not in str(told)
    assert SECRET in caplog.text


def test_requests_at_once(serve):
    """Requests that come together are runs that go together, each with its own result."""
    meeting = threading.Barrier(4)

    @action
    def meet(initial_context):
        meeting.wait(timeout=60)
        return initial_context.storage

    def factory():
        flow = DotFlow(workflow_id="wf")
        flow.task.add(meet)
        return flow

    ask = serve(wsgi_app(factory))
    results = {}

    def one(number):
        results[number] = ask(str(number))[1]["result"]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == {0: 0, 1: 1, 2: 2, 3: 3}


@pytest.mark.parametrize(
    ("length", "sent", "ended", "status"),
    [
        ("5", b"[1]", False, "400"),
        ("-1", b"[1]", False, "400"),
        ("٣", b"[1]", False, "400"),
        (None, b"[1]", True, "200"),
        (None, b"[1]" + b" " * 40, True, "413"),
        (None, b"[1]", False, "200"),
    ],
    ids=["cut off", "negative", "no digits", "chunked", "chunked large", "no length"],
)
def test_lengths(length, sent, ended, status):
    """A length that lies is refused; a chunked body is read to its end and no further."""
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(sent)}
    setup_testing_defaults(environ)
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    environ["wsgi.input_terminated"] = ended
    statuses = []
    wsgi_app(make, max_bytes=20)(
        environ, lambda status, headers: statuses.append(status)
    )
    assert statuses[0].startswith(status)


def test_nothing_is_left_behind():
    """A process that answers for months keeps nothing of a run that is over."""
    app = wsgi_app(make)

    def answer(count):
        for _ in range(count):
            environ = {"REQUEST_METHOD": "POST"}
            setup_testing_defaults(environ)
            app(environ, lambda status, headers: None)
        gc.collect()
        return len(gc.get_objects())

    before = answer(20)
    assert answer(200) - before < 100


def test_a_run_that_goes_on_already_is_a_conflict(serve, tmp_path):
    """While the id is running a request is answered with 409, or skipped with 200."""
    from dotflow import Config
    from dotflow.engine.lease import run_lease
    from dotflow.providers import StorageSQLite

    storage = StorageSQLite(tmp_path / "runs.db")

    def durable():
        flow = DotFlow(Config(storage=storage), workflow_id="wf")
        flow.task.add(work)
        return flow

    lease = run_lease(storage, "wf", None)
    lease.take()
    status, told = serve(wsgi_app(durable))("1")[:2]
    assert (status, told["status"]) == (409, "In progress")
    status, told = serve(wsgi_app(durable, if_running="skip"))("1")[:2]
    assert (status, told["status"]) == (200, "Skipped")
    lease.release()
    status, told = serve(wsgi_app(durable))("1")[:2]
    assert (status, told["result"]) == (200, 1)
