"""Trace contexts: the one a run starts in, and the one that its tasks' steps see.

It imports the API of OpenTelemetry, so it is imported late.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, context, propagate, trace
from opentelemetry.context import Context

from dotflow.abc.around import at_worker_end
from dotflow_otel.flush import flush_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# A worker has this long, once a run has ended, to send what its steps have recorded.
WORKER_FLUSH_SECONDS = 1.0

# The context of each task of a run that goes on: how log records find their span.
_contexts: dict[int, Context] = {}


def incoming_context() -> Context:
    """Return the context that a run starts in.

    It is the caller's; where the caller has no span, the environment variables
    `TRACEPARENT`, `TRACESTATE` and `BAGGAGE` tell that of whoever started the program.
    """
    current = context.get_current()
    if trace.get_current_span(current).get_span_context().is_valid:
        return current
    names = {
        field: field.upper().replace("-", "_")
        for field in propagate.get_global_textmap().fields
    }
    carrier = {
        field: os.environ[name] for field, name in names.items() if name in os.environ
    }
    return propagate.extract(carrier, current) if carrier else current


def remember_context(task: Any, of_task: Context) -> None:
    """Note the context of a task, until `forget_contexts`."""
    _contexts[id(task)] = of_task


def context_of(task: Any) -> Context | None:
    """Return the noted context of a task, if there is one."""
    return _contexts.get(id(task))


def forget_contexts(tasks: Iterable[Any]) -> None:
    """Forget the contexts of tasks whose run has ended."""
    for task in tasks:
        _contexts.pop(id(task), None)


class TaskScope:
    """What goes around an attempt: the task's span is the current one.

    In this process it is the span itself, to which a step may add attributes. Its
    pickle holds what a propagator makes of it, so that in another process spans and
    requests of the step still belong to the trace.

    Args:
        of_task: The context with the task's span.
    """

    __slots__ = ("_context",)

    def __init__(self, of_task: Context) -> None:
        self._context = of_task

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Be in the task's context."""
        token = context.attach(self._context)
        try:
            yield
        finally:
            context.detach(token)

    def __reduce__(self) -> tuple[Callable[..., TaskScope], tuple[dict[str, str]]]:
        carrier: dict[str, str] = {}
        propagate.inject(carrier, self._context)
        return _arrived, (carrier,)


def _arrived(carrier: dict[str, str]) -> TaskScope:
    """Rebuild a scope in the process that it was sent to."""
    at_worker_end(_flush_application)
    return TaskScope(propagate.extract(carrier, Context()))


def _flush_application() -> None:
    # Not the metrics: those of a forked worker contain its parent's.
    for provider in (trace.get_tracer_provider(), _logs.get_logger_provider()):
        flush_within(WORKER_FLUSH_SECONDS, provider)
