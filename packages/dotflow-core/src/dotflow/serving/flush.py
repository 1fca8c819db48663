"""What a handler waits for before it answers: many platforms freeze a process then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.config.config import tellers
from dotflow.delivery.leaving import exit_seconds
from dotflow.logging import warn

if TYPE_CHECKING:
    from dotflow.config.config import Config

# After an event whose reports were late the next ones wait no longer than this: a dead
# service is to cost the first of them.
_STUCK_SECONDS = 0.05

_stuck: set[str] = set()


def flush_providers(config: Config) -> None:
    """Give providers that deliver in the background a short time to do so.

    Args:
        config: The providers.
    """
    for provider in tellers(config).values():
        flush = getattr(provider, "flush", None)
        if flush is None or not getattr(provider, "active", True):
            continue
        name = type(provider).__name__
        try:
            late = flush(_STUCK_SECONDS if name in _stuck else exit_seconds()) is False
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            late = True
            if name not in _stuck:
                warn("%s failed: %s", name, type(error).__name__)
        (_stuck.add if late else _stuck.discard)(name)
