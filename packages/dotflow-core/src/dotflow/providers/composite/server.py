"""`CompositeServer`: several servers as one."""

from __future__ import annotations

from dotflow.abc.server import Server
from dotflow.base.fan_out import FanOut, told


class CompositeServer(FanOut, Server):  # type: ignore[override]
    """Tells everything to several servers; see `FanOut`.

    Args:
        parts: The servers.
    """

    create_workflow = told(Server.create_workflow)
    update_workflow = told(Server.update_workflow)
    create_task = told(Server.create_task)
    update_task = told(Server.update_task)
