"""`await workflow.astart(…)`: a run in a thread, beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from dotflow.engine.signals import guard_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.workflow.manager import Manager

_REASON = "the task that awaited it was cancelled"


async def run_beside(start: Callable[[], Manager]) -> Manager:
    """Start a run in a thread and await its end; who cancels that cancels the run.

    Args:
        start: Starts it, and returns while it goes on. It may block: on a storage, or
            until another run has ended.
    """
    guard_background()  # here: only the main thread may handle signals
    begun: list[Manager] = []
    given_up = threading.Event()

    def begin() -> Manager:
        run = start()
        begun.append(run)
        if given_up.is_set():
            run.cancel(_REASON)
        return run

    try:
        run = await asyncio.shield(asyncio.to_thread(begin))
    except asyncio.CancelledError:
        given_up.set()  # whoever comes second, here or there, sees the other
        for run in begun:
            await asyncio.to_thread(run.cancel, _REASON)
        raise
    if run.thread is None:
        return run  # it was skipped
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        try:
            loop.call_soon_threadsafe(over.set)
        except RuntimeError:
            pass  # the loop is closed: nobody waits

    run.thread.add_done_callback(tell)
    try:
        await over.wait()
    except asyncio.CancelledError:
        await asyncio.to_thread(run.cancel, _REASON)
        raise
    run.wait()
    if run.thread.error is not None:
        raise run.thread.error
    return run
