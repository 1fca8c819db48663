"""StorageS3 when S3 fails: a clear error, in time, and nothing lost."""

from __future__ import annotations

import itertools

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.errors import StorageError
from dotflow_aws import StorageS3

SECRET = "c2VjcmV0LWtleQ"

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
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def xml(code):
    text = f"<Error><Code>{code}</Code><Message>It is {code}.</Message></Error>"
    return [("Content-Type", "application/xml")], text.encode()


def failure(storage, operation):
    """Return the message of the error that an operation must raise."""
    with pytest.raises(StorageError) as caught:
        OPERATIONS[operation](storage)
    text = str(caught.value)
    assert storage.bucket in text
    assert SECRET not in text
    assert "\n" not in text
    return text


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@every_operation
def test_refused_connection(make, closed_url, operation):
    """Where nobody listens, every method says so and where to look."""
    storage = make(endpoint_url=closed_url, max_attempts=1)
    text = failure(storage, operation)
    assert "Check the network, region= and endpoint_url=." in text


@every_operation
def test_hanging_endpoint(make, endpoint, operation):
    """An endpoint that never answers is given up after the timeout."""
    server = endpoint(lambda request: request.hang())
    storage = make(endpoint_url=server.url, timeout=0.2, max_attempts=1)
    assert "raise timeout=" in failure(storage, operation)
    assert len(server.requests) == 1


@every_operation
def test_internal_errors(make, endpoint, operation):
    """An endpoint that keeps answering 500 is asked as often as allowed."""
    server = endpoint(lambda request: request.reply(500, *xml("InternalError")))
    storage = make(endpoint_url=server.url, max_attempts=2)
    assert "InternalError" in failure(storage, operation)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "garbage",
    [
        lambda request: request.noise(),
        lambda request: request.reply(200, body=b"<html>Welcome to the hotel</html>"),
        lambda request: request.reply(200, body=b"{]"),
        lambda request: request.reply(200),
        lambda request: request.reply(503, body=b"<p>no body of S3</p>"),
        lambda request: request.reply(302, body=b"elsewhere"),
    ],
    ids=["noise", "html", "text", "empty", "503", "302"],
)
@every_operation
def test_garbage(make, endpoint, garbage, operation):
    """What does not speak S3 is never taken for a success."""
    server = endpoint(garbage)
    failure(make(endpoint_url=server.url, max_attempts=1), operation)


@every_operation
def test_missing_bucket(make, operation):
    """A bucket that is not there is said to be missing."""
    text = failure(make(bucket="nowhere"), operation)
    assert "There is no such bucket: make it, or correct bucket=." in text


@every_operation
def test_missing_credentials(make, monkeypatch, operation):
    """Where there are no credentials, the error says how to give them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "Set AWS_PROFILE" in failure(make(), operation)


def test_unknown_profile(make, monkeypatch):
    """A profile that is not there is named."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    text = failure(make(), "get")
    assert "nobody" in text
    assert "Correct AWS_PROFILE" in text


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("post", "s3:PutObject"),
        ("get", "s3:GetObject"),
        ("list_keys", "s3:ListBucket"),
        ("atomic_swap", "s3:GetObject"),
        ("check", "s3:ListBucket"),
    ],
)
def test_missing_permission(make, endpoint, operation, permission):
    """A refusal names the permission that is missing."""
    server = endpoint(lambda request: request.reply(403, *xml("AccessDenied")))
    text = failure(make(endpoint_url=server.url), operation)
    assert f"need the permission {permission} " in text


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredToken", "log in again"),
        ("InvalidAccessKeyId", "Check the access key"),
        ("SignatureDoesNotMatch", "Check the access key"),
        ("AuthorizationHeaderMalformed", "region="),
    ],
)
def test_advice(make, endpoint, code, advice):
    """What S3 complains about comes with what to do about it."""
    server = endpoint(lambda request: request.reply(400, *xml(code)))
    text = failure(make(endpoint_url=server.url, max_attempts=1), "post")
    assert code in text
    assert advice in text


def test_object_that_may_not_be_deleted(make, endpoint):
    """An object that stays, of a batch that S3 accepted, is an error."""
    refused = (
        b"<DeleteResult><Error><Key>dotflow/k</Key><Code>AccessDenied</Code>"
        b"<Message>Denied</Message></Error></DeleteResult>"
    )

    def plan(request):
        if request.command == "POST":
            request.reply(200, [("Content-Type", "application/xml")], refused)
        else:
            request.pass_on()

    make().post("k", Context(1))
    text = failure(make(endpoint_url=endpoint(plan).url), "delete")
    assert "s3:DeleteObject" in text
    assert make().get("k").storage == 1


def test_passing_failures_are_retried(make, endpoint):
    """A request that fails once is repeated, and nobody notices."""
    turns = itertools.count()

    def plan(request):
        if next(turns) % 2 == 0:
            request.reply(503, *xml("SlowDown"))
        else:
            request.pass_on()

    storage = make(endpoint_url=endpoint(plan).url, max_attempts=2)
    storage.post("k", Context([1, 2]))
    assert storage.get("k").storage == [1, 2]
    assert storage.list_keys() == ["k"]
    assert storage.delete("k") is True


def test_broken_off_answers_are_retried(make, endpoint):
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
    server = endpoint(plan)
    storage = make(endpoint_url=server.url, max_attempts=2)
    storage.post("k", Context(value))
    assert storage.get("k").storage == value
    with pytest.raises(StorageError):
        make(endpoint_url=server.url, max_attempts=1).get("k")


def test_swap_whose_answer_is_lost(make, endpoint):
    """A swap that was done says so, although the answer to its write was lost."""
    turns = itertools.count()

    def plan(request):
        answer = request.forward()
        if request.command == "PUT" and next(turns) == 0:
            request.reply(500, *xml("InternalError"))
        else:
            request.reply(*answer)

    server = endpoint(plan)
    storage = make(endpoint_url=server.url, max_attempts=3)
    assert storage.atomic_swap("k", None, Context("mine")) is True
    assert [line for line in server.requests if line.startswith("PUT")] != []
    assert storage.get("k").storage == "mine"
    assert storage.atomic_swap("k", None, Context("other")) is False


def test_swap_that_conflicts(make, endpoint):
    """A swap that S3 calls a conflict is tried again while the value is expected."""
    turns = itertools.count()

    def plan(request):
        if request.command == "PUT" and next(turns) == 0:
            request.reply(409, *xml("ConditionalRequestConflict"))
        else:
            request.pass_on()

    storage = make(endpoint_url=endpoint(plan).url)
    assert storage.atomic_swap("k", None, Context("mine")) is True
    assert storage.get("k").storage == "mine"


def test_slow_endpoint(make, endpoint):
    """An endpoint that is slow, but within the timeout, serves a run."""

    def plan(request):
        request.server.released.wait(0.05)
        request.pass_on()

    storage = make(endpoint_url=endpoint(plan).url)
    workflow = DotFlow(config=Config(storage=storage), workflow_id="slow")
    workflow.task.add(action(lambda: 1), name="one")
    assert workflow.start().status == "Completed"


@pytest.mark.parametrize("fault", ["hang", "noise"])
def test_run_whose_storage_fails(make, endpoint, fault):
    """A task whose result cannot be stored is Failed, and a resume runs it again."""
    healthy = [True]

    def plan(request):
        if healthy[0] or "two" not in request.path:
            request.pass_on()
        else:
            getattr(request, fault)()

    url = endpoint(plan).url
    ran = []

    def start(**options):
        storage = make(endpoint_url=url, timeout=1, max_attempts=1)
        workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
        for name in ("one", "two", "three"):
            step = action(lambda name=name: ran.append(name) or name)
            workflow.task.add(step, name=name)
        workflow.start(**options)
        return [task.status for task in workflow.result_task()], workflow

    healthy[0] = False
    statuses, workflow = start()
    assert statuses == ["Completed", "Failed", "Not started"]
    error = workflow.result_task()[1].errors[-1]
    assert error.exception == "StorageError"
    assert "'two'" in error.message
    healthy[0] = True
    assert start(resume=True)[0] == ["Completed"] * 3
    assert ran == ["one", "two", "two", "three"]


def test_bad_state_is_told_before_any_task(closed_url):
    """A workflow with a fixed id finds out before its first task that S3 is away."""
    storage = StorageS3("b", endpoint_url=closed_url, max_attempts=1)
    ran = []
    workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
    workflow.task.add(action(lambda: ran.append(1)), name="one")
    with pytest.raises(StorageError, match="Check the network"):
        workflow.start()
    assert ran == []
    storage.close()
