"""The versions that a project's lock file pins."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from packaging.markers import InvalidMarker, Marker

from dotflow_cli.scaffold.pins import LOCKS
from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from pathlib import Path

_PLACES: Final = ("directory", "editable", "path", "virtual")


@dataclass(frozen=True)
class Locked:
    """A distribution as a lock file has it.

    Attributes:
        name: Its name, normalized as the file does.
        version: Its version, `""` where the file has none.
        place: Its folder or file, from the project; `""` for none.
        url: Where else it is from, as pip takes it; `""` for an index.
        markers: Conditions of which one must hold, none for always.
    """

    name: str
    version: str
    place: str = ""
    url: str = ""
    markers: tuple[str, ...] = ()

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Tell whether it is for a machine.

        Args:
            environment: What conditions are read with.
        """
        if not self.markers:
            return True
        try:
            return any(Marker(one).evaluate(dict(environment)) for one in self.markers)
        except InvalidMarker:
            return True


@dataclass(frozen=True)
class Lock:
    """A lock file.

    Attributes:
        file: Its name.
        packages: What it pins.
    """

    file: str
    packages: tuple[Locked, ...]

    def constraints(self, environment: Mapping[str, str]) -> list[str]:
        """Return what an index's distributions are pinned to, as pip takes it.

        Args:
            environment: What conditions are read with.
        """
        found = [
            one
            for one in self.packages
            if one.version and not one.place and not one.url and one.holds(environment)
        ]
        several = Counter(one.name for one in found)
        # Of two that could both be meant, none is: pip would refuse them together.
        return sorted(
            f"{one.name}=={one.version}" for one in found if several[one.name] == 1
        )

    def elsewhere(self, environment: Mapping[str, str]) -> list[Locked]:
        """Return what is of no index, the project itself left out.

        Args:
            environment: What conditions are read with.
        """
        return [
            one
            for one in self.packages
            if (one.place not in ("", ".") or one.url) and one.holds(environment)
        ]


def read_lock(root: Path) -> Lock | None:
    """Return the lock file of a project, None where it has none.

    Raises:
        InvalidProject: It is not to be read.
    """
    for name in LOCKS:
        path = root / name
        if path.is_file():
            try:
                found = tomllib.loads(path.read_text(encoding="utf-8"))
                packages = found.get("package", found.get("packages", []))
                return Lock(name, tuple(_locked(one) for one in packages))
            except (tomllib.TOMLDecodeError, ValueError, TypeError, KeyError) as error:
                raise InvalidProject(f"{path} is no lock file: {error}") from error
    return None


def written_sources(root: Path, settings: Mapping[str, Any]) -> Lock | None:
    """Return what `[tool.uv.sources]` says, where no lock file says it.

    Args:
        root: The project's folder.
        settings: Its `pyproject.toml`.

    Raises:
        InvalidProject: One is a member of a workspace, which only a lock file places.
    """
    uv = settings.get("tool", {}).get("uv", {})
    sources = uv.get("sources", {}) if isinstance(uv, dict) else {}
    found = []
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(source, dict) or "index" in source:
            continue
        if source.get("workspace"):
            raise InvalidProject(
                f"{root}: {name} is of the workspace, and no lock file says where it is:"
                " run `uv lock` in the project"
            )
        found.append(_locked({"name": name, "source": source}))
    return Lock("pyproject.toml", tuple(found)) if found else None


def _locked(package: Mapping[str, Any]) -> Locked:
    """Read a package, of whichever of the files: each has one of these forms."""
    source = package.get("source") or {}
    kind, where = source.get("type", ""), source.get("url", "")
    # `editable` is a path in a lock file, and a truth value in pyproject.toml.
    places = (source.get(key) for key in _PLACES)
    place = next((found for found in places if found and isinstance(found, str)), "")
    url = ""
    if kind in ("directory", "file"):
        place = str(where)
    elif kind == "git":
        url = f"git+{where}@{source.get('resolved_reference', '')}".rstrip("@")
    elif kind == "url":
        url = str(where)
    elif git := source.get("git") or package.get("git"):
        wanted = source.get("rev") or source.get("tag") or source.get("branch")
        url = _git(str(git), str(package.get("revision") or wanted or ""))
    elif source.get("url"):
        url = str(where)
    # PDM writes it beside the name, pylock.toml into tables.
    if not place and isinstance(package.get("path"), str):
        place = str(package["path"])
    for table, key in (("directory", "path"), ("archive", "path"), ("archive", "url")):
        value = package.get(table)
        if isinstance(value, dict) and value.get(key):
            place, url = (value[key], "") if key == "path" else ("", value[key])
    if isinstance(package.get("vcs"), dict):
        vcs = package["vcs"]
        url = f"{vcs['type']}+{vcs.get('url', '')}@{vcs.get('commit-id', '')}"
    markers = package.get("resolution-markers", package.get("markers", ()))
    if isinstance(markers, (str, dict)):
        markers = [markers] if isinstance(markers, str) else markers.values()
    single = package.get("marker")
    return Locked(
        str(package["name"]),
        str(package.get("version", "")),
        place,
        url,
        tuple(str(one) for one in ([single] if single else markers)),
    )


def _git(address: str, revision: str) -> str:
    # uv: https://host/x?rev=main#0123abc
    base, _, commit = address.partition("#")
    return f"git+{base.partition('?')[0]}@{commit or revision}".rstrip("@")
