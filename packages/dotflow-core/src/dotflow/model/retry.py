"""When a failed attempt is followed by another, and after how long."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_ANY = (Exception,)


class RetryPolicy:
    """The one implementation of retry, delay, backoff and jitter.

    The arguments are those of an `@action`; see `ActionOptions` and `TaskOptions`. No
    attempts count as 1, since a task always runs once. With jitter a delay is between
    `(1 - jitter) * delay` and `delay`.

    Raises:
        InvalidTask: A value is out of range or of a wrong type.
    """

    __slots__ = ("attempts", "backoff", "delay", "jitter", "max_delay", "retry_on")

    def __init__(
        self,
        attempts: int = 1,
        delay: float = 1,
        backoff: bool = False,
        retry_on: type[BaseException] | tuple[type[BaseException], ...] = _ANY,
        jitter: float = 0,
        max_delay: float | None = None,
    ) -> None:
        self.attempts = _whole_number("retry", attempts)
        self.delay = float(checked_seconds("retry_delay", delay))
        self.backoff = checked_flag("backoff", backoff)
        self.retry_on = _exception_types(retry_on)
        amount = float(jitter) if jitter is True else jitter
        self.jitter = float(checked_seconds("jitter", amount))
        if self.jitter > 1:
            _refuse("jitter", jitter, "a part of the delay, 0 to 1")
        self.max_delay = max_delay
        if max_delay is not None:
            self.max_delay = float(checked_seconds("max_delay", max_delay))

    def allows(self, attempt: int, error: BaseException) -> bool:
        """Say whether `error` in attempt number `attempt` is worth another one."""
        return attempt < self.attempts and issubclass(type(error), self.retry_on)

    def delay_after(self, attempt: int) -> float:
        """Return the seconds to wait after attempt number `attempt` (from 1)."""
        # 2.0 ** 1024 overflows, and no bound is that far away.
        delay = (
            self.delay * 2.0 ** min(attempt - 1, 1000) if self.backoff else self.delay
        )
        if self.max_delay is not None:
            delay = min(delay, self.max_delay)
        if self.jitter:
            import random

            delay *= 1 - self.jitter * random.random()
        return delay


def _exception_types(value: Any) -> tuple[type[BaseException], ...]:
    types = value if isinstance(value, tuple) else (value,)
    if not types or not all(
        isinstance(t, type) and issubclass(t, BaseException) for t in types
    ):
        _refuse("retry_on", value, "an exception class or a tuple of them")
    return types


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _refuse(name, value, "a whole number, 0 or more")
    return int(value)


def checked_seconds(name: str, value: Any) -> float:
    """Return an option that is a number of seconds, and refuse any other."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        _refuse(name, value, "a number of seconds, 0 or more")
    return value  # type: ignore[no-any-return]


def checked_flag(name: str, value: Any) -> bool:
    """Return an option that is a flag; dotflow 1.x took 1, 0 and None as well."""
    if not (value is None or isinstance(value, int)):
        _refuse(name, value, "True or False")
    return bool(value)


def _refuse(name: str, value: Any, expected: str) -> None:
    from dotflow.errors import InvalidTask

    raise InvalidTask(f"@action({name}={value!r}): give {expected}.")
