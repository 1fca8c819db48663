"""How a run is carried out: here and now, or beside others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.engine.background import BackgroundThread, end_all
from dotflow.logging import logger

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PARALLEL = 10


class Runs:
    """Runs in the thread of the schedule, so that there is never more than one.

    Args:
        workflow: Called for each run.
    """

    def __init__(self, workflow: Callable[[], object]) -> None:
        self._workflow = workflow

    def begin(self) -> None:
        """Run the workflow; what it raises is logged, and the schedule goes on."""
        try:
            self._workflow()
        except SystemExit as error:
            logger.error(
                "A step of a scheduled run called sys.exit(%s); the schedule goes on.",
                "" if error.code is None else repr(error.code),
            )
        except Exception:  # noqa: BLE001 - the next run may do better
            logger.exception("A scheduled run has failed; the schedule goes on.")

    def wait(self) -> None:
        """Wait for the runs that go on."""

    def interrupt(self) -> None:
        """End the runs that go on."""


class ParallelRuns(Runs):
    """Runs in a thread each, a limited number at once."""

    def __init__(self, workflow: Callable[[], object]) -> None:
        super().__init__(workflow)
        self._threads: list[BackgroundThread] = []

    def begin(self) -> None:
        """Start a run, unless there are too many."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= MAX_PARALLEL:
            logger.warning(
                "A scheduled run was dropped: %d others are still going on.",
                MAX_PARALLEL,
            )
            return
        thread = BackgroundThread(super().begin, wait_at_exit=False)
        try:
            thread.start()
        except RuntimeError as error:  # the machine has no more threads to give
            logger.warning("A scheduled run could not start: %s.", error)
            return
        self._threads.append(thread)

    def wait(self) -> None:
        """Wait for the runs that go on."""
        for thread in self._threads:
            thread.join()

    def interrupt(self) -> None:
        """End the runs that go on, as Ctrl-C ends any other."""
        end_all(threads=self._threads)
