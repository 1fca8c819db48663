"""`Alert`: what people are told of by `NotifyRules`, in the shape of a task."""

from __future__ import annotations

import time

from dotflow.model.expansion import PLACEHOLDER
from dotflow.model.task import TaskInstance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self
    from uuid import UUID

    from dotflow.model.task_error import TaskError


class AlertKind:
    """What an alert is about: the values of `NotifyRules(on=[…])`."""

    FAILURE = "failure"
    RECOVERY = "recovery"
    SLOW = "slow"
    MISSED = "missed"


ALERT_KINDS = (AlertKind.FAILURE, AlertKind.RECOVERY, AlertKind.SLOW, AlertKind.MISSED)


class AlertRules:
    """What is worth an alert; see `NotifyRules`."""

    __slots__ = ("on", "slow_after", "slow_factor")

    def __init__(
        self, on: Sequence[str], slow_after: float | None, slow_factor: float
    ) -> None:
        self.on = frozenset(on)
        self.slow_after = slow_after
        self.slow_factor = slow_factor


class Alert(TaskInstance):
    """Something that a person should know of.

    It is a task, so that every notifier can tell of it: `name` is the text, `status`
    tells good from bad, and `errors` are those of the task that failed.

    Attributes:
        kind: What it is about, an `AlertKind`.
        run_id: The run; None where a run is missing.
    """

    __slots__ = ("kind", "run_id")

    kind: str
    run_id: str | None

    @classmethod
    def of(
        cls,
        kind: str,
        text: str,
        status: str,
        *,
        workflow: UUID | str | None,
        task_id: str,
        run_id: str | None = None,
        errors: Sequence[TaskError] = (),
    ) -> Self:
        """Return an alert.

        Args:
            kind: What it is about.
            text: What to say, a line.
            status: A `TypeStatus`.
            workflow: What it is about.
            task_id: The task that failed, else the run.
            run_id: The run.
            errors: Those of the task that failed.
        """
        alert = cls.of_step(
            PLACEHOLDER, text, "", None, None, task_id, time.time(), workflow
        )
        alert.kind, alert.run_id = kind, run_id
        alert.status = status
        alert.errors = list(errors)
        return alert
