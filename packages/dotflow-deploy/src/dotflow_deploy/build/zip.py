"""A project with its dependencies as a zip file, made without docker."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotflow_deploy.build.archive import size, write_archive
from dotflow_deploy.build.builder import Builder, Echo
from dotflow_deploy.build.target import Target
from dotflow_deploy.errors import BuildError
from dotflow_deploy.project.files import copy_project

if TYPE_CHECKING:
    from dotflow_deploy.project import Project

UNZIPPED: Final = 250 * 1024 * 1024
"""The most that AWS Lambda unpacks, in bytes."""

# Part of the digest: it changes when the same input makes another zip.
_FORMAT: Final = "zip-2"

_SHOWN: Final = 5
# What is of no use to a run: code that the wheel leaves out, and what is about it.
_CODE: Final = (".py", ".pyi", ".toml", ".cfg", ".lock", ".md", ".rst")
_ASIDE: Final = ("deploy", "docs", "tests", "test", "Dockerfile", "LICENSE", "Makefile")
_SUFFIXES: Final = (".py", "/__init__.py", ".so", ".abi3.so")


class ZipBuilder(Builder[Path]):
    """Packages a project for a function: its code and dependencies in one zip file.

    pip installs wheels for the function's machine, whatever this one is; it follows
    your own settings of it (`PIP_INDEX_URL`, `PIP_FIND_LINKS`, `pip.conf`). The same
    input makes the same bytes.

    Args:
        project: What is packaged. Nothing of it is read before the digest is asked for.
        files: More files, by their name in the zip: the handler.
        distributions: Ours that are added if the project does not name them:
            `"dotflow-aws"`.
        provided: Distributions that the platform has itself: `"boto3"`. They are left
            out, with what only they need, unless the project itself names them.
        platform: The newest kind of wheel that the machine takes; see `Target`.
        limit: The most that the platform unpacks, in bytes.

    Raises:
        InvalidProject: There is no such platform.
    """

    def __init__(
        self,
        project: Project,
        *,
        files: Mapping[str, str | bytes] | None = None,
        distributions: Sequence[str] = (),
        provided: Collection[str] = (),
        platform: str = "manylinux2014_x86_64",
        limit: int = UNZIPPED,
    ) -> None:
        self.project = project
        self.files = {
            name: text.encode() if isinstance(text, str) else text
            for name, text in (files or {}).items()
        }
        self.distributions = tuple(distributions)
        self.provided = tuple(sorted(provided))
        self.target = Target(platform, project.python)
        self.limit = limit
        self._made: Path | None = None

    @cached_property
    def digest(self) -> str:
        """A digest of what goes into the zip: 64 hexadecimal digits."""
        files = [
            f"{name}={sha256(content).hexdigest()}"
            for name, content in sorted(self.files.items())
        ]
        return self.project.digest(
            _FORMAT,
            self.target.platform,
            *self.project.dependencies.missing(*self.distributions),
            *self.provided,
            *files,
        )

    def build(self, echo: Echo) -> Path:
        """Make the zip file. It is there as long as this builder is.

        Args:
            echo: Takes a line about each slow step, pip's among them.

        Raises:
            BuildError: A dependency is not there for that machine, two files have one
                name, the module of the workflow is not in it, or it is too large. The
                message says which, and what to do.
        """
        if self._made is None:
            # Not the temporary folder itself: others can write there.
            folder = Path(tempfile.mkdtemp(prefix="dotflow-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            made = folder / f"{self.project.name}-{self.digest[:12]}.zip"
            with tempfile.TemporaryDirectory(prefix="dotflow-") as work:
                entries = self._entries(Path(work), echo)
                write_archive(made, entries)
            echo(f"Packaged {len(entries)} files: {_megabytes(made.stat().st_size)}")
            self._made = made
        return self._made

    def _entries(self, work: Path, echo: Echo) -> dict[str, Path | bytes]:
        code = work / "project"
        copy_project(self.project.root, code)
        self.project.check_import(echo, code)
        installed = work / "installed"
        self._install(code, installed, echo)
        entries: dict[str, Path | bytes] = dict(_tree(installed))
        if not self.project.dependencies.installable:
            entries |= self._importable(code)
        else:
            entries |= self._beside(code, entries, echo)
        for name, content in self.files.items():
            there = entries.get(name)
            if isinstance(there, Path) and there.read_bytes() != content:
                raise BuildError(
                    f"The package has a file {name} already, and the deployment adds"
                    " another of that name: rename the project's."
                )
            entries[name] = content
        self._check(entries)
        return entries

    def _install(self, code: Path, to: Path, echo: Echo) -> None:
        from dotflow_deploy.build.installed import lacking, remove_provided, tidy
        from dotflow_deploy.build.pip import build_wheel
        from dotflow_deploy.build.sources import Sources

        dependencies = self.project.dependencies
        if dependencies.note:
            echo(dependencies.note)
        pins = to.parent / "pins.txt"
        lock, markers = dependencies.lock, self.target.markers
        kept = [] if lock is None else lock.constraints(markers)
        pins.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        more: list[str | Path] = [*dependencies.missing(*self.distributions)]
        if dependencies.installable:
            echo(f"Making a wheel of {self.project.name}")
            more.insert(0, build_wheel(code, to.parent / "wheel", echo))
        else:
            more += dependencies.lines
        made = Sources(self.project.root, to.parent, echo)
        if lock is not None:
            echo(f"Versions are those of {lock.file}")
            more += made.wheels_of(lock, markers)
        more = [one for line in more for one in made.resolved(line)]
        given: list[str | Path] = []
        if dependencies.requirements:
            given = ["-r", made.requirements(to.parent / "requirements.txt")]
        echo(f"Installing dependencies for {self.target.platform}")
        steps = [given, more] if dependencies.hashed else [[*given, *more]]
        for step in filter(None, steps):
            self._install_more([*step, "--constraint", pins], to, echo)
        to.mkdir(exist_ok=True)
        while needed := lacking(to, self.target):
            echo(f"Needed on {self.target.platform} too: {', '.join(needed)}")
            self._install_more([*needed, "--constraint", pins], to, echo)
        # What is pinned is meant, whatever the platform has itself.
        named = dependencies.names | {line.partition("==")[0] for line in kept}
        remove_provided(to, [n for n in self.provided if n not in named], self.target)
        tidy(to)

    def _install_more(self, given: list[str | Path], to: Path, echo: Echo) -> None:
        """Install what is not there yet: pip does not see what it put there before."""
        from dotflow_deploy.build.installed import installed
        from dotflow_deploy.build.pip import install

        if not to.is_dir():
            install(given, to, self.target, echo, cwd=self.project.root)
            return
        there = installed(to)
        with tempfile.TemporaryDirectory(dir=to.parent) as folder:
            pins = Path(folder) / "constraints.txt"
            lines = [f"{name}=={each.version}\n" for name, each in there.items()]
            pins.write_text("".join(lines), encoding="utf-8")
            fresh = Path(folder) / "fresh"
            where = [*given, "--constraint", pins]
            install(where, fresh, self.target, echo, cwd=self.project.root)
            for path in (path for path in fresh.rglob("*") if path.is_file()):
                place = to / path.relative_to(fresh)
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(place)

    def _importable(self, code: Path) -> dict[str, Path]:
        """Return the project's files, where the function's Python finds its modules."""
        tree = _tree(code)
        package = self.project.module.partition(".")[0]
        if any(f"src/{package}{suffix}" in tree for suffix in _SUFFIXES):
            return {name.removeprefix("src/"): path for name, path in tree.items()}
        return tree

    def _beside(
        self, code: Path, entries: Mapping[str, Path | bytes], echo: Echo
    ) -> dict[str, Path]:
        """Return the project's data that its wheel does not hold, as an image has it."""
        found = {
            name: path
            for name, path in _tree(code).items()
            if path.suffix not in _CODE
            and not name.startswith(".")
            and name.partition("/")[0] not in _ASIDE
            and not {name, name.removeprefix("src/")} & entries.keys()
        }
        if found:
            names = ", ".join(sorted(found)[:_SHOWN])
            echo(f"Beside the wheel: {len(found)} files of the project, as {names}")
        return found

    def _check(self, entries: Mapping[str, Path | bytes]) -> None:
        module = self.project.module
        path = module.replace(".", "/")
        if not any(f"{path}{suffix}" in entries for suffix in _SUFFIXES):
            raise BuildError(
                f"The package does not hold the module {module} of the workflow: see"
                " what of the project your pyproject.toml puts into a wheel, and what"
                " .gitignore leaves out, or name another module with --workflow."
            )
        sizes = Counter[str]()
        for name, entry in entries.items():
            sizes[name.partition("/")[0]] += size(entry)
        if sizes.total() > self.limit:
            largest = sizes.most_common(_SHOWN)
            table = ", ".join(f"{name} {_megabytes(count)}" for name, count in largest)
            raise BuildError(
                f"Unpacked, the package has {_megabytes(sizes.total())}, and the"
                f" platform takes {_megabytes(self.limit)}. The largest: {table}. Leave"
                " out what the workflow does not need, or deploy an image:"
                " --builder docker"
            )


def _tree(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB"
