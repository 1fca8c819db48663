"""The history that StorageSQLite keeps of runs."""

from __future__ import annotations

import pickle
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.abc.history import RunNotFound
from dotflow.providers import StorageDefault, StorageSQLite
from dotflow.testing import RecordingLog

MODES = ["sequential", "background", "parallel", "threads", "async"]


@action
def three() -> list[int]:
    return [1, 2, 3]


@action(retry=2, retry_delay=0)
def never() -> None:
    raise ValueError("no luck")


@action
def after(previous_context: Context) -> None:
    return None


def failing(storage):
    workflow = DotFlow(Config(storage=storage), workflow_id="etl", name="nightly")
    workflow.task.add(three, name="drei ✓")
    workflow.task.add(never, depends_on="drei ✓")
    workflow.task.add(after, depends_on="never")
    return workflow


def succeed(storage, workflow_id="etl"):
    workflow = DotFlow(Config(storage=storage), workflow_id=workflow_id)
    workflow.task.add(three)
    return workflow.start().run_id


@pytest.mark.parametrize("mode", MODES)
def test_the_same_report(storage, mode):
    """In every mode the history gives the very report that the run itself gives."""
    manager = failing(storage).start(mode=mode)
    manager.wait()
    assert storage.history.run(manager.run_id) == manager.report()


def test_events_of_a_failure(storage):
    """A retry is told with its reason, and what is skipped after the failure."""
    events = storage.history.events(failing(storage).start().run_id)
    kinds = [event.event for event in events]
    assert kinds[-3:] == ["TaskFailed", "TaskSkipped", "RunFinished"]
    retried = events[kinds.index("TaskRetried")]
    assert retried.detail["message"] == "no luck"
    assert retried.attempt == 1


def test_odd_texts(storage):
    """A name or message that is no valid Unicode is kept, readable, and no reason to fail."""

    @action
    def odd():
        raise ValueError("\udc80")

    # pytest-xdist cannot send what a console log would say.
    config = Config(storage=storage, log=RecordingLog())
    workflow = DotFlow(config, name="n\udc80")
    workflow.task.add(odd, name="t\udc80")
    report = storage.history.run(workflow.start().run_id)
    assert report.name == "n\\udc80"
    assert [task.name for task in report] == ["t\\udc80"]
    assert report.tasks[0].error.message == "\udc80"


def test_attempts_table(storage):
    """The view attempts has a row for each attempt, for whoever reads the file by SQL."""
    run_id = failing(storage).start().run_id
    with sqlite3.connect(storage.path) as connection:
        rows = connection.execute(
            "SELECT number, outcome, started <= finished FROM attempts"
            " WHERE run_id = ? ORDER BY started",
            (run_id,),
        ).fetchall()
    connection.close()
    assert rows == [(1, "Completed", 1), (1, "Failed", 1), (2, "Failed", 1)]


def test_every_start_is_a_run(storage):
    """Each start is a run of its own, and a resume names the one it goes on from."""
    workflow = failing(storage)
    first = workflow.start()
    second = workflow.start(resume=True)
    newest, oldest = storage.history.runs()
    assert (oldest.run_id, newest.run_id) == (first.run_id, second.run_id)
    assert (oldest.resumed_from, newest.resumed_from) == (None, first.run_id)
    assert storage.history.run(second.run_id).tasks[0].restored


def test_listing(storage):
    """Runs are listed newest first, by status, workflow and time."""
    one = succeed(storage, "one")
    failed = failing(storage).start().run_id
    begin = datetime.now(UTC)
    two = succeed(storage, "two")

    def ids(**options):
        return [run.run_id for run in storage.history.runs(**options)]

    assert ids() == [two, failed, one]
    assert ids(limit=1) == [two]
    assert ids(status="Failed") == [failed]
    assert ids(workflow_id="one") == [one]
    assert ids(since=begin) == [two]
    assert ids(status="In progress") == ids(status="Crashed") == []


def test_unknown_run(storage):
    """An unknown run is refused by its id."""
    for read in (storage.history.run, storage.history.events, storage.history.goes_on):
        with pytest.raises(RunNotFound, match="nope"):
            read("nope")
    assert storage.history.delete("nope") is False


def test_a_run_is_seen_while_it_goes_on(storage):
    """A slow task is seen as running, and a run that goes on is not deleted."""
    seen = []

    @action
    def slow():
        other = StorageSQLite(storage.path)
        run_id = other.history.runs(status="In progress")[0].run_id
        for event in other.history.follow(run_id, poll=0.01):
            if event.event == "TaskStarted" and event.task == "slow":
                break
        report = other.history.run(run_id)
        seen.append([task.state for task in report])
        seen.append(other.history.delete(run_id))
        seen.append(other.history.prune(keep=0))
        other.close()

    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(three).add(slow).add(after)
    assert workflow.start().status == "Completed"
    assert seen == [["Completed", "In progress", "Not started"], False, 0]


def test_retention_by_number(tmp_path):
    """Only the newest keep_runs runs are kept, with their events."""
    storage = StorageSQLite(tmp_path / "runs.db", keep_runs=2)
    runs = [succeed(storage) for _ in range(4)]
    assert [run.run_id for run in storage.history.runs()] == runs[:1:-1]
    assert storage.database.execute("SELECT count(DISTINCT run) FROM events") == [(2,)]
    assert storage.get("etl-three").storage == [1, 2, 3]
    storage.close()


def test_retention_by_age(tmp_path):
    """Runs older than keep_days are forgotten when another one ends."""
    storage = StorageSQLite(tmp_path / "runs.db", keep_days=30)
    succeed(storage)
    with storage.database.transaction() as connection:
        connection.execute("UPDATE runs SET started = started - 31 * 86400")
    newest = succeed(storage)
    assert [run.run_id for run in storage.history.runs()] == [newest]
    storage.close()


def test_prune_and_delete(storage):
    """Prune and delete remove what they are told, and say how much that was."""
    runs = [succeed(storage) for _ in range(5)]
    assert storage.history.prune(keep=3) == 2
    assert storage.history.prune(older_than=timedelta(days=1)) == 0
    assert storage.history.delete(runs[4]) is True
    assert [run.run_id for run in storage.history.runs()] == [runs[3], runs[2]]
    assert storage.history.prune(older_than=0) == 2
    assert storage.history.runs() == []


def test_no_history(tmp_path):
    """With keep_runs=0 nothing is written down."""
    storage = StorageSQLite(tmp_path / "runs.db", keep_runs=0)
    succeed(storage)
    assert storage.history.runs() == []
    storage.close()


@pytest.mark.parametrize(
    "options",
    [{"keep_runs": -1}, {"keep_runs": True}, {"keep_days": 0}, {"keep_days": "x"}],
)
def test_bad_settings(tmp_path, options):
    """Retention that is out of range is refused."""
    with pytest.raises(ValueError, match="keep_"):
        StorageSQLite(tmp_path / "runs.db", **options)


def test_a_storage_in_memory_has_none():
    """A storage without history says so with None."""
    assert StorageDefault().history is None


def writers_left():
    """Return the threads that write a history and do not end, a moment after the run."""
    threads = [t for t in threading.enumerate() if t.name == "dotflow-history"]
    for thread in threads:
        thread.join(30)
    return [thread for thread in threads if thread.is_alive()]


@pytest.mark.parametrize("lost", ["runs", "events"])
def test_a_history_that_fails(storage, caplog, lost):
    """A history that cannot be written is told once, and the run completes."""
    storage.history.runs()
    with storage.database.transaction() as connection:
        connection.execute("DROP VIEW attempts")
        connection.execute(f"DROP TABLE {lost}")
    workflow = DotFlow(Config(storage=storage), workflow_id="etl")
    workflow.task.add(three).add(three)
    assert workflow.start().status == "Completed"
    assert sum("history" in record.message for record in caplog.records) == 1
    assert storage.get("etl-three").storage == [1, 2, 3]
    assert not writers_left()


def test_no_thread_is_left(storage):
    """When a run has ended, so has the thread that writes its history."""
    succeed(storage)
    failing(storage).start(mode="parallel")
    assert not writers_left()


def test_runs_at_the_same_time(storage):
    """Runs of several threads share a storage, and each has its own whole history."""
    ids = []

    def run(number):
        workflow = DotFlow(Config(storage=storage), workflow_id=f"w{number}")
        for _ in range(50):
            workflow.task.add(three)
        ids.append(workflow.start().run_id)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    for run_id in ids:
        events = storage.history.events(run_id)
        assert [event.seq for event in events] == list(range(1, 103))
        assert storage.history.run(run_id).completed


def test_tasks_that_overlap(storage):
    """Tasks that run at the same time each keep their own beginning and end."""
    second_began, first_ended = threading.Event(), threading.Event()

    @action
    def first():
        second_began.wait()

    @action
    def second():
        second_began.set()
        first_ended.wait()

    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(first, callback=lambda task: first_ended.set()).add(second)
    manager = workflow.start(mode="threads")
    events = storage.history.events(manager.run_id)
    assert [(event.event, event.task) for event in events[1:-1]] == [
        ("TaskStarted", "first"),
        ("TaskStarted", "second"),
        ("TaskCompleted", "first"),
        ("TaskCompleted", "second"),
    ]
    assert storage.history.run(manager.run_id) == manager.report()


def test_processes_of_a_run_write_nothing_twice(storage):
    """The processes of a parallel run leave no event of the parent's twice."""
    workflow = DotFlow(Config(storage=storage))
    for _ in range(6):
        workflow.task.add(three)
    run_id = workflow.start(mode="parallel").run_id
    events = storage.history.events(run_id)
    assert len(events) == 14
    assert len({(event.event, event.task) for event in events}) == 14


def test_it_travels(storage):
    """A storage with a history can be pickled, and the copy reads the same runs."""
    run_id = succeed(storage)
    copy = pickle.loads(pickle.dumps(storage))
    assert [run.run_id for run in copy.history.runs()] == [run_id]
    copy.close()


def test_an_older_file_gets_the_tables(tmp_path):
    """A file of an older dotflow keeps its checkpoints and gets a history."""
    storage = StorageSQLite(tmp_path / "runs.db")
    storage.post("key", Context("old", task_id="t"))
    old = ("checkpoints", "pipeline_runs", "pipeline_tasks", "sqlite_sequence")
    with storage.database.transaction() as connection:
        connection.execute("DROP VIEW attempts")
        connection.execute("ALTER TABLE pipeline_tasks DROP COLUMN lineage")
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (table,) in tables:
            if table not in old:
                connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    storage.close()
    succeed(storage)
    assert len(storage.history.runs()) == 1
    assert storage.get("key").storage == "old"
    storage.close()


def test_cancelled(storage):
    """A cancelled run is told as cancelled, with the attempt that was stopped."""
    begun = threading.Event()

    @action
    def wait():
        begun.set()
        while True:
            time.sleep(0.01)

    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(wait)
    manager = workflow.start(mode="background")
    begun.wait()
    manager.cancel()
    manager.wait()
    report = storage.history.run(manager.run_id)
    assert (report.status, report["wait"].state) == ("Cancelled", "Cancelled")
    assert report == manager.report()
