"""Wheels of what requirements name by a path or an address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dotflow_deploy.errors import BuildError
from dotflow_deploy.project.sources import flat_lines, source_of

if TYPE_CHECKING:
    from dotflow_deploy.build.builder import Echo
    from dotflow_deploy.project.locks import Lock
    from dotflow_deploy.project.sources import Source


class Sources:
    """Builds them once each: for another machine pip takes wheels alone.

    What is not built would be fetched by its name, from whoever has that name in an
    index.

    Args:
        root: The project's folder, which paths are relative to.
        work: A folder for the wheels.
        echo: Takes a line about each.
    """

    def __init__(self, root: Path, work: Path, echo: Echo) -> None:
        self._root = root
        self._work = work
        self._echo = echo
        self._made: dict[str, Path] = {}

    def resolved(self, line: str | Path) -> list[str | Path]:
        """Return what pip is given for a requirement: a wheel for a source.

        Args:
            line: A requirement of one line, or a wheel; nothing is given for the
                project itself.

        Raises:
            BuildError: It cannot be built, or is for this machine alone.
        """
        source = None if isinstance(line, Path) else source_of(line)
        if source is None:
            return [line]
        if (
            source.is_local
            and source.path(self._root).resolve() == self._root.resolve()
        ):
            return []
        return [f"{self._wheel(source)}{source.extras}"]

    def wheels_of(self, lock: Lock, environment: Mapping[str, str]) -> list[str | Path]:
        """Return wheels of what a lock file has from elsewhere than an index.

        Args:
            lock: The lock file.
            environment: What conditions are read with.
        """
        places = [one.url or one.place for one in lock.elsewhere(environment)]
        texts = [place if "://" in place else f"./{place}" for place in places]
        return [one for text in texts for one in self.resolved(text)]

    def requirements(self, to: Path) -> Path:
        """Write the project's `requirements.txt` anew, with wheels for its sources.

        Args:
            to: The file to write.

        Raises:
            BuildError: A file that it names is not there, or a source is not built.
        """
        lines = []
        try:
            for line in flat_lines(self._root / "requirements.txt"):
                source = source_of(line)
                behind = f" ; {source.condition}" if source and source.condition else ""
                lines += [f"{one}{behind}" for one in self.resolved(line)]
        except OSError as error:
            raise BuildError(
                f"{error.filename}, which requirements.txt names, cannot be read:"
                f" {error.strerror}"
            ) from error
        to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return to

    def _wheel(self, source: Source) -> Path:
        from dotflow_deploy.build.pip import build_wheel

        if source.place in self._made:
            return self._made[source.place]
        what: str | Path = source.place
        if source.is_local:
            what = source.path(self._root).resolve()
            if not what.exists():
                raise BuildError(f"There is no {what}, which the project needs")
        self._echo(f"Making a wheel of {source.place}")
        to = self._work / f"source-{len(self._made)}"
        made = build_wheel(what, to, self._echo, cwd=self._root)
        if not made.name.endswith("-none-any.whl"):
            raise BuildError(
                f"{source.place} has code for this machine alone: `--builder docker`"
                " builds it where it runs"
            )
        self._made[source.place] = made
        return made
