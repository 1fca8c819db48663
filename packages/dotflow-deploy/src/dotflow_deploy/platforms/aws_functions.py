"""Functions and services of AWS that are called: Lambda, App Runner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import aws
from dotflow_deploy.platforms.servers import check_free, server_files, server_values
from dotflow_deploy.platforms.shared import own
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import File, Request
    from dotflow_deploy.platforms.render import Value, Values

_FILES: Final = (
    *("handler.py", "build.py", "template.yaml", "samconfig.toml"),
    *("deploy.sh", "README.md"),
)

# What each kind of event is handled by, of dotflow_aws.handlers.
_MAKERS: Final = {
    "plain": "lambda_handler",
    "timer": "eventbridge_handler",
    "s3": "s3_handler",
    "sqs": "sqs_handler",
    "api": "http_handler",
}


def _values(kind: str, request: Request) -> Values:
    check_free(request, "handler")
    name = request.project.name
    values: dict[str, Value] = {one: one == kind for one in _MAKERS}
    return values | {
        "make": _MAKERS[kind],
        "result": kind in ("plain", "api"),
        "event": kind in ("timer", "s3", "sqs"),
        "failures": kind in ("timer", "s3"),
        "logs": f"/aws/lambda/{name}",
        "queue": f"{name}-queue",
        # With the account's twelve digits, 63 characters at most.
        "bucket": f"{shortened(name, 43)}-source",
    }


def _files(platform: str) -> tuple[File, ...]:
    return own(platform, *_FILES, source="lambda")


def _app_runner(request: Request) -> Values:
    # A service's name has 4 to 40 characters.
    service = shortened(f"{request.project.name}-app", 40)
    return {**server_values(request), "service": service}


_LAMBDA: Final = aws(
    name="lambda",
    title="AWS Lambda",
    description="A function, run when it is called",
    files=_files("lambda"),
    values=partial(_values, "plain"),
)

PLATFORMS: Final = (
    _LAMBDA,
    _LAMBDA.scheduled(
        "A function, run by EventBridge", values=partial(_values, "timer")
    ),
    aws(
        name="lambda-s3-trigger",
        title="AWS Lambda for S3",
        description="A function, run for each new object of a bucket",
        files=_files("lambda-s3-trigger"),
        values=partial(_values, "s3"),
    ),
    aws(
        name="lambda-sqs-trigger",
        title="AWS Lambda for SQS",
        description="A function, run for each message of a queue",
        files=_files("lambda-sqs-trigger"),
        values=partial(_values, "sqs"),
    ),
    aws(
        name="lambda-api-trigger",
        title="AWS Lambda for API Gateway",
        description="A function, run by signed HTTP requests",
        files=_files("lambda-api-trigger"),
        values=partial(_values, "api"),
    ),
    aws(
        name="app-runner",
        title="AWS App Runner",
        description="A service, run by HTTP requests; for accounts that have it already",
        files=(
            *server_files("app-runner"),
            *own("app-runner", "template.yaml", "deploy.sh", "README.md"),
        ),
        values=_app_runner,
    ),
)
