"""`LogContract`: what every log must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.model.outcome import Failure
from dotflow.testing._provider import ProviderContract
from dotflow.testing.tasks import tasks_in_every_status
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.abc.log import Log


class LogContract(ProviderContract):
    """Tests of a `Log`, for pytest and, as a mixin, for `unittest.TestCase`.

    A method is called with `task=`, or with any other keywords.

    Example:
        ```python
        class TestMine(LogContract):
            def make_log(self) -> Log:
                return Mine()
        ```
    """

    def make_log(self) -> Log:
        """Return a new log. Override this."""
        raise NotImplementedError

    def _make(self) -> Log:
        return self.make_log()

    def _use(self, provider: Any) -> None:
        for task in tasks_in_every_status():
            for write in (provider.info, provider.warning, provider.debug):
                self.call(write, task=task)
            self.call(provider.error, task=task)
            if task.errors:
                failure = Failure(TypeOutcome.FAILED, "ValueError", "No such file")
                self.call(provider.failed, task, failure)
        self.call(provider.info, message="no task", count=3)
        self.call(provider.error, message="no task")
