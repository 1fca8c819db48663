"""`Expanded`: a task that is more than one attempt, while it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.model.outcome import Outcome


class Expanded(ABC):
    """A task with an expansion while it runs."""

    __slots__ = ()

    @abstractmethod
    def advance(self) -> None:
        """Start the next attempt, if there is one that can start.

        It is called when the task stands first in the ready queue and a slot is free.
        """

    @abstractmethod
    def settle(self, outcome: Outcome) -> None:
        """Take note of the end of an attempt that did not end at once."""

    def keep(self, outcome: Outcome) -> bool:
        """Store a result ahead of `settle`, if it has a place of its own.

        Returns:
            Whether it is stored.

        Raises:
            Exception: It is not; `settle` then tries again, and tells why.
        """
        return False

    @abstractmethod
    def wake(self) -> None:
        """Go on: the time that an attempt had to wait is over."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds: the run was ended, and it will not go on."""
