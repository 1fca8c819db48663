"""Log groups of CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from dotflow_deploy.aws.resource import AwsResource
from dotflow_deploy.stack import Difference, State

DAYS: Final = 30
"""How long logs are kept, in days. Without a limit they would cost forever."""


class LogGroup(AwsResource):
    """A log group whose lines are kept for 30 days.

    Args:
        name: Its name: `"/aws/lambda/shop"`.
        site: Where it is.
    """

    kind = "Log group"
    service: ClassVar[str] = "logs"
    arn_prefix: ClassVar[str] = "log-group:"  # all but the `:*` of its lines

    def read(self) -> State | None:
        """Return its `days`."""
        # Sorted by name, so that the one of just this name comes first.
        groups = self.call("describe_log_groups", logGroupNamePrefix=self.name)
        for group in groups["logGroups"]:
            if group["logGroupName"] == self.name:
                tags = self.find(
                    "list_tags_for_resource",
                    "ResourceNotFoundException",
                    resourceArn=self.arn,
                )
                if tags is None:
                    return None
                return {"tags": tags["tags"], "days": group.get("retentionInDays")}
        return None

    def create(self) -> None:
        """Make it."""
        self.call("create_log_group", logGroupName=self.name, tags=self.site.tags)
        self._keep()

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare how long lines are kept."""
        if state["days"] == DAYS:
            return ()
        found = None if state["days"] is None else f"{state['days']} days"
        return [Difference("kept", found, f"{DAYS} days")]

    def update(self, state: State) -> None:
        """Change how long lines are kept."""
        self._keep()

    def delete(self, state: State) -> None:
        """Remove it with its lines."""
        gone = "ResourceNotFoundException"
        self.find("delete_log_group", gone, logGroupName=self.name)

    def detail(self) -> str:
        """Return how long lines are kept."""
        return f"kept {DAYS} days"

    def _keep(self) -> None:
        self.call("put_retention_policy", logGroupName=self.name, retentionInDays=DAYS)
