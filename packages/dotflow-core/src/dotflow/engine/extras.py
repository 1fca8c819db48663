"""What a run takes from its storage beside checkpoints, whichever front end it has.

Named limits, kept results, requests to cancel it and its history: each only where the
run needs it, so that any other run pays for none.
"""

from __future__ import annotations

from dotflow.engine.control import CancelRequests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.model.action import Action
    from dotflow.model.events import EventBus
    from dotflow.model.run_info import RunInfo


def make_admission(
    steps: Iterable[Action[..., object]], storage: Storage, sizes: dict[str, int]
) -> Admission | None:
    """Return what keeps the limits and rates of steps; None where none has any.

    Args:
        steps: The steps of the run.
        storage: Where limits are shared with other processes, if it can be.
        sizes: The sizes of named limits.
    """
    guarded = [step for step in steps if step.guarded]
    if not any(step.limit is not None or step.rate is not None for step in guarded):
        return None
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.leases import Leases

    shared = storage.shared and any(step.limit is not None for step in guarded)
    return Admission(sizes, Leases(storage) if shared else None)


def make_cache(
    steps: Iterable[Action[..., object]], storage: Storage, refresh: bool
) -> ResultCache | None:
    """Return what finds and keeps the results of steps; None where none asks for it.

    Args:
        steps: The steps of the run.
        storage: Where results are kept.
        refresh: Whether they are computed again.
    """
    if not [step for step in steps if step.cache]:
        return None
    from dotflow.engine.limits.cache import ResultCache

    return ResultCache(storage, refresh)


def cancel_requests(
    storage: Storage, run: UUID | str, bus: EventBus
) -> Callable[[], str | None] | None:
    """Return what reads the requests of other processes; None where none can be left.

    Args:
        storage: Where they are left.
        run: What they name: a workflow, or a run.
        bus: Where a failure to read them is reported.
    """
    if not storage.shared:
        return None
    requests = CancelRequests(storage, run)

    def requested() -> str | None:
        try:
            return requests.read()
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            bus.report(type(storage).__name__, error)
            return None

    return requested


def record_history(
    storage: Storage, info: Callable[[], RunInfo], bus: EventBus
) -> None:
    """Have a run written down, where its storage keeps a history.

    Args:
        storage: The storage.
        info: Tells of the run.
        bus: The bus of the run.
    """
    try:
        history = storage.history
        recorder = None if history is None else history.recorder(info())
        if recorder is not None:
            recorder.connect(bus)
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        bus.report(f"The history of {type(storage).__name__}", error)
