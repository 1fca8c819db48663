"""Deployer for AWS Step Functions: the workflow's graph, a call of Lambda a task."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.aws.bucket import Bucket
from dotflow_deploy.aws.names import bucket_name, role_name
from dotflow_deploy.aws.packaging import generated
from dotflow_deploy.aws.parts import declare_function, site_of
from dotflow_deploy.aws.policy import allow, document, trust
from dotflow_deploy.aws.role import Role
from dotflow_deploy.aws.rule import Rule, RuleTarget
from dotflow_deploy.aws.state_machine import StateMachine
from dotflow_deploy.stack import Stack

if TYPE_CHECKING:
    from dotflow_deploy.build import Builder
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

DEFINITION: Final = "state-machine.asl.json"
FUNCTION: Final = "${TaskFunctionArn}"
PREFIX: Final = "dotflow"
"""Where in the bucket the results of tasks are."""
DAYS: Final = 90
"""How long results are kept, in days: an execution is over long before."""


def stack(
    project: Project, options: Options, builder: Builder[Any] | None = None
) -> Stack:
    """Declare a state machine with a state a task, and the function that they call.

    Results pass through a bucket, unless the project's variables name another storage.

    Args:
        project: What it runs. Its workflow is imported, in a process of its own, to
            compile its graph.
        options: How; a schedule is optional.
        builder: Makes the function's zip file, or its image. Default: pip or docker do.

    Raises:
        InvalidProject: Lambda does not go that far, or the schedule is none.
        ScheduleNotExpressible: EventBridge has no such schedule.
        CloudError: There are no credentials.
    """
    site = site_of("step-functions", project, options)
    account = site.account
    bucket = Bucket(bucket_name(site, "results"), site, DAYS)

    @cache
    def files() -> dict[str, str]:
        return generated(site.platform, project, options.echo)

    parts = declare_function(
        site,
        project,
        options,
        allowed=lambda: [
            allow(["s3:ListBucket"], bucket.arn),
            allow(
                ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                f"{bucket.arn}/{PREFIX}/*",
            ),
        ],
        env={"DOTFLOW_STORAGE": f"s3://{bucket.name}/{PREFIX}"},
        builder=builder,
        files=files,
    )
    function = parts.function
    states = account.arn("states", f"stateMachine:{project.name}")
    machine_role = Role(
        role_name(site, "machine"),
        site,
        lambda: trust("states.amazonaws.com", account, states),
        lambda: document(allow(["lambda:InvokeFunction"], function.arn)),
    )

    def definition() -> dict[str, Any]:
        text = files()[DEFINITION].replace(FUNCTION, function.arn)
        made: dict[str, Any] = json.loads(text)
        return made

    machine = StateMachine(project.name, site, machine_role, definition)
    rule = Rule(project.name, site, options.schedule)
    role = Role(
        role_name(site, "schedule"),
        site,
        lambda: trust("events.amazonaws.com", account, rule.arn),
        lambda: document(allow(["states:StartExecution"], machine.arn)),
    )
    target = RuleTarget(
        site, rule, lambda: {"Arn": machine.arn, "RoleArn": role.arn}, role
    )
    for each in (rule, role, target):
        each.wanted = options.schedule is not None

    def outputs() -> dict[str, str]:
        found = (
            {} if rule.state is None else {"Schedule": f"{rule.state['schedule']} UTC"}
        )
        return {
            "State machine": machine.arn,
            **found,
            "Start a run": f"aws stepfunctions start-execution --region {account.region}"
            f" --state-machine-arn {machine.arn} --input '{{}}'",
            "Results": f"s3://{bucket.name}/{PREFIX}/",
            "Log": f"aws logs tail --region {account.region} --follow"
            f" /aws/lambda/{function.name}",
            "Role": function.role.name,
        }

    return Stack(
        [
            bucket,
            *parts.before,
            function,
            machine_role,
            machine,
            role,
            rule,
            target,
        ],
        outputs,
    )
