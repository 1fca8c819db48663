"""`dotflow destroy`: remove what a deployment made."""

from __future__ import annotations

from dotflow_cli.extension import DEPLOY

STANDING_IN = DEPLOY.placeholder(
    "destroy", "Remove what a deployment made, and nothing else."
)

command = DEPLOY.command("destroy", STANDING_IN)
