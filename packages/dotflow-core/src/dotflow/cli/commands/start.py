"""`StartCommand`, at the path that users know."""

from __future__ import annotations

from dotflow_cli.former import StartCommand as StartCommand
