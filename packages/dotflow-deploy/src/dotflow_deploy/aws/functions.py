"""Deployers for AWS Lambda: a function, and what calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow_deploy.aws.bucket import Bucket
from dotflow_deploy.aws.failures import Failures
from dotflow_deploy.aws.http_api import HttpApi, Integration, Route, Stage
from dotflow_deploy.aws.mapping import QueueMapping
from dotflow_deploy.aws.names import bucket_name
from dotflow_deploy.aws.notification import Notification
from dotflow_deploy.aws.parts import declare_function, site_of
from dotflow_deploy.aws.permission import Permission
from dotflow_deploy.aws.policy import allow
from dotflow_deploy.aws.queue import Queue
from dotflow_deploy.aws.rule import Rule, RuleTarget
from dotflow_deploy.stack import Stack

if TYPE_CHECKING:
    from dotflow_deploy.aws.function import Function
    from dotflow_deploy.build import Builder
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

# AWS's advice: a message must not be delivered again while its run may still go on.
_VISIBILITY = 6


def plain(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a function that runs the workflow when it is called.

    Args:
        project: What it runs.
        options: How.
        builder: Makes its zip file, or its image. Default: pip or docker do.

    Raises:
        InvalidProject: Lambda does not go that far.
        CloudError: There are no credentials.
    """
    site = site_of("lambda", project, options)
    parts = declare_function(site, project, options, builder=builder)
    function = parts.function
    return Stack([*parts.before, function], lambda: _outputs(function))


def scheduled(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a function that runs the workflow on a schedule; see `plain`.

    Without a schedule it can be read and removed only.

    Raises:
        InvalidProject: As of `plain`, or the schedule is none.
        ScheduleNotExpressible: EventBridge has no such schedule.
    """
    site = site_of("lambda-scheduled", project, options)
    failed = Queue(f"{project.name}-failures", site)
    parts = declare_function(
        site,
        project,
        options,
        allowed=lambda: [allow(["sqs:SendMessage"], failed.arn)],
        builder=builder,
    )
    function = parts.function
    rule = Rule(project.name, site, options.schedule)
    return Stack(
        [
            failed,
            *parts.before,
            function,
            Failures(site, function, failed),
            rule,
            Permission(site, function, "events.amazonaws.com", lambda: rule.arn),
            RuleTarget(site, rule, lambda: {"Arn": function.arn}),
        ],
        lambda: {
            "Schedule": f"{(rule.state or {}).get('schedule')} UTC",
            "Failed events": failed.url,
            **_outputs(function),
        },
    )


def s3_trigger(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a function that runs the workflow for each object that comes; see `plain`."""
    site = site_of("lambda-s3-trigger", project, options)
    bucket = Bucket(bucket_name(site, "source"), site)
    failed = Queue(f"{project.name}-failures", site)
    parts = declare_function(
        site,
        project,
        options,
        allowed=lambda: [
            allow(["s3:GetObject", "s3:GetObjectVersion"], f"{bucket.arn}/*"),
            allow(["sqs:SendMessage"], failed.arn),
        ],
        builder=builder,
    )
    function = parts.function
    return Stack(
        [
            bucket,
            failed,
            *parts.before,
            function,
            Failures(site, function, failed),
            Permission(site, function, "s3.amazonaws.com", lambda: bucket.arn),
            Notification(site, bucket, function),
        ],
        lambda: {
            "Bucket": bucket.name,
            "Start a run": f"aws s3 cp FILE s3://{bucket.name}/",
            "Failed events": failed.url,
            **_log(function),
        },
    )


def sqs_trigger(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a function that runs the workflow for each message of a queue; see `plain`."""
    site = site_of("lambda-sqs-trigger", project, options)
    dead = Queue(f"{project.name}-dead-letters", site)
    queue = Queue(f"{project.name}-queue", site, options.timeout * _VISIBILITY, dead)
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    parts = declare_function(
        site,
        project,
        options,
        allowed=lambda: [allow(actions, queue.arn)],
        builder=builder,
    )
    function = parts.function
    return Stack(
        [dead, queue, *parts.before, function, QueueMapping(site, queue, function)],
        lambda: {
            "Queue": queue.url,
            "Start a run": f"aws sqs send-message --region {site.account.region}"
            f" --queue-url {queue.url} --message-body '{{}}'",
            "Dead letters": dead.url,
            **_log(function),
        },
    )


def api_trigger(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a function that runs the workflow for each HTTP request; see `plain`."""
    site = site_of("lambda-api-trigger", project, options)
    parts = declare_function(site, project, options, builder=builder)
    function = parts.function
    api = HttpApi(f"{project.name}-api", site)
    integration = Integration(site, api, function)

    def source() -> str:
        return site.account.arn("execute-api", f"{api.id}/*/POST/workflow")

    return Stack(
        [
            *parts.before,
            function,
            api,
            integration,
            Route(site, api, integration),
            Stage(site, api),
            Permission(site, function, "apigateway.amazonaws.com", source),
        ],
        lambda: {
            "Address": api.url,
            "Start a run": "awscurl --service execute-api --region"
            f" {site.account.region} -X POST -d '{{}}' {api.url}",
            **_log(function),
        },
    )


def _outputs(function: Function) -> dict[str, str]:
    region = function.account.region
    return {
        "Start a run": f"aws lambda invoke --region {region} --function-name"
        f" {function.name} --cli-binary-format raw-in-base64-out --payload '{{}}'"
        f" --cli-read-timeout {function.settings.timeout} /dev/stdout",
        **_log(function),
    }


def _log(function: Function) -> dict[str, str]:
    return {
        "Log": f"aws logs tail --region {function.account.region} --follow"
        f" /aws/lambda/{function.name}",
        "Role": function.role.name,
    }
