"""`served`: a server of tests, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


@contextmanager
def served(program: str | os.PathLike[str]) -> Iterator[str]:
    """Run a server of HTTP on loopback, and give its address: `http://127.0.0.1:5000`.

    Args:
        program: A file of Python. Its first line of output is the port, which it has
            chosen itself, and it ends when its standard input does: so it outlives no
            test run, however that one ends.

    Raises:
        AssertionError: It has not started.
    """
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, f"{program} has not started"
        yield f"http://127.0.0.1:{port}"
        server.stdin.close()
