"""`dotflow.testing.faults`, and what the core's own client does about it."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from dotflow.abc.notify import Notify
from dotflow.providers import ServerDefault
from dotflow.testing import TellingFaultContract, faulty_endpoint
from dotflow.testing.faults import EXTRA_FAULTS, FAULTS, MORE_FAULTS


class TestServerDefault(TellingFaultContract):
    """The shared promise of what tells, for the client that the core has."""

    family = "server"
    secrets = ("hush-hush",)

    def make_provider(self, url: Any) -> ServerDefault:
        return ServerDefault(url, "hush-hush", timeout=0.3, retry_for=0.5)


class NotifyRude(Notify):
    """A notifier that waits in the middle of the run, and lets errors out."""

    def __init__(self, url: str) -> None:
        self.url = url

    def hook_status_task(self, task: Any) -> None:
        try:
            urllib.request.urlopen(self.url, data=b"{}", timeout=0.2).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()  # it holds the answer, which is of no more use
            raise


class TestRudeNotifier(TellingFaultContract):
    """Even a notifier that takes no care of itself does not break a run."""

    family = "notify"
    # What drips holds it up for good: it has no limit in total.
    faults = tuple(k for k in EXTRA_FAULTS + MORE_FAULTS if k != "drips")

    def make_provider(self, url: Any) -> NotifyRude:
        return NotifyRude(url)


def test_refuses() -> None:
    """At a refusing endpoint nobody listens, and its port stays its own."""
    with faulty_endpoint("refuses") as url:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((url.host, url.port), timeout=60)
        with socket.socket() as other, pytest.raises(OSError):  # noqa: PT011
            other.bind((url.host, url.port))
        assert url.connections == 0


def test_500_takes_the_whole_request() -> None:
    """A 500 arrives, however long the request was."""
    with faulty_endpoint("500") as url:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, data=b"x" * 3_000_000, timeout=60)
        with caught.value as answer:
            assert answer.code == 500
        assert url.connections == 1


def test_slow_is_right_in_the_end() -> None:
    """A slow endpoint gives the answer that it was told to give."""
    with (
        faulty_endpoint("slow", delay=0.01, status=201, body=b"[1]") as url,
        urllib.request.urlopen(url, timeout=60) as answer,
    ):
        assert (answer.status, answer.read()) == (201, b"[1]")


@pytest.mark.parametrize("kind", ["garbage", "closes"])
def test_no_http(kind: str) -> None:
    """Garbage and a dropped connection are no HTTP, whatever was asked."""
    with faulty_endpoint(kind) as url, pytest.raises(Exception, match=r".") as caught:
        urllib.request.urlopen(url, timeout=60)
    assert not isinstance(caught.value, urllib.error.HTTPError)


@pytest.mark.parametrize("kind", ["hangs", "drips"])
def test_never_ends(kind: str) -> None:
    """An endpoint that never answers, or never ends, ends with the block."""
    with faulty_endpoint(kind) as url:
        connection = socket.create_connection((url.host, url.port), timeout=60)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        if kind == "drips":
            assert connection.recv(100)
        else:
            connection.setblocking(False)
            deadline = time.monotonic() + 60
            while not url.connections:
                assert time.monotonic() < deadline
            with pytest.raises(BlockingIOError):
                connection.recv(1)
    connection.close()


@pytest.mark.parametrize("kind", FAULTS + EXTRA_FAULTS + MORE_FAULTS)
def test_leaves_nothing(kind: str) -> None:
    """No thread of an endpoint outlives it, not even one whose client stays."""
    before = set(threading.enumerate())
    with faulty_endpoint(kind, delay=3600) as url:
        if kind != "refuses":
            client = socket.create_connection((url.host, url.port), timeout=60)
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert set(threading.enumerate()) <= before
    if kind != "refuses":
        client.close()


def test_unknown_fault() -> None:
    """A fault that is not known is refused with those that are."""
    with pytest.raises(ValueError, match="'hangs'"), faulty_endpoint("sulks"):
        pass
