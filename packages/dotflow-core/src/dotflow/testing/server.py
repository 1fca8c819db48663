"""`ServerContract`: what every server client must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.testing._provider import ProviderContract
from dotflow.testing.tasks import FakeWorkflow, tasks_in_every_status

if TYPE_CHECKING:
    from dotflow.abc.server import Server


class ServerContract(ProviderContract):
    """Tests of a `Server`, for pytest and, as a mixin, for `unittest.TestCase`.

    A workflow and its tasks are created, then updated.

    Example:
        ```python
        class TestMine(ServerContract):
            def make_server(self) -> Server:
                return Mine()
        ```
    """

    def make_server(self) -> Server:
        """Return a new server client. Override this."""
        raise NotImplementedError

    def _make(self) -> Server:
        return self.make_server()

    def _use(self, provider: Any) -> None:
        workflow = FakeWorkflow()
        self.call(provider.create_workflow, workflow)
        self.call(provider.update_workflow, workflow.workflow_id, "In progress")
        for task in tasks_in_every_status():
            self.call(provider.create_task, task)
            self.call(provider.update_task, task)
        self.call(provider.update_workflow, workflow, status="Failed")
        flush = getattr(provider, "flush", None)
        if flush is not None:
            self.call(flush, self.time_limit / 2)
