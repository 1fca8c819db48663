"""An AWS account as boto3 reaches it: its own profiles, environment and endpoints."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.aws.errors import error_code, refused, unreached

if TYPE_CHECKING:
    from boto3.session import Session

REGION: Final = "us-east-1"
"""The region if neither the user nor the profile names one."""

_FIRST: Final = 0.25
_LONGEST: Final = 5.0


@dataclass(frozen=True)
class Patience:
    """How long an answer is not taken for the last word.

    What was made a moment ago is not known everywhere in AWS yet, such as a role that
    a function is to assume.

    Attributes:
        codes: Codes of the errors that may pass.
        seconds: How long to try.
    """

    codes: Sequence[str]
    seconds: float = 60.0


NONE: Final = Patience(())


class Account:
    """Calls of AWS's APIs.

    Args:
        region: The region. None: that of the profile or the environment, else
            us-east-1.
        secrets: What is hidden in AWS's answers.
    """

    def __init__(self, region: str | None = None, secrets: Sequence[str] = ()) -> None:
        self._region = region
        self._secrets = tuple(secrets)
        self._clients: dict[str, Any] = {}

    @cached_property
    def session(self) -> Session:
        """What knows the credentials.

        Raises:
            CloudError: The profile that is asked for does not exist.
        """
        from boto3.session import Session
        from botocore.exceptions import BotoCoreError

        try:
            return Session(region_name=self._region)
        except BotoCoreError as error:
            raise unreached(error, "", "the AWS account") from error

    @cached_property
    def region(self) -> str:
        """The region of everything that is deployed."""
        return self.session.region_name or REGION

    @cached_property
    def identity(self) -> tuple[str, str]:
        """The partition, such as `"aws"`, and the number of the account.

        Raises:
            CloudError: There are no credentials, or AWS does not accept them.
        """
        answer = self.call("sts", "get_caller_identity", "the AWS account")
        return answer["Arn"].split(":")[1], answer["Account"]

    @property
    def partition(self) -> str:
        """The part of AWS: `"aws"`, `"aws-cn"`."""
        return self.identity[0]

    @property
    def id(self) -> str:
        """The number of the account: twelve digits."""
        return self.identity[1]

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return the ARN of something of this account.

        Args:
            service: The service's part: `"lambda"`.
            resource: The last part: `"function:shop"`.
            regional: Whether the region belongs to it.
        """
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.id}:{resource}"

    def client(self, service: str) -> Any:
        """Return boto3's client of a service.

        Raises:
            CloudError: Its settings are wrong.
        """
        if service not in self._clients:
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError

            settings = Config(
                connect_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 5},
                user_agent_extra="dotflow-deploy",
            )
            try:
                self._clients[service] = self.session.client(
                    service, region_name=self.region, config=settings
                )
            except BotoCoreError as error:
                raise unreached(error, "", f"AWS's service {service}") from error
        return self._clients[service]

    def call(
        self,
        service: str,
        operation: str,
        resource: str,
        *,
        patience: Patience = NONE,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Ask for an operation.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation: `"create_function"`.
            resource: What it is about, for errors: `"Lambda function shop"`.
            patience: Which errors may pass, and how long to wait for that.
            **arguments: Of the operation.

        Raises:
            CloudError: AWS refuses, or is not reached.
        """
        answer = self.find(
            service, operation, resource, (), patience=patience, **arguments
        )
        assert answer is not None
        return answer

    def find(
        self,
        service: str,
        operation: str,
        resource: str,
        absent: Sequence[str],
        *,
        patience: Patience = NONE,
        **arguments: Any,
    ) -> dict[str, Any] | None:
        """Ask for an operation on what may not be there.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
            resource: What it is about, for errors.
            absent: Codes of the errors that say so.
            patience: Which errors may pass, and how long to wait for that.
            **arguments: Of the operation.

        Returns:
            The answer, or None if it is not there.

        Raises:
            CloudError: AWS refuses, or is not reached.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        method = getattr(self.client(service), operation)
        name = self.client(service).meta.method_to_api_mapping[operation]
        limit = time.monotonic() + patience.seconds
        wait = _FIRST
        while True:
            try:
                answer: dict[str, Any] = method(**arguments)
            except ClientError as error:
                code = error_code(error)
                if code in absent:
                    return None
                if code not in patience.codes or time.monotonic() + wait > limit:
                    raise refused(
                        error, service, name, resource, self._secrets
                    ) from error
            except BotoCoreError as error:
                raise unreached(error, name, resource) from error
            else:
                return answer
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST)

    def pages(
        self, service: str, operation: str, resource: str, key: str, **arguments: Any
    ) -> list[Any]:
        """Return all items of an operation that gives them page by page.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
            resource: What it is about, for errors.
            key: Where the items are in each page.
            **arguments: Of the operation.

        Raises:
            CloudError: AWS refuses, or is not reached.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        items: list[Any] = []
        try:
            if not client.can_paginate(operation):
                return list(getattr(client, operation)(**arguments).get(key, []))
            for page in client.get_paginator(operation).paginate(**arguments):
                items += page.get(key, [])
        except ClientError as error:
            raise refused(error, service, name, resource, self._secrets) from error
        except BotoCoreError as error:
            raise unreached(error, name, resource) from error
        return items

    def wait(self, service: str, waiter: str, resource: str, **arguments: Any) -> None:
        """Wait until something is ready.

        Args:
            service: boto3's name of the service.
            waiter: boto3's name of the waiter: `"function_active_v2"`.
            resource: What it is about, for errors.
            **arguments: Of the waiter.

        Raises:
            CloudError: It does not become so, or AWS is not reached.
        """
        from botocore.exceptions import BotoCoreError, WaiterError

        from dotflow_deploy.errors import CloudError

        try:
            self.client(service).get_waiter(waiter).wait(**arguments)
        except WaiterError as error:
            last = error.last_response if isinstance(error.last_response, dict) else {}
            state = last.get("Configuration", {})
            told = state.get("StateReason") or state.get("LastUpdateStatusReason")
            reason = told or f"it does not become ready ({_words(waiter)})"
            raise CloudError(resource, "finish", reason) from error
        except BotoCoreError as error:
            raise unreached(error, waiter, resource) from error


def _words(waiter: str) -> str:
    return re.sub(r"_v\d$", "", waiter).replace("_", " ")
