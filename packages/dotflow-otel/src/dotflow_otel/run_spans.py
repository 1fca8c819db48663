"""`RunSpans`: the spans of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link, Status, StatusCode, set_span_in_context

from dotflow.types import TypeStatus
from dotflow_otel.attributes import end_attributes, task_attributes, workflow_attributes
from dotflow_otel.context import forget_contexts, remember_context

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer

    from dotflow.model.graph import Graph


class RunSpans:
    """The spans of one run.

    Args:
        tracer: Makes them.
        context: What the run's own span is in.
        workflow_id: The workflow's id.
        graph: The tasks and their edges, where they are known.
    """

    def __init__(
        self,
        tracer: Tracer,
        context: Context,
        workflow_id: str,
        graph: Graph | None,
    ) -> None:
        self.tracer = tracer
        self.context = context
        self.graph = graph
        self.span: Span | None = None
        self.workflow_id = workflow_id
        self.tasks: list[Any] = [] if graph is None else list(graph.tasks)
        self._places = {id(task): node for node, task in enumerate(self.tasks)}
        self._open: dict[int, Span] = {}
        self._links: dict[int, SpanContext] = {}

    def start(self, values: dict[str, Any]) -> None:
        """Begin the run's own span."""
        self.span = self.tracer.start_span(
            f"workflow:{self.workflow_id}",
            self.context,
            attributes=workflow_attributes(self.workflow_id, values),
        )
        self.context = set_span_in_context(self.span, self.context)
        # What is logged of a task that has no span yet belongs to the run's.
        for task in self.tasks:
            remember_context(task, self.context)

    def end(self, values: dict[str, Any]) -> None:
        """End the run's own span, and what is still open."""
        for span in self._open.values():
            span.end()
        if self.span is not None:
            self.span.set_attributes(workflow_attributes(self.workflow_id, values))
            if values.get("failed"):
                self.span.set_status(StatusCode.ERROR)
            self.span.end()
        self.forget()

    def forget(self) -> None:
        """Let go of the tasks."""
        forget_contexts(self.tasks)

    def span_of(self, task: Any) -> Span:
        """Return the span of a task; begin it if there is none."""
        found = self._open.get(id(task))
        if found is not None:
            return found
        node = self._places.get(id(task))
        upstream = (
            () if self.graph is None or node is None else self.graph.upstream[node]
        )
        # A task whose result was restored has no span in this trace.
        links = [Link(self._links[up]) for up in upstream if up in self._links]
        span = self.tracer.start_span(
            f"task:{task.task_id}",
            self.context,
            attributes=task_attributes(task),
            links=links,
        )
        self._open[id(task)] = span
        if node is None:
            self.tasks.append(task)
        else:
            self._links[node] = span.get_span_context()
        remember_context(task, set_span_in_context(span, self.context))
        return span

    def end_task(self, task: Any) -> None:
        """End the span of a task; begin it first if there is none."""
        span = self.span_of(task)
        del self._open[id(task)]
        span.set_attributes(end_attributes(task))
        if task.status in (TypeStatus.FAILED, TypeStatus.CANCELLED):
            message = task.errors[-1].message if task.errors else None
            span.set_status(Status(StatusCode.ERROR, message))
        span.end()
