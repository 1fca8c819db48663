"""What keeps the limits, the rates and the caches of the steps of one run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.abc.executor import AnyExecutor
    from dotflow.abc.storage import Storage
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.limits.leases import Leases
    from dotflow.engine.limits.slots import MemorySlots
    from dotflow.model.action import Action
    from dotflow.model.options import RunOptions


def keep_guards(
    steps: Sequence[Action[..., object]],
    executor: AnyExecutor,
    storage: Storage,
    options: RunOptions,
) -> tuple[Admission | None, ResultCache | None]:
    """Return what keeps the limits and rates of steps, and their results.

    Args:
        steps: Those that have any.
        executor: Where attempts run.
        storage: Where slots and results are.
        options: What the run was given: its limits, and whether caches are refreshed.
    """
    admission = cache = None
    if any(step.cache for step in steps):
        from dotflow.abc.executor import AsyncExecutor
        from dotflow.engine.limits.cache import ResultCache

        cache = ResultCache(
            storage,
            options["refresh_cache"],
            awaits=isinstance(executor, AsyncExecutor),
        )
        cache.check(steps)
    limited = any(step.limit is not None for step in steps)
    if limited or any(step.rate is not None for step in steps):
        from dotflow.engine.limits.admission import Admission

        leases = _leases(storage) if limited else None
        admission = Admission(options["limits"] or {}, leases)
        if leases is not None:
            from dotflow.engine.limits.holding import tell_holders

            tell_holders(executor, leases.owner)
    return admission, cache


def _leases(storage: Storage) -> Leases | MemorySlots:
    """Return the slots of limits, which all runs on one storage share."""
    if storage.shared:
        from dotflow.engine.limits.leases import Leases

        return Leases(storage)
    from dotflow.engine.limits.slots import MemorySlots

    return MemorySlots(storage)
