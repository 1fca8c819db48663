"""A Redis server for the tests, on a free port and in a folder of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0  # seconds
PASSWORD = "s3cret-word"


class Server:
    """A server that can be killed and started again on its port."""

    def __init__(self, folder: Path, **more: str) -> None:
        self._folder = folder
        self._more = {name.replace("_", "-"): text for name, text in more.items()}
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if "cluster-enabled" in self._more:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.bus = probe.getsockname()[1]
            self._more |= {"cluster-port": str(self.bus), "masterauth": PASSWORD}
        self.start()

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        # What it has answered for is in its file, so that a kill loses nothing.
        options = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self._folder,
            "requirepass": PASSWORD,
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "enable-debug-command": "yes",
            **self._more,
        }
        words = [
            str(w) for name, value in options.items() for w in (f"--{name}", value)
        ]
        self._process = subprocess.Popen(
            ["redis-server", *words], stdout=subprocess.DEVNULL, cwd=self._folder
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "redis-server has ended"
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def kill(self) -> None:
        """End it without a goodbye, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def client(self) -> Any:
        import redis

        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        import redis

        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.exceptions.ConnectionError:
            return False


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis server: apt-get install redis-server")
    server = Server(tmp_path_factory.mktemp("redis"))
    try:
        yield server
    finally:
        server.kill()


_numbers = itertools.count()


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test uses."""
    return f"t{os.getpid()}-{next(_numbers)}:"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a cluster of two nodes, each with a half of the slots."""
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis server: apt-get install redis-server")
    nodes = [_node(tmp_path_factory.mktemp("cluster")) for _ in range(2)]
    for place, node in enumerate(nodes):
        with node.client() as other:
            first = 8192 * place
            other.execute_command("CLUSTER", "ADDSLOTSRANGE", first, first + 8191)
            other.execute_command(
                "CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus
            )
    deadline = time.monotonic() + PATIENCE
    while not all(map(_is_whole, nodes)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield nodes[0]
    for node in nodes:
        node.kill()


def _node(folder: Path) -> Server:
    return Server(folder, cluster_enabled="yes")


def _is_whole(node: Server) -> bool:
    with node.client() as other:
        said = other.execute_command("CLUSTER", "INFO")
    return b"cluster_state:ok" in said and b"cluster_size:2" in said
