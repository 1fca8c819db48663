"""`Command`, at the path that users know."""

from __future__ import annotations

from dotflow_cli.former import Command as Command
