"""`TracerSentry` at the path of its kind; it lives in `dotflow-sentry`."""

from dotflow.providers import TracerSentry

__all__ = ["TracerSentry"]
