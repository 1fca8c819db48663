"""`DotFlow`, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.dotflow import DotFlow as DotFlow
