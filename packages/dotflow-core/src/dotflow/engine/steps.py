"""Class-based steps: an object whose `@action` methods run one after the other."""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from dotflow.base.coroutines import finished_value
from dotflow.base.identity import new_ulid
from dotflow.engine.clock import current_clock
from dotflow.engine.timeout import call_within
from dotflow.model.action import Action
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

_methods_of: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()


def action_methods(cls: type) -> tuple[str, ...]:
    """Return the names of a class' `@action` methods in source order.

    Inherited ones come first, an overridden one where its base had it. Only the
    dictionaries of the classes are read, so no property is ever evaluated.
    """
    try:
        return _methods_of[cls]
    except KeyError:
        return _methods_of.setdefault(cls, _find_actions(cls))
    except TypeError:
        return _find_actions(cls)  # a class may have a metaclass that cannot be hashed


def _find_actions(cls: type) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, Action):
                names.setdefault(name)
            else:
                names.pop(name, None)
    return tuple(names)


def has_timed_methods(cls: type) -> bool:
    """Say whether a class-based step has a method with a timeout of its own."""
    return any(getattr(cls, name).timeout for name in action_methods(cls))


def run_methods(
    instance: object,
    methods: tuple[str, ...],
    initial: Context,
    previous: Context,
    task_name: str,
    workflow_id: UUID | str | None,
) -> list[Context]:
    """Run the methods in order, each with the output of the one before.

    A method's own `retry`, `retry_delay` and `timeout` apply to it alone.

    Returns:
        One context a method, each with an id of its own.
    """
    contexts: list[Context] = []
    for name in methods:
        bound = _BoundStep(getattr(type(instance), name), instance)
        value = _with_retry(bound, initial, previous, f"{task_name}.{name}")
        previous = Context.of_task(value, new_ulid(), workflow_id, time.time())
        contexts.append(previous)
    return contexts


class _BoundStep:
    """An action together with the object whose method it is."""

    __slots__ = ("action", "instance")

    def __init__(self, action: Action[..., Any], instance: object) -> None:
        self.action = action
        self.instance = instance

    def __call__(self, initial: Context, previous: Context) -> Any:
        given: dict[str, Any] = {}
        if self.action.wants_initial:
            given["initial_context"] = initial
        if self.action.wants_previous:
            given["previous_context"] = previous
        function = self.action.func
        # staticmethod and classmethod under @action bind by themselves.
        bind = getattr(function, "__get__", None)
        call = bind(self.instance, type(self.instance)) if bind else function
        return call(**given)


def _with_retry(
    step: _BoundStep, initial: Context, previous: Context, name: str
) -> Any:
    policy, timeout = step.action.policy, step.action.timeout
    attempt = 1
    while True:
        try:
            if timeout:
                return call_within(timeout, lambda: step(initial, previous), name)
            return finished_value(step(initial, previous))
        except Exception as error:
            if not policy.allows(attempt, error):
                raise
            current_clock().sleep(policy.delay_after(attempt))
            attempt += 1
