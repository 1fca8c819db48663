"""`UrllibRequest`: the total of an answer is bounded, in time and in size."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dotflow.delivery.http import UrllibRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def dripping(head: bytes, part: bytes, pause: float) -> Iterator[str]:
    """Serve an answer that never ends, a part at a time."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(head)
                while not over.wait(pause):
                    connection.sendall(part)
            except OSError:
                pass  # the client has gone, as it should

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    "head", [b"", HEAD + b"X: ", HEAD + b"Content-Length: 9999\r\n\r\n"]
)
def test_a_drip_is_no_answer(head: bytes) -> None:
    """An answer that comes byte by byte takes its time in total, not for each byte."""
    with dripping(head, b"z", 0.02) as url:
        begin = time.monotonic()
        with pytest.raises(OSError, match=r"too long|timed out"):
            UrllibRequest().ask("GET", url, None, None, 0.5, 9999)
        assert time.monotonic() - begin < 20


def test_an_endless_body_is_cut() -> None:
    """Of a body without end only the beginning is read."""
    with dripping(HEAD + b"\r\n", b"z" * 65536, 0) as url:
        status, _, body = UrllibRequest().ask("GET", url, None, None, 60, 1000)
        assert (status, body) == (200, b"z" * 1000)
