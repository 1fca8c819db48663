"""Reads a rate such as `"10/s"`."""

from __future__ import annotations

from functools import lru_cache

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@lru_cache(maxsize=128)
def parse_rate(rate: str) -> tuple[int, float]:
    """Return how many starts a rate allows in how many seconds.

    Args:
        rate: `"<count>/<period>"`; the period is one of `s`, `m`, `h`, `d`, with or
            without a number before it: `"10/s"`, `"100/5m"`.

    Raises:
        InvalidTask: It is no such text.
    """
    count, slash, period = str(rate).replace(" ", "").partition("/")
    number, unit = period[:-1] or "1", period[-1:]
    if slash and count.isdecimal() and number.isdecimal() and unit in _UNITS:
        starts, seconds = int(count), int(number) * _UNITS[unit]
        if starts > 0 and seconds > 0:
            return starts, seconds
    from dotflow.errors import InvalidTask

    raise InvalidTask(
        f"@action(rate={rate!r}): write it as '10/s', '100/m', '5/10s' or '1000/h'."
    )
