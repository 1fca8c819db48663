"""All platforms, by their names."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from dotflow.base.suggest import hint
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.platforms.platform import Family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotflow_deploy.platforms.platform import Platform

# Each has a tuple `PLATFORMS`.
MODULES: Final = (
    "containers",
    "aws",
    "aws_functions",
    "gcp",
    "gcp_functions",
    "compiled",
    "azure",
    "azure_functions",
    "alibaba",
    "paas",
    "vercel",
    "ci",
    "machines",
)


@cache
def platforms() -> Mapping[str, Platform]:
    """Return all platforms by their names, family by family."""
    found: dict[str, Platform] = {}
    for module in MODULES:
        for platform in import_module(f"dotflow_deploy.platforms.{module}").PLATFORMS:
            found[platform.name] = platform
    order = {family: place for place, family in enumerate(Family)}
    return dict(sorted(found.items(), key=lambda item: order[item[1].family]))


def find_platform(name: str) -> Platform:
    """Return a platform.

    Args:
        name: Its name.

    Raises:
        InvalidProject: There is none of that name.
    """
    known = platforms()
    if name not in known:
        raise InvalidProject(
            f"There is no platform {name!r}.{hint(name, known)} To see all: dotflow cloud"
            " list"
        )
    return known[name]
