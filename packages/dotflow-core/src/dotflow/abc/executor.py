"""`Executor` and `AsyncExecutor`: where attempts run, and how many at once."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance


class AnyExecutor(ABC):
    """What both kinds of executor share.

    Attributes:
        slots: How many attempts may be in flight; known once it is open.
    """

    slots: int = 1

    @abstractmethod
    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Get ready to run attempts of these tasks.

        Args:
            tasks: All tasks of the run.
            max_parallel: The bound on attempts at once; None for the executor's own.

        Raises:
            DotflowError: A task cannot run here; nothing has run yet.
        """

    @abstractmethod
    def submit(self, attempt: Attempt) -> Outcome | None:
        """Run an attempt: return its outcome at once, or None and tell it in `wait`."""


class Executor(AnyExecutor):
    """Runs attempts; knows nothing of graphs, retries or storages.

    The engine opens it, submits at most `slots` attempts at a time, waits for their
    outcomes and closes it, all from one thread. An implementation is found through the
    entry-point group `dotflow.executors`, whose names are the values of `start(mode=…)`.

    Attributes:
        blocks: Whether `submit` runs the attempt before it returns.
    """

    blocks: bool = False

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise `error` in the attempt that `submit` runs; called from another thread.

        Only asked of an executor that `blocks`.
        """

    @abstractmethod
    def wait(self, timeout: float | None) -> list[Outcome]:
        """Wait for outcomes of submitted attempts.

        Args:
            timeout: The longest wait in seconds, None for no bound.

        Returns:
            At least one outcome, or none when the time is over.
        """

    @abstractmethod
    def close(self, kill: bool = False) -> None:
        """Release everything; afterwards no thread or process of it is left.

        Args:
            kill: Stop attempts that still run instead of waiting for them.
        """


class AsyncExecutor(AnyExecutor):
    """An executor that waits in an event loop instead of blocking its thread."""

    @abstractmethod
    async def wait(self, timeout: float | None) -> list[Outcome]:
        """Wait for outcomes of submitted attempts; see `Executor.wait`."""

    @abstractmethod
    async def close(self, kill: bool = False) -> None:
        """Release everything; see `Executor.close`."""


def attempts_at_once(tasks: Sequence[TaskInstance], bound: int) -> int:
    """Return how many attempts of these tasks there can be at once, up to a bound.

    A task has one at a time, a mapped one as many as there are items.
    """
    if any(task.expansion is not None for task in tasks):
        return bound
    return max(1, min(len(tasks), bound))
