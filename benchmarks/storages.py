"""A chain with a durable storage, against the least that durability can cost."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chains import build_chain, time_runs
from dotflow import Config, action
from dotflow.providers import StorageFile, StorageSQLite

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage


@action
def produce() -> dict[str, int]:
    """Return a small result."""
    return {"rows": 123}


def time_sqlite_chain(
    loops: int, length: int, synchronous: str, keep_runs: int = 1000
) -> float:
    """Time `start()` of a chain with `StorageSQLite`; seconds."""
    with tempfile.TemporaryDirectory() as folder:
        storage = StorageSQLite(
            f"{folder}/runs.db", synchronous=synchronous, keep_runs=keep_runs
        )
        try:
            return _time_chain(loops, length, storage)
        finally:
            storage.close()


def time_file_chain(loops: int, length: int) -> float:
    """Time `start()` of a chain with `StorageFile`; seconds."""
    with tempfile.TemporaryDirectory() as folder:
        return _time_chain(loops, length, StorageFile(path=folder))


def _time_chain(loops: int, length: int, storage: Storage) -> float:
    config = Config(storage=storage)
    return time_runs(loops, lambda: build_chain(length, produce, config))


def time_bare_sqlite(loops: int, length: int, synchronous: str) -> float:
    """Time a loop of one durable commit an item through `sqlite3`; seconds."""
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("CREATE TABLE item (key TEXT PRIMARY KEY, value TEXT)")
        insert = "INSERT OR REPLACE INTO item VALUES (?, ?)"
        for loop in range(loops):
            started = time.perf_counter()
            for number in range(length):
                value = json.dumps({"rows": 123})
                connection.execute(insert, (f"run{loop}-task#{number}", value))
            total += time.perf_counter() - started
        connection.close()
    return total
