"""A PostgreSQL server for the tests, on a free port and in a folder of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 60.0  # seconds


def programs() -> Path | None:
    """Return the folder of `initdb`, which Debian keeps out of the search path."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(os.path.realpath(found)).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None


def unprivileged() -> dict[str, object]:
    """Return who runs the server: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    return {
        "user": name,
        "group": pwd.getpwnam(name).pw_gid,
        "extra_groups": [],
    }


class Server:
    """A server that can be killed and started again on its port."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.data = folder / "data"
        self._bin = bin_folder
        self._who = unprivileged()
        self._log = folder / "log"
        self._folder = folder
        self.password = "s3cret-word"
        if self._who:
            shutil.chown(folder, self._who["user"], self._who["group"])
        words = folder / "words"
        words.write_text(self.password, encoding="ascii")
        words.chmod(0o644)
        self._run(
            "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", "--username=tester",
            "--auth=scram-sha-256", f"--pwfile={words}", f"--pgdata={self.data}",
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def dsn(self) -> str:
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        # Nothing is synced to the disk (-F), since only processes die here. Our own
        # child, not pg_ctl's: a killed one that nobody waits for counts as running.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._bin / "postgres", "-F", "-D", self.data, "-p", str(self.port),
                    "-h", "127.0.0.1", "-k", self._folder, "-c", "max_connections=60",
                ],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **self._who,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self) -> None:
        """End it without a goodbye, and wait until all of its processes are gone."""
        family = _children(self._process.pid)
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + PATIENCE
        # They share memory that a new server would find in use.
        while any(map(_is_alive, family)):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once
        self._process.wait()

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def query(self, statement: str) -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return [] if cursor.description is None else cursor.fetchall()

    def _run(self, program: str, *arguments: str) -> None:
        ran = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            # Not a pipe: the server would keep it open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=2 * PATIENCE,
            **self._who,
        )
        assert ran.returncode == 0, f"{program}: see {self._log}"


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc").is_dir()
    return state != "Z"  # a dead one whom nobody has asked for


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    # Not pytest's folder: the server's user may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="dotflow-pg-"))
    folder.chmod(0o755)
    try:
        server = Server(folder, found)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_numbers = itertools.count()


@pytest.fixture
def table() -> str:
    """A name that no other test uses."""
    return f"t{os.getpid()}_{next(_numbers)}"
