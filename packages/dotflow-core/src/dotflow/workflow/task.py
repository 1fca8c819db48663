"""`Task`: a step of a workflow, with the providers of that workflow."""

from __future__ import annotations

import time

from dotflow.base.arguments import basic_callback
from dotflow.base.identity import new_ulid
from dotflow.model.task import TaskInstance
from dotflow.model.task_values import as_action, as_callback, as_context, checked_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from uuid import UUID

    from dotflow.config.config import Config


class Task(TaskInstance):
    """One step of a workflow.

    Args:
        task_id: The id, or None to get a new ULID.
        step: An `@action`, or the dotted path of one.
        callback: Called as `callback(task=task)` when the task has ended, or the dotted
            path of such a callable.
        initial_context: A value for the step's parameter `initial_context`.
        workflow_id: The id of the workflow the task belongs to.
        config: The providers; None for the defaults.
        group_name: The group of tasks it runs with. Default `"default"`.
        name: What identifies it in its workflow; default: the name of the step.
        depends_on: Names of the tasks it waits for; None to follow the task before it.

    Raises:
        MissingActionDecorator: The step is not an `@action`.
        NotCallableObject: The callback cannot be called.
        ImportModuleError: A dotted path leads nowhere.
        InvalidTask: The name is no text.
    """

    __slots__ = ("_config",)

    def __init__(
        self,
        task_id: str | None = None,
        step: Any = None,
        callback: Callable[..., Any] | str = basic_callback,
        initial_context: Any = None,
        workflow_id: UUID | str | None = None,
        config: Config | None = None,
        group_name: str = "default",
        *,
        name: str | None = None,
        depends_on: tuple[str, ...] | None = None,
    ) -> None:
        self.task_id = new_ulid() if task_id is None else task_id
        self._workflow_id = workflow_id
        self.group_name = group_name
        self.depends_on = depends_on
        self.step = as_action(step)
        self.callback = basic_callback
        if callback is not basic_callback:  # which is known to be one
            self.callback = as_callback(callback)
        self.expansion = self.parent = self.initial = None
        if initial_context is not None:
            self.initial = as_context(initial_context)
        self._name = self.step.__name__ if name is None else checked_name(name)
        self._place()
        self._created = time.time()
        self.reset()
        self._config = config

    @classmethod
    def of(cls, instance: TaskInstance) -> Task:
        """Return a task in the state of another front end's, or of another workflow's."""
        task = instance.into(cls)
        task.config = None
        return task

    def snapshot(self) -> Task:
        """Return a task that keeps this state when this one is started again."""
        snapshot = super().snapshot()
        snapshot.config = self._config
        return snapshot

    @property
    def config(self) -> Config:
        """The providers of the workflow."""
        if self._config is None:
            from dotflow.config.config import Config

            self._config = Config()
        return self._config

    @config.setter
    def config(self, value: Config | None) -> None:
        self._config = value
