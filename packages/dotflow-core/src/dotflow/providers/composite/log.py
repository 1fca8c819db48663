"""`CompositeLog`: several logs as one."""

from __future__ import annotations

from dotflow.abc.log import Log
from dotflow.base.fan_out import FanOut, told


class CompositeLog(FanOut, Log):  # type: ignore[override]
    """Tells everything to several logs; see `FanOut`.

    Args:
        parts: The logs.
    """

    info = told(Log.info)
    error = told(Log.error)
    warning = told(Log.warning)
    debug = told(Log.debug)
    failed = told(Log.failed)

    def listening(self) -> bool:
        """Tell whether anybody would read what any of them logs."""
        return any(part.listening() for part in self.parts)
