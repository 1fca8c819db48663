"""`RunListeners`: who hears the events of a pipeline's run, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.pipeline.state_writer import StateWriter, Unretained
from dotflow.pipeline.tellers import HookTeller, RunLog

if TYPE_CHECKING:
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
        self._unretained = Unretained(plan, store, run_id)

    def connect(self, bus: EventBus) -> None:
        """Listen to what is of use to somebody, and to nothing else."""
        for listener in (self._writer, *self._tellers, self._unretained):
            listener.connect(bus, self._reported_as)

    def begin(self) -> None:
        """Tell that the run begins."""
        for teller in self._tellers:
            teller.begin()

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
                teller.rest_cancelled(rest)
        self._store.finalize_run_if_done(self._run_id)
        for teller in self._tellers:
            teller.end(self._status)

    def _status(self) -> str:
        return self._store.get_run(self._run_id).status
