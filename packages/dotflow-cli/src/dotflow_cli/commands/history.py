"""`dotflow history`: the history as a whole: counts, failures, files, retention."""

from __future__ import annotations

import click

from dotflow_cli.options import (
    examples,
    format_option,
    history_options,
    json_option,
    limit_option,
)


@examples(
    "dotflow history failures --since 7d",
    "dotflow history export runs.jsonl --since 30d",
    "dotflow history import sqlite:///old.db --storage postgresql://…",
    "dotflow history prune --older-than 90d --dry-run",
)
@click.group("history")
def command() -> None:
    """Count and group runs, take them elsewhere, and forget them.

    By default the history is that of the environment variable DOTFLOW_STORAGE, else of
    the storage in dotflow.toml, else of the database .output/dotflow.db.
    """


_since = click.option(
    "--since", metavar="WHEN", help="Only from then on: 24h, 7d, 2026-01-31."
)
_until = click.option("--until", metavar="WHEN", help="Only before then.")
_workflow = click.option(
    "--workflow", metavar="NAME|ID", help="Only this workflow, by its name or id."
)


@examples("dotflow history counts --since 7d")
@command.command("counts")
@history_options
@_workflow
@_since
@_until
@json_option()
def counts_command(
    storage: str | None,
    path: str | None,
    workflow: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Count runs by how they ended."""
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.moments import read_period
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import print_table

    begin, end = read_period(since, until)
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        found = history.counts(workflow=workflow, since=begin, until=end)
    if as_json:
        print_data(found)
        return
    rows = [[status, str(number)] for status, number in sorted(found.items())]
    print_table(["Status", "Runs"], rows, states="Status")


@examples("dotflow history failures --workflow nightly --since 7d")
@command.command("failures")
@history_options
@_workflow
@_since
@_until
@limit_option(20)
@json_option()
def failures_command(
    storage: str | None,
    path: str | None,
    workflow: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List failures, the latest first, those that look alike as one."""
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.moments import read_period
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import cell, print_table, when

    begin, end = read_period(since, until)
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        found = history.failures(workflow=workflow, since=begin, until=end, limit=limit)
    if as_json:
        print_data(found)
        return
    rows = [
        [
            str(group.count),
            group.workflow,
            group.task,
            cell(f"{group.error}: {group.shape}"),
            when(group.last),
            group.run_id,
        ]
        for group in found
    ]
    print_table(["Count", "Workflow", "Task", "Error", "Last", "Run"], rows)


@examples(
    "dotflow history export runs.jsonl",
    "dotflow history export - --workflow nightly | gzip > nightly.jsonl.gz",
    "dotflow history export runs/ --format parquet",
)
@command.command("export")
@click.argument("target")
@history_options
@format_option(
    ("jsonl", "parquet"),
    "jsonl: a file with a run a line; parquet: a folder with tables.",
)
@_workflow
@_since
@_until
def export_command(
    target: str,
    storage: str | None,
    path: str | None,
    kind: str,
    workflow: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Write runs to TARGET, which is new: a file, - for standard output, or a folder.

    All that is kept of a run is written, but for one that goes on. Parquet needs
    pyarrow: "dotflow-core[parquet]".
    """
    import sys
    from pathlib import Path

    from dotflow.history.transfer import all_runs, write_lines
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.moments import read_period
    from dotflow_cli.storages import durable_storage, open_history

    begin, end = read_period(since, until)
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        runs = all_runs(history, workflow=workflow, since=begin, until=end)
        try:
            if kind == "parquet":
                from dotflow.history.parquet import write_parquet

                number = write_parquet(runs, Path(target))
            elif target == "-":
                number = write_lines(runs, sys.stdout)
            else:
                with Path(target).open("x", encoding="utf-8") as file:
                    number = write_lines(runs, file)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(
                f"{target!r} cannot be written: {error.strerror or error}."
            ) from error
    click.echo(f"Exported {_runs(number)}.", err=True)


@examples(
    "dotflow history import runs.jsonl",
    "dotflow history import sqlite:///old.db --storage postgresql://…",
    "dotflow history import runs/",
)
@command.command("import")
@click.argument("source")
@history_options
def import_command(source: str, storage: str | None, path: str | None) -> None:
    """Take in the runs of SOURCE: another storage, or what `export` has written.

    SOURCE is the address of a storage, a .jsonl file, - for standard input, or a folder
    with parquet files. A run that is there already stays as it is; so an import that was
    stopped can be made again.
    """
    from dotflow.history.transfer import written
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.storages import open_history, storage_for_writing
    from dotflow_cli.transfer import source_runs

    kept = known = 0
    with usage_errors():
        into = written(open_history(storage_for_writing(storage, path)))
        for run in source_runs(source):
            if into.restore(run):
                kept += 1
            else:
                known += 1
    were = "was" if known == 1 else "were"
    note = f", {known} {were} there already" if known else ""
    click.echo(f"Imported {_runs(kept)}{note}.", err=True)


@examples(
    "dotflow history prune --older-than 90d --dry-run",
    "dotflow history prune --keep 1000",
)
@command.command("prune")
@history_options
@click.option(
    "--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs."
)
@click.option("--older-than", metavar="AGE", help="Forget what began before: 90d, 12w.")
@click.option(
    "--dry-run", is_flag=True, help="List what would be forgotten; forget nothing."
)
@json_option("With --dry-run: print JSON, for programs.")
def prune_command(
    storage: str | None,
    path: str | None,
    keep: int | None,
    older_than: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Forget runs, but for those that go on; their checkpoints stay."""
    from datetime import UTC, datetime

    from dotflow_cli.errors import usage_errors
    from dotflow_cli.moments import read_moment
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import print_table, when

    if keep is None and older_than is None:
        raise click.UsageError("Give --keep, --older-than, or both.")
    age = None
    if older_than is not None:
        age = datetime.now(UTC) - read_moment(older_than, "--older-than")
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        if not dry_run:
            click.echo(f"Forgot {_runs(history.prune(keep, age))}.", err=True)
            return
        doomed = history.prunable(keep, age)
    if as_json:
        print_data(doomed)
        return
    rows = [[run.run_id, run.workflow, run.status, when(run.started)] for run in doomed]
    print_table(["Run", "Workflow", "Status", "Started"], rows, states="Status")
    click.echo(f"{_runs(len(doomed))} would be forgotten.", err=True)


def _runs(number: int) -> str:
    return f"{number} run" if number == 1 else f"{number} runs"
