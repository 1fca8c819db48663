"""Debian's chromium, and a `dotflow ui` for it to look at."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
]


@contextmanager
def served(store: Path) -> Iterator[str]:
    """Serve a store; yield the address that opens it."""
    command = Path(sys.executable).with_name("dotflow")
    server = subprocess.Popen(
        [command, "ui", store, "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    try:
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        server.kill()
        server.communicate()
