"""Decorators for functions that return a task."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def time(func: Callable[P, T]) -> Callable[P, T]:
    """Set `duration`, in seconds, on the object that the function returns.

    Raises:
        AttributeError: When the function is called and returns an object that takes no
            attribute of that name.
    """

    @wraps(func)
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        from time import perf_counter

        start = perf_counter()
        returned = func(*args, **kwargs)
        returned.duration = perf_counter() - start  # type: ignore[attr-defined]
        return returned

    return timed
