"""`dotflow status`: what of a deployment is on a platform."""

from __future__ import annotations

from dotflow_cli.extension import DEPLOY

STANDING_IN = DEPLOY.placeholder(
    "status", "Show what of a deployment is on a platform."
)

command = DEPLOY.command("status", STANDING_IN)
