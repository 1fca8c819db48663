"""AWS: containers and state machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import aws
from dotflow_deploy.platforms.platform import Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own, terraform
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

_SCRIPTS: Final = ("template.yaml", "deploy.sh", "run.sh", "README.md")


def _terraform(request: Request) -> Values:
    return {
        **terraform("hashicorp/aws", ">= 5.40, < 7.0"),
        # AWS adds 26 characters to it, and takes 64 in all.
        "prefix": f"{shortened(request.project.name, 30)}-",
    }


_ECS: Final = aws(
    name="ecs",
    title="AWS ECS",
    description="A task on Fargate, run when you say",
    files=(*IMAGE, *own("ecs", *_SCRIPTS)),
    start="bash deploy/ecs/deploy.sh && bash deploy/ecs/run.sh",
)

PLATFORMS: Final = (
    _ECS,
    _ECS.scheduled("A task on Fargate, run by EventBridge Scheduler"),
    aws(
        name="aws-batch",
        title="AWS Batch",
        description="A job in a queue, on Fargate",
        files=(*IMAGE, *own("aws-batch", *_SCRIPTS)),
        start="bash deploy/aws-batch/deploy.sh && bash deploy/aws-batch/run.sh",
        scheduling=Scheduling.OPTIONAL,
    ),
    aws(
        name="terraform",
        title="Terraform",
        description="A task on AWS Fargate, declared in Terraform",
        files=(*IMAGE, *own("terraform", "main.tf", "README.md")),
        start="terraform -chdir=deploy/terraform init",
        scheduling=Scheduling.OPTIONAL,
        values=_terraform,
    ),
)
