"""Alibaba Cloud: Function Compute."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.servers import server_files, server_values
from dotflow_deploy.platforms.shared import own
from dotflow_deploy.schedule import fc_timer

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _values(request: Request) -> Values:
    return {
        # Function Compute keeps a connection for as long as a call may take.
        **server_values(request, port=9000, keep_alive=900),
        "timer": f"{request.project.name}-timer",
    }


def _files(platform: str) -> tuple[File, ...]:
    return (
        *server_files(platform, "alibaba-fc/server.py"),
        *own(platform, "s.yaml", "deploy.sh", "README.md", source="alibaba-fc"),
    )


_function: Final = partial(
    Platform,
    family=Family.ALIBABA,
    region="cn-hangzhou",
    dialect=fc_timer,
    values=_values,
)

PLATFORMS: Final = (
    _function(
        name="alibaba-fc",
        title="Function Compute",
        description="A function, run when it is called",
        files=_files("alibaba-fc"),
    ),
    _function(
        name="alibaba-fc-scheduled",
        title="Function Compute, scheduled",
        description="A function, run by a timer",
        files=_files("alibaba-fc-scheduled"),
        scheduling=Scheduling.ALWAYS,
    ),
)
