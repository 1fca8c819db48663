"""AWS Lambda: the packaged function under Lambda's own runtime interface client."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FAILURE = "there is a boom in it"
SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-01-31T06:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/shop"],
    "detail": {},
}
REQUEST = {
    "version": "2.0",
    "routeKey": "POST /workflow",
    "rawPath": "/workflow",
    "rawQueryString": "",
    "headers": {"content-type": "application/json"},
    "requestContext": {
        "http": {"method": "POST", "path": "/workflow", "protocol": "HTTP/1.1"},
        "requestId": "JKJaXmPLvHcESHA=",
        "stage": "$default",
    },
    "body": '{"numbers": [30, 12]}',
    "isBase64Encoded": False,
}


def s3(*keys: str) -> dict[str, Any]:
    """Return what S3 sends for new objects."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-01-31T06:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {
                        "name": "shop-source",
                        "arn": "arn:aws:s3:::shop-source",
                    },
                    "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204"},
                },
            }
            for key in keys
        ]
    }


def sqs(*bodies: str) -> dict[str, Any]:
    """Return what Lambda gets of a queue."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:shop-queue",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


class Cloudformation(yaml.SafeLoader):
    """Takes the short functions of CloudFormation."""


Cloudformation.add_multi_constructor("!", lambda loader, suffix, node: f"!{node.value}")


def template_of(placed: Any) -> Any:
    """Return the function of a generated template."""
    text = (placed.folder / "template.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Cloudformation)["Resources"]


@pytest.fixture
def runtime() -> Any:
    """Return the module with the Runtime API."""
    pytest.importorskip("awslambdaric")
    import runtime_api

    return runtime_api


@pytest.fixture
def function(
    runtime: Any, place: Any, package: Any, environ: dict[str, str], tmp_path: Path
) -> Iterator[Any]:
    """Return what starts a packaged function as its template says."""
    functions = []

    def start(platform: str, workflow: str | None = None) -> Any:
        placed = place(platform, workflow)
        package(placed)
        properties = template_of(placed)["Function"]["Properties"]
        variables = properties["Environment"]["Variables"]
        assert variables == {"DOTFLOW_OUTPUT_PATH": "/tmp/.output"}
        archive = (placed.folder / properties["CodeUri"]).resolve()
        assert properties["Runtime"] == f"python{placed_python()}"
        folder = tmp_path / "task"
        made = runtime.Function(archive, folder, properties["Handler"], environ)
        functions.append(made)
        return made

    yield start
    for made in functions:
        made.stop()


def placed_python() -> str:
    """Return the version of Python that runs the tests."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_package(place: Any, package: Any) -> None:
    """The zip holds the handler, the project and dotflow, and neither secrets nor boto3."""
    archive = package(place("lambda")) / "function.zip"
    names = zipfile.ZipFile(archive).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {"handler.py", "shop", "dotflow", "dotflow_aws"} <= tops
    assert not {name for name in names if ".env" in name or name.startswith("boto3")}


def test_invoke(function: Any, environ: dict[str, str]) -> None:
    """A call runs all steps with its payload and returns the result; the next does too."""
    made = function("lambda")
    before = made.files()
    assert made.invoke({"numbers": [30, 12]}) == (
        "response",
        {"workflow_id": "shop", "status": "Completed", "result": 42},
    )
    assert made.invoke(None)[1]["result"] == 6
    assert "the total is 42" in made.log.read_text()
    # Only /tmp can be written there.
    assert made.files() == before
    assert list(Path(environ["HOME"]).iterdir()) == []
    assert any(Path(environ["DOTFLOW_OUTPUT_PATH"]).rglob("*"))


def test_failed_call(function: Any) -> None:
    """A failed run fails the call, with the step and its error; the next call runs."""
    made = function("lambda")
    kind, told = made.invoke({"numbers": ["boom"]})
    assert kind == "error"
    assert told["errorType"] == "WorkflowFailed"
    assert f"'transform': ValueError: {FAILURE}" in told["errorMessage"]
    assert made.invoke({})[0] == "response"


def test_schedule(function: Any) -> None:
    """A tick of EventBridge's schedule runs the workflow with the whole event."""
    made = function("lambda-scheduled", "shop.events:build")
    kind, told = made.invoke(SCHEDULED)
    assert (kind, told) == (
        "response",
        {"workflow_id": "events", "status": "Completed"},
    )
    assert SCHEDULED["id"] in made.log.read_text()
    assert made.invoke(SCHEDULED | {"detail": "boom"})[0] == "error"


def test_objects(function: Any) -> None:
    """Each new object is a run with its bucket and its key, as it is in the bucket."""
    made = function("lambda-s3-trigger", "shop.events:build")
    kind, told = made.invoke(s3("a+b/%C3%A9.csv", "two.csv"))
    assert kind == "response"
    assert len(told["workflows"]) == 2
    log = made.log.read_text()
    assert "'key': 'a b/é.csv'" in log
    assert "'bucket': 'shop-source'" in log
    # What S3 sends when the notification is set up runs nothing.
    trial = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "shop-source"}
    assert made.invoke(trial) == ("response", {"workflows": []})


def test_failed_object(function: Any) -> None:
    """An object whose run fails keeps no other from its run, and fails the event."""
    made = function("lambda-s3-trigger", "shop.events:build")
    kind, told = made.invoke(s3("boom.csv", "good.csv"))
    assert kind == "error"
    assert "s3://shop-source/boom.csv" in told["errorMessage"]
    assert "good.csv" in made.log.read_text()


def test_messages(function: Any) -> None:
    """Of a batch, only the messages whose runs fail are told to come back."""
    made = function("lambda-sqs-trigger", "shop.events:build")
    kind, told = made.invoke(sqs('{"day": 31}', "boom", "text", '{"boom": 1}'))
    assert kind == "response"
    failed = [item["itemIdentifier"] for item in told["batchItemFailures"]]
    assert failed == ["message-1", "message-3"]
    assert "'body': {'day': 31}" in made.log.read_text()
    assert made.invoke(sqs("fine")) == ("response", {"batchItemFailures": []})


def test_requests(function: Any) -> None:
    """A request is a run with the JSON of its body, in base64 or not."""
    made = function("lambda-api-trigger")
    kind, told = made.invoke(REQUEST)
    assert (kind, told["statusCode"]) == ("response", 200)
    assert json.loads(told["body"])["result"] == 42

    body = base64.b64encode(b'{"numbers": [7]}').decode()
    encoded = made.invoke(REQUEST | {"body": body, "isBase64Encoded": True})[1]
    assert json.loads(encoded["body"])["result"] == 7


def test_failed_request(function: Any) -> None:
    """A failed run is answered with 500 and no detail; a body that is no JSON with 400."""
    made = function("lambda-api-trigger")
    told = made.invoke(REQUEST | {"body": '{"numbers": ["boom"]}'})[1]
    assert told["statusCode"] == 500
    assert json.loads(told["body"]) == {"workflow_id": "shop", "status": "Failed"}
    assert FAILURE in made.log.read_text()
    assert made.invoke(REQUEST | {"body": "{oops"})[1]["statusCode"] == 400


def test_template_asks_for_partial_failures(place: Any) -> None:
    """The queue's mapping takes partial failures, and gives a message up at last."""
    resources = template_of(place("lambda-sqs-trigger"))
    function = resources["Function"]["Properties"]
    source = function["Events"]["Messages"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = resources["Queue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "!Failed.Arn"


def test_api_is_not_public(place: Any) -> None:
    """Nobody can run the workflow over HTTP whom AWS does not let."""
    api = template_of(place("lambda-api-trigger"))["Api"]["Properties"]
    assert api["Auth"]["DefaultAuthorizer"] == "AWS_IAM"


def test_build_stops_with_a_message(place: Any, build: Any) -> None:
    """A dependency that pip does not find ends `build.py` with its name."""
    placed = place("lambda")
    (placed.root / "requirements.txt").write_text("no-such-distribution\n")
    done = build(placed)
    assert done.returncode != 0
    assert "no-such-distribution" in done.stderr
    assert not (placed.root / "build/lambda/function.zip").exists()


def test_packaging_needs_no_sdk() -> None:
    """`build.py` runs where boto3 is not installed: plain dotflow-deploy is enough."""
    code = (
        "import sys\n"
        "sys.modules |= {'boto3': None, 'botocore': None}\n"
        "import dotflow_deploy.aws.packaging, dotflow_deploy.build.zip"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
