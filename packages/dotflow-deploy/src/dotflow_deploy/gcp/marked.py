"""Marks in a description, for what Google gives no labels."""

from __future__ import annotations

from dotflow_deploy.stack import is_marked, marks


def marked_text(project: str, platform: str) -> str:
    """Return a description that tells who made something.

    Args:
        project: Name of the project.
        platform: Name of the platform.
    """
    pairs = " ".join(f"{k}={v}" for k, v in marks(project, platform).items())
    return f"Made by dotflow deploy: {pairs}"


def is_described(description: str, project: str, platform: str) -> bool:
    """Tell whether a description says that a deployment of this project made it.

    Args:
        description: What was found.
        project: Name of the project.
        platform: Name of the platform.
    """
    pairs = (word.partition("=") for word in description.split())
    return is_marked({key: value for key, _, value in pairs}, project, platform)
