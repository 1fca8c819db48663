"""Finds the run that a user means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.abc.history import RunNotFound

if TYPE_CHECKING:
    from dotflow.abc.history import History, RunSummary
    from dotflow.report.model import RunReport

LATEST = "latest"


def find_run(history: History, wanted: str) -> RunReport:
    """Return a run.

    Args:
        history: Where to look.
        wanted: Its id, the beginning or the end of it, the id of a workflow (the newest
            run of it then), or `"latest"`.

    Raises:
        ClickException: There is none, or there are several.
    """
    try:
        return history.run(find_id(history, wanted))
    except RunNotFound as error:
        raise click.ClickException(str(error)) from error


def find_id(history: History, wanted: str) -> str:
    """Return the id of a run; see `find_run`."""
    runs = history.runs(limit=None)
    if wanted.lower() == LATEST and runs:
        return runs[0].run_id
    text = wanted.upper()
    exact = [run for run in runs if run.run_id == text]
    matches = exact or (
        [
            run
            for run in runs
            if run.run_id.startswith(text) or run.run_id.endswith(text)
        ]
        if text
        else []
    )
    if len(matches) > 1:
        raise click.ClickException(
            f"{wanted!r} may be any of {len(matches)} runs:"
            f" {', '.join(run.run_id for run in matches[:5])}. Give more of it."
        )
    if matches:
        return matches[0].run_id
    return _of_workflow(runs, wanted).run_id


def _of_workflow(runs: list[RunSummary], wanted: str) -> RunSummary:
    for run in runs:  # newest first
        if run.workflow_id == wanted:
            return run
    what = "The history is empty" if not runs else f"There is no run {wanted!r}"
    raise click.ClickException(f"{what}: `dotflow runs` lists what there is.")
