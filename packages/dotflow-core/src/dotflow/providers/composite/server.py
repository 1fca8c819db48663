"""`CompositeServer`: several servers as one."""

from __future__ import annotations

from dotflow.abc.server import Server
from dotflow.base.fan_out import FanOut


class CompositeServer(FanOut, Server, family=Server):  # type: ignore[override]
    """Tells everything to several servers; see `FanOut`.

    Args:
        parts: The servers.
    """
