"""Vercel: a function beside a front end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.shared import readme
from dotflow_deploy.project import gitignore
from dotflow_deploy.schedule import vercel

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _values(request: Request) -> Values:
    project = request.project
    if project.python == "3.11":
        raise InvalidProject("Vercel runs Python 3.12 and newer: --python 3.12")
    if missing := project.dependencies.missing("dotflow-core"):
        where = (
            "requirements.txt"
            if project.dependencies.requirements
            else "the dependencies of pyproject.toml"
        )
        raise InvalidProject(
            f"Vercel installs what the project itself asks for: add {missing[0]!r} to"
            f" {where}"
        )
    return {}


PLATFORMS: Final[tuple[Platform, ...]] = (
    Platform(
        name="vercel",
        title="Vercel",
        description="A function, run by HTTP requests or a cron job",
        family=Family.PAAS,
        files=(
            # Where Vercel looks for them.
            File("api/index.py", "vercel/index.py"),
            File("vercel.json", "vercel/vercel.json"),
            File(".vercelignore", lambda _: f"{gitignore()}/deploy\n"),
            readme("vercel"),
        ),
        start="vercel deploy --prod",
        scheduling=Scheduling.OPTIONAL,
        dialect=vercel,
        values=_values,
    ),
)
