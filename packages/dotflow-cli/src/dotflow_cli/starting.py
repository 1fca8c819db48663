"""What starts a run, told to its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from dotflow.base.starting import started_by


def note_start(
    kind: str,
    *,
    workflow: str | None,
    params: Sequence[str] | Mapping[str, Any] = (),
    initial_context: str | None = None,
    tags: Sequence[str] = (),
    retry_of: str | None = None,
) -> None:
    """Note what starts the runs of this command, to its end.

    Args:
        kind: A `StartedBy`.
        workflow: What the user named to run.
        params: The arguments of that, as `KEY=VALUE` or by name.
        initial_context: The initial context, as it was written.
        tags: What marks the run.
        retry_of: The run that is tried again.
    """
    if not isinstance(params, Mapping):
        params = dict(param.partition("=")[::2] for param in params)
    given = dict(params)
    if initial_context is not None:
        given["initial_context"] = initial_context
    click.get_current_context().with_resource(
        started_by(
            kind,
            workflow=workflow or "",
            params=given,
            tags=tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
            retry_of=retry_of,
        )
    )
