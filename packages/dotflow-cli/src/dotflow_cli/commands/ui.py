"""`dotflow ui`: the dashboard on a local store."""

from __future__ import annotations

from dotflow_cli.extension import UI

STANDING_IN = UI.placeholder("ui", "Open the dashboard on a store.")

command = UI.command("ui", STANDING_IN)
