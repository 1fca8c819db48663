"""`dotflow status`: what of a deployment is on a platform."""

from __future__ import annotations

from dotflow_cli.extension import from_deploy, placeholder

STANDING_IN = placeholder("status", "Show what of a deployment is on a platform.")

command = from_deploy("status", STANDING_IN)
