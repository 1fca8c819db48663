"""Lines that anything writes to the terminal, so that a display can make room for them.

`print` is not all there is: handlers of `logging` hold on to the stream they were made
with, and worker processes and programs that a step calls write to the descriptor. So it
is the descriptor that leads elsewhere for the time of the display.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Sequence

# How long a line may lack its end before it is shown all the same, as a prompt would.
_PATIENCE = 0.2


class Capture:
    """Takes what is written to file descriptors, line by line.

    Args:
        descriptors: Those to take; they lead to the terminal.
        on_line: Called with each line, in a thread.
    """

    def __init__(
        self, descriptors: Sequence[int], on_line: Callable[[str], None]
    ) -> None:
        self._descriptors = list(descriptors)
        self._on_line = on_line
        self._saved: list[int] = []
        self._ended = False
        self._rest = b""

    def start(self) -> None:
        """Begin."""
        _flush()
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        # A byte in it wakes the thread; what tasks started may hold the other one open.
        self._wake, self._alarm = os.pipe()
        self._saved = [os.dup(number) for number in self._descriptors]
        for number in self._descriptors:
            os.dup2(write, number)
        os.close(write)
        self._thread = threading.Thread(
            target=self._serve, name="dotflow-display", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let the descriptors lead where they did, and pass on what is left."""
        _flush()
        for number, saved in zip(self._descriptors, self._saved, strict=True):
            os.dup2(saved, number)
            os.close(saved)
        os.write(self._alarm, b".")
        self._thread.join()
        for number in (self._read, self._wake, self._alarm):
            os.close(number)

    def _serve(self) -> None:
        while not self._ended:
            patience = _PATIENCE if self._rest else None
            ready, _, _ = select.select([self._read, self._wake], [], [], patience)
            self._ended = self._wake in ready
            if not ready:
                self._tell(self._rest)
                self._rest = b""
            self._drain()
        if self._rest:
            self._tell(self._rest)

    def _drain(self) -> None:
        while True:
            try:
                data = os.read(self._read, 65536)
            except BlockingIOError:
                return
            if not data:  # nobody can write any more
                self._ended = True
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._tell(line)

    def _tell(self, line: bytes) -> None:
        self._on_line(line.decode("utf-8", "replace"))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # a task has closed it
