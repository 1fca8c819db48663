"""`RunInfo`: what is known of a run when it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.model.graph import Graph


@dataclass(slots=True)
class RunInfo:
    """What is known of a run when it begins.

    Args:
        run_id: The id of this start, a ULID.
        workflow_id: The workflow.
        name: The workflow's name for people.
        mode: How it runs.
        graph: What runs.
        resumed_from: The run it goes on from, or None.
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
