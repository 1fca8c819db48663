"""`BoundedConnection`: a connection whose waits for the server have a limit."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from selectors import DefaultSelector
from typing import Any

import psycopg


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that raises `TimeoutError` once its deadline is over.

    The server's own `statement_timeout` is no help where the server is gone or hangs.

    Attributes:
        deadline: When, by `time.monotonic()`.
    """

    deadline: float = math.inf

    def wait(self, gen: Generator[Any, Any, Any], *_args: Any, **_kwargs: Any) -> Any:
        """Wait for what psycopg wants from the server; it calls this for everything.

        Args:
            gen: What says for which of reading and writing to wait, in the numbers of
                `selectors`, and is told which of them is possible.

        Returns:
            What the generator returns.

        Raises:
            TimeoutError: The deadline is over; the connection is of no use any more.
        """
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(self._ready(wanted))
        except StopIteration as stop:
            return stop.value

    def _ready(self, wanted: int) -> int:
        with DefaultSelector() as selector:
            selector.register(self.pgconn.socket, wanted)
            left = self.deadline - time.monotonic()
            found = selector.select(None if left == math.inf else max(0.0, left))
        if not found:
            raise TimeoutError
        return found[0][1]

    def __del__(self, *_args: object) -> None:
        # The base would warn in a forked child, which must not close what its parent
        # uses. In the process that made it, its owner has closed it.
        return
