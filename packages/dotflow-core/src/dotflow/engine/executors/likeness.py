"""Whether workers elsewhere are like this process, so that what is sent can be loaded."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from dotflow.__about__ import __version__
from dotflow.errors import VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotflow.model.task import TaskInstance


class Likeness(NamedTuple):
    """What a process has.

    Attributes:
        python: The version of Python, as 3.12.
        dotflow: That of dotflow.
        missing: The packages of steps that cannot be imported there.
    """

    python: str
    dotflow: str
    missing: tuple[str, ...]


def likeness(modules: Iterable[str] = ()) -> Likeness:
    """Return what this process has.

    Args:
        modules: Names of top-level modules that steps come from.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    missing = tuple(name for name in modules if _is_missing(name))
    return Likeness(python, __version__, missing)


def modules_of(tasks: Sequence[TaskInstance]) -> list[str]:
    """Return the top-level modules that the steps of tasks are imported from."""
    found = {str(task.step.__module__).partition(".")[0] for task in tasks}
    return sorted(found - {"__main__", "dotflow", "builtins"})


def check_alike(workers: Mapping[str, Likeness]) -> None:
    """Check that workers can load what this process sends.

    Args:
        workers: What each has, by its name.

    Raises:
        VersionMismatch: One differs; the message names it and both versions.
    """
    here = likeness()
    for name, there in workers.items():
        for what, mine, other in (
            ("Python", here.python, there.python),
            ("dotflow-core", here.dotflow, there.dotflow),
        ):
            if mine != other:
                raise VersionMismatch(
                    f"The worker {name} has {what} {other}, this process {mine}: install"
                    " the same on both."
                )
        if there.missing:
            raise VersionMismatch(
                f"The worker {name} cannot import {', '.join(there.missing)}, where steps"
                " are defined: install it there, or send it as the cluster does."
            )


def _is_missing(name: str) -> bool:
    try:
        return find_spec(name) is None
    except (ImportError, ValueError):
        return True
