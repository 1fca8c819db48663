"""What a deployment would change, before it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What becomes of a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"
    CONFLICT = "conflict"
    """It is there, and no deployment of this project made it."""


@dataclass(frozen=True)
class Difference:
    """A property of a resource that is not as declared.

    Attributes:
        name: The property, such as `"memory"`.
        found: What it is, as text. None: not set.
        wanted: What it should be. Never a secret: write `"(changed)"` for one.
    """

    name: str
    found: str | None
    wanted: str | None

    def __str__(self) -> str:
        return f"{self.name}: {self.found} -> {self.wanted}"


@dataclass(frozen=True)
class Change:
    """What becomes of one resource, and why."""

    action: Action
    kind: str
    name: str
    differences: Sequence[Difference] = ()
    detail: str = ""
    """More about a resource to be made, in a few words: `"512 MB, 900 s"`."""

    def to_dict(self) -> dict[str, object]:
        """Return it as what JSON can hold."""
        return {
            "action": str(self.action),
            "kind": self.kind,
            "name": self.name,
            "differences": [
                {"name": d.name, "found": d.found, "wanted": d.wanted}
                for d in self.differences
            ],
        }


@dataclass(frozen=True)
class Plan:
    """The changes of a deployment, in the order in which they are made."""

    changes: Sequence[Change] = field(default_factory=tuple)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def count(self, action: Action) -> int:
        """Return how many resources an action concerns."""
        return sum(change.action is action for change in self.changes)

    @property
    def is_empty(self) -> bool:
        """Whether everything is as declared already."""
        return all(change.action is Action.KEEP for change in self.changes)

    @property
    def conflicts(self) -> list[Change]:
        """What stands in the way."""
        return [change for change in self.changes if change.action is Action.CONFLICT]
