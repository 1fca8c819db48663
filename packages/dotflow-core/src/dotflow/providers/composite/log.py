"""`CompositeLog`: several logs as one."""

from __future__ import annotations

from dotflow.abc.log import Log
from dotflow.base.fan_out import FanOut


class CompositeLog(FanOut, Log, family=Log):  # type: ignore[override]
    """Tells everything to several logs; see `FanOut`.

    Args:
        parts: The logs.
    """

    def listening(self) -> bool:
        """Tell whether anybody would read what any of them logs."""
        return any(part.listening() for part in self.parts)
