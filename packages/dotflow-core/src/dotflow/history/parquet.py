"""Runs as parquet files, for tools that analyse tables; needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dotflow.errors import StorageError
from dotflow.history.stored_run import (
    EVENT_COLUMNS,
    MAP_COLUMNS,
    NUMBERS,
    RUN_COLUMNS,
    StoredRun,
    checked_columns,
)

if TYPE_CHECKING:
    from pathlib import Path

# So many rows are in memory at once.
_GROUP = 50_000


class ParquetMissing(StorageError, ImportError):
    """pyarrow is not installed, which reads and writes parquet files."""

    def __init__(self) -> None:
        super().__init__(
            'Parquet files need pyarrow: python -m pip install "dotflow-core[parquet]"'
        )


def _load() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise ParquetMissing from error


def write_parquet(runs: Iterable[StoredRun], folder: Path) -> int:
    """Write runs to `runs.parquet`, `events.parquet` and `maps.parquet` of a new folder.

    Args:
        runs: The runs.
        folder: The folder, which is made.

    Returns:
        How many.

    Raises:
        ParquetMissing: pyarrow is not installed.
        FileExistsError: There is such a folder already.
    """
    arrow, parquet = _load()
    kinds = {
        "runs": RUN_COLUMNS,
        "events": ("run_id", *EVENT_COLUMNS),
        "maps": ("run_id", "task", *MAP_COLUMNS),
    }
    folder.mkdir(parents=True)
    number = 0
    schemas = {
        kind: arrow.schema([(name, _kind(arrow, name)) for name in names])
        for kind, names in kinds.items()
    }
    writers = {
        kind: parquet.ParquetWriter(folder / f"{kind}.parquet", schema)
        for kind, schema in schemas.items()
    }
    waiting: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in kinds}

    def flush(least: int) -> None:
        for kind, rows in waiting.items():
            if len(rows) >= least and rows:
                names = zip(kinds[kind], zip(*rows, strict=True), strict=True)
                table = arrow.table(
                    {name: list(values) for name, values in names}, schemas[kind]
                )
                writers[kind].write_table(table)
                rows.clear()

    try:
        for run in runs:
            run_id = run.columns["run_id"]
            waiting["runs"].append(tuple(run.columns.values()))
            waiting["events"] += [(run_id, *row) for row in run.rows]
            waiting["maps"] += [(run_id, *one) for one in _maps(run)]
            flush(_GROUP)
            number += 1
        flush(1)
    finally:
        for writer in writers.values():
            writer.close()
    return number


def _maps(run: StoredRun) -> Iterator[tuple[Any, ...]]:
    for task, counts in run.maps.items():
        yield task, *counts


def _kind(arrow: Any, name: str) -> Any:
    if name in NUMBERS or name in ("time", "began"):
        return arrow.float64()
    if name in ("seq", "attempt", "tasks", *MAP_COLUMNS):
        return arrow.int64()
    return arrow.string()


def read_parquet(folder: Path) -> Iterator[StoredRun]:
    """Yield the runs that `write_parquet` has written.

    Raises:
        ParquetMissing: pyarrow is not installed.
        StorageError: There are no such files.
    """
    _, parquet = _load()
    try:
        runs = parquet.read_table(folder / "runs.parquet").to_pylist()
        events = parquet.ParquetFile(folder / "events.parquet")
        maps = parquet.read_table(folder / "maps.parquet").to_pylist()
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{folder} holds no parquet files that `dotflow history export` has written:"
            f" {error}."
        ) from error
    counts: dict[str, dict[str, list[int | None]]] = {}
    for row in maps:
        numbers = [row[name] for name in MAP_COLUMNS]
        counts.setdefault(row["run_id"], {})[row["task"]] = numbers
    # Runs and events are in the same order, so one run is in memory at a time.
    rows = (row for batch in events.iter_batches() for row in batch.to_pylist())
    waiting = next(rows, None)
    for columns in runs:
        run_id = columns["run_id"]
        try:
            run = StoredRun(checked_columns(columns), [], counts.get(run_id, {}))
        except ValueError as error:
            raise StorageError(f"{folder}, run {run_id}: {error}.") from error
        while waiting is not None and waiting["run_id"] == run_id:
            run.rows.append(tuple(waiting[name] for name in EVENT_COLUMNS))
            waiting = next(rows, None)
        yield run
