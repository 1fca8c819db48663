"""Platforms that build an image of a repository and run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own, readme, with_scheduler
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import digital_ocean, railway, render

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _app(request: Request) -> Values:
    # An app's name has 32 characters at most.
    return {"app": shortened(request.project.name, 32)}


PLATFORMS: Final = (
    Platform(
        name="heroku",
        title="Heroku",
        description="A one-off dyno, or a worker with a schedule",
        family=Family.PAAS,
        files=(*IMAGE, File("heroku.yml", "heroku/heroku.yml"), readme("heroku")),
        start="heroku create --stack container",
        scheduling=Scheduling.OPTIONAL,
        values=with_scheduler,
    ),
    Platform(
        name="fly-io",
        title="Fly",
        description="A machine that runs once, or waits for a schedule",
        family=Family.PAAS,
        files=(
            *IMAGE,
            File("fly.toml", "fly-io/fly.toml"),
            *own("fly-io", "deploy.sh", "README.md"),
        ),
        region="fra",
        scheduling=Scheduling.OPTIONAL,
        values=with_scheduler,
    ),
    Platform(
        name="railway",
        title="Railway",
        description="A service that ends, or a cron job",
        family=Family.PAAS,
        files=(*IMAGE, File("railway.json", "railway/railway.json"), readme("railway")),
        start="railway init && railway up",
        scheduling=Scheduling.OPTIONAL,
        dialect=railway,
    ),
    Platform(
        name="render",
        title="Render",
        description="A cron job",
        family=Family.PAAS,
        files=(*IMAGE, File("render.yaml", "render/render.yaml"), readme("render")),
        start="git add render.yaml Dockerfile .dockerignore",
        region="frankfurt",
        scheduling=Scheduling.ALWAYS,
        dialect=render,
    ),
    Platform(
        name="digital-ocean",
        title="DigitalOcean App Platform",
        description="A job, run at each deployment or on a schedule",
        family=Family.PAAS,
        files=(*IMAGE, *own("digital-ocean", "app.yaml", "deploy.sh", "README.md")),
        region="fra",
        scheduling=Scheduling.OPTIONAL,
        dialect=digital_ocean,
        values=_app,
    ),
    Platform(
        name="coolify",
        title="Coolify",
        description="A container that waits for its schedule",
        family=Family.PAAS,
        files=(
            *IMAGE,
            File("coolify.compose.yaml", "coolify/compose.yaml"),
            readme("coolify"),
        ),
        start="git add coolify.compose.yaml Dockerfile .dockerignore",
        scheduling=Scheduling.ALWAYS,
        values=with_scheduler,
    ),
)
