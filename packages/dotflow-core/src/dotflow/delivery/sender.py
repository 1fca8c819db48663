"""`Sender`: one way to tell a remote service something, one attempt at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.delivery.message import Message


class Unreachable(Exception):
    """Nothing came of an attempt, and another one may do better.

    Args:
        problem: What went wrong, one clause. It ends up in a log: no token in it.
        wait: The seconds for which the service has asked to be left alone.
    """

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class Refused(Exception):
    """The service answered that it will not take this message.

    Args:
        text: A sentence that says what and why. It ends up in a log: no token in it.
        kind: What the refusals have in common of which only the first is reported,
            such as a status code.
    """

    def __init__(self, text: str, kind: object = "refused") -> None:
        super().__init__(text)
        self.kind = kind


class Sender(ABC):
    """What a `Delivery` sends through; made, used and closed in its thread."""

    @abstractmethod
    def send(self, message: Message) -> float | None:
        """Make one attempt to send a message.

        Args:
            message: The message.

        Returns:
            The seconds for which the service is to be left alone before the next
            message; None or 0 for none.

        Raises:
            Unreachable: It may be tried again.
            Refused: There is no use in that.
        """

    @abstractmethod
    def abort(self) -> None:
        """End, from another thread, an attempt that is waiting, and refuse others."""

    def close(self) -> None:  # noqa: B027 - many senders hold nothing open
        """Give back what is open; the sender is not used any more."""
