"""What calls a Lambda function for the messages of a queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State, compare

if TYPE_CHECKING:
    from dotflow_deploy.aws.function import Function
    from dotflow_deploy.aws.queue import Queue

_GONE: Final = "ResourceNotFoundException"
_CONFLICT: Final = "ResourceConflictException"
_BUSY: Final = Patience(("ResourceInUseException", _CONFLICT), 60)
# A role that may not read the queue yet, as far as Lambda knows.
_ROLE: Final = Patience(("InvalidParameterValueException", _CONFLICT), 60)

WANTED: Final[dict[str, Any]] = {
    # One message a call: more of them would share the function's time.
    "BatchSize": 1,
    # Without it, Lambda takes a batch for done whatever failed in it.
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}


class QueueMapping(AwsResource):
    """An event source mapping from a queue to a function.

    Args:
        site: Where it is.
        queue: The queue.
        function: The function.
    """

    kind = "Queue trigger"
    service: ClassVar[str] = "lambda"

    def __init__(self, site: Site, queue: Queue, function: Function) -> None:
        super().__init__(f"{queue.name} to {function.name}", site, part_of=queue)
        self.queue = queue
        self.function = function

    def is_ours(self, state: State) -> bool:
        """Tell whether the queue, or the function, is ours: it is nothing without."""
        whole = self.function
        if whole.state is not None and whole.is_ours(whole.state):
            return True
        return super().is_ours(state)

    def read(self) -> State | None:
        """Return the mapping as Lambda tells it."""
        answer = self.find(
            "list_event_source_mappings",
            _GONE,
            EventSourceArn=self.queue.arn,
            FunctionName=self.function.name,
        )
        for mapping in [] if answer is None else answer["EventSourceMappings"]:
            # A removed one is listed for a while, and would be taken for the one to be.
            if mapping.get("State") != "Deleting":
                return dict(mapping)
        return None

    def create(self) -> None:
        """Make it."""
        fresh = self.function.role.is_fresh
        self.call(
            "create_event_source_mapping",
            EventSourceArn=self.queue.arn,
            FunctionName=self.function.name,
            Enabled=True,
            patience=_ROLE if fresh else _BUSY,
            **WANTED,
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare what is declared, and whether it is on."""
        differences = compare(state, WANTED)
        if state.get("State") in ("Disabled", "Disabling"):
            differences.append(Difference("State", state["State"], "Enabled"))
        return differences

    def update(self, state: State) -> None:
        """Change it."""
        self.call(
            "update_event_source_mapping",
            UUID=state["UUID"],
            Enabled=True,
            patience=_BUSY,
            **WANTED,
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find(
            "delete_event_source_mapping", _GONE, UUID=state["UUID"], patience=_BUSY
        )
