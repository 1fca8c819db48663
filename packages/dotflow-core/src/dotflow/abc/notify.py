"""`Notify`: what tells people about the states of tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.alert import Alert, AlertRules


class Notify(ABC):
    """The base of every notifier.

    Attributes:
        active: Whether the notifier does anything; one that does not is not called.
        alert_rules: What all notifiers of the config are told of, instead of each change of a
            status; `NotifyRules` has them.
        every_status: Whether it hears of each change all the same.
    """

    active: bool = True
    alert_rules: AlertRules | None = None
    every_status: bool = False

    @abstractmethod
    def hook_status_task(self, task: Any) -> None:
        """Be told that the status of a task has changed.

        It is called in the process that started the run. What it raises is reported
        once and does not disturb the run.

        Args:
            task: The `Task`, in its new status.
        """

    def hook_task_progress(  # noqa: B027 - most notifiers tell nothing of it
        self, task: Any, name: str, done: float, total: float | None
    ) -> None:
        """Be told how far a task is, as its step tells by `progress`; as `hook_status_task`.

        Args:
            task: The `Task`.
            name: What the progress is of, `""` for the step as such.
            done: How much is done.
            total: How much there is; None where that is not known.
        """

    def hook_alert(self, alert: Alert) -> None:
        """Be told of what the rules of `NotifyRules` find worth it.

        It is called in a thread. Here it is told as any status of a task is.

        Args:
            alert: A task: its `name` is what to say, `errors` are those of the task that
                failed, if one did.
        """
        self.hook_status_task(alert)
