"""`dotflow deploy`: bring a project to a platform."""

from __future__ import annotations

from dotflow_cli.extension import DEPLOY

STANDING_IN = DEPLOY.placeholder("deploy", "Deploy a project to a platform.")

command = DEPLOY.command("deploy", STANDING_IN)
