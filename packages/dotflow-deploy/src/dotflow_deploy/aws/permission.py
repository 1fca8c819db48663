"""Who may call a Lambda function."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State

if TYPE_CHECKING:
    from dotflow_deploy.aws.function import Function

_GONE: Final = "ResourceNotFoundException"


class Permission(AwsResource):
    """A statement in a function's policy that lets one source call it.

    Args:
        site: Where it is.
        function: The function.
        principal: The service that calls: `"s3.amazonaws.com"`.
        source: Returns the ARN that it calls for.
    """

    kind = "Lambda permission"
    service: ClassVar[str] = "lambda"

    def __init__(
        self,
        site: Site,
        function: Function,
        principal: str,
        source: Callable[[], str],
    ) -> None:
        caller = principal.partition(".")[0]
        super().__init__(f"{function.name}-{caller}", site, part_of=function)
        self.function = function
        self._principal = principal
        self._source = source

    def read(self) -> State | None:
        """Return the statement."""
        answer = self.find("get_policy", _GONE, FunctionName=self.function.name)
        if answer is None:
            return None
        for statement in json.loads(answer["Policy"])["Statement"]:
            if statement.get("Sid") == self.name:
                return dict(statement)
        return None

    def create(self) -> None:
        """Add the statement."""
        source = self._source()
        # The ARN of a bucket does not say whose it is; every other one does.
        named = source.split(":")[4] != ""
        account: dict[str, Any] = {} if named else {"SourceAccount": self.account.id}
        self.call(
            "add_permission",
            FunctionName=self.function.name,
            StatementId=self.name,
            Action="lambda:InvokeFunction",
            Principal=self._principal,
            SourceArn=source,
            **account,
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare for what it calls."""
        found, wanted = _source_of(state), self._source()
        return [] if found == wanted else [Difference("source", found, wanted)]

    def update(self, state: State) -> None:
        """Replace the statement."""
        self.delete(state)
        self.create()

    def delete(self, state: State) -> None:
        """Remove the statement."""
        self.find(
            "remove_permission",
            _GONE,
            FunctionName=self.function.name,
            StatementId=self.name,
        )


def _source_of(statement: dict[str, Any]) -> str | None:
    found = statement.get("Condition", {}).get("ArnLike", {})
    # Names of condition keys are the same in any case.
    values = {key.casefold(): value for key, value in found.items()}
    value = values.get("aws:sourcearn")
    return None if value is None else str(value)
