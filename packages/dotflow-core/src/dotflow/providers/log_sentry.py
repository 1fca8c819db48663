"""`LogSentry` at the path of its kind; it lives in `dotflow-sentry`."""

from dotflow.providers import LogSentry

__all__ = ["LogSentry"]
