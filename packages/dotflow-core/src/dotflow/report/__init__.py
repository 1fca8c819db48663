"""Reports: a run as one value to keep, send, draw and test; and a graph before it runs.

`workflow.start().report()` is a `RunReport`, `workflow.graph()` a `GraphView`.
"""

from __future__ import annotations

from dotflow.report.graph import GraphView, NodeView
from dotflow.report.model import (
    AttemptReport,
    ErrorReport,
    ResultReport,
    RunReport,
    TaskReport,
)

__all__ = [
    "AttemptReport",
    "ErrorReport",
    "GraphView",
    "NodeView",
    "ResultReport",
    "RunReport",
    "TaskReport",
]
