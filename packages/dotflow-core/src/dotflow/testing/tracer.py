"""`TracerContract`: what every tracer must do."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from dotflow.model.outcome import Failure
from dotflow.testing._provider import ProviderContract
from dotflow.testing.tasks import tasks_in_every_status
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.abc.tracer import Tracer


class TracerContract(ProviderContract):
    """Tests of a `Tracer`, for pytest and, as a mixin, for `unittest.TestCase`.

    A run begins, its tasks and their attempts begin and end, the run ends.

    Example:
        ```python
        class TestMine(TracerContract):
            def make_tracer(self) -> Tracer:
                return Mine()
        ```
    """

    def make_tracer(self) -> Tracer:
        """Return a new tracer. Override this."""
        raise NotImplementedError

    def _make(self) -> Tracer:
        return self.make_tracer()

    def _use(self, provider: Any) -> None:
        workflow = "contract-workflow"
        self.call(provider.start_workflow, workflow, mode="sequential", tasks_count=8)
        for task in tasks_in_every_status():
            self.call(provider.start_task, task)
            self.call(provider.start_attempt, task)
            around = self.call(provider.around, task)
            if around is not None:
                self._enter(around)
                self._enter(pickle.loads(pickle.dumps(around)))
            if task.errors:
                failure = Failure(TypeOutcome.FAILED, "ValueError", "No such file")
                self.call(provider.end_attempt, task, failure, 0.5)
                self.call(provider.end_attempt, task, failure)
            else:
                self.call(provider.end_attempt, task)
            self.call(provider.end_task, task)
        self.call(provider.end_workflow, workflow, duration=1.5, failed=True)

    def _enter(self, around: Any) -> None:
        def enter() -> None:
            with around():
                pass

        self.call(enter)
