"""`MetricsOpenTelemetry` at the path of its kind; it lives in `dotflow-otel`."""

from dotflow.providers import MetricsOpenTelemetry

__all__ = ["MetricsOpenTelemetry"]
