"""Who a run is: of what, started how, where and by whom.

What cannot change in a process is found out once. Nothing here starts a process, and
nothing that is not known stops a run.
"""

from __future__ import annotations

import os
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow.base.guard import guarded
from dotflow.base.identity import check_workflow_id
from dotflow.base.liveness import hostname
from dotflow.base.masking import mask, masked_arguments
from dotflow.base.starting import Starter
from dotflow.model.run_info import RunIdentity
from dotflow.report.preview import preview
from dotflow.types import StartedBy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

_MOST_COMMAND = 1000
_MOST_READ = 1 << 20


def identify(
    starter: Starter | None,
    parent: str | None,
    name: str | None,
    workflow_id: UUID | str | None,
    tags: Sequence[str],
) -> RunIdentity:
    """Return who a run is that begins now.

    Args:
        starter: What has started it for the user; None where the user's code has.
        parent: The run whose step has; None where none has.
        name: What the user calls the workflow; the name of the host says nothing.
        workflow_id: Its id; None for one that nobody has given.
        tags: What the user marks the run with.
    """
    starter = starter or _SCRIPT
    if parent is not None:
        # The code of a step: whatever has started its run has not started this one.
        starter = Starter(StartedBy.WORKFLOW, parent)
    host, user, python = _process()
    called = None if name == host else name
    if called is None and workflow_id is not None:
        called = _told(workflow_id)
    return RunIdentity(
        called or starter.workflow or _script() or str(workflow_id or ""),
        starter.kind,
        _command(tuple(sys.argv)) if starter.command is None else starter.command,
        parent,
        starter.retry_of,
        _shown(starter.params) if starter.params else {},
        folder := _folder(),
        host,
        os.getpid(),
        user,
        __version__,
        python,
        commit_of(folder),
        (*starter.tags, *tags),
    )


def _told(workflow_id: UUID | str) -> str | None:
    """Return an id that tells people something; a UUID tells nobody anything."""
    if isinstance(workflow_id, str) and len(workflow_id) not in (32, 36):
        return workflow_id
    known = check_workflow_id(workflow_id)
    return known if isinstance(known, str) else None


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""  # it is gone


_SCRIPT = Starter(StartedBy.SCRIPT)


def _shown(params: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): preview(value, str(name)) for name, value in params.items()}


@cache
def _process() -> tuple[str, str, str]:
    return hostname(), guarded(_user, ""), ".".join(map(str, sys.version_info[:3]))


def _user() -> str:
    from getpass import getuser

    return getuser()


@cache
def _command(arguments: tuple[str, ...]) -> str:
    # Where the program is says less than what it is called.
    program, *words = [str(word) for word in arguments] or [""]
    told = masked_arguments([os.path.basename(program), *words])
    return mask(shlex.join(told))[:_MOST_COMMAND]


@cache
def _script() -> str:
    """Return the name of the script, or of the package that runs as one."""
    path = Path(sys.argv[0] if sys.argv else "")
    if path.name == "__main__.py":
        return path.parent.name
    return "" if path.name in ("-c", "-m", "-") else path.stem


@cache
def commit_of(folder: str) -> str | None:
    """Return the git commit that is checked out in a folder; None where there is none.

    Args:
        folder: A folder, in a work tree or not.
    """
    return guarded(lambda: _commit(folder), None)


def _commit(folder: str) -> str | None:
    for place in (Path(folder), *Path(folder).parents):
        git = place / ".git"
        if git.is_file():  # a further work tree, or a submodule
            git = place / _read(git).removeprefix("gitdir:").strip()
        if git.is_dir():
            return _head(git)
    return None


def _head(git: Path) -> str | None:
    head = _read(git / "HEAD").strip()
    if not head.startswith("ref:"):
        return head or None
    name = head.removeprefix("ref:").strip()
    common = git
    if (git / "commondir").is_file():
        common = git / _read(git / "commondir").strip()
    for place in (git / name, common / name):
        if place.is_file():
            return _read(place).strip() or None
    for line in _read(common / "packed-refs").splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return None  # a branch without a commit


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_READ)
    except OSError:
        return ""
