"""`Scheduler`: what runs a workflow again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Scheduler(ABC):
    """The base of every scheduler.

    Attributes:
        active: Whether the scheduler does anything.
    """

    active: bool = True

    @abstractmethod
    def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
        """Block, and call `workflow(**kwargs)` on each tick until `stop`.

        Args:
            workflow: What to run, usually the `start` of a `DotFlow`.
            kwargs: Passed on to it.
        """

    @abstractmethod
    def stop(self) -> None:
        """Make `start` return. It may be called from another thread or a signal."""

    def trigger(self) -> bool:
        """Begin a run now, or once the one that goes on has ended; from any thread.

        A scheduler that begins none but at its own times leaves this out.

        Returns:
            Whether a run will begin.
        """
        return False
