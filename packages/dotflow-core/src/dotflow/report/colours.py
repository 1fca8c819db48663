"""The colours of states, the same in every drawing."""

from __future__ import annotations

from dotflow.types import TypeOutcome, TypeStatus

_COLOURS = {
    TypeStatus.NOT_STARTED: ("pending", "#eceff1", "#263238"),
    TypeStatus.IN_PROGRESS: ("running", "#1565c0", "#ffffff"),
    TypeStatus.RETRY: ("retry", "#f9a825", "#000000"),
    TypeStatus.PAUSED: ("paused", "#8d6e63", "#ffffff"),
    TypeOutcome.COMPLETED: ("completed", "#2e7d32", "#ffffff"),
    TypeOutcome.FAILED: ("failed", "#c62828", "#ffffff"),
    TypeOutcome.CRASHED: ("crashed", "#6a1b9a", "#ffffff"),
    TypeOutcome.TIMEOUT: ("timeout", "#e65100", "#ffffff"),
    TypeOutcome.CANCELLED: ("cancelled", "#616161", "#ffffff"),
    TypeOutcome.SKIPPED: ("skipped", "#cfd8dc", "#263238"),
}


def style_of(state: str) -> tuple[str, str, str]:
    """Return the name of a state's style, its fill and the colour of text on it.

    Args:
        state: A `TypeOutcome`, or a `TypeStatus` before there is one.
    """
    return _COLOURS.get(state, _COLOURS[TypeStatus.NOT_STARTED])
