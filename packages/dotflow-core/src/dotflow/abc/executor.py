"""`Executor` and `AsyncExecutor`: where attempts run, and how many at once."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance
    from dotflow.types import ModeName, Reach

    # What says where a workflow runs: by name, or the executor itself.
    ModeChoice: TypeAlias = "ModeName | AnyExecutor | Callable[[], AnyExecutor]"


class AnyExecutor(ABC):
    """What both kinds of executor share.

    Attributes:
        slots: How many attempts may be in flight; known once it is open.
        shares: Whether attempts are given the very values of this process, which they
            could change in place; False where each gets copies.
        in_process: Whether attempts run in this process, so that a map can take the
            items of a generator as it goes; known once it is open.
        name: What reports call the mode where the executor itself is given; by default
            the name of its class.
        reach: From where its attempts can read and write a storage; see `Storage.reach`.
            None where results always come to this process, which stores them.
    """

    shares: bool = True
    name: str = ""
    reach: Reach | None = None

    slots: int = 1
    in_process: bool = False

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
    """An executor that waits in an event loop instead of blocking its thread.

    Attributes:
        keep_ahead: What may be called with outcomes that have come in, in the thread of
            the loop and before `wait` returns them, lest too many be lost by a kill.
    """

    keep_ahead: Callable[[Sequence[Outcome]], None] | None = None

    def interrupt(self, error: type[BaseException]) -> None:
        """End `wait` soon, as the run is to end; called from another thread.

        Args:
            error: To raise in a step that blocks the loop.
        """

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
