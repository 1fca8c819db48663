"""What all resources on AWS have in common: calls in their name, and marks as tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dotflow_deploy.aws.account import NONE, Account, Patience
from dotflow_deploy.options import Options
from dotflow_deploy.stack import Resource, State, is_marked, marks
from dotflow_deploy.stack.ownership import PLATFORM, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Site:
    """Where a deployment goes, and whose it is.

    Attributes:
        account: The account and its region.
        project: Name of the project.
        platform: Name of the platform.
        echo: Takes a line about what a slow step is at.
    """

    account: Account
    project: str
    platform: str
    echo: Callable[[str], None] = field(default=Options().echo, repr=False)

    @property
    def tags(self) -> dict[str, str]:
        """The marks of everything that the deployment makes."""
        return marks(self.project, self.platform)

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return the marks as most of AWS's APIs take them.

        Args:
            key: What a service calls the name of a tag.
            value: What it calls the value.
        """
        return [{key: name, value: text} for name, text in self.tags.items()]


def tag_map(
    tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value"
) -> dict[str, str]:
    """Return tags by their names.

    Args:
        tags: As most of AWS's APIs tell them.
        key: What a service calls the name of a tag.
        value: What it calls the value.
    """
    return {tag[key]: tag[value] for tag in tags}


class AwsResource(Resource):
    """A resource on AWS.

    The state of one that is no part of another has its `tags`, by their names.

    Args:
        name: Its name.
        site: Where it is.
        part_of: The resource that it is a part of, if it has no tags of its own.
    """

    service: ClassVar[str]
    """boto3's name of its service."""

    arn_prefix: ClassVar[str] = ""
    """What its name follows in its ARN: `"function:"`."""

    def __init__(self, name: str, site: Site, part_of: Resource | None = None) -> None:
        super().__init__(name, part_of)
        self.site = site
        self.account = site.account

    @property
    def arn(self) -> str:
        """Its ARN, known before it is made."""
        return self.account.arn(self.service, f"{self.arn_prefix}{self.name}")

    def is_ours(self, state: State) -> bool:
        """Tell by the tags whether a deployment of this project made it."""
        if self.part_of is not None:
            return super().is_ours(state)
        return is_marked(state["tags"], self.site.project, self.site.platform)

    def made_for(self, state: State) -> str | None:
        """Tell by the tags to which other platform this project was deployed."""
        tags = state.get("tags", {})
        if self.part_of is not None or tags.get(PROJECT) != self.site.project:
            return None
        return str(tags.get(PLATFORM))

    def call(
        self, operation: str, *, patience: Patience = NONE, **arguments: Any
    ) -> dict[str, Any]:
        """Ask its service for an operation; see `Account.call`."""
        return self.account.call(
            self.service, operation, str(self), patience=patience, **arguments
        )

    def find(
        self,
        operation: str,
        *absent: str,
        patience: Patience = NONE,
        **arguments: Any,
    ) -> dict[str, Any] | None:
        """Ask its service for what may not be there; see `Account.find`."""
        return self.account.find(
            self.service, operation, str(self), absent, patience=patience, **arguments
        )

    def pages(self, operation: str, key: str, **arguments: Any) -> Sequence[Any]:
        """Return all items of an operation; see `Account.pages`."""
        return self.account.pages(self.service, operation, str(self), key, **arguments)
