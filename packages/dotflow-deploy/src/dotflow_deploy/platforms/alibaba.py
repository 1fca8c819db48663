"""Alibaba Cloud: Function Compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, Platform, Scheduling
from dotflow_deploy.platforms.servers import server_files, server_values
from dotflow_deploy.platforms.shared import own
from dotflow_deploy.schedule import fc_timer

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

_REGION: Final = "cn-hangzhou"


def _values(request: Request) -> Values:
    return {
        # Function Compute keeps a connection for as long as a call may take.
        **server_values(request, port=9000, keep_alive=900),
        "timer": f"{request.project.name}-timer",
    }


def _platform(
    name: str, title: str, description: str, scheduling: Scheduling
) -> Platform:
    return Platform(
        name=name,
        title=title,
        description=description,
        family=Family.ALIBABA,
        files=(
            *server_files(name, "alibaba-fc/server.py"),
            *own(name, "s.yaml", "deploy.sh", "README.md", source="alibaba-fc"),
        ),
        region=_REGION,
        scheduling=scheduling,
        dialect=fc_timer,
        values=_values,
    )


PLATFORMS: Final[tuple[Platform, ...]] = (
    _platform(
        "alibaba-fc",
        "Function Compute",
        "A function, run when it is called",
        Scheduling.NONE,
    ),
    _platform(
        "alibaba-fc-scheduled",
        "Function Compute, scheduled",
        "A function, run by a timer",
        Scheduling.ALWAYS,
    ),
)
