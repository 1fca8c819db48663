"""`dotflow deploy`: bring a project to a platform."""

from __future__ import annotations

from dotflow_cli.extension import from_deploy, placeholder

STANDING_IN = placeholder("deploy", "Deploy a project to a platform.")

command = from_deploy("deploy", STANDING_IN)
