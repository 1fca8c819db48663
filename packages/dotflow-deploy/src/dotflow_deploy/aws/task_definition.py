"""Task definitions of ECS: how a container is run on Fargate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.environment import compare_env
from dotflow_deploy.aws.fargate import fargate_size
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.stack import Difference, compare

if TYPE_CHECKING:
    from dotflow_deploy.aws.image import Image
    from dotflow_deploy.aws.log_group import LogGroup
    from dotflow_deploy.aws.role import Role
    from dotflow_deploy.stack import State

CONTAINER: Final = "workflow"

# Seconds that a run has to end after it was asked to, before it is killed.
_GRACE: Final = 30


@dataclass(frozen=True)
class Run:
    """How the container runs.

    Attributes:
        command: Its command.
        memory: At least, in MiB.
        timeout: In seconds.
        env: Variables, which may be secrets.
    """

    command: Sequence[str]
    memory: int
    timeout: int
    env: Mapping[str, str] = field(repr=False)


class TaskDefinition(AwsResource):
    """A task definition, of which the newest revision is the one that runs.

    Args:
        name: The family's name.
        site: Where it is.
        run: How the container runs.
        image: What it runs.
        execution_role: What ECS starts it with.
        task_role: What the workflow itself may do.
        logs: Where its lines go.
    """

    kind = "ECS task definition"
    service: ClassVar[str] = "ecs"
    arn_prefix: ClassVar[str] = "task-definition/"  # of the newest revision

    def __init__(
        self,
        name: str,
        site: Site,
        run: Run,
        *,
        image: Image,
        execution_role: Role,
        task_role: Role,
        logs: LogGroup,
    ) -> None:
        super().__init__(name, site)
        self.run = run
        self.image = image
        self.execution_role = execution_role
        self.task_role = task_role
        self.logs = logs

    def read(self) -> State | None:
        """Return the newest revision, and the `older` ones that are active as well."""
        revisions = [
            revision
            for revision in self.pages(
                "list_task_definitions",
                "taskDefinitionArns",
                familyPrefix=self.name,
                status="ACTIVE",
                sort="DESC",
            )
            if revision.rpartition("/")[2].rpartition(":")[0] == self.name
        ]
        if not revisions:
            return None
        answer = self.call(
            "describe_task_definition", taskDefinition=revisions[0], include=["TAGS"]
        )
        return {
            **answer["taskDefinition"],
            "tags": tag_map(answer.get("tags", []), "key", "value"),
            "older": revisions[1:],
        }

    def create(self) -> None:
        """Register a revision."""
        self.call(
            "register_task_definition",
            tags=self.site.tag_list("key", "value"),
            **self._wanted(),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare the newest revision with what is declared."""
        differences = compare(_told(state), _told(self._wanted()))
        differences += compare_env(_env(state), self.run.env)
        if state["older"]:
            differences.append(
                Difference("older revisions", str(len(state["older"])), "none active")
            )
        return differences

    def update(self, state: State) -> None:
        """Register another revision, then retire the older ones."""
        older = state["older"]
        if any(d.name != "older revisions" for d in self.differences(state)):
            self.create()
            older = [state["taskDefinitionArn"], *older]
        for revision in older:
            self.call("deregister_task_definition", taskDefinition=revision)

    def delete(self, state: State) -> None:
        """Retire all revisions, the newest last: it is the one that bears our marks."""
        revisions = [*reversed(state["older"]), state["taskDefinitionArn"]]
        for revision in revisions:
            self.call("deregister_task_definition", taskDefinition=revision)

    def detail(self) -> str:
        """Return its processor, its memory and its time limit."""
        units, memory = fargate_size(self.run.memory)
        return f"{units / 1024:g} vCPU, {memory} MB, {self.run.timeout} s"

    def _wanted(self) -> dict[str, Any]:
        units, memory = fargate_size(self.run.memory)
        # Fargate has no time limit for a task.
        limit = ["timeout", "-k", str(_GRACE), str(self.run.timeout)]
        return {
            "family": self.name,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": str(units),
            "memory": str(memory),
            "executionRoleArn": self.execution_role.arn,
            "taskRoleArn": self.task_role.arn,
            "runtimePlatform": {
                "cpuArchitecture": "X86_64",
                "operatingSystemFamily": "LINUX",
            },
            "containerDefinitions": [
                {
                    "name": CONTAINER,
                    "image": self.image.uri,
                    "essential": True,
                    "command": [*limit, *self.run.command],
                    "environment": [
                        {"name": name, "value": value}
                        for name, value in sorted(self.run.env.items())
                    ],
                    # Reaps what the workflow's own processes leave.
                    "linuxParameters": {"initProcessEnabled": True},
                    "stopTimeout": _GRACE,
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": self.logs.name,
                            "awslogs-region": self.account.region,
                            "awslogs-stream-prefix": "run",
                        },
                    },
                }
            ],
        }


def _container(definition: State) -> dict[str, Any]:
    containers = definition.get("containerDefinitions", [])
    return next((dict(c) for c in containers if c["name"] == CONTAINER), {})


def _env(definition: State) -> dict[str, str]:
    variables = _container(definition).get("environment", [])
    return {variable["name"]: variable["value"] for variable in variables}


def _told(definition: State) -> dict[str, str]:
    """Return what is compared of a definition, without the environment's values."""
    container = _container(definition)
    logs = container.get("logConfiguration", {}).get("options", {})
    return {
        "cpu": str(definition.get("cpu")),
        "memory": f"{definition.get('memory')} MB",
        "image": str(container.get("image")),
        "command": " ".join(container.get("command", [])),
        "log group": str(logs.get("awslogs-group")),
        "execution role": str(definition.get("executionRoleArn")),
        "task role": str(definition.get("taskRoleArn")),
    }
