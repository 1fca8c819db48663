"""Finds the run that a user means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.abc.history import AmbiguousRun, RunNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.abc.history import History
    from dotflow.report.model import RunReport

LATEST = "latest"
# The time, to the millisecond, and what tells apart most of what began in the same one.
_SHORTEST = 12


def find_run(history: History, wanted: str) -> RunReport:
    """Return a run.

    Args:
        history: Where to look.
        wanted: Its id, the beginning or the end of it, the name or the id of a workflow
            (the newest run of it then), or `"latest"`.

    Raises:
        ClickException: There is none, or there are several.
    """
    try:
        return history.run(find_id(history, wanted))
    except RunNotFound as error:
        raise click.ClickException(str(error)) from error


def find_id(history: History, wanted: str) -> str:
    """Return the id of a run; see `find_run`."""
    if wanted.lower() == LATEST and (newest := history.runs(limit=1)):
        return newest[0].run_id
    try:
        return history.find(wanted)
    except RunNotFound:
        found = history.ids(end=wanted.upper()) if wanted else []
    except AmbiguousRun as error:
        raise click.ClickException(str(error)) from error
    if len(found) > 1:
        raise click.ClickException(str(AmbiguousRun(wanted, found)))
    if found:
        return found[0]
    for run in history.runs(workflow=wanted, limit=1) if wanted else ():
        return run.run_id
    empty = not history.runs(limit=1)
    what = "The history is empty" if empty else f"There is no run {wanted!r}"
    raise click.ClickException(f"{what}: `dotflow runs` lists what there is.")


def short_ids(ids: Sequence[str]) -> list[str]:
    """Return the beginnings of ids that tell them apart; `find_run` takes them.

    Args:
        ids: Ids of runs, each another one.
    """
    length = _SHORTEST
    while len({run_id[:length] for run_id in ids}) < len(ids):
        length += 1
    return [run_id[:length] for run_id in ids]
