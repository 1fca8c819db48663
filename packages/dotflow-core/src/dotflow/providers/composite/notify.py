"""`CompositeNotify`: several notifiers as one."""

from __future__ import annotations

from dotflow.abc.notify import Notify
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class CompositeNotify(FanOut, Notify, family=Notify):  # type: ignore[override]
    """Tells everything to several notifiers; see `FanOut`.

    Args:
        parts: The notifiers.
    """

    def __init__(self, parts: Iterable[Notify]) -> None:
        super().__init__(parts)
        # Rules first: what waits for messages is to find those that they cause.
        self.parts = tuple(
            sorted(self.parts, key=lambda part: part.alert_rules is None)
        )
        self.alert_rules = self.parts[0].alert_rules if self.parts else None
