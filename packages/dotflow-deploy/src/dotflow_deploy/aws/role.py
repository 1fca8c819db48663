"""IAM roles, with the one policy that says what they may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from dotflow_deploy.aws.policy import Document, as_document, as_text, same
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.stack import Difference, State

POLICY: Final = "dotflow"
"""The inline policy that is declared here. Others, which users add, stay."""

_GONE: Final = "NoSuchEntity"
# IAM tells other services of a change in its own time, and nobody when it has done so.
_YOUNG: Final = timedelta(minutes=2)


class Role(AwsResource):
    """An IAM role.

    Args:
        name: Its name: of the whole account, not of a region.
        site: Where it is.
        trust: Returns who may take it.
        policy: Returns what it may do. None: nothing.
    """

    kind = "IAM role"
    service: ClassVar[str] = "iam"

    def __init__(
        self,
        name: str,
        site: Site,
        trust: Callable[[], Document],
        policy: Callable[[], Document] | None = None,
    ) -> None:
        super().__init__(name, site)
        self._trust = trust
        self._policy = policy
        self._changed = False

    @property
    def arn(self) -> str:
        """Its ARN, known before it is made."""
        return self.account.arn("iam", f"role/{self.name}", regional=False)

    @property
    def is_fresh(self) -> bool:
        """Whether other services may not know yet what it is now."""
        if self._changed:
            return True
        return self.state is not None and (
            datetime.now(UTC) - self.state["created"] < _YOUNG
        )

    def read(self) -> State | None:
        """Return its `trust`, its `policy` and when it was `created`."""
        answer = self.find("get_role", _GONE, RoleName=self.name)
        if answer is None:
            return None
        role = answer["Role"]
        found = self.find(
            "get_role_policy", _GONE, RoleName=self.name, PolicyName=POLICY
        )
        return {
            "tags": tag_map(role.get("Tags", [])),
            "created": role["CreateDate"],
            "trust": as_document(role["AssumeRolePolicyDocument"]),
            "policy": None if found is None else as_document(found["PolicyDocument"]),
        }

    def create(self) -> None:
        """Make it, then say what it may do."""
        self.call(
            "create_role",
            RoleName=self.name,
            AssumeRolePolicyDocument=as_text(self._trust()),
            Description=f"Made by dotflow deploy for {self.site.project}",
            Tags=self.site.tag_list(),
        )
        # A policy for a role that IAM itself does not find yet is refused.
        self.account.wait("iam", "role_exists", str(self), RoleName=self.name)
        self._changed = True
        if self._policy is not None:
            self._put_policy(self._policy())

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare who may take it, and what it may do."""
        differences = []
        if not same(state["trust"], self._trust()):
            differences.append(Difference("trust", "(other)", "(changed)"))
        wanted = None if self._policy is None else self._policy()
        if not same(state["policy"], wanted):
            found, text = _actions(state["policy"]), _actions(wanted)
            if found == text:
                found, text = "(other resources)", "(changed)"
            differences.append(Difference("permissions", found, text))
        return differences

    def update(self, state: State) -> None:
        """Change who may take it, and what it may do."""
        self._changed = True
        if not same(state["trust"], self._trust()):
            self.call(
                "update_assume_role_policy",
                RoleName=self.name,
                PolicyDocument=as_text(self._trust()),
            )
        wanted = None if self._policy is None else self._policy()
        if same(state["policy"], wanted):
            return
        if wanted is not None:
            self._put_policy(wanted)
        else:
            self.call("delete_role_policy", RoleName=self.name, PolicyName=POLICY)

    def delete(self, state: State) -> None:
        """Remove it, with the policies that hang on it: none could outlive it."""
        names = self.pages("list_role_policies", "PolicyNames", RoleName=self.name)
        for name in names:
            self.find("delete_role_policy", _GONE, RoleName=self.name, PolicyName=name)
        for policy in self.pages(
            "list_attached_role_policies", "AttachedPolicies", RoleName=self.name
        ):
            # Only taken off: it is its user's, and may hang on other roles.
            arn = policy["PolicyArn"]
            self.find("detach_role_policy", _GONE, RoleName=self.name, PolicyArn=arn)
        self.find("delete_role", _GONE, RoleName=self.name)

    def _put_policy(self, policy: Document) -> None:
        self.call(
            "put_role_policy",
            RoleName=self.name,
            PolicyName=POLICY,
            PolicyDocument=as_text(policy),
        )


def _actions(policy: Document | None) -> str | None:
    if policy is None:
        return None
    statements = policy["Statement"]
    actions = [
        action
        for statement in statements
        for action in _listed(statement.get("Action", []))
    ]
    return ", ".join(sorted(set(actions)))


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
