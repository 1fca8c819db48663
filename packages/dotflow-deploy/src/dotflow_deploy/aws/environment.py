"""Environment variables of runs: compared and told by name, never by value."""

from __future__ import annotations

from collections.abc import Mapping

from dotflow_deploy.stack import Difference

SET = "(set)"
CHANGED = "(changed)"


def compare_env(
    found: Mapping[str, str], wanted: Mapping[str, str]
) -> list[Difference]:
    """Return which variables differ, without any value.

    Args:
        found: Those that are there.
        wanted: Those that should be.
    """
    differences = []
    for name in sorted(found.keys() | wanted.keys()):
        if name not in wanted:
            differences.append(Difference(f"env {name}", SET, None))
        elif name not in found:
            differences.append(Difference(f"env {name}", None, SET))
        elif found[name] != wanted[name]:
            differences.append(Difference(f"env {name}", SET, CHANGED))
    return differences
