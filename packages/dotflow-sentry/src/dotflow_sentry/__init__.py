"""Errors and performance of workflows in Sentry.

Importing it does not load the SDK.
"""

from dotflow_sentry.log import LogSentry
from dotflow_sentry.tracer import TracerSentry

__all__ = ["LogSentry", "TracerSentry"]
