"""`TracerOpenTelemetry` at the path of its kind; it lives in `dotflow-otel`."""

from dotflow.providers import TracerOpenTelemetry

__all__ = ["TracerOpenTelemetry"]
