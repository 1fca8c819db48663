"""What the steps of a run have left to look at, on a terminal and in files."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.escape import line_text
from dotflow.report.artifacts import export_artifacts
from dotflow_cli.streams import print_data
from dotflow_cli.tables import print_table, safe_text

if TYPE_CHECKING:
    from dotflow.abc.history import History
    from dotflow.model.artifact import Artifact

_MOST_ROWS = 20
_MOST_LINES = 40


def show_artifacts(
    history: History, run_id: str, folder: str | None, as_json: bool
) -> None:
    """Show the artifacts of a run, and write them to files where a folder is given.

    Args:
        history: Where the run is.
        run_id: The run.
        folder: A folder that is not there yet, or None.
        as_json: Whether to print them as JSON.

    Raises:
        ArtifactExportError: The folder is there, or cannot be written.
    """
    found = history.artifacts(run_id)
    if not found and not as_json:
        click.echo("No step of the run has left an artifact.", err=True)
        return
    if folder is not None:
        for path in export_artifacts(found, folder):
            click.echo(line_text(str(path)), err=as_json)
        if not as_json:
            return
    if as_json:
        print_data([_plain(one) for one in found])
        return
    for place, one in enumerate(found):
        if place:
            click.echo()
        _print(one)


def _print(one: Artifact) -> None:
    item = "" if one.index is None else f", item {one.index}"
    attempt = f", attempt {one.attempt}" if (one.attempt or 1) > 1 else ""
    of = f"{one.kind} of {one.task}{item}{attempt}"
    click.echo(click.style(line_text(one.name), bold=True) + line_text(f"  {of}"))
    if one.kind == "table":
        _print_rows(one.value)
    elif one.kind == "image":
        click.echo(
            f"{one.image_format}, {one.size:,} bytes; --export writes it to a file"
        )
    else:
        lines = safe_text(str(one.value)).split("\n")
        click.echo("\n".join(lines[:_MOST_LINES]))
        _print_rest(len(lines) - _MOST_LINES, "lines")


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("no rows")
        return
    cells = [["" if v is None else str(v) for v in row.values()] for row in rows]
    print_table(list(map(line_text, rows[0])), cells[:_MOST_ROWS])
    _print_rest(len(rows) - _MOST_ROWS, "rows")


def _print_rest(number: int, what: str) -> None:
    if number > 0:
        click.echo(f"… and {number:,} more {what}; --export writes all to a file")


def _plain(one: Artifact) -> dict[str, Any]:
    data = asdict(one)
    if one.kind == "image":
        data["value"] = base64.b64encode(one.value).decode("ascii")
        data["format"] = one.image_format
    return data
