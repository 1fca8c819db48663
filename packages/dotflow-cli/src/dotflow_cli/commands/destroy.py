"""`dotflow destroy`: remove what a deployment made."""

from __future__ import annotations

from dotflow_cli.extension import from_deploy, placeholder

STANDING_IN = placeholder("destroy", "Remove what a deployment made, and nothing else.")

command = from_deploy("destroy", STANDING_IN)
