"""`RecordTable`: runs written as records, for a store that knows names and no queries.

A run is one record, `run-<when>-<id>`: what is known of it, and its newest events. It is
replaced as a whole, so that readers always see one state, and so does who comes after a
kill. When it has grown, its events move to a segment, `rows-<when>-<id>-<number>`, which
never changes: it is written first, and the record that counts it is what makes it known.
A run that has ended keeps few events in its record, so that runs are listed by small ones;
a large graph has a record of its own, `rows-<when>-<id>-graph`, since it never changes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from dotflow.base.liveness import has_died
from dotflow.errors import DecodeError
from dotflow.history.failures import INDEXED, TAG, fact_rows, failure_rows
from dotflow.history.rows import begin_columns, stored_text
from dotflow.history.stored_run import RUN_COLUMNS
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.abc.retention import Retention
    from dotflow.history.records import Record, Records
    from dotflow.history.rows import (
        CountsRows,
        EndRow,
        EndRows,
        EventRows,
    )
    from dotflow.history.stored_run import StoredRun
    from dotflow.model.run_info import RunInfo

VERSION = 1
RUN = "run-"
GRAPH = "graph"
# In characters: from when on events move to a segment, and how many of them an ended
# run keeps in its record.
_SEGMENT = 65_536
_LEFT = 8_192
_ROW = 60
# Retention lists all runs, which is dear in some stores: each process does so at its first
# end of a run, and lets this part more pile up before the next time.
_SLACK = 20
_USUAL = 1000


# What a record of this version says, and of the run itself.
_PARTS = {"status", "finished", "duration", "heartbeat"} | {
    *("maps", "errors", "facts", "segments", "rows")
}
_TOLD = frozenset(RUN_COLUMNS) - _PARTS


class _OpenRun:
    """A run of this process that goes on.

    Attributes:
        name: Of its record.
        record: What is stored.
        size: Of its events there, roughly.
        last: The number of the last event that is stored.
    """

    __slots__ = ("last", "name", "record", "size")

    def __init__(self, name: str, record: Record) -> None:
        self.name = name
        self.record = record
        self.size = self.last = 0


def _new_run(columns: dict[str, Any], tags: Sequence[str]) -> _OpenRun:
    record: Record = {
        "v": VERSION,
        "run": columns,
        "status": WorkflowStatus.IN_PROGRESS,
        "finished": None,
        "duration": None,
        "heartbeat": time.time(),
        "maps": {},
        "errors": [],
        "facts": [[TAG, stored_text(tag), None] for tag in tags],
        "segments": [],
        "rows": [],
    }
    return _OpenRun(run_name(columns["started"], columns["run_id"]), record)


class RecordTable:
    """Writes runs and their events, each change of a run in one step.

    Args:
        records: Where.
        retention: How much is kept.
    """

    def __init__(self, records: Records, retention: Retention) -> None:
        self._records = records
        self._retention = retention
        self._numbers = count(1)
        self._open: dict[int, _OpenRun] = {}
        self._unpruned = 0  # how many runs may yet end before retention looks

    def begin(self, info: RunInfo) -> int:
        """Write that a run begins, and return its number in this process."""
        run = _new_run(begin_columns(info), info.identity.tags)
        self._put_graph(run)
        self._records.put(run.name, run.record)
        number = next(self._numbers)
        self._open[number] = run
        return number

    def _put_graph(self, run: _OpenRun) -> None:
        told = run.record["run"]
        if len(told["graph"]) > _LEFT:
            graph = {"v": VERSION, "graph": told["graph"]}
            self._records.put(segment_name(run.name, GRAPH), graph)
            told["graph"] = None

    def restore(self, run: StoredRun) -> None:
        """Write a run of another history; a kill leaves it there to its last event.

        Its record comes last, as that of any run whose events are many.
        """
        columns = run.columns
        new = _new_run(dict(columns), run.tags)
        self._put_graph(new)
        end = None
        if columns["finished"] is not None:  # else it has died
            end = (columns["status"], columns["finished"], columns["duration"], 0)
        rows: Any = [(0, *row) for row in run.rows]
        self._write(new, rows, dict(run.maps), end, columns["heartbeat"])

    def write(self, rows: EventRows, counts: CountsRows, ends: EndRows = ()) -> None:
        """Write rows of events, counts in place of older ones, and how runs ended.

        With the end of a run what retention does not keep is forgotten. Where one run
        cannot be written, the others are; what is given again is written once.
        """
        failed: Exception | None = None
        ended = {end[-1]: end for end in ends}
        told = {row[0] for row in rows} | {row[0] for row in counts} | ended.keys()
        for number in sorted(told):
            run = self._open.get(number)
            if run is None:
                continue  # its end is written already
            try:
                self._write(
                    run,
                    [row for row in rows if row[0] == number and row[1] > run.last],
                    {task: numbers for one, task, *numbers in counts if one == number},
                    ended.get(number),
                )
            except Exception as error:  # noqa: BLE001 - raised below
                failed = error
            else:
                if number in ended:
                    del self._open[number]
        if failed is not None:
            raise failed
        if ended:
            self._prune_at_times(len(ended))

    def _prune_at_times(self, ended: int) -> None:
        self._unpruned -= ended
        if self._unpruned <= 0:
            keep = self._retention.keep_runs
            self.prune(keep, self._retention.keep_seconds)
            self._unpruned = (_USUAL if keep is None else keep) // _SLACK

    def beat(self, runs: Sequence[int]) -> None:
        """Note that these runs go on."""
        for run in [self._open[number] for number in runs if number in self._open]:
            self._write(run, [], {}, None)

    def _write(
        self,
        run: _OpenRun,
        rows: EventRows,
        maps: dict[str, Any],
        end: EndRow | None,
        heartbeat: float | None = None,
    ) -> None:
        record = {**run.record, "heartbeat": heartbeat or time.time()}
        record["maps"] = {**record["maps"], **maps}
        told = [row for row in rows if row[3] in INDEXED]
        if told:
            errors = [error for *_, error, _, _ in failure_rows(told)]
            record["errors"] = list(dict.fromkeys([*record["errors"], *errors]))
            new = [list(fact[1:]) for fact in fact_rows(told)]
            names = {name for name, *_ in new}
            kept = [fact for fact in record["facts"] if fact[0] not in names]
            record["facts"] = [*kept, *new]
        record["rows"] = record["rows"] + [list(row[1:]) for row in rows]
        size = run.size + sum(_ROW + len(row[6] or "") for row in rows)
        last = rows[-1][1] if rows else run.last
        if end is not None:
            record["status"], record["finished"], record["duration"], _ = end
        if size > (_SEGMENT if end is None else _LEFT):
            segments = record["segments"]
            name = segment_name(run.name, len(segments))
            self._records.put(name, {"v": VERSION, "rows": record["rows"]})
            record["segments"], record["rows"], size = [*segments, last], [], 0
        self._records.put(run.name, record)
        # Only now: after a failure the same is written again, a segment over itself.
        run.record, run.size, run.last = record, size, last

    def prune(self, keep: int | None, seconds: float | None) -> int:
        """Forget runs that do not go on; return how many.

        Args:
            keep: How many of the newest stay; None for all.
            seconds: The age from which on runs go; None for none.
        """
        return sum(map(self.remove, self.doomed(keep, seconds)))

    def doomed(self, keep: int | None, seconds: float | None) -> list[str]:
        """Return the names of runs to forget, the newest first; see `prune`."""
        if keep is None and seconds is None:
            return []
        names = self._records.names(RUN)[::-1]
        found: list[str] = []
        if keep is not None:
            found = names[keep:]
        if seconds is not None:
            end = run_name(time.time() - seconds, "")
            found = max(found, [name for name in names if name < end], key=len)
        return [name for name in found if not self._goes_on(name)]

    def _goes_on(self, name: str) -> bool:
        try:
            record = self._records.get(name)
        except DecodeError:
            return False
        # That of a newer dotflow counts as well, that of nobody does not.
        if not record or not record.keys() >= {"run", "finished", "heartbeat"}:
            return False
        told = record["run"]
        known = isinstance(told, dict) and "process" in told
        return known and record["finished"] is None and not died(record)

    def remove(self, name: str) -> bool:
        """Forget a run; a kill in between leaves what doing it again removes."""
        try:
            record = self._records.get(name)
        except DecodeError:
            record = {}
        if record is None:
            return False
        self._records.remove(segment_name(name, GRAPH))
        # One more: a process that was killed may have left one that nothing counts.
        for number in range(len(record.get("segments", ())) + 1):
            self._records.remove(segment_name(name, number))
        self._records.remove(name)
        return True


def read_run(records: Records, name: str) -> Record | None:
    """Return the record of a run; None where there is none.

    Raises:
        DecodeError: What has its name is something else, damaged, or of a newer dotflow.
    """
    record = records.get(name)
    if record is None:
        return None
    version, told = record.get("v"), record.get("run")
    if isinstance(version, int) and version > VERSION:
        raise DecodeError(
            f"The run {id_of(name)} was written by a newer dotflow: upgrade"
            " dotflow-core."
        )
    whole = version == VERSION and record.keys() >= _PARTS
    if not whole or not isinstance(told, dict) or not told.keys() >= _TOLD:
        raise DecodeError(f"The record {name} is no run's: delete it.")
    return record


def run_name(started: float, run_id: str) -> str:
    """Return the name of a run's record: names are in the order in which runs began."""
    return f"{RUN}{max(0, round(started * 1e6)):014x}-{run_id}"


def id_of(name: str) -> str:
    """Return the id of the run that a record is of."""
    return name[len(RUN) + 15 :]


def began(name: str) -> float:
    """Return when a run began, as exactly as the name of its record says it."""
    return int(name[len(RUN) : len(RUN) + 14], 16) / 1e6


def segment_name(name: str, number: int | str) -> str:
    """Return the name of a segment of a run with this name."""
    return f"rows-{name[len(RUN) :]}-{number}"


def died(record: Record) -> bool:
    """Say whether the process of a run that has not ended is gone."""
    return has_died(record["run"]["process"], record["heartbeat"])
