"""AWS: containers and state machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, Platform, Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import eventbridge

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

REGION: Final = "us-east-1"


_SCRIPTS: Final = ("template.yaml", "deploy.sh", "run.sh", "README.md")


def _prefix(request: Request) -> Values:
    # AWS adds 26 characters to it, and takes 64 in all.
    return {"prefix": f"{shortened(request.project.name, 30)}-"}


PLATFORMS: Final = (
    Platform(
        name="ecs",
        title="AWS ECS",
        description="A task on Fargate, run when you say",
        family=Family.AWS,
        files=(*IMAGE, *own("ecs", *_SCRIPTS)),
        start="bash deploy/ecs/deploy.sh && bash deploy/ecs/run.sh",
        region=REGION,
    ),
    Platform(
        name="ecs-scheduled",
        title="AWS ECS, scheduled",
        description="A task on Fargate, run by EventBridge Scheduler",
        family=Family.AWS,
        files=(*IMAGE, *own("ecs-scheduled", *_SCRIPTS, source="ecs")),
        region=REGION,
        scheduling=Scheduling.ALWAYS,
        dialect=eventbridge,
    ),
    Platform(
        name="aws-batch",
        title="AWS Batch",
        description="A job in a queue, on Fargate",
        family=Family.AWS,
        files=(*IMAGE, *own("aws-batch", *_SCRIPTS)),
        start="bash deploy/aws-batch/deploy.sh && bash deploy/aws-batch/run.sh",
        region=REGION,
        scheduling=Scheduling.OPTIONAL,
        dialect=eventbridge,
    ),
    Platform(
        name="terraform",
        title="Terraform",
        description="A task on AWS Fargate, declared in Terraform",
        family=Family.AWS,
        files=(*IMAGE, *own("terraform", "main.tf", "README.md")),
        start="terraform -chdir=deploy/terraform init",
        region=REGION,
        scheduling=Scheduling.OPTIONAL,
        dialect=eventbridge,
        values=_prefix,
    ),
)
