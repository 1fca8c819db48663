"""Class-based steps: an object whose `@action` methods run one after the other."""

from __future__ import annotations

import time
from functools import cached_property, partial, partialmethod
from types import FunctionType
from weakref import WeakKeyDictionary

from dotflow.base.coroutines import finished_value, whole
from dotflow.base.identity import new_ulid
from dotflow.engine import clock
from dotflow.engine.timeout import call_within
from dotflow.errors import ExecutionWithClassError
from dotflow.model.action import Action
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any
    from uuid import UUID

# They make the object, which happens once, before any method runs.
_MAKERS = ("__new__", "__init__", "__init_subclass__", "__class_getitem__")
_methods_of: WeakKeyDictionary[type, tuple[Method, ...]] = WeakKeyDictionary()


class Method:
    """An `@action` method of a class.

    Args:
        name: Its name.
        action: The action.
        place: What it is called on: its object or `classmethod`, `staticmethod`, where
            these were put around the action.
    """

    __slots__ = ("action", "name", "place")

    def __init__(
        self, name: str, action: Action[..., Any], place: type | None = None
    ) -> None:
        self.name = name
        self.action = action
        self.place = place

    def on(self, instance: object, cls: type) -> Action[..., Any]:
        """Return the method of an object of a class; None gives what it asks for."""
        if self.place is staticmethod:
            return self.action
        if self.place is classmethod:
            return self.action.__get__(cls, type(cls))
        return self.action.__get__(instance, cls)

    def needs(self, cls: type) -> list[str]:
        """Return the parameters of the method that nothing fills."""
        # `cls` as good as any object: its parameters are the same.
        return list(self.on(cls, cls).needs)


def action_methods(cls: type) -> tuple[Method, ...]:
    """Return a class' `@action` methods in source order.

    Inherited ones come first, an overridden one where its base had it. Only the
    dictionaries of the classes are read, so no property is ever evaluated.

    Raises:
        ExecutionWithClassError: One of them could not be run: an action is hidden in a
            property or behind a decorator, or asks for what no method gets.
    """
    try:
        return _methods_of[cls]
    except KeyError:
        return _methods_of.setdefault(cls, _checked(cls))
    except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ of its own
        return _checked(cls)


def _checked(cls: type) -> tuple[Method, ...]:
    methods = _find_actions(cls)
    for method in methods:
        needs = method.needs(cls)
        if needs:
            raise _refused(
                cls,
                method.name,
                f"requires {', '.join(map(repr, needs))}, which nothing provides: a method"
                " takes initial_context and previous_context.",
            )
    return methods


def _find_actions(cls: type) -> tuple[Method, ...]:
    found: dict[str, Method] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            method = _method(cls, name, member)
            if method is None:
                found.pop(name, None)
            else:
                found[name] = method
    return tuple(found.values())


def _method(cls: type, name: str, member: Any) -> Method | None:
    # By their types: `isinstance` asks a member for its `__class__`, which may be
    # anybody's code.
    place = None
    if issubclass(type(member), (staticmethod, classmethod)):
        place, member = type(member), member.__func__
    if issubclass(type(member), Action):
        if name in _MAKERS:
            raise _refused(cls, name, "makes the object, and is no step of it.")
        return Method(name, member, place)
    if any(issubclass(type(inner), Action) for inner in _behind(member)):
        what = type(member).__name__
        what = "another decorator" if what == "function" else f"a {what}"
        raise _refused(
            cls,
            name,
            f"has its @action behind {what}, where it would never run: make it a method"
            " with @action above all other decorators.",
        )
    return None


def _behind(member: Any) -> Iterator[object]:
    """Yield what a member of a class is made of, without running anything of it."""
    for _ in range(100):
        kind = type(member)
        if issubclass(kind, property):
            yield from (member.fset, member.fdel)
            member = member.fget
        elif issubclass(kind, (staticmethod, classmethod)):
            member = member.__func__
        elif issubclass(kind, (cached_property, partialmethod, partial)):
            member = member.func
        elif kind is FunctionType or kind.__module__ == "functools":
            member = getattr(member, "__wrapped__", getattr(member, "func", None))
        else:
            if hasattr(kind, "__get__") or hasattr(kind, "__call__"):  # noqa: B004 - as above
                yield from _attributes(member)
            return
        yield member


def _attributes(member: object) -> Iterable[object]:
    """Return what a decorator of the user's own holds, as it is."""
    try:
        held: dict[str, object] = object.__getattribute__(member, "__dict__")
        return tuple(held.values()) if isinstance(held, dict) else ()
    except AttributeError:
        return ()


def _refused(cls: type, name: str, why: str) -> ExecutionWithClassError:
    return ExecutionWithClassError(cls.__qualname__, f"{cls.__qualname__}.{name} {why}")


def check_class(cls: type) -> None:
    """Check a class that is a step, before anything runs.

    Raises:
        ExecutionWithClassError: As of `action_methods`; or a class within it has
            `@action` methods, and none above itself.
    """
    action_methods(cls)
    for base in cls.__mro__:
        for name, member in vars(base).items():
            within = f"{base.__qualname__}.{name}"
            if (
                isinstance(member, type)
                and member.__qualname__ == within
                and action_methods(member)
            ):
                raise _refused(
                    cls,
                    name,
                    "is a class with @action methods and has no @action itself, so that"
                    " they would not run: decorate it, or move it out of the class.",
                )
    for method in action_methods(cls):
        if isinstance(method.action.func, type):
            check_class(method.action.func)


def has_timed_methods(cls: type) -> bool:
    """Say whether a class-based step has a method with a timeout of its own."""
    return any(method.action.timeout for method in action_methods(cls))


class _Given:
    """What a method's action asks of a task."""

    __slots__ = ("initial_context", "previous_context", "task_id", "workflow_id")

    def __init__(
        self, initial: Context, previous: Context, workflow_id: UUID | str | None
    ) -> None:
        self.initial_context = initial
        self.previous_context = previous
        self.workflow_id = workflow_id
        self.task_id = new_ulid()

    def own(self) -> tuple[_Given, Context]:
        """Return the same, and the previous context, that may be changed at will."""
        from dotflow.model.own import own_context

        initial = own_context(self.initial_context)
        mine = _Given(initial, self.previous_context, self.workflow_id)
        return mine, own_context(self.previous_context)


def run_methods(
    instance: object,
    methods: tuple[Method, ...],
    initial: Context,
    previous: Context,
    task_name: str,
    workflow_id: UUID | str | None,
) -> list[Context]:
    """Run the methods in order, each with the output of the one before.

    A method's own `retry`, `retry_delay` and `timeout` apply to it alone. A class with
    `@action` within the class is a method whose output is what its own methods gave.

    Returns:
        One context a method, each with an id of its own.
    """
    from dotflow.model.own import own

    contexts: list[Context] = []
    for method in methods:
        step, name = method.on(instance, type(instance)), f"{task_name}.{method.name}"
        given = _Given(initial, previous, workflow_id)
        value = _with_retry(step, given, name)
        inner = isinstance(step.func, type) and action_methods(type(value))
        if inner:
            value = run_methods(value, inner, initial, previous, name, workflow_id)
        # Its own: the object may go on with what its method has returned.
        previous = Context.of_task(own(value), given.task_id, workflow_id, time.time())
        contexts.append(previous)
    return contexts


def _with_retry(step: Action[..., Any], given: _Given, name: str) -> Any:
    attempt = 1
    while True:
        try:
            return _called(step, given, name)
        except Exception as error:
            if not step.policy.allows(attempt, error):
                raise
            clock.current.sleep(step.policy.delay_after(attempt))
            attempt += 1


def _called(step: Action[..., Any], given: _Given, name: str) -> Any:
    # Another attempt, and other methods, are to see what the upstream has left.
    mine, previous = given.own()
    value = (
        call_within(step.timeout, lambda: whole(step.invoke(mine, previous)), name)
        if step.timeout
        else finished_value(step.invoke(mine, previous))
    )
    return finished_value(whole(value))
