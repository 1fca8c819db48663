"""The spans of tasks: for events that belong to them, and around steps.

It imports the SDK, so it is imported late.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sentry_sdk

from dotflow.abc.around import at_worker_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# A worker has this long, once a run has ended, to send what its steps have reported.
WORKER_FLUSH_SECONDS = 1.0

_spans: dict[int, Any] = {}


def remember_span(task: Any, span: Any) -> None:
    """Note the span of a task, until `forget_spans`."""
    _spans[id(task)] = span


def span_of(task: Any) -> Any:
    """Return the noted span of a task, or None."""
    return _spans.get(id(task))


def forget_spans(tasks: Iterable[Any]) -> None:
    """Forget the spans of tasks whose run has ended."""
    for task in tasks:
        _spans.pop(id(task), None)


def task_tags(task: Any) -> dict[str, str]:
    """Return the tags by which events and spans of a task are found."""
    return {
        "dotflow.workflow_id": str(task.workflow_id),
        "dotflow.task_id": task.task_id,
        "dotflow.task.name": task.name,
        "dotflow.task.status": task.status,
    }


class SpanScope:
    """What goes around an attempt: the task's span is the current one.

    Its pickle holds the headers of the trace: what a step reports in another process,
    if the SDK is initialised there, belongs to the same trace.

    Args:
        span: The task's span.
        tags: For what is reported inside.
    """

    __slots__ = ("_span", "_tags")

    def __init__(self, span: Any, tags: dict[str, str]) -> None:
        self._span = span
        self._tags = tags

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Be in the task's span, or in its trace."""
        with sentry_sdk.new_scope() as scope:
            scope.span = self._span
            scope.set_tags(self._tags)
            yield

    def __reduce__(self) -> tuple[Callable[..., RemoteScope], tuple[Any, ...]]:
        return RemoteScope, (dict(self._span.iter_headers()), self._tags)


class RemoteScope:
    """What goes around an attempt in another process than its span.

    Args:
        headers: Those of the trace, as for a request.
        tags: For what is reported inside.
    """

    __slots__ = ("_headers", "_tags")

    def __init__(self, headers: dict[str, str], tags: dict[str, str]) -> None:
        self._headers = headers
        self._tags = tags
        at_worker_end(_flush)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Be in the task's span, or in its trace."""
        with sentry_sdk.isolation_scope(), sentry_sdk.new_scope() as scope:
            scope.span = None  # a forked process inherits whatever was current
            scope.generate_propagation_context(self._headers)
            scope.set_tags(self._tags)
            yield


def _flush() -> None:
    sentry_sdk.flush(timeout=WORKER_FLUSH_SECONDS)
