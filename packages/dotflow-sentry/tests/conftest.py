"""An endpoint of Sentry on loopback, and programs that report to it."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dotflow.testing import relay

KEY = "0123456789abcdef0123456789abcdef"


def items_of(envelope):
    """Parse an envelope: a header, then items with a header of their own each."""
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        length = header.get("length", rest.find(b"\n"))
        yield header["type"], rest[:length]
        rest = rest[length:].removeprefix(b"\n")


class Endpoint:
    """Keeps what arrives; `behaviour` is "ok", "500", "garbage", "hang" or "slow"."""

    def __init__(self):
        self.behaviour = "ok"
        self.requests = 0
        self.events = []
        self.transactions = []

    def take(self, received):
        """Keep what a request brings, and answer it."""
        assert received.path == "/7/api/1/envelope/", received.path
        body = received.body
        if received.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.requests += 1
        for kind, payload in items_of(body):
            if kind == "event":
                self.events.append(json.loads(payload))
            elif kind == "transaction":
                self.transactions.append(json.loads(payload))
        received.behave(self.behaviour)


@pytest.fixture
def endpoint():
    found = Endpoint()
    with relay("", found.take) as server:
        found.dsn = f"http://{KEY}@127.0.0.1:{server.server_port}/7/1"
        yield found


@pytest.fixture
def run(endpoint, tmp_path):
    """Run `program.py` against the endpoint and return what it printed last."""

    def run(mode="sequential", start_method="none", what="ok", dsn=endpoint.dsn):
        program = Path(__file__).with_name("program.py")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SENTRY_")}
        result = subprocess.run(
            [sys.executable, str(program), mode, start_method, what],
            env=clean | {"PROGRAM_DSN": dsn},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        run.output = result.stdout + result.stderr
        return json.loads(result.stdout.splitlines()[-1])

    return run
