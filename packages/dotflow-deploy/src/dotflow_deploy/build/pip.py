"""pip, with the user's own settings, for a machine that is not this one."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotflow_deploy.errors import BuildError
from dotflow_deploy.programs import follow

if TYPE_CHECKING:
    from dotflow_deploy.build.builder import Echo
    from dotflow_deploy.build.target import Target

EPOCH: Final = "315532800"
"""1980-01-01, in seconds: the moment that everything made here is of."""

_SHOWN: Final = 20
# No option, and no address: what pip names is put on its own command line.
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,. -]*\])?[\w.,<>=!~* -]*")
# Lines that say how far pip is; all of them are kept for the reason of a failure.
_TELLING: Final = ("Collecting ", "Processing ", "Building wheel for ", "ERROR: ")
_NOT_FOUND = re.compile(r"ERROR: No matching distribution found for (.+)")


def build_wheel(
    source: str | Path, to: Path, echo: Echo, *, cwd: Path | None = None
) -> Path:
    """Make a wheel of a project, without what it depends on.

    Args:
        source: Its folder or file, or its address.
        to: An empty folder for the wheel.
        echo: Takes a line about what pip is at.
        cwd: Where pip runs. Default: the folder, as the project itself.

    Raises:
        BuildError: It is not made; the message has pip's reason.
    """
    what = "." if cwd is None else source
    place = Path(source) if cwd is None else cwd
    code, lines = _pip(["wheel", "--no-deps", "--wheel-dir", to, what], echo, place)
    if code != 0:
        named = "The project" if cwd is None else source
        raise BuildError(
            f"{named} cannot be made a wheel: {_reason(lines)}\nTry it with"
            " `python -m pip wheel --no-deps .` in a fresh copy of the project, without"
            " what .gitignore leaves out."
        )
    (wheel,) = to.glob("*.whl")
    return wheel


def install(
    arguments: Sequence[str | Path],
    to: Path,
    target: Target,
    echo: Echo,
    *,
    cwd: Path,
) -> None:
    """Install requirements into a folder, as wheels for another machine.

    Args:
        arguments: Requirements, or options of `pip install` that lead to some.
        to: The folder.
        target: The machine, and its Python.
        echo: Takes a line about what pip is at.
        cwd: The folder that paths in requirements are relative to.

    Raises:
        BuildError: One is not there for that machine; the message says which.
    """
    where: list[str | Path] = ["install", "--target", to, "--only-binary", ":all:"]
    where += ["--implementation", "cp", "--python-version", target.python]
    for tag in target.tags:
        where += ["--platform", tag]
    command = [*where, "--no-compile", *arguments]
    made = to.parent / f"{to.name}-wheels"
    tried: set[str] = set()
    while True:
        code, lines = _pip(command, echo, cwd)
        if code == 0:
            return
        absent = [found[1] for line in lines if (found := _NOT_FOUND.match(line))]
        if not absent:
            raise BuildError(f"The dependencies cannot be installed: {_reason(lines)}")
        (wanted,) = absent[-1:]
        if wanted in tried or not _is_made(wanted, made, echo, cwd):
            raise BuildError(
                f"pip finds no wheel of {wanted!r} for {target.platform} and Python"
                f" {target.python}. If its name and version are right, and your index"
                " has it, then there is none for that machine: `--builder docker`"
                f" builds it from its sources.\n{_reason(lines)}"
            )
        if not tried:
            command += ["--find-links", made]
        tried.add(wanted)


def _is_made(wanted: str, to: Path, echo: Echo, cwd: Path) -> bool:
    """Make a wheel of what has none, and tell whether it is for every machine.

    Many a distribution without a wheel is Python alone.
    """
    if not _NAMED.fullmatch(wanted):
        return False
    echo(f"Making a wheel of {wanted}, which has none")
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        code, _ = _pip(["wheel", "--no-deps", "--wheel-dir", folder, wanted], echo, cwd)
        made = list(Path(folder).glob("*-none-any.whl")) if code == 0 else []
        to.mkdir(exist_ok=True)
        for wheel in made:
            wheel.replace(to / wheel.name)
    return bool(made)


def _pip(
    arguments: Sequence[str | Path], echo: Echo, cwd: Path
) -> tuple[int, list[str]]:
    if importlib.util.find_spec("pip") is None:
        raise BuildError(
            f"{sys.executable} has no pip, which packages the project. Run:"
            " python -m ensurepip (or: uv pip install pip)"
        )
    env = os.environ | {
        "PYTHONUNBUFFERED": "1",
        "SOURCE_DATE_EPOCH": EPOCH,
        # Settings that hold for this machine's own environments.
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    # Without its history, a project cannot ask git for its version.
    env.setdefault("SETUPTOOLS_SCM_PRETEND_VERSION", "0")
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command = [sys.executable, "-m", "pip", arguments[0], *quiet, *arguments[1:]]

    def tell(line: str) -> None:
        if line.startswith(_TELLING):
            # Without the folder of a file, and what it is needed for.
            doing, _, what = line.partition(" (from ")[0].partition(" ")
            echo(
                f"{doing} {what.rpartition('/')[2] if doing == 'Processing' else what}"
            )

    return follow(command, tell, cwd=cwd, env=env)


def _reason(lines: Sequence[str]) -> str:
    """Return what pip says from its first error on, or else its last lines."""
    errors = (n for n, line in enumerate(lines) if "error" in line.casefold())
    return "\n".join(lines[next(errors, 0) :][-_SHOWN:])
