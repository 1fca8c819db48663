"""Custom providers: a storage, a notifier and a log of one's own.

Prints:
    notify: add is Not started
    log: add, Not started
    notify: add is In progress
    log: add, In progress
    notify: add is Completed
    log: add, Completed
    storage: sums-add holds 3
"""

from __future__ import annotations

from typing import Any

from dotflow import Config, Context, DotFlow, Task, action
from dotflow.abc.log import Log
from dotflow.abc.notify import Notify
from dotflow.abc.storage import Storage


class StorageDict(Storage):
    """Keeps results in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, Context] = {}

    def post(
        self,
        key: str,
        context: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Store a result."""
        self.values[key] = context

    def get(self, key: str) -> Context:
        """Return a stored result, or an empty context."""
        return self.values.get(key, Context())

    def key(self, task: Task) -> str:
        """Return what a task's result is stored under."""
        return f"{task.workflow_id}-{task.name}"


class NotifyPrint(Notify):
    """Prints every change of a status."""

    def hook_status_task(self, task: Task) -> None:
        """Be told of a change."""
        print(f"notify: {task.name} is {task.status}")


class LogPrint(Log):
    """Prints log lines."""

    def info(self, **kwargs: Any) -> None:
        """Log what happened to a task."""
        print(f"log: {kwargs['task'].name}, {kwargs['task'].status}")

    def error(self, **kwargs: Any) -> None:
        """Log a failure."""
        print(f"log: {kwargs['task'].name} failed, {kwargs['task'].errors[-1]}")


@action
def add() -> int:
    """Do the work."""
    return 1 + 2


if __name__ == "__main__":
    storage = StorageDict()
    config = Config(storage=storage, notify=NotifyPrint(), log=LogPrint())
    workflow = DotFlow(config=config, workflow_id="sums")
    workflow.task.add(step=add)

    workflow.start()

    print(f"storage: sums-add holds {storage.get('sums-add').storage}")
