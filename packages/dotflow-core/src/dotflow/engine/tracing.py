"""What a tracer puts around attempts, in whichever thread or process they run."""

from __future__ import annotations

from dotflow.abc.tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.executor import AnyExecutor
    from dotflow.model.events import EventBus
    from dotflow.model.outcome import Outcome
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
    submit = executor.submit

    def submit_traced(attempt: Attempt) -> Outcome | None:
        try:
            attempt.around = tracer.around(attempt.task)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            bus.report(type(tracer).__name__, error)
        return submit(attempt)

    # On the one instance: a run without a tracer pays nothing for any of this.
    executor.submit = submit_traced  # type: ignore[method-assign]
