"""What becomes of events that a Lambda function fails at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from dotflow_deploy.aws.account import NONE, Patience
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State, compare

if TYPE_CHECKING:
    from dotflow_deploy.aws.function import Function
    from dotflow_deploy.aws.queue import Queue

RETRIES: Final = 2

_GONE: Final = "ResourceNotFoundException"
# A role that may not write into the queue yet, as far as Lambda knows.
_ROLE: Final = Patience(("InvalidParameterValueException",), 60)


class Failures(AwsResource):
    """Tries an event that fails again, twice, and then keeps it in a queue.

    Args:
        site: Where it is.
        function: The function.
        queue: Where events end that fail.
    """

    kind = "Failed events"
    service: ClassVar[str] = "lambda"

    def __init__(self, site: Site, function: Function, queue: Queue) -> None:
        super().__init__(f"{function.name} to {queue.name}", site, part_of=function)
        self.function = function
        self.queue = queue

    def read(self) -> State | None:
        """Return the configuration of the function's events."""
        return self.find(
            "get_function_event_invoke_config", _GONE, FunctionName=self.function.name
        )

    def create(self) -> None:
        """Set it."""
        self.call(
            "put_function_event_invoke_config",
            FunctionName=self.function.name,
            MaximumRetryAttempts=RETRIES,
            DestinationConfig={"OnFailure": {"Destination": self.queue.arn}},
            patience=_ROLE if self.function.role.is_fresh else NONE,
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare where events go, and after how many tries."""
        failed = state.get("DestinationConfig", {}).get("OnFailure", {})
        return compare(
            {
                "retries": state.get("MaximumRetryAttempts"),
                "queue": failed.get("Destination"),
            },
            {"retries": RETRIES, "queue": self.queue.arn},
        )

    def update(self, state: State) -> None:
        """Set it anew."""
        self.create()

    def delete(self, state: State) -> None:
        """Remove it: Lambda's own ways hold again."""
        self.find(
            "delete_function_event_invoke_config",
            _GONE,
            FunctionName=self.function.name,
        )
