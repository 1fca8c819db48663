"""Send what a run does to a collector."""

from __future__ import annotations

import os
from typing import Any

import collector

os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.serve()
os.environ["OTEL_SERVICE_NAME"] = "orders"

from opentelemetry import metrics, trace

from dotflow import Config, DotFlow, action
from dotflow.providers import (
    LogDefault,
    MetricsOpenTelemetry,
    TracerOpenTelemetry,
)


@action
def extract() -> list[int]:
    """Return some numbers."""
    return [1, 2, 3]


@action
def load(previous_context: Any) -> int:
    """Add them up."""
    return sum(previous_context.storage)


if __name__ == "__main__":
    config = Config(
        tracer=TracerOpenTelemetry(),
        metrics=MetricsOpenTelemetry(),
        log=LogDefault(output="file", path="flow.log"),
    )
    workflow = DotFlow(config, workflow_id="orders")
    workflow.task.add([extract, load])
    workflow.start()

    # A program of yours need not do this: its exit waits for what is on its way.
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        provider.force_flush()  # type: ignore[union-attr]
    print("spans received:", ", ".join(collector.spans))
    print("metrics received:", ", ".join(sorted(set(collector.metrics))))
