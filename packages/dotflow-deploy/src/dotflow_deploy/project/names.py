"""Names that every platform accepts."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from dotflow_deploy.errors import InvalidProject

LIMIT: Final = 50
"""Characters of a project's name: what is added to it stays below 63, DNS's limit."""

_SAFE = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def kebab(name: str) -> str:
    """Return a name in kebab case: `"My_Shop"` becomes `"my-shop"`."""
    return re.sub(r"[\s_.]+", "-", name.strip()).lower()


def check_name(name: str) -> str:
    """Return a project's name in kebab case.

    Args:
        name: What the user wrote; spaces, dots and underscores become dashes.

    Raises:
        InvalidProject: It has other characters than letters, digits and dashes, does
            not begin with a letter, or has not 2 to 50 characters.
    """
    made = kebab(name)
    if not _SAFE.fullmatch(made) or "--" in made or len(made) > LIMIT:
        raise InvalidProject(
            f"{name!r} is no name that every platform accepts. Use letters, digits and"
            f" single dashes, begin with a letter, 2 to {LIMIT} characters:"
            " --project my-shop"
        )
    return made


def check_module(module: str) -> str:
    """Return a dotted module name.

    Raises:
        InvalidProject: It is none.
    """
    if not _MODULE.fullmatch(module):
        raise InvalidProject(
            f"{module!r} is not the name of a module, such as shop.workflow"
        )
    return module


def check_region(region: str) -> str:
    """Return the name of a region, which becomes a part of addresses.

    Raises:
        InvalidProject: It is none.
    """
    if not _REGION.fullmatch(region):
        raise InvalidProject(
            f"{region!r} is no name of a region, such as us-central1: --region"
        )
    return region


def shortened(name: str, limit: int) -> str:
    """Return a name no longer than a limit, different names still apart.

    Args:
        name: A name that may be too long.
        limit: The most characters that a platform takes, at least 10.
    """
    if len(name) <= limit:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - 7].rstrip('-')}-{mark}"
