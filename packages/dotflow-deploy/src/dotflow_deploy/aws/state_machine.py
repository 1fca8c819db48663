"""State machines of Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.stack import Difference

if TYPE_CHECKING:
    from dotflow_deploy.aws.role import Role
    from dotflow_deploy.stack import State

_GONE: Final = "StateMachineDoesNotExist"
# One of that name is on its way out.
_GOING: Final = Patience(("StateMachineDeleting", "ConflictException"), 60)


class StateMachine(AwsResource):
    """A state machine, which keeps the history of each execution.

    Args:
        name: Its name.
        site: Where it is.
        role: What it may call.
        definition: Returns its definition in the Amazon States Language.
    """

    kind = "State machine"
    service: ClassVar[str] = "stepfunctions"

    def __init__(
        self,
        name: str,
        site: Site,
        role: Role,
        definition: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__(name, site)
        self.role = role
        self._definition = definition

    @property
    def arn(self) -> str:
        """Its ARN, known before it is made."""
        return self.account.arn("states", f"stateMachine:{self.name}")

    def read(self) -> State | None:
        """Return its `definition` and its `role`."""
        found = self.find("describe_state_machine", _GONE, stateMachineArn=self.arn)
        if found is None or found["status"] == "DELETING":
            return None
        tags = self.find(
            "list_tags_for_resource", "ResourceNotFound", resourceArn=self.arn
        )
        if tags is None:
            return None
        return {
            "tags": tag_map(tags["tags"], "key", "value"),
            "definition": json.loads(found["definition"]),
            "role": found["roleArn"],
        }

    def create(self) -> None:
        """Make it."""
        self.call(
            "create_state_machine",
            name=self.name,
            definition=self._text(),
            roleArn=self.role.arn,
            type="STANDARD",
            tags=self.site.tag_list("key", "value"),
            patience=self._patience(),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare the definition and the role."""
        differences = []
        wanted = self._definition()
        if state["definition"] != wanted:
            found, text = _states(state["definition"]), _states(wanted)
            if found == text:
                text = f"{text} (changed)"
            differences.append(Difference("definition", found, text))
        if state["role"] != self.role.arn:
            differences.append(Difference("role", state["role"], self.role.arn))
        return differences

    def update(self, state: State) -> None:
        """Change the definition and the role; executions under way keep theirs."""
        self.call(
            "update_state_machine",
            stateMachineArn=self.arn,
            definition=self._text(),
            roleArn=self.role.arn,
            patience=self._patience(),
        )

    def delete(self, state: State) -> None:
        """Remove it; executions under way are ended."""
        self.find("delete_state_machine", _GONE, stateMachineArn=self.arn)

    def _text(self) -> str:
        return json.dumps(self._definition())

    def _patience(self) -> Patience:
        if not self.role.is_fresh:
            return _GOING
        # Step Functions tries to take the role, which may not be known there yet.
        return Patience((*_GOING.codes, "AccessDeniedException"), 20)


def _states(definition: dict[str, Any]) -> str:
    return f"{len(definition.get('States', {}))} states"
