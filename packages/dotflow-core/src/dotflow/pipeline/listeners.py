"""`RunListeners`: who hears the events of a pipeline's run, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.guard import STOPS
from dotflow.pipeline.state_writer import StateWriter, Unretained
from dotflow.pipeline.tellers import HookTeller, RunLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from dotflow.model.events import EventBus
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.state import StateStoreProtocol


class RunListeners:
    """The store's listener first, then the log and the hooks; results are dropped last.

    So whoever is told of a change finds it written, and a hook still sees the result
    that nobody else needs.

    Args:
        plan: What runs.
        store: The state store.
        run_id: The run.
        hooks: The hooks.
        logger: The logger.
    """

    def __init__(
        self,
        plan: Plan,
        store: StateStoreProtocol,
        run_id: str,
        hooks: HookDispatcher,
        logger: Logger,
    ) -> None:
        name = plan.dag.name
        self._store = store
        self._run_id = run_id
        self._reported_as = f"The state of pipeline '{name}'"
        self._writer = StateWriter(store, run_id)
        self._tellers: list[RunLog | HookTeller] = [RunLog(logger, run_id, name)]
        if hooks.hooks:
            self._tellers.append(HookTeller(hooks, run_id, name))
        self._bus: EventBus
        # Last, so that everybody else has seen what is let go.
        self._last = [Unretained(plan, store, run_id)] if plan.transient else []

    def connect(self, bus: EventBus) -> None:
        """Listen to what is of use to somebody, and to nothing else."""
        self._bus = bus
        self._writer.connect(bus, self._reported_as)
        for teller in self._tellers:
            self._tell(teller.connect, bus, self._reported_as)
        for listener in self._last:
            listener.connect(bus, self._reported_as)

    def begin(self) -> None:
        """Tell that the run begins."""
        for teller in self._tellers:
            self._tell(teller.begin)

    def end(self, interrupted: bool, reason: str | None = None) -> None:
        """Note how the run ended, and tell it.

        Args:
            interrupted: Whether it ended early.
            reason: Why, if somebody has asked for it.

        Raises:
            Exception: The state store failed.
        """
        if interrupted:
            rest = self._writer.cancel_rest(reason)
            for teller in self._tellers:
                self._tell(teller.rest_cancelled, rest)
        self._store.finalize_run_if_done(self._run_id)
        for teller in self._tellers:
            self._tell(teller.end, self._status)

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        try:
            call(*args)
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - telling never breaks running
            self._bus.report(self._reported_as, error)

    def _status(self) -> str:
        return self._store.get_run(self._run_id).status
