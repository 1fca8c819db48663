"""The deployers of dotflow 1.x, each of which makes the stack of today."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from dotflow_deploy.commands.opening import open_stack
from dotflow_deploy.deployers import DEPLOYERS, check_schedule, find_deployer
from dotflow_deploy.options import Options
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import eventbridge


class Deployer(ABC):
    """Brings a project to a platform."""

    @abstractmethod
    def deploy(self, name: str, **kwargs: Any) -> None:
        """Deploy the project in this folder.

        Args:
            name: What everything there is named after.
            **kwargs: What the platform needs to know.
        """

    def setup(self, name: str) -> None:  # noqa: B027 - as in 1.x
        """Prepare the platform; by default there is nothing to do.

        Args:
            name: As of `deploy`.
        """

    def teardown(self, name: str) -> None:  # noqa: B027 - as in 1.x
        """Remove what was deployed; by default nothing.

        Args:
            name: As of `deploy`.
        """


class Registry(ABC):
    """Where images are kept."""

    @abstractmethod
    def push(self, name: str) -> str:
        """Push the image of that name, and return its address."""

    @abstractmethod
    def login(self) -> None:
        """Sign in."""


class RoleManager(ABC):
    """What a deployment may do."""

    @abstractmethod
    def ensure_role(self, name: str, service: str, policy: str) -> str:
        """Make a role for a service unless it is there, and return its id."""


class LogManager(ABC):
    """Where logs are kept."""

    @abstractmethod
    def ensure_log_group(self, name: str) -> None:
        """Make a group of logs unless it is there."""


class ObjectStorage(ABC):
    """A bucket of lists."""

    @abstractmethod
    def read(self, key: str) -> list[Any]:
        """Return what is there."""

    @abstractmethod
    def write(self, key: str, data: list[Any]) -> None:
        """Put a list there."""


class Queue(ABC):
    """A queue of messages."""

    @abstractmethod
    def create(self, name: str) -> str:
        """Make a queue, and return its address."""

    @abstractmethod
    def get_arn(self, name: str) -> str:
        """Return the id of a queue."""


class EventScheduler(ABC):
    """Starts what is deployed at given times."""

    @abstractmethod
    def create_schedule(self, name: str, expression: str, target_arn: str) -> None:
        """Start a target whenever the expression says so."""


class _Stack(Deployer):
    """A deployer that makes the stack of a platform, as `dotflow deploy` does.

    Args:
        region: The platform's region.
        **environment: Variables that its client reads.
    """

    platform: ClassVar[str]

    def __init__(self, region: str | None = None, **environment: str | None) -> None:
        self.region = region
        self._environment = {k: v for k, v in environment.items() if v is not None}

    def deploy(self, name: str, *, schedule: str | None = None, **kwargs: Any) -> None:
        """Deploy the project in this folder.

        Args:
            name: What everything there is named after.
            schedule: When it runs: five fields of cron, in UTC.
            **kwargs: Further fields of `dotflow_deploy.options.Options`.

        Raises:
            InvalidProject: The platform cannot do what is asked for.
            DeployError: The platform or the build failed.
        """
        os.environ.update(self._environment)
        platform = self.platform
        if schedule is not None and f"{platform}-scheduled" in DEPLOYERS:
            platform += "-scheduled"
        check_schedule(platform, schedule)
        options = Options(region=self.region, schedule=schedule, **kwargs)
        find_deployer(platform)(load_project(Path.cwd(), name=name), options).apply()

    def teardown(self, name: str) -> None:
        """Remove what was deployed.

        Args:
            name: As of `deploy`.
        """
        os.environ.update(self._environment)
        open_stack(
            self.platform, name, region=self.region, namespace=None, repository=None
        )[1].destroy()


class BaseLambdaDeployer(_Stack):
    """A function on AWS Lambda, however it is started."""

    platform = "lambda"


class LambdaDeployer(BaseLambdaDeployer):
    """A function on AWS Lambda."""


class LambdaS3Deployer(BaseLambdaDeployer):
    """A function on AWS Lambda that a new object in a bucket starts."""

    platform = "lambda-s3-trigger"


class LambdaSQSDeployer(BaseLambdaDeployer):
    """A function on AWS Lambda that a message in a queue starts."""

    platform = "lambda-sqs-trigger"


class LambdaApiDeployer(BaseLambdaDeployer):
    """A function on AWS Lambda that an HTTP request starts."""

    platform = "lambda-api-trigger"


class ECSDeployer(_Stack):
    """A task on AWS Fargate."""

    platform = "ecs"


class ECSScheduledDeployer(_Stack):
    """A task on AWS Fargate, at given times."""

    platform = "ecs-scheduled"


class CloudRunDeployer(_Stack):
    """A job on Google Cloud Run.

    Args:
        region: The platform's region.
        project: The Google project; default: that of the credentials.
    """

    platform = "cloud-run"

    def __init__(self, region: str | None = None, project: str | None = None) -> None:
        super().__init__(region, GOOGLE_CLOUD_PROJECT=project)


class AliyunFCDeployer(_Stack):
    """A function on Alibaba Cloud.

    Args:
        region: The platform's region.
        namespace: Of a registry of images, of which none is used any more.
    """

    platform = "alibaba-fc"

    def __init__(self, region: str | None = None, namespace: str = "dotflow") -> None:
        super().__init__(region)


class AliyunFCScheduledDeployer(AliyunFCDeployer):
    """A function on Alibaba Cloud, at given times."""

    platform = "alibaba-fc-scheduled"


class ActionsDeployer(_Stack):
    """A workflow of GitHub Actions.

    Args:
        token: A token of GitHub; default: that of the environment.
    """

    platform = "github-actions"

    def __init__(self, token: str | None = None) -> None:
        super().__init__(GITHUB_TOKEN=token)


class AWSSchedule:
    """Schedules in the words of AWS."""

    @staticmethod
    def convert(expression: str) -> str:
        """Return the expression of EventBridge for one of cron.

        Args:
            expression: Five fields of cron; `rate(…)` and `cron(…)` stay as they are.
        """
        if re.match(r"\s*(rate|cron)\(", expression):
            return expression
        return eventbridge(expression)
