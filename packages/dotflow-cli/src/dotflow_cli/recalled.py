"""What a run was started with, to start it again."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.masking import HIDDEN
from dotflow.types import StartedBy
from dotflow_cli.inputs import loose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotflow.report.model import RunReport

_CONTEXT = "initial_context"


def params_of(report: RunReport, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run's workflow was made with, to make it again.

    Args:
        report: The run.
        given: What is given now, which wins.

    Raises:
        UsageError: The history does not tell all of one that is not given.
    """
    found = dict(given)
    for name in report.identity.params:
        if name not in found and name != _CONTEXT:
            value = _told(report, name, f"--param {name}=…")
            # The command line has noted what its user wrote.
            written = report.identity.started_by == StartedBy.COMMAND
            found[name] = loose(value) if written else value
    return found


def context_of(report: RunReport, given: str | None) -> str | None:
    """Return the initial context of a run, as its user wrote it.

    Args:
        report: The run.
        given: What is given now, which wins.

    Raises:
        UsageError: The history does not tell all of it.
    """
    if given is not None or _CONTEXT not in report.identity.params:
        return given
    found = str(_told(report, _CONTEXT, "--initial-context"))
    if found == "-":
        raise click.UsageError(
            f"Run {report.run_id} read its initial context from standard input: give"
            " --initial-context again."
        )
    return found


def _told(report: RunReport, name: str, again: str) -> Any:
    """Return a parameter of a run, of which the history has a text, cut and masked."""
    text = report.identity.params[name]
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if repr(value) != text or HIDDEN in text:
        raise click.UsageError(
            f"Run {report.run_id} was started with a {name!r} of which the history holds"
            f" no more than {text}: give {again} again."
        )
    return value
