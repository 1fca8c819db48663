"""What a task is given, checked: its name, its step, its callback and its contexts."""

from __future__ import annotations

from types import CoroutineType, MethodType

from dotflow.base.arguments import Module, check_accepts
from dotflow.base.guard import is_a
from dotflow.errors import InvalidTask, MissingActionDecorator, NotCallableObject
from dotflow.model.action import Action
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from uuid import UUID


def checked_name(name: Any, what: str = "task") -> str:
    """Return the name of a task, or of what else has one.

    Raises:
        InvalidTask: It is no text, or an empty one.
    """
    if not isinstance(name, str) or not name:
        raise InvalidTask(
            f"name={name!r}: a {what}'s name is a text of one or more characters."
        )
    return name


def as_action(value: Any) -> Action[..., Any]:
    """Return a step, which may be given by its dotted path.

    Raises:
        MissingActionDecorator: It is not an `@action`.
        ImportModuleError: The path leads nowhere.
    """
    if type(value) is Action and value.usable:  # as of nearly all
        return value
    step = Module(value) if isinstance(value, str) else value
    if type(step) is MethodType and isinstance(step.__func__, Action):
        # What `@classmethod` around an action gives from Python 3.13 on.
        step = step.__func__.__get__(step.__self__)
    if not isinstance(step, Action) or "func" not in step.__dict__:
        raise MissingActionDecorator(_name_step(value, step))
    if not callable(step.func):
        raise MissingActionDecorator(
            f"The step {step.__qualname__!r} is not taken from its class: write"
            f" {step.__qualname__}."
        )
    return step


def as_callback(value: Callable[..., Any] | str) -> Callable[..., Any]:
    """Return what is called when a task has ended, which may be given by its path.

    Raises:
        NotCallableObject: It cannot be called, or does not take `task=`.
        ImportModuleError: The path leads nowhere.
    """
    callback = Module(value) if isinstance(value, str) else value
    if not callable(callback):
        raise NotCallableObject(
            str(value), "a callable that accepts task=, or the dotted path of one"
        )
    check_accepts("a task's callback", callback, "task")
    return callback


def as_context(
    value: Any, task_id: str | None = "", workflow_id: UUID | str | None = None
) -> Context:
    """Return a value as a context, and a context as it is."""
    if is_a(value, Context):
        return value  # type: ignore[no-any-return]
    return Context(storage=value, task_id=task_id, workflow_id=workflow_id)


def _name_step(value: Any, step: Any) -> str:
    if isinstance(value, str) or callable(step):
        name = value if isinstance(value, str) else getattr(step, "__qualname__", None)
        return f"The step {name or type(step).__name__!r} is not an action."
    if isinstance(step, CoroutineType):
        step.close()  # nobody will await it
    return (
        f"The step is not an action, but of type {type(step).__name__!r}. Was the action"
        " called? Give it as it is, without parentheses."
    )
