"""What the settings ask for, wherever they were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = ("storage", "notify", "log", "server", "scheduler", "tracer", "metrics")
"""The arguments of `Config`, each a key of the table and a variable `DOTFLOW_<KEY>`."""

OPTIONS = ("capture", "previews")
"""The further arguments of `Config`: what is on or off."""

COMMANDS = ("workflow",)
"""What stands in the same table for the commands alone."""

ONE_ONLY = ("storage", "scheduler")

URL = ""
"""The name of a provider that an address stands for."""


@dataclass
class Setting:
    """One value.

    Attributes:
        value: The value as it was written; a table with `env` or `file` is a reference.
        where: What to call its place in a message.
        folder: What a relative `file` is relative to; None in the environment, whose
            values may be secrets and come as texts.
    """

    value: Any
    where: str
    folder: Path | None = None


@dataclass
class Provider:
    """One provider.

    Attributes:
        name: The name of its class, or `URL` with the one argument `url`.
        where: What to call its place in a message.
        arguments: Its arguments by name.
    """

    name: str
    where: str
    arguments: dict[str, Setting] = field(default_factory=dict)


@dataclass
class Wanted:
    """The providers of each family, by name.

    Attributes:
        families: They, in the order to call them.
        replaced: Families that were given as a whole, and so replace an earlier source.
        options: What is on or off, by its name out of `OPTIONS`.
    """

    families: dict[str, dict[str, Provider]] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    options: dict[str, Setting] = field(default_factory=dict)

    def provider(self, family: str, name: str, where: str) -> Provider:
        """Return the provider of a family, as a new one where it is not yet there.

        Args:
            family: A name out of `FAMILIES`.
            name: The name of its class.
            where: Its place.
        """
        providers = self.families.setdefault(family, {})
        return providers.setdefault(name, Provider(name, where))

    def override(self, other: Wanted) -> None:
        """Let another source win where both say something.

        Args:
            other: What it asks for.
        """
        self.options.update(other.options)
        for family, providers in other.families.items():
            if family in other.replaced or family in ONE_ONLY:
                # A variable can only name a provider: what the file says of the same
                # one still holds.
                mine = self.families.get(family, {})
                self.families[family] = {
                    name: mine.get(name, provider)
                    for name, provider in providers.items()
                }
            for name, provider in providers.items():
                kept = self.provider(family, name, provider.where)
                kept.arguments.update(provider.arguments)
