"""An endpoint of Sentry on loopback, and programs that report to it."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

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
        self.released = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                assert self.path == "/7/api/1/envelope/", self.path
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                endpoint.requests += 1
                for kind, payload in items_of(body):
                    if kind == "event":
                        endpoint.events.append(json.loads(payload))
                    elif kind == "transaction":
                        endpoint.transactions.append(json.loads(payload))
                endpoint.answer(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://{KEY}@127.0.0.1:{self.server.server_port}/7/1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, handler):
        if self.behaviour == "hang":
            self.released.wait(60)
            return
        if self.behaviour == "garbage":
            handler.wfile.write(b"\x00\xff this is not HTTP\r\n")
            return
        if self.behaviour == "slow":
            self.released.wait(0.3)
        handler.send_response(500 if self.behaviour == "500" else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint():
    found = Endpoint()
    yield found
    found.close()


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
