"""`dotflow server`: the dashboard for a team."""

from __future__ import annotations

from dotflow_cli.extension import SERVER

STANDING_IN = SERVER.placeholder("server", "Serve the dashboard to a team.")

command = SERVER.command("server", STANDING_IN)
