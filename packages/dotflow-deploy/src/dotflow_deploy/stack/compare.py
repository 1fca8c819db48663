"""What of a resource is not as declared, property by property."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dotflow_deploy.stack.change import Difference


def compare(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Difference]:
    """Return the declared properties that have another value.

    Args:
        found: What the platform tells of a resource.
        wanted: What is declared of it.
    """
    return [
        Difference(name, str(found.get(name)), str(value))
        for name, value in wanted.items()
        if found.get(name) != value
    ]


def compare_variables(
    found: Mapping[str, str], wanted: Mapping[str, str]
) -> list[Difference]:
    """Return which variables differ, and none of their values: they may be secrets.

    Args:
        found: Those that a resource has.
        wanted: Those that it should have.
    """
    names = {*found, *wanted}
    changed = sorted(name for name in names if found.get(name) != wanted.get(name))
    return [Difference("variables", ", ".join(changed), "(changed)")] if changed else []
