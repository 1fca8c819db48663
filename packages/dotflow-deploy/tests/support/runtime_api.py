"""The Runtime API of AWS Lambda on loopback, for its real runtime interface client."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 60
_VERSION = "/2018-06-01/runtime"


class RuntimeApi(ThreadingHTTPServer):
    """Gives invocations to a function, and takes its responses and errors."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.waiting: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.results: queue.Queue[tuple[str, str, Any]] = queue.Queue()
        self.count = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def invoke(self, event: Any) -> tuple[str, Any]:
        """Hand an event over; return `"response"` or `"error"`, and what came with it."""
        self.count += 1
        name = f"request-{self.count}"
        self.waiting.put((name, json.dumps(event).encode()))
        told, kind, content = self.results.get(timeout=LIMIT)
        assert told == name, (told, kind, content)
        return kind, content


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == f"{_VERSION}/invocation/next"
        name, event = self.server.waiting.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", name)
        self.send_header(
            "Lambda-Runtime-Deadline-Ms", str(int(time.time() + 900) * 1000)
        )
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:::shop")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        # `invocation/<id>/response`, `invocation/<id>/error` or `init/error`.
        *_, name, kind = self.path.split("/")
        self.server.results.put((name, kind, json.loads(body)))

    def log_message(self, *args: object) -> None:
        pass


class Function:
    """A function of a zip file, in the process that Lambda makes for it.

    Args:
        archive: The zip file.
        folder: An empty folder to unpack it in.
        handler: What the template names: `"handler.handler"`.
        env: The variables.
    """

    def __init__(
        self, archive: Path, folder: Path, handler: str, env: Mapping[str, str]
    ) -> None:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        self.folder = folder
        self.api = RuntimeApi()
        self.log = folder.with_suffix(".log")
        settings = {
            **env,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "shop",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": "us-east-1",
            "LAMBDA_TASK_ROOT": str(folder),
        }
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", handler],
                cwd=folder,
                env=settings,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def invoke(self, event: Any) -> tuple[str, Any]:
        """Call it; return `"response"` or `"error"`, and what came with it."""
        return self.api.invoke(event)

    def files(self) -> set[str]:
        """Return what is in its folder."""
        return {
            os.path.relpath(path, self.folder)
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(LIMIT)
        self.api.shutdown()
        self.api.server_close()
