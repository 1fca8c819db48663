"""What is known of a platform: the files that it needs, and how it runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.schedule import plain

if TYPE_CHECKING:
    from dotflow_deploy.platforms.render import Values
    from dotflow_deploy.project import Project
    from dotflow_deploy.schedule import Cron

DAILY: Final = "0 6 * * *"
"""The schedule of a platform that is nothing without one, if none is given."""


class Family(StrEnum):
    """Platforms that belong together, in the order in which they are shown."""

    CONTAINERS = "Containers"
    AWS = "AWS"
    GOOGLE = "Google Cloud"
    AZURE = "Azure"
    ALIBABA = "Alibaba Cloud"
    PAAS = "App platforms"
    CI = "Continuous integration"
    MACHINES = "Machines"


class Scheduling(StrEnum):
    """What a platform does with a schedule."""

    NONE = "none"
    OPTIONAL = "optional"
    ALWAYS = "always"


def _silent(line: str) -> None:
    """Take a line, and show it nowhere."""


@dataclass(frozen=True)
class Request:
    """What files are wanted for.

    Attributes:
        project: What runs there.
        region: The platform's region. None: the platform's default.
        schedule: When it runs, in UTC. None: when it is started.
        echo: Takes a line that the user should know of.
    """

    project: Project
    region: str | None = None
    schedule: Cron | None = None
    echo: Callable[[str], None] = field(default=_silent, repr=False, compare=False)


@dataclass(frozen=True)
class File:
    """A file that a platform needs.

    Attributes:
        target: Where it belongs in the project's folder, with `/`: `"fly.toml"`. What a
            platform's tools do not look for elsewhere is in `deploy/<platform>/`.
        source: The template's path in the package's folder `templates` (there, one of
            Python has `.in` after its name), or a function that returns the text.
        when: The name of a value; the file is made only if that is true. `""`: always.
        executable: Whether it is a program.
    """

    target: str
    source: str | Callable[[Request], str]
    when: str = ""
    executable: bool = False


def _nothing(_request: Request) -> Values:
    return {}


@dataclass(frozen=True)
class Platform:
    """One platform.

    Attributes:
        name: What `--platform` takes.
        title: Its name as its makers write it.
        description: What runs there, in one line.
        family: What it belongs to.
        files: The files that it needs, the `README.md` in `deploy/<name>/` last.
        start: The command that is run next. It may have placeholders, for a shell.
            Default: `bash deploy/<name>/deploy.sh`.
        region: The region if none is given. `""`: it has none, and `--region` is
            refused.
        scheduling: What it does with `--schedule`.
        dialect: Returns a schedule as the platform writes it.
        values: Returns values for the placeholders beside those of `values.py`.
    """

    name: str
    title: str
    description: str
    family: Family
    files: tuple[File, ...]
    start: str = ""
    region: str = ""
    scheduling: Scheduling = Scheduling.NONE
    dialect: Callable[[Cron], str] = plain
    values: Callable[[Request], Values] = _nothing

    def __post_init__(self) -> None:
        if not self.start:
            object.__setattr__(self, "start", f"bash deploy/{self.name}/deploy.sh")

    def scheduled(self, description: str, **others: Any) -> Platform:
        """Return its twin that a schedule alone starts, with files of its own.

        Args:
            description: As of the class.
            others: What else is another: `values`.
        """
        name = f"{self.name}-scheduled"
        files = (
            (file, file.target.replace(f"deploy/{self.name}/", f"deploy/{name}/"))
            for file in self.files
        )
        return replace(
            self,
            name=name,
            title=f"{self.title}, scheduled",
            description=description,
            files=tuple(replace(file, target=target) for file, target in files),
            start="",
            scheduling=Scheduling.ALWAYS,
            **others,
        )
