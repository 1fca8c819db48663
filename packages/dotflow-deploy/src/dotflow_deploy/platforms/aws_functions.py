"""Functions and services of AWS that are called: Lambda, App Runner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, Platform, Scheduling
from dotflow_deploy.platforms.servers import check_free, server_files, server_values
from dotflow_deploy.platforms.shared import own
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import eventbridge

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Value, Values

_REGION: Final = "us-east-1"
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


def _function(
    name: str, title: str, description: str, kind: str, scheduling: Scheduling
) -> Platform:
    return Platform(
        name=name,
        title=title,
        description=description,
        family=Family.AWS,
        files=own(name, *_FILES, source="lambda"),
        region=_REGION,
        scheduling=scheduling,
        dialect=eventbridge,
        values=partial(_values, kind),
    )


def _app_runner(request: Request) -> Values:
    # A service's name has 4 to 40 characters.
    service = shortened(f"{request.project.name}-app", 40)
    return {**server_values(request), "service": service}


PLATFORMS: Final[tuple[Platform, ...]] = (
    _function(
        "lambda",
        "AWS Lambda",
        "A function, run when it is called",
        "plain",
        Scheduling.NONE,
    ),
    _function(
        "lambda-scheduled",
        "AWS Lambda, scheduled",
        "A function, run by EventBridge",
        "timer",
        Scheduling.ALWAYS,
    ),
    _function(
        "lambda-s3-trigger",
        "AWS Lambda for S3",
        "A function, run for each new object of a bucket",
        "s3",
        Scheduling.NONE,
    ),
    _function(
        "lambda-sqs-trigger",
        "AWS Lambda for SQS",
        "A function, run for each message of a queue",
        "sqs",
        Scheduling.NONE,
    ),
    _function(
        "lambda-api-trigger",
        "AWS Lambda for API Gateway",
        "A function, run by signed HTTP requests",
        "api",
        Scheduling.NONE,
    ),
    Platform(
        name="app-runner",
        title="AWS App Runner",
        description="A service, run by HTTP requests; for accounts that have it already",
        family=Family.AWS,
        files=(
            *server_files("app-runner"),
            *own("app-runner", "template.yaml", "deploy.sh", "README.md"),
        ),
        region=_REGION,
        values=_app_runner,
    ),
)
