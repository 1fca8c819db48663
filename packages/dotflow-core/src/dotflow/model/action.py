"""`@action`: what makes a function, an async function or a class a step."""

from __future__ import annotations

from dotflow.base.parameters import parameter_names, unwrapped
from dotflow.errors import InvalidTask, MissingActionDecorator
from dotflow.model.options import ACTION_DEFAULTS, complete, placed
from dotflow.model.retry import RetryPolicy, checked_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import (
        Any,
        Concatenate,
        Generic,
        ParamSpec,
        Protocol,
        TypeVar,
        Unpack,
        overload,
    )
    from uuid import UUID

    from dotflow.model.context import Context
    from dotflow.model.options import ActionOptions

    class StepTask(Protocol):
        """What a step asks of the task on whose behalf it is called."""

        task_id: str
        workflow_id: UUID | str | None

        @property
        def initial_context(self) -> Context:
            """What was given with the task."""

        @property
        def previous_context(self) -> Context:
            """What the task upstream left."""

    P = ParamSpec("P")
    R = TypeVar("R")
    Q = ParamSpec("Q")
    S = TypeVar("S")
    F = TypeVar("F")
else:
    from dotflow.base.untyped import Generic, P, R, overload

# What 1.x took by place, after the callable and the task.
_PLACES = ("retry", "timeout", "retry_delay", "backoff")
_COROUTINE = 0x80  # inspect.CO_COROUTINE, without the cost of importing inspect


class Action(Generic[P, R]):
    """A step of a workflow: a callable with the way it is to be attempted.

    Use it as a decorator, bare (`@action`) or with options (`@action(retry=3)`), on a
    function, an async function, a class or a method of a class. A parameter named
    `previous_context` or `initial_context` receives that `Context`. Called directly, a
    step is the plain function it decorates, so it can be unit-tested as one.

    Args:
        func: The callable; left out where options come first.
        task: Kept from dotflow 1.x: the task on whose behalf a direct call is made.
        *by_place: Kept from dotflow 1.x: `retry`, `timeout`, `retry_delay`, `backoff`.
        **options: See `ActionOptions` and `TaskOptions`.

    Raises:
        InvalidTask: An option is out of range or of a wrong type.
        TypeError: There is no such option.
    """

    func: Callable[P, R]

    def __init__(
        self,
        func: Callable[P, R] | None = None,
        task: StepTask | None = None,
        *by_place: Any,
        **options: Unpack[ActionOptions],
    ) -> None:
        if by_place:
            options = placed("@action", _PLACES, by_place, options)
        given = complete("@action", options, ACTION_DEFAULTS)
        self.task = task
        self.timeout = checked_seconds("timeout", given["timeout"])
        self.isolate = bool(given["isolate"])
        self.cache = bool(given["cache"])
        ttl = given["cache_ttl"]
        self.cache_ttl = None if ttl is None else checked_seconds("cache_ttl", ttl)
        self.cache_key = given["cache_key"]
        self.limit = given["limit"]
        self.rate = given["rate"]
        self.guarded = self.cache or self.limit is not None or self.rate is not None
        if self.rate is not None:
            from dotflow.model.rate import parse_rate

            parse_rate(self.rate)
        self.policy = RetryPolicy(
            given["retry"],
            given["retry_delay"],
            given["backoff"],
            given["retry_on"],
            given["jitter"],
            given["max_delay"],
        )
        self.injects: frozenset[str] = frozenset()
        self.wants_previous = self.wants_initial = self.is_async = False
        if func is not None:
            self._bind(func)

    def _bind(self, func: Callable[P, R]) -> None:
        if not callable(func) and not isinstance(func, classmethod):
            raise InvalidTask(
                f"@action decorates a function or a class, not {type(func).__name__}."
            )
        self.func = func
        self.injects = frozenset(parameter_names(func))
        self.wants_previous = "previous_context" in self.injects
        self.wants_initial = "initial_context" in self.injects
        self.is_async = _is_async(func)
        self.__name__ = getattr(func, "__name__", type(func).__name__)
        self.__qualname__ = getattr(func, "__qualname__", self.__name__)
        self.__module__ = getattr(func, "__module__", None) or __name__
        self.__doc__ = getattr(func, "__doc__", None)
        self.__wrapped__ = func

    @property
    def retry(self) -> int:
        """Attempts in all."""
        return self.policy.attempts

    @property
    def retry_delay(self) -> float:
        """Seconds between two attempts."""
        return self.policy.delay

    @property
    def backoff(self) -> bool:
        """Whether the delay doubles after every attempt."""
        return self.policy.backoff

    def invoke(
        self,
        task: StepTask,
        previous: Context,
        named: dict[str, Any] | None = None,
    ) -> Any:
        """Call the step with what it asks for by name.

        Args:
            task: The task, for its `initial_context`.
            previous: The context of the task upstream.
            named: Values for further parameters, by name.
        """
        func: Any = self.func
        if named is None:
            if self.wants_previous:
                if self.wants_initial:
                    return func(
                        previous_context=previous, initial_context=task.initial_context
                    )
                return func(previous_context=previous)
            if self.wants_initial:
                return func(initial_context=task.initial_context)
            return func()
        return func(**self.inputs(task, previous, named))

    def inputs(
        self,
        task: StepTask,
        previous: Context,
        named: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what `invoke` would call the step with, by parameter."""
        given = {name: v for name, v in (named or {}).items() if name in self.injects}
        if self.wants_previous:
            given["previous_context"] = previous
        if self.wants_initial:
            given["initial_context"] = task.initial_context
        return given

    def initial(self, value: Any) -> Context:
        """Return a value as the step's initial context."""
        from dotflow.model.context import Context

        return value if isinstance(value, Context) else Context(storage=value)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function; with `task=` return its result as a `Context`."""
        if "func" not in self.__dict__:
            return self._decorate(*args, **kwargs)  # type: ignore[return-value]
        if self.task is not None or ("task" in kwargs and "task" not in self.injects):
            return self._call_for_task(*args, **kwargs)  # type: ignore[no-any-return]
        return self.func(*args, **kwargs)

    def _call_for_task(self, *args: Any, **kwargs: Any) -> Any:
        task = kwargs.pop("task", None)
        if task is None:
            task = self.task
        if task is None:
            return self.func(*args, **kwargs)
        for name in ("initial_context", "previous_context"):
            if name in self.injects:
                kwargs.setdefault(name, getattr(task, name))
            else:
                kwargs.pop(name, None)
        from dotflow.base.coroutines import finished_value
        from dotflow.model.context import Context

        value = finished_value(self.func(*args, **kwargs))
        return Context(
            storage=value.storage if isinstance(value, Context) else value,
            task_id=task.task_id,
            workflow_id=task.workflow_id,
        )

    def _decorate(self, *args: Any, **kwargs: Any) -> Action[..., Any]:
        if len(args) != 1 or kwargs or not callable(args[0]):
            raise MissingActionDecorator(
                "An @action(…) with options was called before it decorated a step."
            )
        step: Action[..., Any] = type(self).__new__(type(self))
        step.__dict__.update(self.__dict__)
        step._bind(args[0])
        return step

    @overload
    def __get__(self, instance: None, owner: type) -> Action[P, R]: ...

    @overload
    def __get__(
        self: Action[Concatenate[S, Q], F], instance: S, owner: type | None = None
    ) -> Action[Q, F]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind to an instance as a plain method does; it keeps the action's options."""
        if instance is None:
            return self
        if isinstance(self.func, (staticmethod, classmethod)):
            return self.func.__get__(instance, owner)
        from types import MethodType

        return MethodType(self, instance)

    def __reduce__(self) -> Any:
        return _pickled(self)

    def __repr__(self) -> str:
        return f"<action {self.__dict__.get('__qualname__', '(no step yet)')}>"


if TYPE_CHECKING:

    class ActionDecorator(Protocol):
        """What `action(retry=…)` returns: a decorator that makes the step."""

        def __call__(self, func: Callable[Q, F], /) -> Action[Q, F]:
            """Decorate a callable."""

    # At run time `action` is the class. Its constructor gives a step or a decorator,
    # which type checkers understand of a function only.

    @overload
    def action(
        func: Callable[Q, F],
        task: StepTask | None = None,
        *by_place: Any,
        **options: Unpack[ActionOptions],
    ) -> Action[Q, F]: ...

    @overload
    def action(
        func: None = None,
        task: StepTask | None = None,
        *by_place: Any,
        **options: Unpack[ActionOptions],
    ) -> ActionDecorator: ...

    def action(*args: Any, **kwargs: Any) -> Any:
        """Make a step; see `Action`."""

else:
    action = Action


def _is_async(func: Callable[..., Any]) -> bool:
    code = getattr(unwrapped(func), "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


def _pickled(step: Action[..., Any]) -> Any:
    """Pickle a step by the name it can be imported under, as functions are."""
    if "func" not in step.__dict__:
        return object.__reduce_ex__(step, 2)
    if _named(step.__module__, step.__qualname__) is step:
        return (_named, (step.__module__, step.__qualname__))
    options = {k: v for k, v in step.__dict__.items() if not k.startswith("__")}
    return (_restored, (options,))


def _named(module: str, qualname: str) -> Any:
    import importlib

    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
        if found is None:
            break
    return found


def _restored(options: dict[str, Any]) -> Action[..., Any]:
    step: Action[..., Any] = Action.__new__(Action)
    step.__dict__.update(options)
    step._bind(options["func"])  # noqa: SLF001 - an action made without __init__
    return step
