"""Several calls at once, for those that wait for a network."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_THREADS = 8  # requests at once; SDKs keep 10 connections


def in_threads(call: Callable[[Any], T], items: list[Any]) -> list[T]:
    """Return what a call gives for each item, with several calls at once."""
    if len(items) < 2:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_THREADS, len(items))) as pool:
        return list(pool.map(call, items))
