"""`LogOpenTelemetry` at the path of its kind; it lives in `dotflow-otel`."""

from dotflow.providers import LogOpenTelemetry

__all__ = ["LogOpenTelemetry"]
