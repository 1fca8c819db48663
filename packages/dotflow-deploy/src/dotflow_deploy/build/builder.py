"""What packages a project: into a zip file, or into a container image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

Echo = Callable[[str], None]
"""Takes a line about what a build is at, since it may take minutes."""

Artefact = TypeVar("Artefact")


class Builder(ABC, Generic[Artefact]):
    """Packages a project with its dependencies.

    The digest is known without building. So a deployment whose digest is on the
    platform already builds nothing.
    """

    @property
    @abstractmethod
    def digest(self) -> str:
        """A digest of what goes into the artefact: 64 hexadecimal digits."""

    @abstractmethod
    def build(self, echo: Echo) -> Artefact:
        """Package it.

        Args:
            echo: Takes a line about each slow step.

        Raises:
            BuildError: A dependency or a tool is missing; the message says which.
        """
