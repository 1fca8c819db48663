"""Reading a history changes nothing, whichever dotflow has written it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import StorageError
from dotflow.providers import StorageSQLite
from dotflow.providers.storage_sqlite import schema
from dotflow.providers.storage_sqlite.reader import Reader

# The rows that dotflow 2.0.0a1 has written: a run that completed, one that failed, and
# a map.
FORMER = Path(__file__).with_name("former.sql")
# What files of users were made by, in its order.
PUBLISHED = [
    "cfd775cff4011fa1",
    "4c29c3c93bdfb285",
    "c4d5426b3e595b7c",
    "0ea556e3386b8131",
    "02650513efaaa1fe",
    "89367556adeff244",
    "953cabf070f0cda9",
]


def test_a_published_migration_never_changes():
    """Files of each version exist, and are what its statements have made of them."""
    made = [" ".join(" ".join(part).split()) for part in schema.MIGRATIONS]
    assert [hashlib.sha256(m.encode()).hexdigest()[:16] for m in made] == PUBLISHED


def old_file(path, version, rows=""):
    """Make a file of a version before."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statements in schema.MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.executescript(rows)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA journal_mode = WAL")
    return path


@pytest.fixture
def former(tmp_path):
    """A file of the release before, at rest."""
    return old_file(tmp_path / "former.db", 6, FORMER.read_text("utf-8"))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@action
def one():
    return [1, 2]


def answers(storage):
    """Return what a history of the release before tells, by each kind of question."""
    history = storage.history
    runs = history.runs()
    groups = [
        (g.workflow, g.task, g.error, g.shape, g.count) for g in history.failures()
    ]
    return {
        "runs": [(run.run_id, run.workflow, run.status) for run in runs],
        "named": [run.workflow_id for run in history.runs(workflow="Bad one")],
        "by error": [run.workflow_id for run in history.runs(error="ValueError")],
        "counts": history.counts(),
        "groups": sorted(groups),
        "report": history.run(history.runs(workflow_id="bad")[0].run_id).to_dict(),
        "events": [len(history.events(run.run_id)) for run in runs],
        "durations": len(history.durations("etl")),
    }


def test_a_former_file_is_read_and_then_migrated(former):
    """Readers read a file of the release before as it is; the first writer migrates it."""
    before = digest(former)
    reading = StorageSQLite(former)
    found = answers(reading)
    assert digest(former) == before
    assert found["counts"] == {"Failed": 2, "Completed": 1}
    assert found["named"] == found["by error"] == ["bad"]
    assert found["groups"][0][1:] == ("items", "KeyError", "item … …", 1)
    assert [run[1] for run in found["runs"]][1:] == ["Bad one", "etl"]
    writing = StorageSQLite(former)
    workflow = DotFlow(Config(storage=writing), workflow_id="new")
    workflow.task.add(one)
    new = workflow.start().run_id
    assert writing.history.delete(new)
    assert answers(writing) == answers(reading) == found
    assert reading.history.runs(workflow="etl").cursor is None
    reading.close()
    with sqlite3.connect(former) as connection:
        [version] = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    assert version == len(schema.MIGRATIONS)
    writing.close()


def test_looking_at_checkpoints(former):
    """Whoever only looks at what is stored changes nothing either, and stores nothing."""
    before = digest(former)
    looking = StorageSQLite(former).read_only()
    assert "etl-one" in looking.list_keys("etl-")
    assert looking.get("etl-one").storage == [1, 2]
    assert looking.record("etl-one")
    assert len(looking.history.runs()) == 3
    with pytest.raises(StorageError, match="write access"):
        looking.delete("etl-one")
    looking.close()
    assert digest(former) == before


@pytest.mark.parametrize("version", range(6))
def test_any_former_version(tmp_path, version):
    """A file of any version before is read, without a run where it had no history yet."""
    path = old_file(tmp_path / "old.db", version)
    before = digest(path)
    history = StorageSQLite(path).history
    assert history.runs(error="x") == history.failures() == []
    assert history.counts() == {}
    history.close()
    assert digest(path) == before


def test_a_newer_file_is_refused(former):
    """A file of a newer dotflow is refused, with what to do."""
    with sqlite3.connect(former) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StorageError, match="upgrade dotflow-core"):
        StorageSQLite(former).history.runs()


def test_nothing_is_made_by_reading(tmp_path):
    """Of a file that is not there a reader finds nothing, and makes nothing."""
    storage = StorageSQLite(tmp_path / "none" / "runs.db")
    assert storage.history.runs() == []
    assert storage.history.counts() == {}
    assert list(tmp_path.iterdir()) == []
    workflow = DotFlow(Config(storage=storage), workflow_id="new")
    workflow.task.add(one)
    workflow.start()
    assert len(storage.history.runs()) == 1
    storage.close()


def test_a_file_that_comes_while_it_is_looked_for(tmp_path, monkeypatch):
    """A reader that found no file sees the one that was made at that very moment."""
    path = tmp_path / "runs.db"
    opened = Reader._open

    def open_late(reader, address):
        connection = opened(reader, address)
        if not path.exists():
            workflow = DotFlow(Config(storage=StorageSQLite(path)))
            workflow.task.add(one)
            workflow.start()
        return connection

    monkeypatch.setattr(Reader, "_open", open_late)
    assert len(StorageSQLite(path).read_only().history.runs()) == 1


def _without_roots_rights() -> list[str]:
    """What runs a command as a root whom the modes of files bind, as they bind others."""
    program = shutil.which("setpriv") or pytest.skip("setpriv is not here")
    command = [program, "--bounding-set=-dac_override,-dac_read_search"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root may not give its rights up here")
    return command


@pytest.mark.skipif(os.name != "posix", reason="folders have no modes")
def test_a_folder_that_may_only_be_read(former):
    """A history in a folder where nobody may write is read all the same."""
    code = (
        "import sys; from dotflow.providers import StorageSQLite;"
        "print(len(StorageSQLite(sys.argv[1]).history.runs()))"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(shutil.copy(former, folder))
        command = [sys.executable, "-c", code, str(path)]
        if os.geteuid() == 0:  # who may write everywhere
            command[:0] = _without_roots_rights()
        path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_an_interrupted_migration_goes_on(former, tmp_path):
    """A migration that was killed is begun again by the next writer, and loses nothing."""
    script = tmp_path / "migrate.py"
    script.write_text(
        "import os, signal, sys\n"
        "from dotflow.providers import StorageSQLite\n"
        "from dotflow.providers.storage_sqlite import schema\n"
        "statements = list(schema.MIGRATIONS[-1])\n"
        "class Killing(tuple):\n"
        "    def __iter__(self):\n"
        "        for n, statement in enumerate(statements):\n"
        "            if n == int(sys.argv[1]):\n"
        "                os.kill(os.getpid(), signal.SIGKILL)\n"
        "            yield statement\n"
        "schema.MIGRATIONS[-1] = Killing()\n"
        f"StorageSQLite({str(former)!r}).get('key')\n"
    )
    last = len(schema.MIGRATIONS[-1]) - 1
    for number in (4, last):
        done = subprocess.run([sys.executable, str(script), str(number)], check=False)
        assert done.returncode == -signal.SIGKILL
    storage = StorageSQLite(former)
    before = answers(storage)
    assert storage.get("key").storage is None  # which migrates
    assert answers(storage) == before
    storage.close()


def test_writers_wait_for_a_migration(former):
    """A writer waits for another one that migrates the file, longer than for a lock."""
    ready = threading.Event()

    def write():
        with closing(StorageSQLite(former, timeout=0)) as storage:
            ready.set()
            return storage.get("key").storage

    with ThreadPoolExecutor(1) as pool:
        with closing(sqlite3.connect(former, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            written = pool.submit(write)
            ready.wait()
            with pytest.raises(TimeoutError):
                written.result(timeout=0.3)
            connection.execute("ROLLBACK")
        assert written.result() is None
