"""Schedules that register themselves in a storage, and processes that look at them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.scheduler import Scheduler
from dotflow.base.liveness import process_token
from dotflow.history.schedules import (
    ScheduleFacts,
    ScheduleNotFound,
    ScheduleRefused,
    Schedules,
)
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite


class OnDemand(Scheduler):
    """Begins a run at each line of a test, and none by itself."""

    cron = "0 6 * * *"

    def __init__(self):
        self.wake = threading.Semaphore(0)
        self.ended = False
        self.ticks = 0

    def start(self, workflow, **kwargs):
        while self.wake.acquire() and not self.ended:
            workflow(**kwargs)
            self.ticks += 1

    def stop(self):
        self.ended = True
        self.wake.release()

    def trigger(self):
        self.wake.release()
        return True

    def next_run_times(self, count):
        return [datetime.fromtimestamp(time.time() + 3600, UTC)]

    def tick(self):
        """Begin a run as at its time, and wait until it is over."""
        before = self.ticks
        self.wake.release()
        wait_until(lambda: self.ticks > before)


def wait_until(condition):
    """Wait for something that another thread or process does."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture(params=["sqlite", "file"])
def place(request, tmp_path):
    """A function that opens the same storage anew, as another process does."""

    def open_storage():
        if request.param == "file":
            return StorageFile(tmp_path / "files")
        return StorageSQLite(tmp_path / "runs.db")

    return open_storage


@pytest.fixture
def started():
    """Start schedules in threads, which end with the test."""
    running = []

    def start(storage, step, workflow_id="nightly", **options):
        scheduler = OnDemand()
        flow = DotFlow(Config(storage=storage, scheduler=scheduler), workflow_id)
        flow.task.add(action(step))
        thread = threading.Thread(target=flow.schedule, kwargs=options)
        thread.start()
        running.append((scheduler, thread))
        return scheduler

    yield start
    for scheduler, thread in running:
        scheduler.stop()
        thread.join()


def test_it_registers_itself(place, started):
    """Whoever opens the storage sees a schedule, its times, its process and last run."""
    scheduler = started(place(), lambda: 1)
    seen = Schedules(place())
    wait_until(seen.all)
    [report] = seen.all()
    assert (report.name, report.status, report.cron) == (
        "nightly",
        "Active",
        "0 6 * * *",
    )
    assert report.last is None
    assert report.pid == os.getpid()
    assert report.next_times
    scheduler.tick()
    last = seen.get("nightly").last
    assert last.status == "Completed"
    assert last.finished >= last.started
    assert last.run_id
    history = place().history
    if history is not None:
        identity = history.run(last.run_id).identity
        assert (identity.started_by, identity.command) == ("schedule", "nightly")
    scheduler.stop()
    wait_until(lambda: seen.get("nightly").status == "Stopped")
    assert seen.get("nightly").missed == []


def test_what_is_paused_does_not_run(place, started):
    """A schedule that is paused elsewhere begins no run before it is resumed."""
    runs = []
    scheduler = started(place(), lambda: runs.append(1), name="mine")
    other = Schedules(place())
    wait_until(other.all)
    other.pause("mine")
    scheduler.tick()
    assert runs == []
    assert other.get("mine").status == "Paused"
    other.resume("mine")
    scheduler.tick()
    assert runs == [1]


def test_what_is_started_again_stays_paused(place, started, caplog):
    """A schedule that was paused before its process ended is so in the next, which warns."""
    runs = []
    schedules = Schedules(place())
    schedules.register("nightly", "old", ScheduleFacts("elsewhere/1/1", "etl"))
    schedules.pause("nightly")
    scheduler = started(place(), lambda: runs.append(1))
    scheduler.tick()
    assert runs == []
    assert "'nightly' is paused" in caplog.text


def test_nothing_begins_once_a_pause_is_told(place):
    """Of runs that begin all the time in two threads none does after `pause` ends."""
    stop, pauses, began, wrong = threading.Event(), [0], [0], []

    def owner(number):
        schedules, facts = Schedules(place()), ScheduleFacts(process_token(), "etl")
        last = {"status": "In progress", "started": 0.0}
        while not stop.is_set():
            time.sleep(0.005)  # of SQLite's writers none is to starve
            before = pauses[0]
            if schedules.begin("nightly", str(number), facts, last):
                began[0] += 1
                if before == pauses[0] and before % 2:
                    wrong.append(before)

    other = Schedules(place())
    other.register("nightly", "me", ScheduleFacts(process_token(), "etl"))
    threads = [threading.Thread(target=owner, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        seen = began[0]
        wait_until(lambda seen=seen: began[0] > seen)
        other.pause("nightly")
        pauses[0] += 1  # odd: it is in force
        time.sleep(0.02)  # in which runs would begin
        pauses[0] += 1
        other.resume("nightly")
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_run_is_triggered(place, started):
    """A run that is asked for begins once, in the schedule's process, paused or not."""
    runs = []
    scheduler = started(place(), lambda: runs.append(1))
    other = Schedules(place())
    wait_until(other.all)
    other.pause("nightly")
    other.trigger("nightly")
    wait_until(lambda: runs)
    scheduler.tick()
    assert runs == [1]


def test_what_fails_is_told(place, started):
    """The last run of a schedule tells that it failed, or why it was none."""

    def fail():
        raise ValueError("no")

    scheduler = started(place(), fail)
    scheduler.tick()
    assert Schedules(place()).get("nightly").last.status == "Failed"


def test_names_that_nobody_has(place):
    """A schedule that is not there is refused by its name, with the nearest one."""
    schedules = Schedules(place())
    schedules.register("nightly", "me", ScheduleFacts(process_token(), "etl"))
    for ask in (schedules.pause, schedules.resume, schedules.trigger, schedules.forget):
        with pytest.raises(ScheduleNotFound, match="nightly"):
            ask("nihgtly")


def test_what_cannot_be_asked(place):
    """What no process could do is refused: to trigger what has ended, to forget the rest."""
    schedules = Schedules(place())
    facts = ScheduleFacts(process_token(), "etl")
    schedules.register("nightly", "me", facts)
    with pytest.raises(ScheduleRefused, match="at its own times"):
        schedules.trigger("nightly")
    with pytest.raises(ScheduleRefused, match="A process runs"):
        schedules.forget("nightly")
    facts.ended = True
    schedules.note("nightly", "me", facts)
    with pytest.raises(ScheduleRefused, match="No process runs"):
        schedules.trigger("nightly")
    schedules.forget("nightly")
    assert schedules.all() == []
    with pytest.raises(ScheduleRefused, match="StorageDefault"):
        Schedules(StorageDefault())


def test_a_storage_in_memory_registers_nothing(started):
    """A schedule whose storage nobody else sees runs as it always has."""
    runs = []
    scheduler = started(StorageDefault(), lambda: runs.append(1))
    scheduler.tick()
    assert runs == [1]


def test_missed_times(place):
    """A time that passes without a run is missed: at once where the process is gone."""
    now = 1_000_000.0
    schedules = Schedules(place(), lambda: now)
    due = [now + 100, now + 200, now + 300]
    facts = ScheduleFacts(process_token(), "etl", next=due)
    schedules.register("nightly", "me", facts)
    now += 150  # within the grace that a living process has
    schedules.note("nightly", "me", facts)
    assert schedules.get("nightly").status == "Active"
    facts.process = "elsewhere/1/1"
    schedules.note("nightly", "me", facts)
    report = schedules.get("nightly")
    assert report.status == "Missed"
    assert [moment.timestamp() for moment in report.missed] == due[:1]
    assert schedules.take_missed() == [("nightly", due[:1])]
    assert schedules.take_missed() == []  # one process has told
    now += 100
    # Who runs it again hears of the rest, and the schedule is active again.
    anew = ScheduleFacts(process_token(), "etl", next=[now + 10])
    assert schedules.register("nightly", "other", anew) == due[1:2]
    report = schedules.get("nightly")
    assert report.status == "Active"
    assert len(report.missed) == 2


def test_a_run_whose_process_is_gone(place):
    """The last run of a schedule counts as crashed once its process is gone."""
    schedules = Schedules(place())
    facts = ScheduleFacts(process_token(), "etl")
    schedules.register("nightly", "me", facts)
    last = {"status": "In progress", "started": time.time()}
    schedules.note("nightly", "me", facts, last)
    assert schedules.get("nightly").last.status == "In progress"
    facts.process = process_token().replace("/", "/9", 1)
    schedules.note("nightly", "me", facts)
    assert schedules.get("nightly").last.status == "Crashed"


@pytest.mark.parametrize("state", ["paused", "running", "ended"])
def test_times_that_are_not_missed(place, state):
    """A paused schedule misses nothing, nor one with a long run, nor one that ended."""
    now = 1_000_000.0
    schedules = Schedules(place(), lambda: now)
    facts = ScheduleFacts(process_token(), "etl", next=[now + 100])
    schedules.register("nightly", "me", facts)
    if state == "paused":
        schedules.pause("nightly")
    facts.running, facts.ended = int(state == "running"), state == "ended"
    now += 1000
    schedules.note("nightly", "me", facts)
    if state == "paused":
        schedules.resume("nightly")
    assert schedules.get("nightly").missed == []
    assert schedules.take_missed() == []


OWNER = """
    import sys
    from datetime import datetime, timedelta, UTC
    from dotflow import Config, DotFlow, action
    from dotflow.abc.scheduler import Scheduler
    from dotflow.providers import StorageSQLite

    class Lines(Scheduler):
        def start(self, workflow, **kwargs):
            for line in sys.stdin:
                workflow(**kwargs)
                print("ticked", flush=True)
        def stop(self): ...
        def next_run_times(self, count):
            return [datetime.now(UTC) + timedelta(seconds=0.5)]

    @action
    def step():
        print("ran", flush=True)

    config = Config(storage=StorageSQLite("runs.db"), scheduler=Lines())
    flow = DotFlow(config, "nightly")
    flow.task.add(step)
    flow.schedule()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_processes(storage, start_script):
    """Paused here, it begins no run in any process; killed, it is seen as missed."""
    schedules = Schedules(storage)
    processes = [start_script(OWNER), start_script(OWNER)]

    def tick(process):
        process.stdin.write("\n")
        process.stdin.flush()
        lines = [process.stdout.readline()]
        while lines[-1] != "ticked\n":
            lines.append(process.stdout.readline())
        return lines[:-1]

    assert [line for one in processes for line in tick(one) if line == "ran\n"]
    schedules.pause("nightly")
    assert [tick(process) for process in processes] == [[], []]
    schedules.resume("nightly")
    for process in processes:
        assert "ran\n" in tick(process)
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert schedules.get("nightly").status in ("Crashed", "Missed")
    wait_until(lambda: schedules.get("nightly").status == "Missed")
    assert schedules.get("nightly").missed
