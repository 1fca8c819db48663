"""What a project needs, from its `requirements.txt` or its `pyproject.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow_cli.scaffold.pins import LOCKS
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.project.locks import Lock, read_lock, written_sources

if TYPE_CHECKING:
    from pathlib import Path

# Not followed by what makes it an address: `git+https://...`, `https://...`.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?![A-Za-z0-9._:+/-])")


_FOREIGN = "Pipfile.lock"


@dataclass(frozen=True)
class Dependencies:
    """How a project and what it needs are installed.

    Attributes:
        requirements: Whether `requirements.txt` says what is needed. It wins over the
            looser bounds of `pyproject.toml`, since it can pin versions and hashes.
        installable: Whether the project itself is a package that pip can install: it
            has a name, and says what builds it. Otherwise its files are copied.
        names: The distributions that are named, normalized.
        lines: What `pyproject.toml` asks for, as it does. Empty if `requirements.txt`
            says it.
        hashed: Whether `requirements.txt` pins hashes. pip then refuses to install
            anything else with them in one go.
        lock: The versions that a lock file pins; None where there is none, or where
            `requirements.txt` says what is needed.
        unused: The name of a lock file that is not followed, `""` for none.
    """

    requirements: bool
    installable: bool
    names: frozenset[str]
    lines: tuple[str, ...] = ()
    hashed: bool = False
    lock: Lock | None = None
    unused: str = ""

    @property
    def note(self) -> str:
        """What to tell of a lock file that is not followed, `""` for nothing."""
        if not self.unused:
            return ""
        return f"{self.unused} is not followed: see what the project asks for"

    def missing(self, *distributions: str) -> list[str]:
        """Return requirements for those of our distributions that are not named.

        Args:
            *distributions: Such as `"dotflow-cli"`. The metapackage `dotflow` brings
                the core, the models and the command.
        """
        named = self.names
        if "dotflow" in named:
            named |= {"dotflow-core", "dotflow-schema", "dotflow-cli"}
        return [f"{name}~={__version__}" for name in distributions if name not in named]


def read_dependencies(root: Path) -> Dependencies:
    """Return what a project needs.

    Args:
        root: Its folder.

    Raises:
        InvalidProject: It says nowhere what it needs, or not in a form to be read.
    """
    settings = read_pyproject(root)
    project = settings.get("project", {})
    requirements = root / "requirements.txt"
    if not project and not requirements.is_file():
        raise InvalidProject(
            f"{root} has neither a pyproject.toml with a [project] table nor a"
            " requirements.txt: nothing says what the workflow needs. A"
            " requirements.txt with the line `dotflow` is enough to begin with."
        )
    built = "build-system" in settings or (root / "setup.py").is_file()
    if not requirements.is_file():
        lines = _strings(project.get("dependencies", []), root)
        return Dependencies(
            requirements=False,
            installable=built and "name" in project,
            names=_distributions(lines),
            lines=tuple(lines),
            lock=read_lock(root) or written_sources(root, settings),
            unused=_FOREIGN if (root / _FOREIGN).is_file() else "",
        )
    try:
        lines = requirements.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidProject(f"{requirements} is not in UTF-8: {error}") from error
    return Dependencies(
        requirements=True,
        installable=built and "name" in project,
        names=_distributions(lines),
        hashed=any("--hash=" in line for line in lines),
        unused=next(
            (name for name in (*LOCKS, _FOREIGN) if (root / name).is_file()), ""
        ),
    )


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return a project's `pyproject.toml`, or an empty mapping if it has none.

    Raises:
        InvalidProject: It is not TOML.
    """
    path = root / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidProject(f"{path} is not valid TOML: {error}") from error
    for name in ("project", "tool"):
        if not isinstance(found.get(name, {}), dict):
            raise InvalidProject(f"{path}: {name!r} is no table: [{name}]")
    return found


def _strings(lines: object, root: Path) -> list[str]:
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise InvalidProject(
            f"{root / 'pyproject.toml'}: the dependencies of [project] are no list of"
            ' texts, such as ["dotflow-core", "pandas>=2"]'
        )
    return lines


def _distributions(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(distribution, lines)))


def distribution(line: str) -> str | None:
    """Return the normalized name of what a line of requirements asks for, if it names one."""
    found = _NAME.match(line.strip())
    return None if found is None else re.sub(r"[-_.]+", "-", found[0]).lower()
