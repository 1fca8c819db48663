"""Hooks: small callbacks that a run calls as it goes, and the events they get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from dotflow.base.coroutines import InTurn
from dotflow.base.guard import called

if TYPE_CHECKING:
    from logging import Logger

METHODS = (
    "on_dag_start",
    "on_dag_end",
    "on_task_start",
    "on_task_success",
    "on_task_failure",
    "on_task_retry",
    "on_task_skip",
)


@dataclass(frozen=True)
class _RunEvent:
    run_id: str
    dag_name: str


@dataclass(frozen=True)
class _TaskEvent(_RunEvent):
    task_name: str


@dataclass(frozen=True)
class DagStartEvent(_RunEvent):
    """A run begins."""


@dataclass(frozen=True)
class DagEndEvent(_RunEvent):
    """A run has ended."""


@dataclass(frozen=True)
class TaskStartEvent(_TaskEvent):
    """An attempt of a task begins; `attempt` counts from 1."""

    attempt: int


@dataclass(frozen=True)
class TaskSuccessEvent(_TaskEvent):
    """A task has a result, and the state store holds it.

    `attempt` is 0 where the result was found in the cache.
    """

    attempt: int
    duration_s: float
    result: Any


@dataclass(frozen=True)
class TaskFailureEvent(_TaskEvent):
    """An attempt has failed, whether or not another follows."""

    attempt: int
    duration_s: float
    error: str | None


@dataclass(frozen=True)
class TaskRetryEvent(_TaskEvent):
    """A further attempt will be made, of `max_attempts` in all."""

    next_attempt: int
    max_attempts: int


@dataclass(frozen=True)
class TaskSkipEvent(_TaskEvent):
    """A task will not run; `reason` is `"UPSTREAM_FAILED"` or `"CANCELLED"`."""

    reason: str


class RunHook:
    """Subclass it and override what you want to hear.

    The methods are called in the thread of the event loop, so they should be short. One
    may be an `async def`: these are awaited in the loop, one after the other, before the
    run ends. What they raise is logged and otherwise ignored.
    """

    def on_dag_start(self, event: DagStartEvent) -> None:
        """Hear that a run begins."""

    def on_dag_end(self, event: DagEndEvent) -> None:
        """Hear that a run has ended."""

    def on_task_start(self, event: TaskStartEvent) -> None:
        """Hear that an attempt begins."""

    def on_task_success(self, event: TaskSuccessEvent) -> None:
        """Hear that a task has a result."""

    def on_task_failure(self, event: TaskFailureEvent) -> None:
        """Hear that an attempt has failed."""

    def on_task_retry(self, event: TaskRetryEvent) -> None:
        """Hear that another attempt follows."""

    def on_task_skip(self, event: TaskSkipEvent) -> None:
        """Hear that a task will not run."""


def fn_hook(
    *,
    on_dag_start: Callable[[DagStartEvent], object] | None = None,
    on_dag_end: Callable[[DagEndEvent], object] | None = None,
    on_task_start: Callable[[TaskStartEvent], object] | None = None,
    on_task_success: Callable[[TaskSuccessEvent], object] | None = None,
    on_task_failure: Callable[[TaskFailureEvent], object] | None = None,
    on_task_retry: Callable[[TaskRetryEvent], object] | None = None,
    on_task_skip: Callable[[TaskSkipEvent], object] | None = None,
) -> RunHook:
    """Make a hook of functions, each called with the event of its name."""
    given = dict(locals())  # the arguments, and nothing else yet
    hook = RunHook()
    # Instance attributes shadow the methods that do nothing.
    vars(hook).update({name: call for name, call in given.items() if call is not None})
    return hook


class HookDispatcher:
    """Calls hooks, and keeps what they raise away from the run.

    Args:
        hooks: The hooks.
        logger: Where their errors go; default: the logger `dotflow.pipeline.hooks`.

    Attributes:
        in_turn: The coroutines of hooks that the end of the run waits for.
    """

    def __init__(
        self, hooks: Iterable[RunHook] | None = None, *, logger: Logger | None = None
    ) -> None:
        self._hooks = list(hooks or ())
        if logger is None:
            import logging

            logger = logging.getLogger("dotflow.pipeline.hooks")
        self._logger = logger
        self.in_turn: InTurn | None = None
        self._calls = {name: self._of(name) for name in METHODS}

    @property
    def hooks(self) -> list[RunHook]:
        """The hooks."""
        return list(self._hooks)

    def hears(self, method_name: str) -> bool:
        """Say whether any hook overrides a method: its event need not be made else."""
        return bool(self._calls[method_name])

    def emit(self, method_name: str, event: object) -> None:
        """Call one method of every hook that overrides it."""
        for call in self._calls[method_name]:
            try:
                value = call(event)
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._failed(method_name, error)
                continue
            if type(value) is CoroutineType:
                self.in_turn = self.in_turn or InTurn(self._failed)
                self.in_turn.add(method_name, value)

    def _failed(self, method_name: str, error: Exception) -> None:
        text = "The hook %s failed and was ignored, the run goes on"
        called(partial(self._logger.error, text, method_name, exc_info=error))

    def _of(self, method_name: str) -> list[Callable[[Any], object]]:
        calls: list[Callable[[Any], object]] = []
        for hook in self._hooks:
            call = getattr(hook, method_name, None)
            if call is None or getattr(call, "__func__", None) is getattr(
                RunHook, method_name
            ):
                continue
            calls.append(call)
        return calls
