"""`Retention`: how much a storage's history keeps, and where a storage holds it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.abc.history import History

DAY = 86400.0


class Retention:
    """How much the history of a storage keeps by itself.

    Args:
        keep_runs: How many of the newest runs are kept; None for all, 0 for no history.
        keep_days: After how many days a run is forgotten; None for never.

    Raises:
        ValueError: A number is out of range.
    """

    __slots__ = ("keep_runs", "keep_seconds")

    def __init__(
        self, keep_runs: int | None = 1000, keep_days: float | None = None
    ) -> None:
        if keep_runs is not None and not (_is(keep_runs, int) and keep_runs >= 0):
            raise ValueError(
                f"keep_runs={keep_runs!r}: give a whole number, 0 or more, or None."
            )
        if keep_days is not None and not (
            _is(keep_days, (int, float)) and keep_days > 0
        ):
            raise ValueError(
                f"keep_days={keep_days!r}: give a number of days above 0, or None."
            )
        self.keep_runs = keep_runs
        self.keep_seconds = None if keep_days is None else keep_days * DAY


def _is(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


class HeldHistory:
    """A history in its storage, of which nothing is pickled with the storage."""

    __slots__ = ("history",)

    def __init__(self, history: History | None = None) -> None:
        self.history = history

    def __reduce__(self) -> tuple[type[HeldHistory], tuple[()]]:
        return (HeldHistory, ())
