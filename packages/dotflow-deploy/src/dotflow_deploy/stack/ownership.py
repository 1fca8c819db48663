"""Marks that tell what a deployment has made from what was there before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PROJECT: Final = "dotflow-project"
PLATFORM: Final = "dotflow-platform"


def marks(project: str, platform: str) -> dict[str, str]:
    """Return the tags, or labels, of everything that a deployment makes.

    Their names and values are in the alphabet that every platform allows.

    Args:
        project: Name of the project, in kebab case.
        platform: Name of the platform.
    """
    return {PROJECT: project, PLATFORM: platform}


def is_marked(found: Mapping[str, str], project: str, platform: str) -> bool:
    """Tell whether a deployment of this project to this platform made something.

    Args:
        found: The tags, or labels, that it has.
        project: Name of the project, in kebab case.
        platform: Name of the platform.
    """
    expected = marks(project, platform)
    return all(found.get(name) == value for name, value in expected.items())
