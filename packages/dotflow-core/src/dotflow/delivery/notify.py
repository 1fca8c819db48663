"""`NotifyInBackground`: the base of notifiers that tell a remote service."""

from __future__ import annotations

import os
from abc import abstractmethod

from dotflow.abc.notify import Notify
from dotflow.errors import ProviderError
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dotflow.delivery.delivery import Delivery
    from dotflow.delivery.sender import Sender
    from dotflow.model.alert import Alert

_MAX_MESSAGES = 1_000


class NotifyInBackground(Notify):
    """A notifier whose messages a thread sends.

    `hook_status_task` composes the message and returns; the exit of the program waits a
    second, or `DOTFLOW_EXIT_TIMEOUT`, for all that is on its way. Problems are warned
    about once, in the logger `"dotflow"`, and never reach the run. A message arrives at
    least once: one that was taken but not answered in time is sent again.

    A forked child and a pickled copy start with an empty queue of their own.

    Args:
        notification_type: The status to tell of, or several of them; None for all.
        show_result: Whether a message holds what the task has returned.
        timeout: Seconds that an attempt may wait for the service.
        retry_for: Seconds for which one message is tried again.

    Attributes:
        target: What warnings call the service.

    Raises:
        ProviderError: An argument is out of range.
    """

    target = "the service"

    def __init__(
        self,
        notification_type: str | Iterable[str] | None = None,
        show_result: bool = False,
        timeout: float = 1.5,
        *,
        retry_for: float = 60.0,
    ) -> None:
        self.notification_type = notification_type
        self.show_result = show_result
        self._statuses = self._check_statuses(notification_type)
        self._timeout = self._check_seconds("timeout", timeout)
        self._retry_for = self._check_seconds("retry_for", retry_for)
        # By process: a forked child cannot use its parent's thread.
        self._deliveries: dict[int, Delivery] = {}

    @property
    def timeout(self) -> float:
        """Seconds that an attempt may wait for the service."""
        return self._timeout

    @abstractmethod
    def compose(self, task: Any) -> Any:
        """Return the message for a task as it is now; it must not change later.

        Args:
            task: The `Task`, in its new status.
        """

    @abstractmethod
    def open_sender(self) -> Sender:
        """Return what sends the messages; the thread calls this and closes it."""

    def hook_status_task(self, task: Any) -> None:
        """Tell of a task's new status, if that is one to tell of."""
        if self._statuses is not None and task.status not in self._statuses:
            return
        self._put(task, task.task_id)

    def hook_alert(self, alert: Alert) -> None:
        """Tell of an alert, whatever the statuses are."""
        self._put(alert, None)  # the status of its task does not make it obsolete

    def _put(self, task: Any, subject: str | None) -> None:
        from dotflow.delivery.message import Message

        message = Message(self.compose(task), subject)
        delivery = self._own()
        if delivery is None:
            # Atomic: two threads with their first message must share one queue.
            delivery = self._deliveries.setdefault(os.getpid(), self._open())
        delivery.put(message)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until every message was sent or given up; see `Delivery.flush`."""
        delivery = self._own()
        return delivery is None or delivery.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left and stop, as the exit does; see `Delivery.close`."""
        delivery = self._own()
        return delivery is None or delivery.close(timeout)

    def _own(self) -> Delivery | None:
        return self._deliveries.get(os.getpid())

    def _open(self) -> Delivery:
        from dotflow.delivery.delivery import Delivery

        return Delivery(
            self.open_sender,
            self.target,
            timeout=self._timeout,
            retry_for=self._retry_for,
            max_messages=_MAX_MESSAGES,
            thread_name=f"dotflow-{type(self).__name__}",
        )

    def _check_statuses(
        self, given: str | Iterable[str] | None
    ) -> frozenset[str] | None:
        if given is None:
            return None
        statuses = [given] if isinstance(given, str) else list(given)
        for status in statuses:
            if not (isinstance(status, str) and TypeStatus.get_symbol(status)):
                known = ", ".join(
                    repr(value)
                    for name, value in vars(TypeStatus).items()
                    if name.isupper()
                )
                raise self._error(
                    f"notification_type={given!r}", f"{status!r} is none of {known}"
                )
        if not statuses:
            raise self._error(
                f"notification_type={given!r}", "name a status, or None for all"
            )
        return frozenset(statuses)

    def _check_seconds(self, name: str, value: float) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0 < value < float("inf"):
            return value
        raise self._error(f"{name}={value!r}", "give a number of seconds over 0")

    def _error(self, argument: str, problem: str) -> ProviderError:
        return ProviderError(f"{type(self).__name__}({argument}): {problem}.")

    def __getstate__(self) -> dict[str, Any]:
        # A thread cannot travel; in another process a new one starts when needed.
        return {**self.__dict__, "_deliveries": {}}

    def __repr__(self) -> str:
        # No more: an address or a token would give away who may write there.
        return f"{type(self).__name__}(notification_type={self.notification_type!r})"
