"""StorageSQLite: connections, failures, and what is left of a kill."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace

import pytest

from dotflow.errors import DecodeError, EncodeError, StorageError
from dotflow.model.context import Context
from dotflow.providers.storage_sqlite import StorageSQLite
from dotflow.providers.storage_sqlite.schema import MIGRATIONS
from dotflow.testing.storage_processes import write_keys

pytestmark = pytest.mark.usefixtures("young_heap")

NEW = ["new"] * 3000


@pytest.fixture
def storage(tmp_path):
    made = StorageSQLite(tmp_path / "folder" / "runs.db")
    yield made
    made.close()


def connection_of(storage):
    """Return this thread's connection."""
    return storage.database._handle().connection


def in_thread(call):
    """Return what a call returns in a thread of its own, which then ends."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join()
    assert results, "the thread raised"
    return results[0]


def test_nothing_is_made_before_the_first_use(tmp_path):
    """Making a storage makes neither file nor folder."""
    storage = StorageSQLite(tmp_path / "folder" / "runs.db")
    storage.close()
    assert list(tmp_path.iterdir()) == []


def test_default_path(tmp_path, monkeypatch):
    """The file is `.output/dotflow.db`, or in the folder of `DOTFLOW_OUTPUT_PATH`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOTFLOW_OUTPUT_PATH", raising=False)
    assert StorageSQLite().path == tmp_path / ".output" / "dotflow.db"
    monkeypatch.setenv("DOTFLOW_OUTPUT_PATH", str(tmp_path / "elsewhere"))
    assert StorageSQLite().path == tmp_path / "elsewhere" / "dotflow.db"
    assert StorageSQLite("mine.db").path == tmp_path / "mine.db"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": ":memory:"}, "StorageDefault"),
        ({"path": "file:x?mode=memory"}, "is no file"),
        ({"path": ""}, "is no file"),
        ({"codec": "yaml"}, "'json', 'pickle'"),
        ({"synchronous": "SOMETIMES"}, "'FULL'"),
        ({"timeout": -1}, "timeout"),
    ],
)
def test_wrong_arguments(arguments, message):
    """A wrong argument is refused when the storage is made, with the right ones."""
    with pytest.raises(ValueError, match=message):
        StorageSQLite(**arguments)


def test_key_is_the_checkpoint_key(storage):
    """The key of a task is its checkpoint key."""
    assert storage.key(SimpleNamespace(checkpoint_key="wf-a")) == "wf-a"


@pytest.mark.parametrize(
    ("level", "number"), [("NORMAL", 1), ("full", 2), ("EXTRA", 3)]
)
def test_synchronous_level(tmp_path, level, number):
    """The journal is a WAL, at the level that was asked for."""
    storage = StorageSQLite(tmp_path / "runs.db", synchronous=level)
    assert storage.database.execute("PRAGMA journal_mode") == [("wal",)]
    assert storage.database.execute("PRAGMA synchronous") == [(number,)]


def test_record_is_readable_sql(storage):
    """Anybody can query the values with SQLite's JSON functions."""
    storage.post("wf-a", Context({"rows": 3, "nan": float("nan")}, workflow_id="wf"))
    rows = storage.database.execute(
        "SELECT workflow_id, json_extract(record, '$.value.rows') FROM checkpoints"
    )
    assert rows == [("wf", 3)]


def test_it_can_be_pickled(storage):
    """A storage goes to a spawned worker, without its connections."""
    storage.post("k", Context(1))
    copy = pickle.loads(pickle.dumps(storage))
    assert copy.get("k").storage == 1
    assert connection_of(copy) is not connection_of(storage)


def test_each_thread_has_a_connection(storage):
    """No two threads share a connection, and a thread keeps its own."""
    mine = connection_of(storage)
    assert connection_of(storage) is mine
    assert in_thread(lambda: connection_of(storage)) is not mine


def test_connection_of_an_ended_thread_is_closed(storage):
    """A thread's connection is closed when it ends."""
    ended = in_thread(lambda: connection_of(storage))
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        ended.execute("SELECT 1")
    assert len(storage.database._handles) == 0


def test_close_is_for_all_threads(storage):
    """`close` closes the other threads' connections too, which then open new ones."""
    opened, closed, done = (threading.Event() for _ in range(3))
    found = []

    def work():
        storage.post("k", Context(1))
        found.append(connection_of(storage))
        opened.set()
        closed.wait()
        found.append(storage.get("k").storage)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    opened.wait()
    storage.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        found[0].execute("SELECT 1")
    closed.set()
    thread.join()
    assert done.is_set()
    assert found[1] == 1


def test_close_while_others_work(storage):
    """Closing while other threads read and write disturbs none of them."""
    problems = []

    def work(name):
        try:
            for number in range(30):
                storage.post(f"{name}-{number}", Context(number))
                assert storage.get(f"{name}-{number}").storage == number
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        storage.close()
    assert problems == []
    assert len(storage.list_keys()) == 90


def test_forked_child_has_its_own_connection(storage, in_child):
    """A forked child opens the file anew and never touches its parent's connection."""
    storage.post("parent", Context(1))
    mine = connection_of(storage)

    def work():
        assert storage.get("parent").storage == 1
        assert connection_of(storage) is not mine
        storage.post("child", Context(2))
        storage.close()
        # The parent's is neither used nor closed.
        gc.collect()
        assert mine.execute is not None
        assert mine.total_changes >= 0

    assert in_child(work) == 0
    assert connection_of(storage) is mine
    assert storage.get("child").storage == 2
    storage.post("parent", Context(3))
    assert storage.get("parent").storage == 3


def test_forked_child_of_a_thread(storage, in_child):
    """A child forked while other threads have connections works, and so do they."""
    opened, forked = threading.Event(), threading.Event()
    found = []

    def work():
        storage.post("thread", Context(1))
        opened.set()
        forked.wait()
        found.append(storage.get("child").storage)

    thread = threading.Thread(target=work)
    thread.start()
    opened.wait()
    assert in_child(lambda: storage.post("child", Context(2))) == 0
    forked.set()
    thread.join()
    assert found == [2]


def test_interpreter_exit_is_silent(tmp_path):
    """A script that never closes its storage ends without a word, forked or not."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\n"
        "from dotflow.core.context import Context\n"
        "from dotflow.providers.storage_sqlite import StorageSQLite\n"
        "storage = StorageSQLite(sys.argv[1])\n"
        "storage.post('parent', Context(1))\n"
        "child = os.fork() if hasattr(os, 'fork') else None\n"
        "if child == 0:\n"
        "    storage.post('child', Context(2))\n"
        "    sys.exit(3)\n"
        "if child is not None:\n"
        "    status = os.waitpid(child, 0)[1]\n"
        "    assert os.waitstatus_to_exitcode(status) == 3\n"
        "    assert storage.get('child').storage == 2\n"
        "storage.post('parent', Context(3))\n"
    )
    path = tmp_path / "runs.db"
    from dotflow.abc import storage as module

    source = os.path.dirname(os.path.dirname(os.path.dirname(module.__file__)))  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    storage = StorageSQLite(path)
    assert storage.get("parent").storage == 3


def test_first_use_by_many_processes(tmp_path):
    """Processes that all make the same new file do not trip over each other."""
    path = tmp_path / "new" / "runs.db"
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(
            target=write_keys, args=(partial(StorageSQLite, path), f"p{n}", 2)
        )
        for n in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert len(StorageSQLite(path).list_keys()) == 12


def test_first_use_by_many_threads(storage):
    """Threads that all make the same new file do not trip over each other."""
    start = threading.Barrier(8)
    problems = []

    def work(number):
        start.wait()
        try:
            storage.post(f"k{number}", Context(number))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(storage.list_keys()) == 8


def test_not_a_database(tmp_path):
    """A file of another kind is left alone, and the error names it."""
    path = tmp_path / "notes.txt"
    path.write_text("a text that is long enough to be taken for a header" * 20)
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"notes\.txt.*path="):
        StorageSQLite(path).post("k", Context(1))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE flights (id)", "PRAGMA user_version = 7"]
)
def test_database_of_another_program(tmp_path, statement):
    """Another program's database is refused, and not written to."""
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
        before = connection.execute("SELECT name FROM sqlite_master").fetchall()
    with pytest.raises(StorageError, match="another program"):
        StorageSQLite(path).get("k")
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == before
    connection.close()


def test_newer_schema(storage):
    """A file of a later dotflow asks for an upgrade."""
    storage.database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    storage.close()
    with pytest.raises(StorageError, match="upgrade dotflow-core"):
        storage.get("k")


def test_older_schema_is_migrated(storage, monkeypatch):
    """A file of an earlier version gets what it lacks, and keeps its rows."""
    storage.post("k", Context(1))
    storage.close()
    monkeypatch.setattr(
        "dotflow.providers.storage_sqlite.schema.MIGRATIONS",
        [*MIGRATIONS, ("CREATE TABLE later (x)",)],
    )
    assert storage.get("k").storage == 1
    assert storage.database.execute("SELECT * FROM later") == []
    assert storage.database.execute("PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


def test_failed_migration_is_undone(storage, monkeypatch):
    """A migration that fails half-way leaves the file as it was."""
    storage.post("k", Context(1))
    storage.close()
    with monkeypatch.context() as patch:
        patch.setattr(
            "dotflow.providers.storage_sqlite.schema.MIGRATIONS",
            [*MIGRATIONS, ("CREATE TABLE later (x)", "NONSENSE")],
        )
        with pytest.raises(StorageError, match="NONSENSE"):
            storage.get("k")
    assert storage.get("k").storage == 1
    with pytest.raises(StorageError, match="later"):
        storage.database.execute("SELECT * FROM later")


def test_locked_database(tmp_path):
    """Another process's lock is waited for, and then reported with the file's name."""
    path = tmp_path / "runs.db"
    storage = StorageSQLite(path, timeout=0.05)
    storage.post("k", Context("old"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for write in (
        lambda: storage.post("k", Context("new")),
        lambda: storage.delete("k"),
        lambda: storage.clear("k"),
        lambda: storage.atomic_swap("k", Context("old"), Context("new")),
    ):
        with pytest.raises(StorageError, match=r"runs\.db.*timeout="):
            write()
    assert storage.get("k").storage == "old"
    other.close()
    storage.post("k", Context("new"))
    assert storage.get("k").storage == "new"


def test_full_disk(storage):
    """A full disk is reported, and what was stored stays."""
    storage.post("k", Context("old"))
    connection = connection_of(storage)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for write in (
        lambda: storage.post("k", Context("x" * 1_000_000)),
        lambda: storage.atomic_swap("k", Context("old"), Context("x" * 1_000_000)),
    ):
        with pytest.raises(StorageError, match="free some space"):
            write()
    assert storage.get("k").storage == "old"
    storage.post("k", Context("new"))
    assert storage.get("k").storage == "new"


def test_read_only_database(storage):
    """A file that cannot be written to is reported, and can still be read."""
    storage.post("k", Context("old"))
    connection_of(storage).execute("PRAGMA query_only = 1")
    with pytest.raises(StorageError, match="write access"):
        storage.post("k", Context("new"))
    assert storage.get("k").storage == "old"


def test_folder_in_the_way(tmp_path):
    """A folder of the file's name, or a file of the folder's, is reported."""
    with pytest.raises(StorageError, match=str(tmp_path)):
        StorageSQLite(tmp_path).get("k")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="path=") as caught:
        StorageSQLite(tmp_path / "file" / "runs.db").get("k")
    assert caught.value.__cause__.errno in (errno.ENOTDIR, errno.EEXIST)


def test_unreadable_record(storage):
    """A damaged record is an error that names the file and the key."""
    storage.post("k", Context(1))
    storage.database.execute("UPDATE checkpoints SET record = '{'")
    with pytest.raises(DecodeError, match=r"'k' of .*runs\.db"):
        storage.get("k")
    with pytest.raises(DecodeError, match=r"'k' of .*runs\.db"):
        storage.atomic_swap("k", Context(1), Context(2))
    assert storage.delete("k") is True


def test_key_that_is_no_unicode(storage):
    """A key with a lone surrogate is refused with a clear error."""
    for call in (
        lambda: storage.post("\ud800", Context(1)),
        lambda: storage.get("\ud800"),
        lambda: storage.delete("\ud800"),
        lambda: storage.list_keys("\ud800"),
        lambda: storage.atomic_swap("\ud800", None, Context(1)),
    ):
        with pytest.raises(StorageError, match="not valid Unicode"):
            call()


@pytest.mark.parametrize("last", ["\ud7ff", "\U0010ffff", "z", "\x7f", "é"])
def test_prefixes_at_the_edges(storage, last):
    """A prefix finds its keys whatever character it ends with."""
    keys = sorted(f"{a}{last}{b}" for a in ("", "a") for b in ("", "b", "\U0010ffff"))
    for key in [*keys, "a", "b", "\ue000"]:
        storage.post(key, Context(1))
    assert storage.list_keys(f"a{last}") == [
        k for k in keys if k.startswith(f"a{last}")
    ]
    assert storage.list_keys(last) == [k for k in keys if k.startswith(last)]


def test_prefix_uses_the_index(storage):
    """Listing a prefix does not read the whole table."""
    storage.post("k", Context(1))
    plans = []
    connection_of(storage).set_trace_callback(plans.append)
    storage.list_keys("wf-")
    statement = next(line for line in plans if line.startswith("SELECT key"))
    connection_of(storage).set_trace_callback(None)
    plan = storage.database.execute(f"EXPLAIN QUERY PLAN {statement}")
    assert "USING INDEX" in plan[0][3]
    assert "key>" in plan[0][3]


def test_expired_rows_are_removed(storage):
    """The next write with a ttl removes the rows whose ttl is over."""
    for number in range(5):
        storage.post(f"k{number}", Context(1), ttl=1e-6)
    storage.post("last", Context(1), ttl=3600)
    assert storage.database.execute("SELECT key FROM checkpoints") == [("last",)]


def test_transaction_is_undone_by_an_exception(storage):
    """What is stored inside a transaction counts as one, or not at all."""
    storage.post("k", Context("old"))

    def write_and_fail():
        with storage.database.transaction():
            storage.post("k", Context("new"))
            storage.post("k2", Context("new"))
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        write_and_fail()
    assert storage.get("k").storage == "old"
    assert storage.list_keys() == ["k"]
    with storage.database.transaction():
        storage.post("k", Context("new"))
    assert storage.get("k").storage == "new"


def test_json_codec_refuses_to_unpickle(tmp_path):
    """With `codec="json"` a pickle that somebody put there is not loaded."""
    path = tmp_path / "runs.db"
    StorageSQLite(path).post("k", Context(Exception))
    with pytest.raises(DecodeError, match='codec="pickle"'):
        StorageSQLite(path, codec="json").get("k")
    with pytest.raises(EncodeError, match='codec="pickle"'):
        StorageSQLite(path, codec="json").post("k", Context(Exception))


@pytest.mark.parametrize("operation", ["post", "swap", "clear"])
def test_killed_at_each_step(tmp_path, in_child, operation):
    """Killed at the n-th step of SQLite, for every n, all of it happened or nothing."""
    path = tmp_path / "runs.db"
    survived = 0
    for number in range(1, 400):
        storage = StorageSQLite(path)
        storage.delete_prefix("")
        storage.post("wf-a", Context("old", "t", "wf"))
        storage.post("wf-b", Context("old", "t", "wf"))
        storage.close()

        def work(number=number):
            left = [number]

            def step():
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            storage = StorageSQLite(path)
            storage.get("wf-a")
            connection_of(storage).set_progress_handler(step, 1)
            if operation == "post":
                storage.post("wf-a", Context(NEW, "t", "wf"))
            elif operation == "swap":
                storage.atomic_swap("wf-a", Context("old"), Context(NEW))
            else:
                storage.clear("wf")

        code = in_child(work)
        storage = StorageSQLite(path)
        found = [storage.get(key).storage for key in ("wf-a", "wf-b")]
        after = {"clear": [None, None]}.get(operation, [NEW, "old"])
        assert found in (["old", "old"], after)
        assert storage.database.execute("PRAGMA integrity_check") == [("ok",)]
        storage.close()
        if code == 0:
            assert found == after
            break
        assert code == -signal.SIGKILL
        survived += 1
    assert 10 < survived < 399
