"""What a tracer puts around attempts, in whichever thread or process they run."""

from __future__ import annotations

from dotflow.abc.around import before_each
from dotflow.abc.tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.executor import AnyExecutor
    from dotflow.model.events import EventBus
    from dotflow.model.task import Attempt


def trace_attempts(executor: AnyExecutor, tracer: Tracer, bus: EventBus) -> None:
    """Send what `tracer` wants around an attempt along with it.

    Args:
        executor: The executor of the run, of either kind.
        tracer: An active tracer.
        bus: Where a failure of it is reported.
    """
    if type(tracer).around is Tracer.around:
        return

    def trace(attempt: Attempt) -> None:
        try:
            attempt.around = tracer.around(attempt.task)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            bus.report(type(tracer).__name__, error)

    before_each(executor, trace)
