"""`CompositeNotify`: several notifiers as one."""

from __future__ import annotations

from dotflow.abc.notify import Notify
from dotflow.base.fan_out import FanOut, told


class CompositeNotify(FanOut, Notify):  # type: ignore[override]
    """Tells everything to several notifiers; see `FanOut`.

    Args:
        parts: The notifiers.
    """

    hook_status_task = told(Notify.hook_status_task)
