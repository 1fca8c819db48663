"""The SDK: set up once, flushed within a limit. It imports it, so it is imported late."""

from __future__ import annotations

import random
import time
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.utils import BadDsn

from dotflow.base.masking import keep_secret
from dotflow.delivery.leaving import at_exit
from dotflow.errors import ProviderError
from dotflow.logging import warn
from dotflow_sentry.transport import BoundedTransport

# After a flush that took all its time the next ones get no more than this: the log and
# the tracer are flushed one after the other, and wait for the same endpoint.
STUCK_SECONDS = 0.5

_stuck = False
_ours: object = None


def set_up(
    name: str, dsn: str | None, environment: str | None, traces_sample_rate: float
) -> None:
    """Initialise the SDK, if there is a DSN and nobody has initialised it yet.

    Args:
        name: Whom an error is about.
        dsn: The DSN; it is given to the SDK and kept nowhere else.
        environment: The environment that events name.
        traces_sample_rate: The part of transactions that is sent, from 0.0 to 1.0.

    Raises:
        ProviderError: The DSN is none.
    """
    global _ours
    if sentry_sdk.is_initialized():
        _keep_key(sentry_sdk.get_client().dsn)
        return
    if not dsn:
        return
    _keep_key(dsn)
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            traces_sample_rate=traces_sample_rate,
            transport=BoundedTransport,
            # It waits two seconds, beside all others that wait.
            disabled_integrations=[AtexitIntegration()],
        )
    except BadDsn:
        # Not the SDK's message, nor the exception: both may quote it.
        problem = f"{name}(dsn=…): what was given is no DSN of Sentry."
    else:
        _ours = sentry_sdk.get_client()
        at_exit(_leaver)
        return
    raise ProviderError(problem)


def _keep_key(dsn: str | None) -> None:
    """Have the keys of a DSN hidden in what steps print and raise."""
    try:
        address = urlsplit(dsn or "")
    except ValueError:
        return  # no DSN: whoever gave it is told
    keep_secret(address.username, address.password, whole=True)


class _Leaver:
    """The SDK's exit, where this has initialised it; see `dotflow.delivery.leaving`."""

    def begin_leaving(self) -> None:
        """Do nothing: its thread sends all the while."""

    def leave(self, deadline: float) -> None:
        """Wait, and say what is lost."""
        client = sentry_sdk.get_client()
        if client is not _ours:
            return
        waiting: list[int] = []
        limit = max(0.01, deadline - time.monotonic())
        sentry_sdk.get_isolation_scope().end_session()
        client.close(timeout=limit, callback=lambda count, _: waiting.append(count))
        if waiting and time.monotonic() >= deadline:
            warn("%s reports have not reached Sentry in time.", waiting[0])


_leaver = _Leaver()


def leave_our_logger_alone() -> None:
    """Keep what is logged about tasks from being reported a second time."""
    ignore_logger("dotflow")


def decision(traces_sample_rate: float) -> bool | None:
    """Return whether a transaction is sent; None to let the application's setup decide.

    Args:
        traces_sample_rate: What the tracer was given.
    """
    # A log that came first has initialised the SDK with its own rate, which is 0.
    if _ours is not None and sentry_sdk.get_client() is _ours:
        return random.random() < traces_sample_rate
    return None


def flush(seconds: float) -> bool:
    """Send what is waiting.

    Args:
        seconds: The most to wait.

    Returns:
        Whether it took less than that.
    """
    global _stuck
    limit = min(seconds, STUCK_SECONDS) if _stuck else seconds
    started = time.monotonic()
    sentry_sdk.flush(timeout=limit)
    _stuck = time.monotonic() - started >= limit
    return not _stuck
