"""`OneTry`: what Dask's scheduler does otherwise for attempts of dotflow."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import TYPE_CHECKING, Any

from distributed.diagnostics.plugin import SchedulerPlugin

from dotflow_dask.keys import is_ours
from dotflow_dask.on_worker import stop_all_of

if TYPE_CHECKING:
    from distributed.scheduler import Scheduler

logger = logging.getLogger("dotflow.dask")


class OneTry(SchedulerPlugin):
    """Has each attempt run once, and stops those whose driver has gone.

    It touches nobody else's tasks: what it does hangs on the keys of dotflow's own.

    - The death of a worker fails what was assigned to it, at once: the run that hears of
      it knows what of that had begun, and which step may be tried again.
    - A result that is lost with its worker is not made again unseen. Without a
      specification it is to Dask what was scattered: data that nothing can recompute.
    - News of an attempt go to the client of its run alone, and are kept nowhere.
    """

    name = "dotflow-one-try"
    idempotent = True

    async def start(self, scheduler: Scheduler) -> None:
        """Take part in what the scheduler does."""
        self.scheduler = scheduler
        scheduler.stream_handlers["dotflow-news"] = self.pass_on
        self._stopping: set[asyncio.Task[Any]] = set()

    def pass_on(self, worker: str, client: str, topic: str, message: Any) -> None:
        """Send to its client what a worker tells of an attempt."""
        event = {"op": "event", "topic": topic, "event": (0.0, message)}
        self.scheduler.report(event, client=client)

    def transition(
        self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any
    ) -> None:
        """Keep Dask from running an attempt twice."""
        if not is_ours(key):
            return
        task = self.scheduler.tasks.get(key)
        if task is None or task.run_spec is None:
            return
        if finish == "processing":
            task.suspicious = self.scheduler.allowed_failures
        elif finish == "memory":
            task.run_spec = None

    def remove_client(self, scheduler: Scheduler, client: str) -> None:
        """Stop what a client has left running: nobody would hear of its end."""
        message = {
            "op": "run",
            "function": pickle.dumps(stop_all_of),
            "args": pickle.dumps((client,)),
            "wait": False,
        }
        stopping = asyncio.ensure_future(self._stop(message))
        self._stopping.add(stopping)  # or it might be collected before it has run
        stopping.add_done_callback(self._stopping.discard)

    async def _stop(self, message: dict[str, Any]) -> None:
        try:
            await self.scheduler.broadcast(msg=message, on_error="ignore")
        except Exception:  # a scheduler that is closing
            logger.debug("What a client left could not be stopped", exc_info=True)
