"""`Outbox`: a bounded queue that, when full, gives up what matters least."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.delivery.message import Message


class Outbox:
    """Messages in the order they came in. It is not locked: its owner is.

    When it is full, the oldest message made obsolete by a later one goes first, then
    the oldest report of a task's state, then the oldest of all.

    Args:
        max_messages: The most messages it holds.
        max_weight: The most characters of text in their payloads. One message alone may
            be heavier.
    """

    def __init__(self, max_messages: int, max_weight: int) -> None:
        self._max_messages = max_messages
        self._max_weight = max_weight
        self._next = 0
        self._weight = 0
        # All by running number; a dict keeps the order and forgets in constant time.
        self._messages: dict[int, Message] = {}
        self._states: dict[int, None] = {}
        self._obsolete: dict[int, None] = {}
        self._latest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> int:
        """Append a message.

        Args:
            message: The message.

        Returns:
            How many messages were given up for it.
        """
        number = self._next
        self._next += 1
        self._messages[number] = message
        self._weight += message.weight
        if message.subject is not None:
            before = self._latest.get(message.subject)
            if before is not None:
                self._obsolete[before] = None
            self._latest[message.subject] = number
            self._states[number] = None
        dropped = 0
        while len(self._messages) > 1 and self._is_full():
            self._remove(self._least())
            dropped += 1
        return dropped

    def pop(self) -> Message:
        """Remove and return the oldest message."""
        return self._remove(next(iter(self._messages)))

    def drop_obsolete(self) -> None:
        """Keep only the last state of each task."""
        for number in list(self._obsolete):
            self._remove(number)

    def clear(self) -> int:
        """Give up everything; return how many messages that was."""
        count = len(self._messages)
        for number in list(self._messages):
            self._remove(number)
        return count

    def _is_full(self) -> bool:
        return (
            len(self._messages) > self._max_messages or self._weight > self._max_weight
        )

    def _least(self) -> int:
        for candidates in (self._obsolete, self._states, self._messages):
            # The newest is the message that is being put: it is never given up.
            number = next(iter(candidates), None)
            if number is not None and number != self._next - 1:
                return number
        raise AssertionError(
            "unreachable: the oldest of two messages is not the newest"
        )

    def _remove(self, number: int) -> Message:
        message = self._messages.pop(number)
        self._weight -= message.weight
        self._states.pop(number, None)
        self._obsolete.pop(number, None)
        if message.subject is not None and self._latest.get(message.subject) == number:
            del self._latest[message.subject]
        return message
