"""What a history tells of the items of mapped tasks, and how little it keeps of them."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from dotflow import Config, DotFlow, action
from dotflow.model.items import MAX_ERRORS
from dotflow.providers import StorageSQLite
from dotflow.testing import RecordingLog

MODES = ["sequential", "background", "parallel", "threads", "async"]


class Broken:
    """A collection that fails when it is read."""

    def __iter__(self):
        yield 1
        raise OSError("no more")


def mapped(storage, step, count=5, workflow_id=None):
    config = Config(storage=storage, log=RecordingLog())
    workflow = DotFlow(config, workflow_id=workflow_id)
    workflow.task.add(action(lambda: range(count)), name="numbers")
    workflow.task.add(step, name="step", map_over="numbers")
    return workflow


def item_events(storage, run_id):
    return [e for e in storage.history.events(run_id) if e.index is not None]


@pytest.mark.parametrize("keep_going", [False, True])
@pytest.mark.parametrize("bad", [(), (1,), (1, 3)])
@pytest.mark.parametrize("mode", MODES)
def test_the_same_report(storage, mode, bad, keep_going, failing):
    """Of a map too the history gives the very report that the run itself gives."""
    workflow = mapped(storage, failing(*bad, attempts=2))
    manager = workflow.start(mode=mode, keep_going=keep_going, max_parallel=2)
    manager.wait()
    assert storage.history.run(manager.run_id) == manager.report()


def test_a_source_that_breaks_is_told_the_same(storage, failing):
    """A map whose items end with an error has the same report in the history."""
    workflow = mapped(storage, failing())
    workflow.task["numbers"].step = action(Broken)
    manager = workflow.start()
    report = storage.history.run(manager.run_id)
    assert report == manager.report()
    assert report["step"].error.exception == "OSError"


def test_an_empty_map_is_told(storage, failing):
    """A map over nothing has counts of zero."""
    run_id = mapped(storage, failing(), count=0).start().run_id
    assert set(storage.history.run(run_id)["step"].mapped.values()) == {0}


def test_a_resumed_map_is_told(storage, failing):
    """A map whose result an earlier run has left counts its items as restored."""
    workflow = mapped(storage, failing(), workflow_id="maps")
    workflow.start()
    manager = workflow.start(resume=True)
    report = storage.history.run(manager.run_id)
    assert report == manager.report()
    assert report["step"].mapped["restored"] == 5


def test_failures_and_retries_are_events(storage, failing):
    """Each failure and retry of an item is an event with its place and attempt."""
    run_id = mapped(storage, failing(2, attempts=2)).start(keep_going=True).run_id
    told = [(e.event, e.task, e.index, e.attempt) for e in item_events(storage, run_id)]
    assert told == [("ItemRetried", "step", 2, 1), ("ItemFailed", "step", 2, 2)]
    [retried, failed] = item_events(storage, run_id)
    assert retried.detail["delay"] == 0
    assert failed.detail["message"] == "item 2: bad 2"
    assert "index" not in failed.detail
    assert len(storage.history.run(run_id)["step"].attempts) == 1


def test_rows_are_bounded(storage, failing):
    """However many items complete, fail and are retried, a map leaves few rows."""
    count = 20 * MAX_ERRORS
    bad = range(0, count, 2)
    workflow = mapped(storage, failing(*bad, attempts=2), count)
    run_id = workflow.start(keep_going=True).run_id
    assert len(item_events(storage, run_id)) == MAX_ERRORS
    assert len(storage.history.events(run_id)) == MAX_ERRORS + 6
    task = storage.history.run(run_id)["step"]
    assert task.mapped == {
        "completed": count // 2,
        "failed": count // 2,
        "restored": 0,
        "retried": count // 2,
        "total": count,
    }
    assert len(task.failed_items) == MAX_ERRORS
    assert storage.database.execute("SELECT count(*) FROM maps") == [(1,)]


def test_counts_are_seen_while_the_map_goes_on(storage, start_script):
    """Another process sees how many items have ended while the next one runs."""
    process = start_script(
        """
        import sys
        from dotflow import Config, DotFlow, action
        from dotflow.providers import StorageSQLite

        class Numbers:
            def __iter__(self):
                yield from range(8)

        @action
        def numbers():
            return Numbers()

        @action
        def step(item):
            if item == 7:
                print("waiting", flush=True)
                sys.stdin.readline()

        workflow = DotFlow(Config(storage=StorageSQLite("runs.db")))
        workflow.task.add(numbers)
        workflow.task.add(step, map_over=numbers)
        workflow.start()
        """
    )
    assert process.stdout.readline() == "waiting\n"
    run_id = storage.history.runs()[0].run_id
    while (seen := storage.history.run(run_id)["step"].mapped or {}).get(
        "completed"
    ) != 7:
        assert process.poll() is None
    assert seen["total"] is None
    process.communicate("\n")
    assert process.returncode == 0
    seen = storage.history.run(run_id)["step"].mapped
    assert (seen["completed"], seen["total"]) == (8, 8)


@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGKILL"), reason="no SIGKILL")
def test_counts_of_a_killed_run_stay(storage, start_script):
    """Of a run that was killed in a map its counts and its failed items are known."""
    process = start_script(
        """
        import sys
        from dotflow import Config, DotFlow, action
        from dotflow.providers import StorageSQLite
        from dotflow.testing import RecordingLog

        @action
        def step(item):
            if item == 1:
                raise ValueError("bad")
            if item == 3:
                print("waiting", flush=True)
                sys.stdin.readline()

        config = Config(storage=StorageSQLite("runs.db"), log=RecordingLog())
        workflow = DotFlow(config)
        workflow.task.add(action(lambda: range(5)), name="numbers")
        workflow.task.add(step, map_over="numbers")
        workflow.start(keep_going=True)
        """
    )
    assert process.stdout.readline() == "waiting\n"
    run_id = storage.history.runs()[0].run_id
    while (storage.history.run(run_id)["step"].mapped or {}).get("completed") != 2:
        assert process.poll() is None
    process.kill()
    process.wait()
    task = storage.history.run(run_id)["step"]
    assert task.state == "Crashed"
    assert (task.mapped["completed"], task.mapped["failed"]) == (2, 1)
    assert [(item.index, item.error.message) for item in task.failed_items] == [
        (1, "item 1: bad")
    ]


def test_a_forgotten_run_leaves_no_counts(storage, failing):
    """With a run its counts of items are forgotten."""
    run_id = mapped(storage, failing()).start().run_id
    assert storage.history.delete(run_id)
    assert storage.database.execute("SELECT count(*) FROM maps") == [(0,)]


def test_files_of_former_versions_gain_the_counts(tmp_path, failing):
    """A database of a dotflow without counts is brought up to date when it is opened."""
    from dotflow.providers.storage_sqlite.schema import MIGRATIONS

    script = dedent(
        """
        import sys
        from dotflow.providers.storage_sqlite import schema
        del schema.MIGRATIONS[int(sys.argv[1]):]
        from dotflow.providers import StorageSQLite
        storage = StorageSQLite("runs.db")
        print(storage.history.runs())
        storage.close()
        """
    )
    before = next(n for n, steps in enumerate(MIGRATIONS) if "TABLE maps" in steps[0])
    subprocess.run(
        [sys.executable, "-c", script, str(before)], cwd=tmp_path, check=True
    )
    storage = StorageSQLite(tmp_path / "runs.db")
    run_id = mapped(storage, failing()).start().run_id
    assert storage.history.run(run_id)["step"].mapped["completed"] == 5
    storage.close()
