"""Platforms that build an image of a repository and run it."""

from __future__ import annotations

from functools import partial
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


_app_platform: Final = partial(
    Platform, family=Family.PAAS, scheduling=Scheduling.OPTIONAL
)

PLATFORMS: Final = (
    _app_platform(
        name="heroku",
        title="Heroku",
        description="A one-off dyno, or a worker with a schedule",
        files=(*IMAGE, File("heroku.yml", "heroku/heroku.yml"), readme("heroku")),
        start="heroku create --stack container",
        values=with_scheduler,
    ),
    _app_platform(
        name="fly-io",
        title="Fly",
        description="A machine that runs once, or waits for a schedule",
        files=(
            *IMAGE,
            File("fly.toml", "fly-io/fly.toml"),
            *own("fly-io", "deploy.sh", "README.md"),
        ),
        region="fra",
        values=with_scheduler,
    ),
    _app_platform(
        name="railway",
        title="Railway",
        description="A service that ends, or a cron job",
        files=(*IMAGE, File("railway.json", "railway/railway.json"), readme("railway")),
        start="railway init && railway up",
        dialect=railway,
    ),
    _app_platform(
        name="render",
        title="Render",
        description="A cron job",
        files=(*IMAGE, File("render.yaml", "render/render.yaml"), readme("render")),
        start="git add render.yaml Dockerfile .dockerignore",
        region="frankfurt",
        scheduling=Scheduling.ALWAYS,
        dialect=render,
    ),
    _app_platform(
        name="digital-ocean",
        title="DigitalOcean App Platform",
        description="A job, run at each deployment or on a schedule",
        files=(*IMAGE, *own("digital-ocean", "app.yaml", "deploy.sh", "README.md")),
        region="fra",
        dialect=digital_ocean,
        values=_app,
    ),
    _app_platform(
        name="coolify",
        title="Coolify",
        description="A container that waits for its schedule",
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
