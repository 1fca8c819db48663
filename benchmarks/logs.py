"""A chain whose default log writes three lines for each task, into a file."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time

from benchmarks.chains import build_chain


def time_console_chain(loops: int, length: int) -> float:
    """Time `start()` of a chain that logs on a console which is a file; seconds."""
    logger = logging.getLogger("dotflow")
    logger.handlers[:] = []
    total = 0.0
    for _ in range(loops):
        workflow = build_chain(length)
        with tempfile.TemporaryFile("w") as file, contextlib.redirect_stderr(file):
            started = time.perf_counter()
            workflow.start()
            total += time.perf_counter() - started
    return total
