"""Alibaba Cloud: Function Compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, Platform
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


_FUNCTION: Final = Platform(
    name="alibaba-fc",
    title="Function Compute",
    description="A function, run when it is called",
    family=Family.ALIBABA,
    files=(
        *server_files("alibaba-fc"),
        *own("alibaba-fc", "s.yaml", "deploy.sh", "README.md"),
    ),
    region="cn-hangzhou",
    dialect=fc_timer,
    values=_values,
)

PLATFORMS: Final = (_FUNCTION, _FUNCTION.scheduled("A function, run by a timer"))
