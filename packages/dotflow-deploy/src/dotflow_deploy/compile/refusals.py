"""Why a platform's own engine cannot run a workflow."""

from __future__ import annotations

from dotflow_deploy.errors import InvalidProject


class NotCompilable(InvalidProject):
    """A workflow has something that a platform's own engine cannot express.

    Args:
        target: The engine: `"Step Functions"`; None where no engine can.
        problem: What it cannot express, and what to do about it.
    """

    def __init__(self, target: str | None, problem: str) -> None:
        who = "No platform can" if target is None else f"{target} cannot"
        super().__init__(f"{who} run this workflow: {problem}")


def check_size(target: str, size: int, limit: int, what: str) -> None:
    """Refuse what is larger than a platform takes.

    Raises:
        NotCompilable: `size` is over `limit`.
    """
    if size > limit:
        raise NotCompilable(
            target,
            f"{what} would be {size:,}, and the most there is {limit:,}. Put tasks"
            " together, map over items (map_over) instead of adding a task for each, or"
            " make two workflows of it.",
        )
