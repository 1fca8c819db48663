"""`MetricsOpenTelemetry`: counts runs and tasks, and measures how long they take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow.abc.metrics import Metrics
from dotflow_otel.flush import Flushed

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider

# From milliseconds to hours: the SDK's own bounds are meant for milliseconds.
BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(60.0, 300.0, 900.0, 3600.0, 14400.0),
)


class MetricsOpenTelemetry(Flushed, Metrics):
    """Counts in `dotflow_workflow_total`, `dotflow_task_total` (with a `status`) and
    `dotflow_task_retry_total`; measures `dotflow_workflow_duration_seconds` and
    `dotflow_task_duration_seconds`.

    They go to the application's meter provider if it has set one. Otherwise dotflow makes
    one, which the variables `OTEL_*` configure, and sets it as the global one.

    Args:
        service_name: The resource's `service.name` in dotflow's own provider. The
            variable `OTEL_SERVICE_NAME` replaces the default.
    """  # noqa: D205 - the names belong together

    def __init__(self, service_name: str = "dotflow") -> None:
        self.active = os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
        self._service_name = service_name
        self._provider: MeterProvider | None = None
        self._instruments: _Instruments | None = None
        if self.active:
            self._current()

    def workflow_started(self, workflow_id: Any, **kwargs: Any) -> None:
        """Count a run that begins.

        Args:
            workflow_id: The workflow's id; not part of the metrics.
            kwargs: What is known of the run; the same.
        """
        self._current().workflows.add(1, {"status": "started"})

    def workflow_completed(self, workflow_id: Any, duration: float) -> None:
        """Count a run whose tasks all completed.

        Args:
            workflow_id: The workflow's id; not part of the metrics.
            duration: Seconds from start to end.
        """
        self._end_workflow("completed", duration)

    def workflow_failed(self, workflow_id: Any, duration: float) -> None:
        """Count a run with a failed task.

        Args:
            workflow_id: The workflow's id; not part of the metrics.
            duration: Seconds from start to end.
        """
        self._end_workflow("failed", duration)

    def task_completed(self, task: Any) -> None:
        """Count a completed task.

        Args:
            task: The `Task`.
        """
        self._end_task("completed", task)

    def task_failed(self, task: Any) -> None:
        """Count a failed task.

        Args:
            task: The `Task`.
        """
        self._end_task("failed", task)

    def task_retried(self, task: Any) -> None:
        """Count a failed attempt that another one follows.

        Args:
            task: The `Task`.
        """
        self._current().retries.add(1)

    def _end_workflow(self, status: str, duration: float) -> None:
        now = self._current()
        now.workflows.add(1, {"status": status})
        now.workflow_seconds.record(duration, {"status": status})

    def _end_task(self, status: str, task: Any) -> None:
        now = self._current()
        now.tasks.add(1, {"status": status})
        if task.duration is not None:
            now.task_seconds.record(task.duration, {"status": status})

    def _current(self) -> _Instruments:
        from dotflow_otel.pipelines import meter_provider

        # The application may have set its provider since the last call.
        provider = meter_provider(self._service_name)
        found = self._instruments
        if found is None or provider is not self._provider:
            found = _Instruments(provider.get_meter("dotflow", __version__))
            self._provider, self._instruments = provider, found
        return found

    def __repr__(self) -> str:
        return f"MetricsOpenTelemetry(service_name={self._service_name!r})"


class _Instruments:
    def __init__(self, meter: Meter) -> None:
        self.workflows = meter.create_counter(
            "dotflow_workflow_total", "{workflow}", "Runs, by how far they came."
        )
        self.tasks = meter.create_counter(
            "dotflow_task_total", "{task}", "Tasks that ended, by how."
        )
        self.retries = meter.create_counter(
            "dotflow_task_retry_total", "{attempt}", "Attempts that were repeated."
        )
        self.workflow_seconds = meter.create_histogram(
            "dotflow_workflow_duration_seconds",
            "s",
            "How long runs took.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.task_seconds = meter.create_histogram(
            "dotflow_task_duration_seconds",
            "s",
            "How long tasks took, with all their attempts.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
