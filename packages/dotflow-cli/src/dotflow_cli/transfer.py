"""Where runs are imported from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotflow.history.transfer import all_runs, read_lines
from dotflow_cli.storages import durable_storage, open_history

if TYPE_CHECKING:
    from dotflow.history.stored_run import StoredRun


def source_runs(source: str) -> Iterator[StoredRun]:
    """Yield the runs that a user's argument names.

    Args:
        source: The address of a storage, a file or a folder that `export` has written,
            or `-` for standard input.

    Raises:
        ClickException: There is no such thing.
    """
    path = Path(source)
    if source == "-":
        yield from read_lines(sys.stdin, "standard input")
    elif (path / "runs.parquet").is_file():
        from dotflow.history.parquet import read_parquet

        yield from read_parquet(path)
    elif path.is_file() and path.suffix in (".jsonl", ".json", ".ndjson"):
        with path.open(encoding="utf-8") as file:
            yield from read_lines(file, source)
    elif path.suffix in (".jsonl", ".json", ".ndjson"):
        raise click.ClickException(f"There is no file {source!r}.")
    else:
        yield from all_runs(open_history(durable_storage(source, None)))
