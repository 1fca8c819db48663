"""Distributions in a folder: what each needs, and which one can go."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from dotflow_deploy.build.target import Target

# They hold paths of the machine, or change with how pip was called.
_LOCAL: Final = ("direct_url.json", "REQUESTED")


def installed(folder: Path) -> dict[str, Distribution]:
    """Return the distributions in a folder, by their normalized name."""
    return {canonicalize_name(d.name): d for d in distributions(path=[str(folder)])}


def lacking(folder: Path, target: Target) -> list[str]:
    """Return what is needed on a machine, and pip left out for this one.

    pip reads a condition such as `python_version >= "3.12"` with the Python that it
    runs on, even if it installs for another.

    Args:
        folder: Where pip installed.
        target: The machine, and its Python.
    """
    found = installed(folder)
    return sorted(
        {
            str(_unconditional(requirement))
            for distribution in found.values()
            for requirement in _needs(distribution, target)
            if canonicalize_name(requirement.name) not in found
        }
    )


def remove_provided(folder: Path, provided: Collection[str], target: Target) -> None:
    """Remove distributions that a platform has itself, and what only they need.

    Args:
        folder: Where pip installed.
        provided: Their names.
        target: The machine, and its Python.
    """
    found = installed(folder)
    gone = {canonicalize_name(name) for name in provided} & found.keys()
    needs = {
        name: {canonicalize_name(r.name) for r in _needs(each, target, extras=True)}
        for name, each in found.items()
    }
    waiting = list(gone)
    while waiting:
        for name in needs[waiting.pop()] & found.keys() - gone:
            if all(name not in needs[other] for other in found.keys() - gone):
                gone.add(name)
                waiting.append(name)
    for name in gone:
        _remove(folder, found[name])


def tidy(folder: Path) -> None:
    """Remove what pip wrote about this machine, so that the rest is the same on all."""
    scripts = folder / "bin"
    if scripts.is_dir() and not (scripts / "__init__.py").exists():
        # They begin with the path of this machine's Python.
        shutil.rmtree(scripts)
    for metadata in folder.glob("*.dist-info"):
        for name in _LOCAL:
            (metadata / name).unlink(missing_ok=True)
        record = metadata / "RECORD"
        if record.is_file():
            lines = record.read_text(encoding="utf-8").splitlines()
            kept = sorted(line for line in lines if _is_kept(line))
            record.write_text("\n".join([*kept, ""]), encoding="utf-8", newline="\n")


def _is_kept(line: str) -> bool:
    path = PurePosixPath(line.rpartition(",")[0].rpartition(",")[0])
    return not (".." in path.parts or path.parts[:1] == ("bin",) or path.name in _LOCAL)


def _needs(
    distribution: Distribution, target: Target, *, extras: bool = False
) -> Iterator[Requirement]:
    for line in distribution.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # written before the rules were; pip has told what it thinks of it
        marker = requirement.marker
        if marker is None or marker.evaluate({**target.markers, "extra": ""}):
            yield requirement
        elif extras and "extra" in str(marker):
            # Whoever asked for the extra is not known here: better kept than lacking.
            yield requirement


def _unconditional(requirement: Requirement) -> Requirement:
    copy = Requirement(str(requirement))
    copy.marker = None
    return copy


def _remove(folder: Path, distribution: Distribution) -> None:
    parents = set()
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if path.resolve().is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
            parents.add(path.parent)
    for parent in parents:
        empty = parent
        while empty != folder and empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
            empty = empty.parent
