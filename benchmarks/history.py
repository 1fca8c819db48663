"""Questions to a large history: 100,000 runs and 10 million events in one SQLite file.

    python -m benchmarks.history [FILE]

fills a file, which takes minutes and about 1.5 GB, unless it is there, and prints how long
each list and each count takes. The limit is 50 ms. On two cores that nobody else wanted each
took 0.01 to 7.9 ms, of runs without parameters; where others wanted them up to 39 ms, which
was `counts()`.

`runs(text=…)` reads the message of every failure: 16 to 28 ms for 100,000 of them, so there
is no index of their words. One of SQLite's FTS5 would cost 8 us a failure, and as much room
as the messages themselves; not every SQLite has it. Two parameters of each run are 200,000
texts more, and take 14 to 28 ms of a processor.

A file of the release before, with 100,000 runs and 4 million events, was migrated in 0.61 s,
on busy cores in 3 s.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.base.identity import encode_ulid
from dotflow.history.failures import TAG, given_rows, message_shape
from dotflow.history.rows import to_json
from dotflow.providers import StorageSQLite
from dotflow.providers.storage_sqlite import schema

if TYPE_CHECKING:
    from dotflow.abc.history import History

RUNS = 100_000
EVENTS = 100
WORKFLOWS = 20
BEGIN = 1_700_000_000.0
APART = 60.0
_STATUSES = ("Completed", "Failed", "Cancelled", "In progress")
_SHARES = (88, 9, 2, 1)
_ERRORS = ("ValueError", "TimeoutError", "ConnectionError", "KeyError", "OSError")


def fill(path: Path, runs: int = RUNS, events: int = EVENTS) -> None:
    """Fill the history of a file.

    Args:
        path: The file, which is made.
        runs: How many runs.
        events: How many events each.
    """
    storage = StorageSQLite(path, synchronous="OFF", keep_runs=None)
    with storage.database.transaction():
        pass  # which makes the tables
    storage.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    chosen = random.Random(7)
    for first in range(0, runs, 1000):
        connection.execute("BEGIN")
        numbers = range(first + 1, min(first + 1000, runs) + 1)
        _fill_some(connection, numbers, events, chosen)
        connection.execute("COMMIT")
    connection.close()


def run_id(number: int) -> str:
    """Return the id of a run."""
    moment = int((BEGIN + number * APART) * 1000)
    return encode_ulid((moment << 80) | number)


def _fill_some(
    connection: sqlite3.Connection, numbers: range, events: int, chosen: random.Random
) -> None:
    graph = to_json(
        [[f"task{n}", run_id(n), "default", [n - 1][:n], None] for n in range(10)]
    )
    for number in numbers:
        name = f"workflow{number % WORKFLOWS}"
        [status] = chosen.choices(_STATUSES, _SHARES)
        started = BEGIN + number * APART
        duration = chosen.uniform(1, 50)
        ended = None if status == "In progress" else started + duration
        parent = run_id(number - 1) if number % 50 == 0 else None
        day = datetime.fromtimestamp(started, UTC).date().isoformat()
        params = {"day": day, "customer": f"customer-{number % 977}"}
        identity = to_json(
            {
                "workflow": name,
                "started_by": "schedule",
                "host": "elsewhere",
                "params": params,
            }
        )
        connection.execute(
            "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number,
                run_id(number),
                name,
                name,
                "sequential",
                status,
                started,
                ended,
                None if ended is None else duration,
                None,
                10,
                "elsewhere/1/2",
                started,
                "{}",
                graph,
                name,
                parent,
                identity,
            ),
        )
        given = given_rows(number, identity)
        connection.executemany("INSERT INTO facts VALUES (?,?,?,?)", given)
        failed = status == "Failed"
        rows = _events(number, started, events, failed)
        connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", rows)
        if failed:
            error = chosen.choice(_ERRORS)
            message = (
                f"order {number} of '{name}' was refused by db{number % 7} at {number}"
            )
            task = f"task{number % 10}"
            connection.execute(
                "INSERT INTO failures VALUES (?,?,?,?,?,?,?,?)",
                (
                    number,
                    events - 1,
                    started + duration,
                    name,
                    task,
                    error,
                    message_shape(message),
                    message,
                ),
            )
        if number % 100 == 0:
            connection.execute(
                "INSERT INTO facts VALUES (?,?,?,?)", (number, TAG, "nightly", None)
            )
        if number % 10 == 0:
            rows_of = (number, "rows", str(number % 1000), number % 1000)
            connection.execute("INSERT INTO facts VALUES (?,?,?,?)", rows_of)


def _events(
    number: int, started: float, events: int, failed: bool
) -> Iterator[tuple[Any, ...]]:
    detail = '{"type":"dict","size":2,"preview":"{\'rows\': 1, \'day\': 3}"}'
    yield number, 1, started, "RunStarted", None, None, None, None
    for seq in range(2, events):
        task, when = f"task{seq % 10}", started + seq
        event = "TaskFailed" if failed and seq == events - 1 else "TaskCompleted"
        yield number, seq, when, event, task, 1, detail, when
    yield number, events, started + events, "RunFinished", None, None, None, None


def questions(history: History, runs: int = RUNS) -> dict[str, Callable[[], object]]:
    """Return what is asked, by name.

    Args:
        history: A history that `fill` has filled.
        runs: How many runs it has.
    """
    middle = datetime.fromtimestamp(BEGIN + runs * APART / 2, UTC)
    some = run_id(runs - runs % 50)
    cursor = f"{BEGIN + runs * APART / 2!r}:{run_id(runs // 2)}"
    return {
        "runs()": history.runs,
        "runs(cursor=…)": lambda: history.runs(cursor=cursor),
        "runs(status='Failed')": lambda: history.runs("Failed"),
        "runs(status=[2], cursor=…)": lambda: history.runs(
            ["Failed", "Cancelled"], cursor=cursor
        ),
        "runs(status='Crashed')": lambda: history.runs("Crashed"),
        "runs(workflow=…)": lambda: history.runs(workflow="workflow3"),
        "runs(workflow=…, status=…)": lambda: history.runs(
            "Cancelled", workflow="workflow3"
        ),
        "runs(since, until)": lambda: history.runs(
            since=middle, until=middle + timedelta(days=1)
        ),
        "runs(error=…)": lambda: history.runs(error="KeyError"),
        "runs(text=…)": lambda: history.runs(text="refused by DB3"),
        "runs(text=parameter)": lambda: history.runs(text="customer=customer-9"),
        "runs(text=nothing)": lambda: history.runs(text="not there"),
        "runs(parent=…)": lambda: history.runs(parent=run_id(runs - runs % 50 - 1)),
        "runs(tags=…)": lambda: history.runs(tags="nightly"),
        "runs(where=…)": lambda: history.runs(where={"rows": 500}),
        "counts()": history.counts,
        "counts(workflow, since)": lambda: history.counts(
            workflow="workflow3", since=middle
        ),
        "durations(…)": lambda: history.durations("workflow3"),
        "failures()": history.failures,
        "failures(workflow, since)": lambda: history.failures(
            workflow="workflow3", since=middle
        ),
        "find(prefix)": lambda: history.find(some[:-1]),
        "events(run)": lambda: history.events(some),
        "events(run, kinds=…)": lambda: history.events(some, kinds=["TaskFailed"]),
        "run(run)": lambda: history.run(some),
    }


def time_questions(path: Path, repeat: int = 5) -> dict[str, float]:
    """Return the least time of each question, in seconds: others may use the machine.

    Args:
        path: A file that `fill` has filled.
        repeat: How often each is asked.
    """
    storage = StorageSQLite(path)
    found = {}
    for name, ask in questions(storage.history).items():
        times = []
        for _ in range(repeat):
            began = time.perf_counter()
            ask()
            times.append(time.perf_counter() - began)
        found[name] = min(times)
    storage.close()
    return found


def fill_former(path: Path, runs: int = RUNS, events: int = 40) -> None:
    """Fill a file as the release before has written it; see `fill`."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    former = schema.MIGRATIONS[:-1]
    for statement in [one for statements in former for one in statements]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(former)}")
    row = "?,'etl','etl','sequential',?,?,?,1.0,NULL,10,'elsewhere/1/2',0,'{}','[]'"
    error = '{"outcome":"Failed","exception":"ValueError","message":"no 17"}'
    connection.execute("BEGIN")
    for number in range(1, runs + 1):
        begun, failed = BEGIN + number, number % 8 == 0
        status = "Failed" if failed else "Completed"
        told = (number, run_id(number), status, begun, begun + 1)
        connection.execute(f"INSERT INTO runs VALUES (?,{row})", told)  # noqa: S608
        rows = [list(event) for event in _events(number, begun, events, failed)]
        if failed:
            rows[-2][6] = error
        connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", rows)
    connection.execute("COMMIT")
    connection.close()


def time_migration(runs: int = RUNS) -> float:
    """Return how long the first writer takes to bring a former file up to date."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "former.db"
        fill_former(path, runs)
        storage = StorageSQLite(path, keep_runs=None)
        began = time.perf_counter()
        storage.get("key")
        seconds = time.perf_counter() - began
        assert storage.history.counts()["Failed"] == runs // 8
        storage.close()
    return seconds


def main() -> None:
    """Fill a file if it is not there, and print the table."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "history-bench.db")
    if not path.exists():
        began = time.perf_counter()
        fill(path)
        print(f"filled in {time.perf_counter() - began:.0f} s")
    for name, seconds in time_questions(path).items():
        print(
            f"{name:<30} {seconds * 1e3:8.2f} ms {'' if seconds < 0.05 else '  > 50 ms'}"
        )
    print(f"{'migration of 100,000 runs':<30} {time_migration():8.2f} s, limit 10 s")


if __name__ == "__main__":
    main()
