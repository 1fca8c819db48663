"""StorageS3 when S3 fails: a clear error, in time, and nothing lost."""

from __future__ import annotations

import itertools
import time
from types import SimpleNamespace

import pytest

from dotflow import Context
from dotflow.testing import ObjectStorageFaultContract
from dotflow.testing.fault_contract import within
from dotflow.testing.object_faults import OPERATIONS

SECRET = "c2VjcmV0LWtleQ"
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def xml(code):
    text = f"<Error><Code>{code}</Code><Message>It is {code}.</Message></Error>"
    return [("Content-Type", "application/xml")], text.encode()


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


class TestFaults(ObjectStorageFaultContract):
    secrets = (SECRET,)

    @pytest.fixture(autouse=True)
    def _service(self, s3_url, make):
        self.service_url, self.make = s3_url, make

    def make_at(self, url, *, repeats=False, **arguments):
        attempts = 3 if repeats else 1
        return self.make(endpoint_url=url, max_attempts=attempts, **arguments)

    def trouble(self):
        return 503, *xml("SlowDown")


failure = TestFaults().failure


@every_operation
def test_internal_errors(make, endpoint, operation):
    """An endpoint that keeps answering 500 is asked as often as allowed."""
    server = endpoint(lambda request: request.reply(500, *xml("InternalError")))
    storage = make(endpoint_url=server.url, max_attempts=2)
    assert "InternalError" in failure(storage, operation)
    assert len(server.requests) == 2


@pytest.mark.parametrize("answer", ["trouble", "broken off"])
def test_attempts_share_the_time(make, endpoint, monkeypatch, answer):
    """What one attempt has used up of `timeout=`, the next one does not have again."""
    passed = [0.0]
    clock = SimpleNamespace(
        monotonic=lambda: time.monotonic() + passed[0], time=time.time
    )
    for module in ("dotflow_aws.storage", "dotflow.base.patience"):
        monkeypatch.setattr(f"{module}.time", clock)

    def plan(request):
        if passed[0]:
            request.hang()
        elif answer == "trouble":
            passed[0] = 598.8
            request.reply(503, *xml("SlowDown"))
        else:
            passed[0] = 598.8
            request.reply(200, [("ETag", '"1"')], b"half", 8)

    server = endpoint(plan)
    storage = make(endpoint_url=server.url, timeout=600)
    assert "raise timeout=" in within(30.0, lambda: failure(storage, "get"))


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
