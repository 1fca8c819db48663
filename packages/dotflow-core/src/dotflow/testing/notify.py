"""`NotifyContract`: what every notifier must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.testing._provider import ProviderContract
from dotflow.testing.tasks import tasks_in_every_status

if TYPE_CHECKING:
    from dotflow.abc.notify import Notify


class NotifyContract(ProviderContract):
    """Tests of a `Notify`, for pytest and, as a mixin, for `unittest.TestCase`.

    Dotflow calls `hook_status_task(task)` at each change of a task's status.

    Example:
        ```python
        class TestMine(NotifyContract):
            def make_notify(self) -> Notify:
                return Mine()
        ```
    """

    def make_notify(self) -> Notify:
        """Return a new notifier. Override this."""
        raise NotImplementedError

    def _make(self) -> Notify:
        return self.make_notify()

    def _use(self, provider: Any) -> None:
        for task in tasks_in_every_status():
            self.call(provider.hook_status_task, task)
