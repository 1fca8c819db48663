"""`@action`: what makes a function, an async function or a class a step."""

from __future__ import annotations

import sys
from types import FunctionType, MethodType

from dotflow.base.arguments import checked_limit
from dotflow.base.guard import is_a
from dotflow.base.parameters import CONTEXTS, asynchrony, parameters_of
from dotflow.errors import InvalidTask, MissingActionDecorator
from dotflow.model.options import ACTION_DEFAULTS, complete, placed
from dotflow.model.retry import RetryPolicy, checked_flag, checked_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import (
        Any,
        Concatenate,
        Generic,
        ParamSpec,
        Protocol,
        Self,
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
# What no timer takes, `float("inf")` among it: some thirty years.
_FOR_EVER = 1e9
_PLACES = ("retry", "timeout", "retry_delay", "backoff")


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
    # What a step that is no function of the user's asks for: nothing.
    injects: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    checked = takes_object = takes_inputs = takes_previous = bare = usable = False
    wants_previous = wants_initial = is_async = wraps_async = False
    resources: dict[str, float] | None = None

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
        timeout = checked_seconds("timeout", given["timeout"])
        self.timeout: float = timeout if timeout < _FOR_EVER else 0
        self.isolate = checked_flag("isolate", given["isolate"])
        self.cache = checked_flag("cache", given["cache"])
        ttl = given["cache_ttl"]
        self.cache_ttl = None if ttl is None else checked_seconds("cache_ttl", ttl)
        self.cache_key = given["cache_key"]
        self.limit = checked_limit(given["limit"])
        self.rate = given["rate"]
        self.guarded = self.cache or self.limit is not None or self.rate is not None
        if self.rate is not None:
            from dotflow.model.rate import parse_rate

            parse_rate(self.rate)
        if given["resources"] is not None:
            from dotflow.model.resources import checked_resources

            self.resources = checked_resources(given["resources"])
        self.policy = RetryPolicy(
            given["retry"],
            given["retry_delay"],
            given["backoff"],
            given["retry_on"],
            given["jitter"],
            given["max_delay"],
        )
        if func is not None:
            self._bind(func)

    def _bind(self, func: Callable[P, R]) -> None:
        if not callable(func) and not isinstance(func, classmethod):
            raise InvalidTask(_not_callable(func))
        self.func = func
        self.usable = callable(func)  # a class method has to be taken from its class
        plain: Any = func
        if isinstance(func, (classmethod, staticmethod)):
            plain = func.__func__
        asked = parameters_of(plain)
        self.injects = frozenset(asked.names)
        self.takes_inputs = bool(self.injects)
        self.wants_previous = "previous_context" in self.injects
        self.wants_initial = "initial_context" in self.injects
        self.needs = tuple(name for name in asked.required if name not in CONTEXTS)
        self.behind = asked.behind
        # Whether anything of it can be wrong before it runs; of most steps nothing can.
        self.checked = bool(self.needs) or isinstance(func, type)
        self.takes_object = asked.takes_object
        self.called = _ByPlace(func, asked.by_place) if asked.by_place else func
        # Whether an attempt may call it without `invoke`: that is 5 % of an empty task.
        ours = type(self).invoke is Action.invoke
        self.bare = not self.injects and ours
        # Whether it asks for what the task before it has left, and for nothing else.
        self.takes_previous = ours and self.injects == {"previous_context"}
        self.is_async, self.wraps_async = asynchrony(func)
        self.__name__ = getattr(func, "__name__", type(func).__name__)
        self.__qualname__ = getattr(func, "__qualname__", self.__name__)
        self.__module__ = getattr(func, "__module__", None) or __name__
        self.__doc__ = getattr(func, "__doc__", None)
        self.__wrapped__ = func

    def _of(self, func: Any) -> Self:
        """Return the same step of another callable."""
        step: Self = type(self).__new__(type(self))
        step.__dict__.update(self.__dict__)
        step._bind(func)
        return step

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
        func: Any = self.called
        if named is None:
            if self.wants_previous:
                if self.wants_initial:
                    return func(
                        previous_context=previous, initial_context=_initial(task)
                    )
                return func(previous_context=previous)
            if self.wants_initial:
                return func(initial_context=_initial(task))
            return func()
        given = self.inputs(task, previous, named)
        if self.wants_initial:
            given["initial_context"] = _initial(task)
        return func(**given)

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

    def own_input(self, initial: Context) -> Any:
        """Return what of an initial context the step's result may depend on."""
        return initial.storage

    def initial(self, value: Any) -> Context:
        """Return a value as the step's initial context."""
        from dotflow.model.context import Context

        return value if is_a(value, Context) else Context(storage=value)

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

        call: Any = self.func if args else self.called
        value = finished_value(call(*args, **kwargs))
        return Context(
            storage=value.storage if is_a(value, Context) else value,
            task_id=task.task_id,
            workflow_id=task.workflow_id,
        )

    def _decorate(self, *args: Any, **kwargs: Any) -> Action[..., Any]:
        # A class method, or a property, is nothing to call, and is told what it is.
        one = len(args) == 1 and not kwargs
        if not one or not (callable(args[0]) or hasattr(args[0], "__get__")):
            raise MissingActionDecorator(
                "An @action(…) with options was called before it decorated a step."
            )
        return self._of(args[0])

    @overload
    def __get__(self, instance: None, owner: type) -> Action[P, R]: ...

    @overload
    def __get__(
        self: Action[Concatenate[S, Q], F], instance: S, owner: type | None = None
    ) -> Action[Q, F]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind to an object, or to a class, as what it decorates does.

        A function without a parameter for its object, as `def read(initial_context)`,
        is taken as a static one.
        """
        func: Any = self.func
        if isinstance(func, (classmethod, staticmethod)):
            return self._of(func.__get__(instance, owner))
        if instance is None or not (self.takes_object and type(func) is FunctionType):
            return self
        return self._of(MethodType(func, instance))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        """Stand for the class that it decorates, where another one derives from it."""
        if isinstance(self.func, type):
            return (self.func,)
        raise TypeError(f"{self!r} is no class to derive from.")

    @property
    def __mro__(self) -> tuple[type, ...]:
        """Refuse to be changed as a class, which `@dataclass` above `@action` would."""
        raise AttributeError(
            f"{self!r} is no class to be changed by now: put @action above the decorator"
            " of the class, such as @dataclass."
        )

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


def _initial(task: StepTask) -> Context:
    """Return a context for one call, in which a step may put another value.

    The items of a mapped task are called at once: each has a value of its own, too.
    """
    from dotflow.model.own import own_context, shell

    own = own_context if getattr(task, "mapped", None) is not None else shell
    return own(task.initial_context)


class _ByPlace:
    """Calls a function with parameters that take no keyword.

    Args:
        func: The function.
        names: These parameters, in order.
    """

    __slots__ = ("func", "names")

    def __init__(self, func: Callable[..., Any], names: tuple[str, ...]) -> None:
        self.func = func
        self.names = names

    def __call__(self, **given: Any) -> Any:
        values = []
        for name in self.names:
            if name not in given:
                break  # it has a default, as all after it
            values.append(given.pop(name))
        return self.func(*values, **given)


def _not_callable(func: Any) -> str:
    within = getattr(func, "fget", None) or getattr(func, "func", None)
    name = getattr(within, "__qualname__", None)
    what = type(func).__name__ if name is None else f"the {type(func).__name__} {name}"
    return f"@action decorates a function or a class, not {what}."


def _pickled(step: Action[..., Any]) -> Any:
    """Pickle a step by the name it can be imported under, as functions are."""
    if "func" not in step.__dict__:
        return object.__reduce_ex__(step, 2)
    if _looked_up(step.__module__, step.__qualname__) is step:
        return (_named, (step.__module__, step.__qualname__))
    if isinstance(step.func, MethodType):
        found = getattr(step.func.__self__, step.__name__, None)
        if isinstance(found, Action) and found.func == step.func:
            return (getattr, (step.func.__self__, step.__name__))
    return by_parts(step)


def by_parts(step: Action[..., Any]) -> Any:
    """Pickle a step as its callable and its options, as `__reduce__` returns it."""
    options = {
        k: v
        for k, v in step.__dict__.items()
        if not k.startswith("__") and k != "called"
    }
    return (_restored, (options,))


def _named(module: str, qualname: str) -> Any:
    found = _looked_up(module, qualname)
    if found is None:
        # Where `__main__` is a script, it is one that was imported.
        where = " outside of `if __name__ == '__main__':`" if "main" in module else ""
        raise AttributeError(
            f"module {module!r} has no {qualname!r} there: define it at its top{where}"
        )
    return found


def _looked_up(module: str, qualname: str) -> Any:
    found = _attribute_of(sys.modules.get(module), qualname)
    if found is None:  # not imported, or another thread is still importing it
        import importlib

        found = _attribute_of(importlib.import_module(module), qualname)
    return found


def _attribute_of(found: Any, qualname: str) -> Any:
    for part in qualname.split("."):
        if found is None:
            break
        found = getattr(found, part, None)
    return found


def _restored(options: dict[str, Any]) -> Action[..., Any]:
    step: Action[..., Any] = Action.__new__(Action)
    step.__dict__.update(options)
    step._bind(options["func"])  # noqa: SLF001 - an action made without __init__
    return step
