"""What an attempt holds of named limits, known to the runs that are started within it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar

from dotflow.abc.around import before_each, entered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotflow.abc.executor import AnyExecutor
    from dotflow.model.outcome import Around
    from dotflow.model.task import Attempt

_held: ContextVar[tuple[tuple[str, str], ...]] = ContextVar(
    "dotflow_limits", default=()
)


def holders_around(name: str) -> set[str]:
    """Return who holds a limit on behalf of the attempt that this is called in.

    Args:
        name: The limit.

    Returns:
        Owners of slots, as whoever keeps the slots knows them; of outer attempts, too.
    """
    return {owner for held, owner in _held.get() if held == name}


class Holding:
    """Tells an attempt, in whichever thread or process it runs, what it holds.

    Args:
        name: The limit.
        owner: Who holds it.
        around: What else goes around the attempt.
    """

    __slots__ = ("around", "name", "owner")

    def __init__(self, name: str, owner: str, around: Around | None) -> None:
        self.name = name
        self.owner = owner
        self.around = around

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Be within it."""
        token = _held.set((*_held.get(), (self.name, self.owner)))
        try:
            with entered(self.around):
                yield
        finally:
            _held.reset(token)


def tell_holders(executor: AnyExecutor, owner: str) -> None:
    """Send along with each attempt what it holds.

    Args:
        executor: The executor of the run, of either kind.
        owner: Who holds the slots of the run.
    """

    def hold(attempt: Attempt) -> None:
        limit = attempt.task.step.limit
        if limit is not None:
            attempt.around = Holding(limit, owner, attempt.around)

    before_each(executor, hold)
