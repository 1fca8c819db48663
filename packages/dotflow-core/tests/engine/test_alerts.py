"""`NotifyRules`: what people are told of a run, and that no run waits for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.abc.notify import Notify
from dotflow.abc.scheduler import Scheduler
from dotflow.engine import scheduled
from dotflow.errors import ProviderError
from dotflow.history.schedules import ScheduleFacts, Schedules
from dotflow.providers import NotifyRules, StorageDefault, StorageSQLite
from dotflow.testing import RecordingNotify, fake_clock

WAIT_SECONDS = 30.0


class Told(Notify):
    """A user's own notifier, which knows of statuses only."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []
        self.came = threading.Semaphore(0)

    def hook_status_task(self, task: Any) -> None:
        self.tasks.append(task)
        self.came.release()

    @property
    def texts(self) -> list[str]:
        """The texts without the ids of runs."""
        return [task.name.partition(" (run")[0] for task in self.tasks]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def storage(tmp_path: Any) -> Any:
    storage = StorageSQLite(tmp_path / "runs.db")
    yield storage
    storage.close()


@pytest.fixture(params=["workflow", "pipeline"])
def runs(request: Any, told: Told) -> Any:
    """A function that runs a step, by either front end, until people are told."""

    def run(step: Any, storage: Any, *rules: Any, **options: Any) -> None:
        config = Config(storage=storage, notify=[told, *(rules or [NotifyRules()])])
        if request.param == "workflow":
            flow = DotFlow(config, workflow_id="etl")
            flow.task.add(action(step, retry=2, retry_delay=0))
            flow.start(**options)
        else:
            pipeline = Pipeline("etl", config=config)
            pipeline.task(name=step.__name__, retries=1)(step)
            pipeline.run(**options)
        assert config.notify.flush(WAIT_SECONDS)

    return run


def test_failures_and_recoveries(runs: Any, storage: Any, told: Told) -> None:
    """A failure is told after the last retry, once while it stays the same, and its end."""
    attempts: list[int] = []
    error: list[Exception | None] = [None]

    def load() -> None:
        attempts.append(1)
        if error[0] is not None:
            raise error[0]

    for error[0] in (None, KeyError("a"), KeyError("b"), ValueError("c"), None, None):
        runs(load, storage)
    assert told.texts == [
        "etl has failed: task 'load'",
        "etl has failed: task 'load'",
        "etl has completed again",
    ]
    first = told.tasks[0]
    assert (first.status, first.kind) == ("Failed", "failure")
    assert [error.exception for error in first.errors] == ["KeyError", "KeyError"]
    assert told.tasks[2].status == "Completed"
    assert len(attempts) == 9


def test_without_a_history(runs: Any, told: Told) -> None:
    """Without a history this process remembers how the run before has ended."""
    failing = [False]

    def load() -> None:
        if failing[0]:
            raise KeyError("a")

    for failing[0] in (False, True, True, False):
        runs(load, StorageDefault())
    assert told.texts == ["etl has failed: task 'load'", "etl has completed again"]


def test_a_retry_that_helps_is_not_told(runs: Any, storage: Any, told: Told) -> None:
    """A run whose second attempt completes is nothing to be told of, nor is its status."""
    attempts: list[int] = []

    def load() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyError("a")

    runs(load, storage)
    assert len(attempts) == 2
    assert told.tasks == []


@pytest.mark.parametrize("by", ["rules", "run"])
def test_a_slow_run_is_told_while_it_runs(
    runs: Any, storage: Any, told: Told, by: str
) -> None:
    """A run that goes on for longer than `slow_after` is told of once, before its end."""

    def load() -> None:
        assert told.came.acquire(timeout=WAIT_SECONDS)

    if by == "rules":
        runs(load, storage, NotifyRules("slow", slow_after=0.05))
    else:
        runs(load, storage, slow_after=0.05)
    assert told.texts == ["etl still runs after 50 ms"]
    assert told.tasks[0].status == "In progress"


def test_a_run_that_is_slower_than_usual(runs: Any, storage: Any, told: Told) -> None:
    """What is usual is taken from the runs that completed."""

    def load() -> None:
        if len(begun) == 6:
            assert told.came.acquire(timeout=WAIT_SECONDS)

    begun: list[int] = []
    for _ in range(6):
        begun.append(1)
        runs(load, storage, NotifyRules("slow", slow_factor=30))
    assert len(told.texts) == 1
    assert "usually" in told.texts[0]


def test_a_slow_run_on_a_fake_clock(told: Told) -> None:
    """An hour of waiting for a retry is as slow under a fake clock, and takes no hour."""
    told_when: list[int] = []
    attempts: list[int] = []

    @action(retry=2, retry_delay=3600)
    def load() -> None:
        attempts.append(1)
        told_when.append(len(told.tasks))
        if len(attempts) == 1:
            raise KeyError("a")

    flow = DotFlow(Config(notify=[NotifyRules(slow_after=60), told]))
    flow.task.add(load)
    with fake_clock():
        flow.start()
    assert told_when == [0, 1]
    assert len(told.tasks) == 1


def test_a_notifier_that_hangs_or_raises(told: Told) -> None:
    """A run ends although its notifier hangs, and the next notifier is told."""
    go = threading.Event()

    class Hanging(Notify):
        def hook_status_task(self, task: Any) -> None:
            assert go.wait(WAIT_SECONDS)
            raise SystemExit("no")

    @action
    def load() -> None:
        raise KeyError("a")

    flow = DotFlow(Config(notify=[NotifyRules(), Hanging(), told]), name="hanging")
    flow.task.add(load)
    flow.start()
    assert told.tasks == []
    go.set()
    assert flow.config.notify.flush(WAIT_SECONDS)  # type: ignore[attr-defined]
    assert len(told.tasks) == 1


def test_a_cancelled_run_is_not_told(runs: Any, storage: Any, told: Told) -> None:
    """A run that somebody has cancelled has neither failed nor recovered."""

    def load() -> None:
        threading.Event().wait(WAIT_SECONDS)

    runs(load, storage, deadline=0.1)
    assert told.tasks == []


def test_a_failure_within_a_sub_workflow(storage: Any, told: Told) -> None:
    """Of a sub-workflow the task that failed is told, and once while it stays so."""

    @action
    def load() -> None:
        raise KeyError("a")

    inner = DotFlow()
    inner.task.add(load)
    for _ in range(2):
        flow = DotFlow(Config(storage=storage, notify=[told, NotifyRules()]), "etl")
        flow.task.add(inner, name="whole")
        flow.start()
        assert flow.config.notify.flush(WAIT_SECONDS)  # type: ignore[attr-defined]
    assert told.texts == ["etl has failed: task 'whole/load'"]


KILLED = """
import os, signal, sys
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

@action
def load():
    os.kill(os.getpid(), signal.SIGKILL)

flow = DotFlow(Config(storage=StorageSQLite(sys.argv[1])), "etl")
flow.task.add(load)
flow.start()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_recovery_after_a_kill(storage: Any, told: Told) -> None:
    """A run whose process was killed is a failure to recover from, for any process."""
    subprocess.run([sys.executable, "-c", KILLED, str(storage.path)], check=False)
    assert [run.status for run in storage.history.runs()] == ["Crashed"]
    flow = DotFlow(Config(storage=storage, notify=[told, NotifyRules()]), "etl")
    flow.task.add(action(lambda: 1))
    flow.start()
    assert flow.config.notify.flush(WAIT_SECONDS)  # type: ignore[attr-defined]
    assert told.texts == ["etl has completed again"]


SCRIPT = """
from dotflow import Config, DotFlow, action
from dotflow.delivery.notify import NotifyInBackground
from dotflow.delivery.sender import Sender
from dotflow.providers import NotifyRules

class Printing(Sender):
    def send(self, message):
        print(message.payload, flush=True)
    def abort(self): ...

class Mine(NotifyInBackground):
    def compose(self, task):
        return f"{task.status}: {task.name.partition(' (')[0]}: {task.errors[-1].message}"
    def open_sender(self):
        return Printing()

@action
def load():
    raise KeyError("a")

flow = DotFlow(Config(notify=[Mine("Retry"), NotifyRules()]), "etl")
flow.task.add(load)
flow.start()
"""


def test_the_exit_waits_for_alerts() -> None:
    """A script whose last run fails ends only when that is told, whatever the statuses."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Failed: etl has failed: task 'load': 'a'\n"


def test_rules_of_a_file(tmp_path: Any) -> None:
    """Rules stand in a file as any other notifier does, and in the environment."""
    path = tmp_path / "dotflow.toml"
    path.write_text('[notify.NotifyRules]\non = ["failure", "slow"]\nslow_after = 60\n')
    rules = Config.from_file(path).notify.alert_rules
    assert rules is not None
    assert (rules.on, rules.slow_after) == ({"failure", "slow"}, 60)


@pytest.mark.parametrize(
    "options", [{"on": "failures"}, {"on": []}, {"slow_after": 0}, {"slow_factor": -1}]
)
def test_rules_that_make_no_sense(options: Any) -> None:
    """What no rule can be is refused when it is made, by the name of the argument."""
    with pytest.raises(ProviderError, match=next(iter(options))):
        NotifyRules(**options)


def test_rules_are_for_all_notifiers() -> None:
    """All notifiers beside the rules are told of alerts alone, once each."""
    notifiers = [RecordingNotify(), RecordingNotify()]

    @action
    def load() -> None:
        raise KeyError("a")

    flow = DotFlow(
        Config(notify=[notifiers[0], NotifyRules(), notifiers[1]]), name="all"
    )
    flow.task.add(load)
    flow.start()
    assert flow.config.notify.flush(WAIT_SECONDS)  # type: ignore[attr-defined]
    assert [[status for _, status in one.events] for one in notifiers] == [
        ["Failed"]
    ] * 2


class Once(Scheduler):
    """Begins no run, and ends when it is stopped."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def start(self, workflow: Any, **kwargs: Any) -> None:
        self.ended.wait(WAIT_SECONDS)

    def stop(self) -> None:
        self.ended.set()

    def next_run_times(self, count: int) -> list[datetime]:
        return [datetime.now(UTC) + timedelta(days=1)]


def test_a_missed_time_is_told_once(
    storage: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs a schedule tells of what it, or another, has missed; one of them."""
    monkeypatch.setattr(scheduled.KeptSchedule, "look_seconds", 0.01)
    dead = ScheduleFacts("elsewhere/1/1", "etl", next=[1e9, 1e9 + 60])
    schedules = Schedules(storage, lambda: 1e9 + 90)
    for name in ("nightly", "hourly"):
        schedules.register(name, "dead", dead)
    began = []
    for name in ("nightly", "weekly"):
        config = Config(storage=storage, scheduler=Once(), notify=[told, NotifyRules()])
        flow = DotFlow(config, name)
        flow.task.add(action(lambda: 1))
        thread = threading.Thread(target=flow.schedule)
        thread.start()
        began.append((flow, thread))
    for _ in range(2):
        assert told.came.acquire(timeout=WAIT_SECONDS)
    for flow, thread in began:
        flow.config.scheduler.stop()
        thread.join()
    missed = "has missed the run of 2001-09-09 01:46:40 UTC"
    assert sorted(told.texts) == [
        f"schedule hourly {missed} and 1 more",
        f"schedule nightly {missed} and 1 more",
    ]


def test_a_run_tells_what_no_schedule_is_there_to_tell(
    runs: Any, storage: Any, told: Told
) -> None:
    """Where no process runs a schedule, the next run tells once of what was missed."""
    dead = ScheduleFacts("elsewhere/1/1", "etl", next=[1e9])
    Schedules(storage, lambda: 1e9 + 90).register("nightly", "dead", dead)
    runs(int, storage, NotifyRules("failure"))
    assert told.texts == []
    for _ in range(2):
        runs(int, storage)
    assert told.texts == [
        "schedule nightly has missed the run of 2001-09-09 01:46:40 UTC"
    ]
