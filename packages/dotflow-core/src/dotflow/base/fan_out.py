"""`FanOut`: several providers of one family as one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


class FanOut:
    """Forwards calls to several providers, in their order.

    A subclass names its family. What the family is told, each method that returns
    nothing, it then tells each part. One that raises is reported once, by its own name,
    and does not disturb the others.

    Args:
        parts: The providers; one that is itself made of several counts as these.
    """

    def __init_subclass__(cls, family: type | None = None) -> None:
        for name, method in vars(family).items() if family else ():
            notes = getattr(method, "__annotations__", {})
            if (
                name[0] != "_"
                and name not in vars(cls)
                and notes.get("return") == "None"
            ):
                setattr(cls, name, _told(method))

    def __init__(self, parts: Iterable[Any]) -> None:
        found: list[Any] = []
        for part in parts:
            found.extend(part.parts if isinstance(part, FanOut) else (part,))
        self.parts: tuple[Any, ...] = tuple(found)
        self._reported: set[int] = set()

    @property
    def active(self) -> bool:
        """Whether any of them does anything."""
        return any(getattr(part, "active", True) for part in self.parts)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until what they deliver in the background has arrived.

        Args:
            timeout: The most seconds that all of them together may take.

        Returns:
            Whether all of it has.
        """
        import time

        deadline = None if timeout is None else time.monotonic() + timeout
        done = True
        for index, part in enumerate(self.parts):
            flush = getattr(part, "flush", None)
            if flush is None or not getattr(part, "active", True):
                continue
            # They deliver at the same time: whoever waits last has had all of it.
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                done = flush(left) is not False and done
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._report(index, error)
                done = False
        return done

    def close(self) -> None:
        """Close those that can be closed."""
        for index, part in enumerate(self.parts):
            close = getattr(part, "close", None)
            if close is not None:
                try:
                    close()
                except Exception as error:  # noqa: BLE001 - as above
                    self._report(index, error)

    def tell(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Call a method of each that is active.

        Args:
            method: The method's name.
            args: Its arguments.
            kwargs: Its named arguments.
        """
        for index, part in enumerate(self.parts):
            try:
                if getattr(part, "active", True):
                    getattr(part, method)(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - as above
                self._report(index, error)

    def __repr__(self) -> str:
        # Names only: a provider may hold a token.
        names = ", ".join(type(part).__name__ for part in self.parts)
        return f"{type(self).__name__}([{names}])"

    def _report(self, index: int, error: Exception) -> None:
        if index in self._reported:
            return
        self._reported.add(index)
        from dotflow.logging import warn

        warn(
            "%s failed and was ignored; further failures of it are not reported",
            type(self.parts[index]).__name__,
            error=error,
        )


def _told(method: Callable[..., None]) -> Callable[..., None]:
    """Return a method that calls this one of each part, documentation and all."""
    name = method.__name__

    def tell_all(self: FanOut, *args: Any, **kwargs: Any) -> None:
        self.tell(name, *args, **kwargs)

    tell_all.__name__ = name
    tell_all.__doc__ = method.__doc__
    tell_all.__wrapped__ = method  # type: ignore[attr-defined]  # for its signature
    return tell_all
