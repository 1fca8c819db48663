"""Maps that were interrupted: which items run again, in which store."""

from __future__ import annotations

import asyncio
import signal
from textwrap import dedent

import pytest
from resuming import RESUMING

from dotflow import InMemoryStateStore, Pipeline, SQLiteStateStore
from dotflow.errors import StorageError
from dotflow.pipeline import ItemStateStore

needs_kill = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on Windows"
)

SCRIPT = (
    """
    import asyncio
    import os
    import signal
    import sys
    from pathlib import Path

    from dotflow import Pipeline, SQLiteStateStore
    from dotflow.providers import StorageDefault

    die_at = int(sys.argv[1])
    store = SQLiteStateStore("runs.db")
    # Without a history, whose thread writes when it comes to it.
    storage = StorageDefault()
    pipeline = Pipeline("p", state_store=store, storage=storage, max_parallel=1)


    def note(text):
        with Path("ran.txt").open("a") as file:
            file.write(text)


    @pipeline.task()
    async def letters():
        note("(")
        return list("abcdef")


    @pipeline.task(map=letters, PLACE)
    def upper(item, index):
        note(item)
        if index == die_at:
            os.kill(int(Path("pid.txt").read_text()), signal.SIGKILL)
        return item.upper()


    @pipeline.task()
    async def joined(upper):
        note(")")
        return "".join(upper)


    if __name__ == "__main__":
        Path("pid.txt").write_text(str(os.getpid()))
"""
    + RESUMING
)


@needs_kill
@pytest.mark.parametrize("place", ["retries=1", "retries=1, process=True"])
def test_a_map_survives_kills(run_script, tmp_path, place):
    """Killed again and again in the middle of a map, a run repeats no completed item."""
    script = SCRIPT.replace("PLACE", place)
    for die_at in (2, 4):
        killed = run_script(script, str(die_at))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    ended = run_script(script, "-1")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "FAILED SUCCESS ABCDEF\n"
    ran = (tmp_path / "ran.txt").read_text()
    assert ran == "(abc" + "cde" + "ef)", "only the items that were killed run again"
    store = SQLiteStateStore(tmp_path / "runs.db")
    rows = store._database.execute(
        "SELECT run_id, count(*) FROM pipeline_items GROUP BY 1"
    )
    newest = store.list_runs()[0].run_id
    assert newest not in dict(rows), "a map that has a result keeps no items beside it"
    store.close()


class DocumentedStore:
    """A store of a user's own, with the documented methods and no others."""

    def __init__(self):
        self._inner = InMemoryStateStore()

    def __getattr__(self, name):
        if name not in DOCUMENTED:
            raise AttributeError(name)
        return getattr(self._inner, name)


DOCUMENTED = {
    "create_run",
    "create_resumed_run",
    "get_run",
    "mark_running",
    "mark_success",
    "mark_failed",
    "mark_skipped",
    "mark_retry",
    "finalize_run_if_done",
}


@pytest.fixture(params=["memory", "sqlite", "documented"])
def store(request, tmp_path):
    """A state store of each kind."""
    if request.param == "sqlite":
        store = SQLiteStateStore(tmp_path / "runs.db")
        yield store
        store.close()
    else:
        yield InMemoryStateStore() if request.param == "memory" else DocumentedStore()


class Map:
    """numbers -> doubled (mapped) -> total, where some items fail."""

    def __init__(self, store):
        self.ran = []
        self.broken = {1}
        self.numbers = [10, 20, 30]
        self.pipeline = Pipeline("p", state_store=store, max_parallel=1)

        @self.pipeline.task()
        def numbers():
            self.ran.append("numbers")
            return self.numbers

        @self.pipeline.task(map=numbers)
        def doubled(item, index):
            self.ran.append(index)
            if index in self.broken:
                raise ValueError(index)
            return 2 * item

        @self.pipeline.task()
        def total(doubled):
            return sum(doubled)

    def run(self):
        return self.pipeline.run()

    def resume(self, run_id, **options):
        self.ran.clear()
        new = asyncio.run(self.pipeline.resume(run_id, **options))
        return self.pipeline.get_run_report(new)


def test_only_the_items_that_failed_run_again(store):
    """A resumed run has the completed items of a map from the earlier one."""
    mapped = Map(store)
    first = mapped.run()
    assert (first["status"], mapped.ran) == ("FAILED", ["numbers", 0, 1, 2])
    again = mapped.resume(first["run_id"])
    knows_items = isinstance(store, ItemStateStore)
    assert mapped.ran == ([1] if knows_items else [0, 1, 2])
    mapped.broken = set()
    last = mapped.resume(again["run_id"])
    assert mapped.ran == ([1] if knows_items else [0, 1, 2])
    assert (last["status"], last["tasks"]["total"]["result"]) == ("SUCCESS", 120)
    assert mapped.resume(last["run_id"])["status"] == "SUCCESS"
    assert mapped.ran == []


def test_items_of_another_source_are_not_kept(store):
    """When the source of a map runs again, all its items do."""
    mapped = Map(store)
    first = mapped.run()
    mapped.broken, mapped.numbers = set(), [1, 2]
    report = mapped.resume(first["run_id"], from_tasks=["numbers"])
    assert mapped.ran == ["numbers", 0, 1]
    assert report["tasks"]["total"]["result"] == 6


def test_a_map_can_be_run_again_as_a_whole(store):
    """`from_tasks` with a mapped task runs all its items."""
    mapped = Map(store)
    first = mapped.run()
    mapped.broken = set()
    report = mapped.resume(first["run_id"], from_tasks=["doubled"])
    assert (report["status"], mapped.ran) == ("SUCCESS", [0, 1, 2])


def test_the_earlier_run_stays_as_it_was(store):
    """A run can be resumed twice, and goes on from the same items both times."""
    mapped = Map(store)
    first = mapped.run()
    mapped.broken = set()
    ran = []
    for _ in range(2):
        assert mapped.resume(first["run_id"])["status"] == "SUCCESS"
        ran.append(list(mapped.ran))
    assert ran[0] == ran[1]


def test_an_item_of_none_is_a_result(tmp_path):
    """An item that returned None has completed like any other."""
    store = SQLiteStateStore(tmp_path / "runs.db")
    pipeline = Pipeline("p", state_store=store, max_parallel=1)
    ran = []
    pipeline.task(name="source")(lambda: [1, 2])

    @pipeline.task(map="source")
    def nothing(item):
        ran.append(item)
        if ran == [1, 2]:
            raise ValueError

    first = pipeline.run()
    report = pipeline.get_run_report(asyncio.run(pipeline.resume(first["run_id"])))
    assert ran == [1, 2, 2]
    assert report["tasks"]["nothing"]["result"] == [None, None]
    store.close()


@pytest.mark.parametrize(
    ("statement", "method"),
    [("INTO pipeline_items", "change"), ("SELECT result FROM pipe", "execute")],
)
def test_a_disk_that_fails_at_an_item(tmp_path, monkeypatch, statement, method):
    """An item that cannot be stored or read fails, and says which one it is."""
    store = SQLiteStateStore(tmp_path / "runs.db")
    mapped = Map(store)
    first = mapped.run()
    mapped.broken = set()
    run = getattr(type(store._database), method)

    def failing(self, text, parameters=()):
        if statement in text:
            raise StorageError("disk full")
        return run(self, text, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(type(store._database), method, failing)
        error = mapped.resume(first["run_id"])["tasks"]["doubled"]["error"]
    assert "disk full" in error
    assert "doubled[" in error
    last = mapped.resume(first["run_id"])
    assert (last["status"], mapped.ran) == ("SUCCESS", [1])
    store.close()


KILLER = """
    import os
    import signal
    import sys
    from pathlib import Path

    from dotflow.providers.storage_sqlite import database

    # Kills the process before, or after, the n-th thing that it does to the file.
    left = int(sys.argv[1])
    after = sys.argv[2] == "after"
    connect = database.sqlite3.connect


    def counted(call, statement, *arguments):
        global left
        left -= statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "COMMIT"))
        if left == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = call(statement, *arguments)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


    class Cursor(database.sqlite3.Cursor):
        def execute(self, *arguments):
            return counted(super().execute, *arguments)


    class Connection(database.sqlite3.Connection):
        def cursor(self):
            return super().cursor(Cursor)

        def execute(self, *arguments):
            return counted(super().execute, *arguments)


    database.sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Connection)
    sys.argv[1:] = ["-1"]
    exec(Path("body.py").read_text())
"""


@needs_kill
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "operation",
    [2, 11, 20, *(pytest.param(n, marks=pytest.mark.soak) for n in (5, 8, 14, 17))],
)
def test_a_kill_at_any_operation_of_the_file(run_script, tmp_path, operation, moment):
    """Whatever statement a kill hits, no item whose result is in the file runs again."""
    body = dedent(SCRIPT.replace("PLACE", "retries=1"))
    (tmp_path / "body.py").write_text(body, encoding="utf-8")
    killed = run_script(KILLER, str(operation), moment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = (
        (tmp_path / "ran.txt").read_text() if (tmp_path / "ran.txt").exists() else ""
    )
    store = SQLiteStateStore(tmp_path / "runs.db", recover=False)
    rows = store._database.execute("SELECT item FROM pipeline_items")
    kept = {"abcdef"[item] for (item,) in rows}
    done = {
        name: task.status == "SUCCESS"
        for run in store.list_runs()
        for name, task in store.get_run(run.run_id).tasks.items()
    }
    store.close()
    for _ in range(2):  # the first one is killed as well, where it still can be
        run_script(KILLER, str(operation), moment)
    ended = run_script(SCRIPT.replace("PLACE", "retries=1"), "-1")
    assert ended.stdout.endswith("SUCCESS ABCDEF\n"), ended.stderr
    after = (tmp_path / "ran.txt").read_text()[len(before) :]
    if done.get("upper"):
        kept = set("abcdef")
    assert kept.isdisjoint(after), (before, after)
    assert not (done.get("letters") and "(" in after)
