"""Retention: old runs are forgotten in small steps, between which others write."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from dotflow.errors import StorageError
from dotflow.logging import logger
from dotflow_server.store import ago

if TYPE_CHECKING:
    from dotflow_server.store import Store

STEP = 20
"""How many runs are forgotten between two looks whether others wait."""

PAUSE_SECONDS = 0.05
EVERY_SECONDS = 600.0


def forget_some(store: Store, days: float) -> int:
    """Forget a few of the runs that are older, and return how many.

    Args:
        store: The store.
        days: The age from which on a run is forgotten, unless it goes on.
    """
    old = store.history.runs(until=ago(days=days), limit=STEP)
    history = store.storage.history
    assert history is not None
    return sum(history.delete(run.run_id) for run in old)


async def forget_old(store: Store, days: float, stop: asyncio.Event) -> None:
    """Forget what becomes too old, until it is stopped.

    Args:
        store: The store.
        days: As of `forget_some`.
        stop: Set to end it.
    """
    while not stop.is_set():
        pause = PAUSE_SECONDS
        try:
            if not await run_in_threadpool(forget_some, store, days):
                pause = EVERY_SECONDS
        except StorageError as error:
            pause = EVERY_SECONDS
            logger.warning("Old runs stay for now: %s", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
