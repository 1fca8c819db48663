"""What one run of a pipeline may be given beside its context."""

from __future__ import annotations

from typing import TypedDict

from dotflow.base.arguments import check_seconds, check_sizes


class RunOptions(TypedDict, total=False):
    """The keyword arguments of `run_once` and of everything else that runs.

    Attributes:
        deadline: Seconds until the run is cancelled; None for no bound. The contexts
            of tasks tell the time that is left.
        limits: How many attempts may hold a named limit (`task(limit="db")`) at once,
            by its name; 1 for a name that is missing.
        refresh_cache: Whether the results of tasks with `cache=True` are made again.
    """

    deadline: float | None
    limits: dict[str, int] | None
    refresh_cache: bool


def check_options(options: RunOptions) -> None:
    """Check what a run was given.

    Raises:
        TypeError: There is no such option.
        InvalidTask: A value is out of range or of a wrong type.
    """
    unknown = set(options) - set(RunOptions.__annotations__)
    if unknown:
        raise TypeError(
            f"A run has no option {min(unknown)!r}. It takes: "
            + ", ".join(sorted(RunOptions.__annotations__))
            + "."
        )
    check_seconds("deadline", options.get("deadline"))
    check_sizes(options.get("limits"))
