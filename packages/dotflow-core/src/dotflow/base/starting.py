"""What has started the runs of a context, said by whoever starts them for the user."""

from __future__ import annotations

from collections import namedtuple
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# As a `NamedTuple`, which would load `typing` for every run: 2 of 20 ms of a first one.
_Fields = namedtuple(
    "_Fields",
    ("kind", "command", "workflow", "params", "retry_of", "tags"),
    defaults=(None, "", {}, None, ()),
)


class Starter(_Fields):
    """What has started a run, where it was not the user's own code.

    Args:
        kind: A `StartedBy`.
        command: The name of the schedule or the handler; None for the command line.
        workflow: What made the workflow.
        params: What it was made with.
        retry_of: The run that is tried again.
        tags: What its runs are marked with.
    """

    __slots__ = ()


current_starter: ContextVar[Starter | None] = ContextVar(
    "dotflow_starter", default=None
)
current_run: ContextVar[str | None] = ContextVar("dotflow_run", default=None)
"""The run that the code of now is a part of: steps run in copies of its context."""


@contextmanager
def started_by(kind: str, **told: Any) -> Iterator[None]:
    """Say what starts the runs that are started within.

    Args:
        kind: A `StartedBy`.
        **told: More of a `Starter`. What is left out stays as an outer one said it.
    """
    outer = current_starter.get()
    said = Starter(kind, **told) if outer is None else outer._replace(kind=kind, **told)
    token = current_starter.set(said)
    try:
        yield
    finally:
        current_starter.reset(token)
