"""Deployers for AWS ECS: the project's image as a task on Fargate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.aws.cluster import Cluster
from dotflow_deploy.aws.fargate import fargate_size
from dotflow_deploy.aws.image import Image
from dotflow_deploy.aws.log_group import LogGroup
from dotflow_deploy.aws.names import role_name
from dotflow_deploy.aws.network import DefaultNetwork, SecurityGroup
from dotflow_deploy.aws.parts import site_of
from dotflow_deploy.aws.policy import allow, document, pull_statements, trust, write_log
from dotflow_deploy.aws.repository import Repository
from dotflow_deploy.aws.role import Role
from dotflow_deploy.aws.rule import Rule, RuleTarget
from dotflow_deploy.aws.task_definition import Run, TaskDefinition
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow_deploy.aws.resource import Site
    from dotflow_deploy.build import Builder
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project
    from dotflow_deploy.stack import Resource

ENV: Final = {"DOTFLOW_OUTPUT_PATH": "/tmp/.output"}  # noqa: S108 - not kept anyway


def plain(
    project: Project, options: Options, builder: Builder[str] | None = None
) -> Stack:
    """Declare a task that runs the workflow once when it is started.

    Args:
        project: What it runs.
        options: How.
        builder: Builds its image. Default: docker does.

    Raises:
        InvalidProject: Fargate does not go that far.
        CloudError: There are no credentials.
    """
    parts = _declare("ecs", project, options, builder)
    return Stack(parts.resources, lambda: _outputs(parts))


def scheduled(
    project: Project, options: Options, builder: Builder[str] | None = None
) -> Stack:
    """Declare a task that runs the workflow on a schedule; see `plain`.

    Without a schedule it can be read and removed only.

    Raises:
        InvalidProject: As of `plain`, or the schedule is none.
        ScheduleNotExpressible: EventBridge has no such schedule.
    """
    parts = _declare("ecs-scheduled", project, options, builder)
    site, task = parts.site, parts.task
    rule = Rule(project.name, site, options.schedule)
    role = Role(
        role_name(site, "schedule"),
        site,
        lambda: trust("events.amazonaws.com", site.account, rule.arn),
        lambda: document(
            # The newest revision, whatever its number is.
            allow(
                ["ecs:RunTask"],
                task.arn,
                f"{task.arn}:*",
                condition={"ArnEquals": {"ecs:cluster": parts.cluster.arn}},
            ),
            allow(
                ["iam:PassRole"],
                task.execution_role.arn,
                task.task_role.arn,
                condition={
                    "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                },
            ),
        ),
    )

    def target() -> dict[str, Any]:
        return {
            "Arn": parts.cluster.arn,
            "RoleArn": role.arn,
            "EcsParameters": {
                "TaskDefinitionArn": task.arn,
                "TaskCount": 1,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {
                    "awsvpcConfiguration": {
                        "Subnets": parts.network.subnets,
                        "SecurityGroups": [parts.group.id],
                        # To reach the registry without a NAT gateway.
                        "AssignPublicIp": "ENABLED",
                    }
                },
            },
        }

    return Stack(
        [*parts.resources, role, rule, RuleTarget(site, rule, target, role)],
        lambda: {
            "Schedule": f"{(rule.state or {}).get('schedule')} UTC",
            **_outputs(parts),
        },
    )


@dataclass(frozen=True)
class _Parts:
    site: Site
    network: DefaultNetwork
    group: SecurityGroup
    cluster: Cluster
    task: TaskDefinition
    resources: Sequence[Resource]


def _declare(
    platform: str, project: Project, options: Options, builder: Builder[str] | None
) -> _Parts:
    if options.builder == "zip":
        raise InvalidProject(
            f"--builder zip: {platform} runs container images; --platform lambda runs a"
            " zip file"
        )
    fargate_size(options.memory)
    site = site_of(platform, project, options)
    repository = Repository(project.name, site)
    image = Image(
        repository,
        builder or _docker(project, repository, options),
        rebuild=options.rebuild,
    )
    logs = LogGroup(f"/ecs/{project.name}", site)
    tasks = (
        f"arn:{site.account.partition}:ecs:{site.account.region}:{site.account.id}:*"
    )

    def trusted() -> dict[str, Any]:
        return trust("ecs-tasks.amazonaws.com", site.account, tasks)

    execution = Role(
        role_name(site, "start"),
        site,
        trusted,
        lambda: document(*pull_statements(repository.arn), write_log(logs.arn)),
    )
    # What a workflow needs of AWS its user adds: a policy of their own stays.
    own = Role(role_name(site, "task"), site, trusted)
    network = DefaultNetwork(site.account)
    group = SecurityGroup(project.name, site, network)
    cluster = Cluster(project.name, site)
    run = Run(
        ["dotflow", "start", "--workflow", project.workflow],
        options.memory,
        options.timeout,
        {**ENV, **project.env},
    )
    task = TaskDefinition(
        project.name,
        site,
        run,
        image=image,
        execution_role=execution,
        task_role=own,
        logs=logs,
    )
    resources = [repository, image, logs, execution, own, group, cluster, task]
    return _Parts(site, network, group, cluster, task, resources)


def _docker(project: Project, repository: Repository, options: Options) -> Builder[str]:
    from dotflow_deploy.build import DockerBuilder, image_files

    return DockerBuilder(
        project,
        repository.uri,
        files=lambda: image_files(project),
        login=repository.login,
        rebuild=options.rebuild,
    )


def _outputs(parts: _Parts) -> dict[str, str]:
    region = parts.site.account.region
    subnets = ",".join(parts.network.subnets)
    network = (
        f"awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{parts.group.id}],"
        "assignPublicIp=ENABLED}"
    )
    return {
        "Start a run": f"aws ecs run-task --region {region} --cluster"
        f" {parts.cluster.name} --task-definition {parts.task.name} --launch-type"
        f" FARGATE --network-configuration '{network}'",
        "Log": f"aws logs tail --region {region} --follow {parts.task.logs.name}",
        "Role": parts.task.task_role.name,
    }
