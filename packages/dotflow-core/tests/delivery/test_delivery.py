"""`Delivery` with a sender of our own: what it retries, waits for, gives up, reports."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dotflow.delivery import Delivery, Message, Refused, Sender, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Told(Sender):
    """A sender that does as it is told, by one entry a message or an attempt.

    An exception is raised, a number is returned; after the last entry all goes well.
    """

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.sent: list[Any] = []
        self.times: list[float] = []
        self.closed = 0
        self.gate = threading.Event()
        self.gate.set()

    def send(self, message: Message) -> float | None:
        self.gate.wait(60)
        self.sent.append(message.payload)
        self.times.append(time.monotonic())
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        return step

    def abort(self) -> None:
        self.gate.set()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def deliver() -> Iterator[Callable[..., Delivery]]:
    """Make deliveries that are closed, without waiting, when the test ends."""
    made: list[Delivery] = []

    def make(sender: Any, **options: Any) -> Delivery:
        options = {"timeout": 1.0, "retry_for": 30.0, **options}
        open_sender = sender if callable(sender) else lambda: sender
        made.append(Delivery(open_sender, "the post office", **options))
        return made[-1]

    yield make
    for delivery in made:
        delivery.close(0)


def test_order(deliver: Any) -> None:
    """Messages arrive in order, once each, and the sender is closed after them."""
    sender = Told()
    delivery = deliver(sender)
    for number in range(100):
        delivery.put(Message(number))
    assert delivery.flush(60)
    assert sender.sent == list(range(100))
    assert sender.closed == 1


def test_a_rest_after_success(deliver: Any) -> None:
    """A service that asks for a rest gets it before the next message."""
    sender = Told(0.3)
    delivery = deliver(sender)
    delivery.put(Message("a"))
    delivery.put(Message("b"))
    assert delivery.flush(60)
    assert sender.times[1] - sender.times[0] >= 0.3


def test_a_rest_outlasts_the_message(deliver: Any, caplog: Any) -> None:
    """Asked for more than a message's time, it sends nothing meanwhile at all."""
    sender = Told(Unreachable("come back later", wait=3600))
    delivery = deliver(sender, retry_for=0.2)
    for name in ("a", "b", "c"):
        delivery.put(Message(name))
    assert delivery.flush(60)
    assert sender.sent == ["a"]
    assert delivery.dropped == 3
    [record] = caplog.records
    assert "The post office cannot be reached: come back later." in record.getMessage()


def test_refusals_are_told_apart(deliver: Any, caplog: Any) -> None:
    """Each kind of refusal is reported once, and none is tried again."""
    sender = Told(Refused("No stamp.", 1), Refused("No stamp.", 1), Refused("Torn.", 2))
    delivery = deliver(sender)
    for name in ("a", "b", "c", "d"):
        delivery.put(Message(name))
    assert delivery.flush(60)
    assert sender.sent == ["a", "b", "c", "d"]
    assert [record.getMessage()[:8] for record in caplog.records] == [
        "No stamp",
        "Torn. Fu",
    ]


def test_a_sender_that_cannot_be_made(deliver: Any, caplog: Any) -> None:
    """A library that is missing is reported by type, once, and nothing hangs."""

    def broken() -> Sender:
        raise ImportError("a text that might hold a token")

    delivery = deliver(broken)
    for name in ("a", "b"):
        delivery.put(Message(name, label="a letter"))
    assert delivery.flush(60)
    [record] = caplog.records
    assert "a letter: ImportError" in record.getMessage()
    assert "token" not in caplog.text


def test_a_sender_that_cannot_be_closed(deliver: Any, caplog: Any) -> None:
    """A sender that fails to close has sent everything all the same."""

    class Stuck(Told):
        def close(self) -> None:
            raise OSError("no")

    sender = Stuck()
    delivery = deliver(sender)
    delivery.put(Message("a"))
    assert delivery.flush(60)
    assert sender.sent == ["a"]


def test_closing_ends_an_attempt(deliver: Any, caplog: Any) -> None:
    """A delivery that is closed breaks off what hangs, and says that it was lost."""
    sender = Told(None, Unreachable("it is closed"))
    sender.gate.clear()
    delivery = deliver(sender)
    for name in ("a", "b", "c"):
        delivery.put(Message(name))
    assert not delivery.close(0)
    assert delivery.flush(60)
    assert delivery.dropped >= 2
    assert "have not reached the post office" in caplog.text
