"""`MetricsContract`: what every metrics provider must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.testing._provider import ProviderContract
from dotflow.testing.tasks import tasks_in_every_status

if TYPE_CHECKING:
    from dotflow.abc.metrics import Metrics


class MetricsContract(ProviderContract):
    """Tests of a `Metrics`, for pytest and, as a mixin, for `unittest.TestCase`.

    Runs and tasks are counted as they begin and end.

    Example:
        ```python
        class TestMine(MetricsContract):
            def make_metrics(self) -> Metrics:
                return Mine()
        ```
    """

    def make_metrics(self) -> Metrics:
        """Return a new metrics provider. Override this."""
        raise NotImplementedError

    def _make(self) -> Metrics:
        return self.make_metrics()

    def _use(self, provider: Any) -> None:
        workflow = "contract-workflow"
        self.call(provider.workflow_started, workflow, mode="sequential")
        for task in tasks_in_every_status():
            self.call(provider.task_retried, task)
            self.call(provider.task_failed, task)
            self.call(provider.task_completed, task)
        self.call(provider.workflow_completed, workflow, 1.5)
        self.call(provider.workflow_failed, workflow, 0.0)
