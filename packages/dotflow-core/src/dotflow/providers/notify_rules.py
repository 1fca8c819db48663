"""`NotifyRules`: tells people what they should know of, and not each change."""

from __future__ import annotations

import sys

from dotflow.abc.notify import Notify
from dotflow.base.arguments import check_choice
from dotflow.errors import ProviderError
from dotflow.model.alert import ALERT_KINDS, AlertRules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class NotifyRules(Notify):
    """Rules for the notifiers beside it, which hear of alerts alone then.

    They hear of
    - `"failure"`: a run that has failed, once no task is tried again. A failure of the
      same tasks by the same errors as that of the run before is told once.
    - `"recovery"`: the first run that completes after a failure.
    - `"slow"`: a run that goes on for longer than usual, while it goes on. Usual is the
      95th percentile of the last 20 runs that completed, of at least 5.
    - `"missed"`: a time of a schedule that has passed without a run. Whoever runs a
      schedule on the same storage tells of it, once, and so does each run at its end.

    Runs of one workflow are those of one name, or of one fixed id where it has no name;
    so give several in one script a name each. What was before is asked of the storage's
    history; without one only this process remembers it, and nothing is usual.

    Args:
        on: What to tell of.
        slow_after: Seconds from which on a run is slow, whatever is usual.
        slow_factor: How many times as long as usual a run may take.

    Raises:
        ProviderError: An argument is out of range.

    Example:
        ```python
        Config(notify=[NotifyTelegram(token, chat), NotifyRules(slow_after=3600)])
        ```
    """

    def __init__(
        self,
        on: str | Sequence[str] = ALERT_KINDS,
        slow_after: float | None = None,
        slow_factor: float = 1.5,
    ) -> None:
        kinds = on.replace(",", " ").split() if isinstance(on, str) else list(on)
        if not kinds:
            raise ProviderError("NotifyRules(on=[]): name what to tell of.")
        for kind in kinds:
            check_choice("NotifyRules", "on", kind, ALERT_KINDS)
        if slow_after is not None:
            _check_positive("slow_after", slow_after)
        _check_positive("slow_factor", slow_factor)
        self.alert_rules: AlertRules = AlertRules(kinds, slow_after, slow_factor)

    def hook_status_task(self, task: Any) -> None:
        """Do nothing: it is the others that tell."""

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the runs that have ended are told of, if they are to be.

        Args:
            timeout: The most seconds to wait; None for as long as it takes.

        Returns:
            Whether they are.
        """
        alerts = sys.modules.get("dotflow.engine.alerts")  # which such a run has loaded
        return alerts is None or bool(alerts.flush_alerts(timeout))

    def __repr__(self) -> str:
        return f"NotifyRules(on={sorted(self.alert_rules.on)!r})"


def _check_positive(name: str, value: object) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and 0 < value < float("inf")):  # type: ignore[operator]
        raise ProviderError(f"NotifyRules({name}={value!r}): give a number above 0.")
