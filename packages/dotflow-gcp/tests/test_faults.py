"""StorageGCS when GCS fails: a clear error, in time, and nothing lost."""

from __future__ import annotations

import gc
import itertools
import json

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.errors import StorageError

OPERATIONS = {
    "post": lambda storage: storage.post("k", Context(1)),
    "get": lambda storage: storage.get("k"),
    "list_keys": lambda storage: storage.list_keys(),
    "delete": lambda storage: storage.delete("k"),
    "delete_prefix": lambda storage: storage.delete_prefix("k"),
    "clear": lambda storage: storage.clear("wf"),
    "atomic_swap": lambda storage: storage.atomic_swap("k", None, Context(1)),
    "get_fingerprint": lambda storage: storage.get_fingerprint("k"),
    "check": lambda storage: storage.check(),
}

# Google's client drops an answer that it retries without reading it, so its socket is
# closed by the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def problem(status, message="Something is wrong."):
    """Return the arguments of a reply with one of GCS's errors."""
    error = {"error": {"code": status, "message": message}}
    return status, [("Content-Type", "application/json")], json.dumps(error).encode()


def failure(storage, operation):
    """Return the message of the error that an operation must raise."""
    with pytest.raises(StorageError) as caught:
        OPERATIONS[operation](storage)
    text = str(caught.value)
    assert storage.bucket in text
    assert "\n" not in text
    return text


@pytest.fixture
def at(make, monkeypatch):
    """Return what makes a storage of the service at an address, which asks once."""

    def new(url, **arguments):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        return make(**{"retry_timeout": 0} | arguments)

    return new


@pytest.fixture
def _collected():
    """Collect what Google's client drops before another test is blamed for it."""
    yield
    gc.collect()


@every_operation
def test_refused_connection(at, closed_url, operation):
    """Where nobody listens, every method says so and what to check."""
    assert "Check the network" in failure(at(closed_url), operation)


@every_operation
def test_hanging_endpoint(at, endpoint, operation):
    """An endpoint that never answers is given up after the timeout."""
    server = endpoint(lambda request: request.hang())
    assert "raise timeout=" in failure(at(server.url, timeout=0.2), operation)
    assert len(server.requests) == 1


@pytest.mark.usefixtures("_collected")
def test_retries_have_an_end(at, closed_url):
    """A service that stays away is given up when the time for retries is over."""
    text = failure(at(closed_url, retry_timeout=0.5), "get")
    assert "retry_timeout=" in text


@every_operation
def test_internal_errors(at, endpoint, operation):
    """What an endpoint in trouble says is in the error."""
    server = endpoint(lambda request: request.reply(*problem(500, "Backend trouble.")))
    assert "Backend trouble" in failure(at(server.url), operation)


@pytest.mark.parametrize(
    "garbage",
    [
        lambda request: request.noise(),
        lambda request: request.reply(200, body=b"<html>Welcome to the hotel</html>"),
        lambda request: request.reply(200, body=b"{]"),
        lambda request: request.reply(200),
        lambda request: request.reply(503, body=b"<p>no body of GCS</p>"),
        lambda request: request.reply(302, body=b"elsewhere"),
        lambda request: request.reply(200, body=b"[]"),
    ],
    ids=["noise", "html", "text", "empty", "503", "302", "list"],
)
@every_operation
def test_garbage(at, endpoint, garbage, operation):
    """What does not speak GCS is never taken for a success."""
    failure(at(endpoint(garbage).url), operation)


@pytest.mark.parametrize("operation", ["post", "get", "atomic_swap"])
def test_empty_json(at, endpoint, operation):
    """An answer that is JSON, and of no object, is not taken for a stored one."""
    server = endpoint(lambda request: request.reply(200, body=b"{}"))
    assert "does not speak GCS" in failure(at(server.url), operation)


@every_operation
def test_missing_bucket(make, operation):
    """A bucket that is not there is said to be missing."""
    text = failure(make(bucket="nowhere"), operation)
    assert "There is no such bucket: make it, or correct bucket=." in text


def test_missing_object_is_no_missing_bucket(make, monkeypatch, endpoint):
    """A missing key costs a look at the bucket the first time, and no error."""
    server = endpoint(lambda request: request.pass_on())
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    storage = make()
    for _ in range(3):
        assert not storage.get("k").task_id
    assert len(server.requests) == 4


def test_missing_credentials(make, monkeypatch, tmp_path):
    """Where there are no credentials, the error says how to give them."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    text = failure(make(), "get")
    assert "gcloud auth application-default login" in text


@every_operation
def test_missing_permission(at, endpoint, operation):
    """A refusal says what Google says, and names the role that is enough."""
    message = "me@x does not have storage.objects.get access."
    server = endpoint(lambda request: request.reply(*problem(403, message)))
    text = failure(at(server.url), operation)
    assert "me@x does not have storage.objects.get access" in text
    assert "Storage Object User" in text


@pytest.mark.usefixtures("_collected")
def test_passing_failures_are_retried(at, endpoint):
    """A request that fails once is repeated, and nobody notices."""
    turns = itertools.count()

    def plan(request):
        if next(turns) % 2 == 0:
            request.reply(*problem(503))
        else:
            request.pass_on()

    storage = at(endpoint(plan).url, retry_timeout=60)
    storage.post("k", Context([1, 2]))
    assert storage.get("k").storage == [1, 2]
    assert storage.list_keys() == ["k"]
    assert storage.delete("k") is True


@pytest.mark.usefixtures("_collected")
def test_broken_off_answers_are_retried(at, endpoint):
    """An object whose transfer breaks off is fetched again, and never cut short."""
    turns = itertools.count()

    def plan(request):
        status, headers, body = request.forward()
        whole = request.command != "GET" or next(turns) % 2
        request.reply(
            status,
            headers,
            body if whole else body[: len(body) // 2],
            None if whole else len(body),
        )

    value = list(range(10_000))
    url = endpoint(plan).url
    storage = at(url, retry_timeout=60)
    storage.post("k", Context(value))
    assert storage.get("k").storage == value
    failure(at(url), "get")


@pytest.mark.usefixtures("_collected")
def test_swap_whose_answer_is_lost(at, endpoint):
    """A swap that was done says so, although the answer to its write was lost."""
    turns = itertools.count()

    def plan(request):
        answer = request.forward()
        if request.command == "POST" and next(turns) == 0:
            request.reply(*problem(503))
        else:
            request.reply(*answer)

    storage = at(endpoint(plan).url, retry_timeout=60)
    assert storage.atomic_swap("k", None, Context("mine")) is True
    assert storage.get("k").storage == "mine"
    assert storage.atomic_swap("k", None, Context("other")) is False


def test_slow_endpoint(at, endpoint):
    """An endpoint that is slow, but within the timeout, serves a run."""

    def plan(request):
        request.server.released.wait(0.05)
        request.pass_on()

    storage = at(endpoint(plan).url)
    workflow = DotFlow(config=Config(storage=storage), workflow_id="slow")
    workflow.task.add(action(lambda: 1), name="one")
    assert workflow.start().status == "Completed"


@pytest.mark.parametrize("fault", ["hang", "noise"])
def test_run_whose_storage_fails(at, endpoint, fault):
    """A task whose result cannot be stored is Failed, and a resume runs it again."""
    healthy = [False]

    def plan(request):
        if healthy[0] or b"nightly-two" not in request.body:
            request.pass_on()
        else:
            getattr(request, fault)()

    url = endpoint(plan).url
    ran = []

    def start(**options):
        storage = at(url, timeout=1)
        workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
        for name in ("one", "two", "three"):
            step = action(lambda name=name: ran.append(name) or name)
            workflow.task.add(step, name=name)
        workflow.start(**options)
        return [task.status for task in workflow.result_task()], workflow

    statuses, workflow = start()
    assert statuses == ["Completed", "Failed", "Not started"]
    error = workflow.result_task()[1].errors[-1]
    assert error.exception == "StorageError"
    assert "'two'" in error.message
    healthy[0] = True
    assert start(resume=True)[0] == ["Completed"] * 3
    assert ran == ["one", "two", "two", "three"]


def test_bad_state_is_told_before_any_task(at, closed_url):
    """A workflow with a fixed id finds out before its first task that GCS is away."""
    ran = []
    workflow = DotFlow(config=Config(storage=at(closed_url)), workflow_id="nightly")
    workflow.task.add(action(lambda: ran.append(1)), name="one")
    with pytest.raises(StorageError, match="Check the network"):
        workflow.start()
    assert ran == []
