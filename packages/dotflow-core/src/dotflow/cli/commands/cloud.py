"""`CloudGenerateCommand` and `CloudListCommand`, at the path that users know."""

from __future__ import annotations

from dotflow_cli.former import CloudGenerateCommand as CloudGenerateCommand
from dotflow_cli.former import CloudListCommand as CloudListCommand
