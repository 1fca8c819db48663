"""`Outlet`: where an attempt tells what its step tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outlet(Protocol):
    """The bus of a run, or a way to it from another process."""

    @property
    def kinds(self) -> frozenset[type]:
        """What somebody listens to: classes of events."""

    def post(
        self, attempt: Any, kind: Any, detail: Mapping[str, Any], moment: float
    ) -> None:
        """Have something told, without waiting for anything.

        Args:
            attempt: Who tells, an `Attempt`.
            kind: The class of the event.
            detail: What is told, in values that JSON can hold.
            moment: When, in seconds since the epoch.
        """


class AttemptOutput(Protocol):
    """What an attempt prints and logs."""

    def hear(self, stream: str, text: str) -> None:
        """Take note of what was written.

        Args:
            stream: `"stdout"`, `"stderr"` or `"log"`.
            text: What it was.
        """
