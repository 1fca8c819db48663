"""`RunInfo`: what is known of a run when it begins, and `RunIdentity`: whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self
    from uuid import UUID

    from dotflow.model.graph import Graph


@dataclass(slots=True)
class RunIdentity:
    """Which run it is: of what, started how, where and by whom.

    Args:
        workflow: What people call the workflow: its name, its fixed id, the function
            that made it, or the script.
        started_by: A `StartedBy`: `"command"`, `"script"`, `"schedule"`, `"handler"`,
            `"workflow"` (a step of another run) or `"retry"`.
        command: The command line, or the name of the schedule or the handler.
        parent: The run whose step has started this one; None where none has.
        retry_of: The run that this one is a retry of; None where it is none.
        params: What the workflow was made with, as texts; secrets are masked.
        cwd: The working directory.
        host: The machine.
        pid: The process.
        user: Whose process it is.
        dotflow: The version of dotflow-core.
        python: The version of Python.
        commit: The git commit that was checked out in `cwd`; None where there is none.
        tags: What the user marked it with.
    """

    workflow: str = ""
    started_by: str = ""
    command: str = ""
    parent: str | None = None
    retry_of: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    cwd: str = ""
    host: str = ""
    pid: int = 0
    user: str = ""
    dotflow: str = ""
    python: str = ""
    commit: str | None = None
    tags: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as a dictionary that JSON can hold."""
        found = {name: value for name in _NAMES if (value := getattr(self, name))}
        if self.tags:
            found["tags"] = list(self.tags)
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` gave; what a newer dotflow has added is left out."""
        known = {name: data[name] for name in _NAMES if name in data}
        return cls(**{**known, "tags": tuple(known.get("tags", ()))})


_NAMES = tuple(one.name for one in fields(RunIdentity))


@dataclass(slots=True)
class RunInfo:
    """What is known of a run when it begins, as of a `RunReport`.

    Args:
        run_id, workflow_id, name, mode, resumed_from: As of a `RunReport`.
        graph: What runs.
        metadata: What the front end notes of it; JSON keeps it.
        started: When it began, in seconds since the epoch; None before.
        identity: Whose it is.
        previews: Whether a text of what each attempt gets and gives is kept.
        look: Called now and then by whatever writes the run down, in a thread of its
            own: to see whether somebody asks for its end. None where nobody can.
    """

    run_id: str
    workflow_id: UUID | str | None
    name: str | None
    mode: str
    graph: Graph
    resumed_from: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    started: float | None = None
    identity: RunIdentity = field(default_factory=RunIdentity)
    previews: bool = True
    look: Callable[[], None] | None = field(default=None, compare=False)
