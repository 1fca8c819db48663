"""Lambda handlers: each event runs its workflows, and failures are told as AWS asks."""

from __future__ import annotations

import base64
import json

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InvalidWorkflowFactory
from dotflow.providers import StorageFile
from dotflow_aws import (
    WorkflowFailed,
    eventbridge_handler,
    http_handler,
    lambda_handler,
    s3_handler,
    sqs_handler,
)

# As the AWS documentation shows them, cut to what varies.
SCHEDULED = {
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2015-10-08T16:53:06Z",
    "detail": {},
}
REQUEST = {
    "version": "2.0",
    "routeKey": "POST /workflow",
    "rawPath": "/workflow",
    "rawQueryString": "day=31",
    "headers": {"Content-Type": "application/json; charset=utf-8", "Host": "x"},
    "queryStringParameters": {"day": "31"},
    "requestContext": {
        "http": {"method": "POST", "path": "/workflow", "protocol": "HTTP/1.1"},
        "requestId": "JKJaXmPLvHcESHA=",
    },
    "body": '{"rows": 3}',
    "isBase64Encoded": False,
}


def s3_record(key, bucket="source"):
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "1970-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204"},
        },
    }


def sqs_record(number, body, queue="my-queue", attempt=1):
    return {
        "messageId": f"message-{number}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(attempt),
            "SentTimestamp": "1545082649183",
        },
        "messageAttributes": {
            "team": {"stringValue": "blue", "dataType": "String"},
        },
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        "awsRegion": "us-east-1",
    }


@pytest.fixture
def seen():
    """Return the list of what the tasks of `build` get."""
    return []


@pytest.fixture
def build(seen):
    """Return a factory whose one task notes its value, and fails for `"bad"`."""

    @action
    def work(initial_context):
        value = initial_context.storage
        seen.append(value)
        if "bad" in str(value):
            raise ValueError("it is bad")
        return len(seen)

    def factory(value):
        workflow = DotFlow(workflow_id="wf")
        workflow.task.add(work, initial_context=value)
        return workflow

    return factory


def test_plain_event(build, seen):
    """An invocation runs the workflow with its event, and answers with its status."""
    answer = lambda_handler(build)({"day": 31}, None)
    assert seen == [{"day": 31}]
    assert answer == {"workflow_id": "wf", "status": "Completed"}


def test_own_result(build):
    """What `result` returns of the workflow is the answer."""
    handler = lambda_handler(build, result=lambda flow: flow.result_storage()[-1])
    assert handler({}, None) == 1


def test_failed_workflow_fails_the_invocation(build):
    """A task that fails raises, with the workflow, the task and its error."""
    with pytest.raises(WorkflowFailed, match=r"'wf'.*'work': ValueError: it is bad"):
        lambda_handler(build)("bad", None)


def test_factory_without_argument(seen):
    """Such a factory's tasks get the event unless they have an initial context."""

    @action
    def work(initial_context):
        seen.append(initial_context.storage)

    def factory():
        workflow = DotFlow()
        workflow.task.add(work, name="one")
        workflow.task.add(work, name="two", initial_context="own")
        return workflow

    lambda_handler(factory)({"day": 31}, None)
    assert seen == [{"day": 31}, "own"]


def test_factory_that_returns_no_workflow():
    """What returns no workflow is named."""
    with pytest.raises(InvalidWorkflowFactory, match="it returned None"):
        lambda_handler(lambda event: None)({}, None)


def test_background_run_is_waited_for(build, seen):
    """A background run is over when the handler returns, since Lambda then stops."""
    answer = lambda_handler(build, mode="background")({"day": 31}, None)
    assert answer["status"] == "Completed"
    assert seen == [{"day": 31}]
    with pytest.raises(WorkflowFailed):
        lambda_handler(build, mode="background")("bad", None)


def test_eventbridge_event(build, seen):
    """An event or a tick of a schedule arrives whole."""
    eventbridge_handler(build)(SCHEDULED, None)
    assert seen == [SCHEDULED]


def test_s3_event(build, seen):
    """Each object is a run, with its key as it is in the bucket."""
    event = {"Records": [s3_record("a+b/%C3%A9%2B.csv"), s3_record("two")]}
    answer = s3_handler(build)(event, None)
    assert [item["key"] for item in seen] == ["a b/é+.csv", "two"]
    assert seen[0] == {
        "bucket": "source",
        "key": "a b/é+.csv",
        "size": 1024,
        "etag": "d41d8cd98f00b204",
        "version_id": None,
        "event": "ObjectCreated:Put",
    }
    assert len(answer["workflows"]) == 2


def test_s3_event_with_a_failure(build, seen):
    """An object whose run fails keeps no other from its run, and fails the event."""
    event = {"Records": [s3_record("bad"), s3_record("good")]}
    with pytest.raises(WorkflowFailed, match=r"s3://source/bad: .*it is bad"):
        s3_handler(build)(event, None)
    assert len(seen) == 2


def test_s3_test_event(build, seen):
    """What S3 sends to try a notification out runs nothing."""
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "source"}
    assert s3_handler(build)(event, None) == {"workflows": []}
    assert seen == []


def test_sqs_messages(build, seen):
    """Each message is a run; a body that is JSON arrives as what it says."""
    records = [sqs_record(1, '{"a": [1]}'), sqs_record(2, "plain text", attempt=3)]
    answer = sqs_handler(build)({"Records": records}, None)
    assert answer == {"batchItemFailures": []}
    assert [item["body"] for item in seen] == [{"a": [1]}, "plain text"]
    assert [item["attempt"] for item in seen] == [1, 3]
    assert seen[0]["message_id"] == "message-1"
    assert seen[0]["attributes"] == {"team": "blue"}


def test_sqs_partial_failure(build, seen):
    """Only the messages whose runs fail come back."""
    bodies = ["one", "bad", "three", "bad"]
    records = [sqs_record(number, body) for number, body in enumerate(bodies)]
    answer = sqs_handler(build)({"Records": records}, None)
    failed = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
    assert failed == ["message-1", "message-3"]
    assert len(seen) == 4


def test_sqs_fifo_keeps_its_order(build, seen):
    """Of a FIFO queue, what comes after a failure is left to the next delivery."""
    bodies = ["one", "bad", "three"]
    records = [sqs_record(n, body, "q.fifo") for n, body in enumerate(bodies)]
    answer = sqs_handler(build)({"Records": records}, None)
    failed = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
    assert failed == ["message-1", "message-2"]
    assert [item["body"] for item in seen] == ["one", "bad"]


def test_sqs_factory_that_raises():
    """A message that no workflow can be made of comes back."""

    def factory(message):
        raise KeyError("order")

    answer = sqs_handler(factory)({"Records": [sqs_record(1, "x")]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


def test_redelivered_message_resumes(tmp_path):
    """A message that comes back goes on where its run failed."""
    ran = []
    broken = [True]

    def factory(message):
        storage = StorageFile(path=tmp_path)
        workflow = DotFlow(
            config=Config(storage=storage), workflow_id=message["message_id"]
        )

        def second():
            ran.append("second")
            if broken[0]:
                raise OSError("not now")

        workflow.task.add(action(lambda: ran.append("first")), name="first")
        workflow.task.add(action(second), name="second")
        return workflow

    handler = sqs_handler(factory, resume=True)
    event = {"Records": [sqs_record(1, "x")]}
    assert handler(event, None)["batchItemFailures"] != []
    broken[0] = False
    assert handler(event, None)["batchItemFailures"] == []
    assert ran == ["first", "second", "second"]


def test_http_request(build, seen):
    """A request is a run, and its answer is JSON."""
    answer = http_handler(build, result=lambda flow: {"rows": 3})(REQUEST, None)
    assert seen == [
        {
            "method": "POST",
            "path": "/workflow",
            "query": {"day": "31"},
            "headers": {"content-type": "application/json; charset=utf-8", "host": "x"},
            "request_id": "JKJaXmPLvHcESHA=",
            "body": {"rows": 3},
        }
    ]
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"content-type": "application/json"}
    assert json.loads(answer["body"]) == {"rows": 3}


@pytest.mark.parametrize(
    ("content_type", "sent", "body"),
    [
        ("text/plain", b"hello", "hello"),
        ("application/octet-stream", b"\xff\x00", b"\xff\x00"),
        ("application/vnd.api+json", b"[1]", [1]),
        ("", b"[1]", "[1]"),
    ],
)
def test_http_bodies(build, seen, content_type, sent, body):
    """A body is read by its content type: JSON, text or bytes."""
    event = REQUEST | {
        "headers": {"content-type": content_type},
        "body": base64.b64encode(sent).decode(),
        "isBase64Encoded": True,
    }
    assert http_handler(build)(event, None)["statusCode"] == 200
    assert seen[0]["body"] == body


def test_http_request_without_body(build, seen):
    """A request may have neither body nor query."""
    event = {k: v for k, v in REQUEST.items() if k not in ("body", "headers")}
    assert http_handler(build)(event, None)["statusCode"] == 200
    assert seen[0]["body"] is None


def test_http_bad_json(build, seen):
    """A body that is not the JSON it says to be is the sender's mistake."""
    answer = http_handler(build)(REQUEST | {"body": "{oops"}, None)
    assert answer["statusCode"] == 400
    assert seen == []


def test_http_failure_keeps_its_details(build):
    """A run that fails is answered with 500, and its error stays in the log."""
    answer = http_handler(build)(REQUEST | {"body": '"bad"'}, None)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"]) == {"workflow_id": "wf", "status": "Failed"}


def test_http_factory_that_raises():
    """A request that no workflow can be made of is answered with 500."""

    def factory(request):
        raise KeyError("secret")

    answer = http_handler(factory)(REQUEST, None)
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]


@pytest.mark.parametrize(
    "make", [lambda_handler, eventbridge_handler, s3_handler, sqs_handler, http_handler]
)
def test_workflow_instead_of_a_factory(make):
    """A workflow itself is refused when the function begins, before any event."""
    with pytest.raises(InvalidWorkflowFactory, match="each event needs one of its own"):
        make(DotFlow())


def test_http_content(build, seen):
    """With `content`, the workflow gets what that returns of a request."""
    handler = http_handler(build, content=lambda request: request["body"])
    assert handler(REQUEST, None)["statusCode"] == 200
    assert seen == [{"rows": 3}]


EVENTBRIDGE = {
    "version": "0",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {
        "bucket": {"name": "shop"},
        "object": {"key": "a b+c.csv", "size": 1, "etag": "e", "version-id": "v"},
    },
}


def test_s3_event_of_eventbridge(build, seen):
    """An event that comes through EventBridge runs the workflow, its key as it is."""
    answer = s3_handler(build)(EVENTBRIDGE, None)
    assert len(answer["workflows"]) == 1
    assert seen == [
        {
            "bucket": "shop",
            "key": "a b+c.csv",
            "size": 1,
            "etag": "e",
            "version_id": "v",
            "event": "Object Created",
        }
    ]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"Records": []},
        {"Records": None},
        {"Records": [{"body": "{}"}]},
        {"Records": [None]},
        {"source": "aws.s3", "detail": None},
        {"source": "aws.s3", "detail": {"bucket": {"name": "x"}}},
    ],
)
def test_an_event_without_anything_to_do(build, seen, event):
    """What holds no object, or no message, is an error that says so, and no success."""
    with pytest.raises(ValueError, match="The event is not of S3"):
        s3_handler(build)(event, None)
    with pytest.raises(ValueError, match="The event is not of SQS"):
        sqs_handler(build)(event, None)
    assert seen == []


REST = {
    "resource": "/workflow",
    "path": "/workflow",
    "httpMethod": "POST",
    "headers": {"Content-Type": "application/json"},
    "multiValueHeaders": {"X-Many": ["1", "2"]},
    "queryStringParameters": None,
    "requestContext": {"requestId": "r", "httpMethod": "POST"},
    "body": '{"rows": 3}',
    "isBase64Encoded": False,
}


@pytest.mark.parametrize("nothing", ["headers", "multiValueHeaders", "requestContext"])
def test_rest_api(build, seen, nothing):
    """A request of a REST API (payload 1.0) runs the workflow, with nulls as without."""
    answer = http_handler(build)(REST, None)
    assert answer["statusCode"] == 200
    request = seen[0]
    assert (request["method"], request["path"]) == ("POST", "/workflow")
    assert request["headers"]["x-many"] == "2"
    assert request["body"] == {"rows": 3}
    assert http_handler(build)(REST | {nothing: None}, None)["statusCode"] == 200


@pytest.mark.parametrize("event", [None, [], {}, {"requestContext": None}])
def test_what_is_no_request(build, seen, event):
    """An event that is no request is answered 400, and runs nothing."""
    assert http_handler(build)(event, None)["statusCode"] == 400
    assert seen == []


@pytest.mark.parametrize(
    "body", ["[NaN]", "-Infinity", "[" * 200_000, '{"a":', "\x00", "eyJ"]
)
@pytest.mark.parametrize("encoded", [False, True])
def test_http_no_json(build, seen, body, encoded):
    """What is no JSON, or nests too deep to be read, is answered 400."""
    text = base64.b64encode(body.encode()).decode() if encoded else body
    event = REQUEST | {"body": text, "isBase64Encoded": encoded}
    assert http_handler(build)(event, None)["statusCode"] == 400
    assert seen == []


def test_sqs_deep_message(build, seen):
    """A message whose JSON nests too deep to be read is a text."""
    deep = "[" * 200_000
    event = {"Records": [sqs_record(1, deep)]}
    assert sqs_handler(build)(event, None) == {"batchItemFailures": []}
    assert seen[0]["body"] == deep
