"""`RunInfo`: what is known of a run when it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.model.graph import Graph


@dataclass(slots=True)
class RunInfo:
    """What is known of a run when it begins, as of a `RunReport`.

    Args:
        run_id, workflow_id, name, mode, resumed_from: As of a `RunReport`.
        graph: What runs.
        metadata: What the front end notes of it; JSON keeps it.
        started: When it began, in seconds since the epoch; None before.
    """

    run_id: str
    workflow_id: UUID | str | None
    name: str | None
    mode: str
    graph: Graph
    resumed_from: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    started: float | None = None
