"""Traces, metrics and logs of workflows through OpenTelemetry.

Importing it does not load the SDK: that happens with the first run.
"""

from dotflow_otel.log import LogOpenTelemetry
from dotflow_otel.metrics import MetricsOpenTelemetry
from dotflow_otel.tracer import TracerOpenTelemetry

__all__ = ["LogOpenTelemetry", "MetricsOpenTelemetry", "TracerOpenTelemetry"]
