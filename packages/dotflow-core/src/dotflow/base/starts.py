"""Notices what is started while a function of the user is called.

Only who calls such a function imports this; a workflow looks whether anybody has.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from typing import Any

_open: list[Starts] = []


class Starts:
    """What is started in the body of a `with`, by the thread that entered it.

    Args:
        refuse: Returns what a start raises instead, before anything runs.
    """

    def __init__(self, refuse: Callable[[], Exception] | None = None) -> None:
        self._refuse = refuse
        self._thread = 0
        self._runs: list[tuple[Any, Any]] = []

    def __enter__(self) -> Starts:
        self._thread = get_ident()
        _open.append(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _open.remove(self)

    def latest(self, what: Any = None) -> Any:
        """Return the newest run of something, of anything by default; None for none.

        Args:
            what: What `note` was given with it.
        """
        for started, run in reversed(self._runs):
            if what is None or started == what:
                return run
        return None

    def started_by(self, run: Any) -> Any:
        """Return what a run is of, None if it is none of these runs.

        Args:
            run: The run, or anything else.
        """
        return next((what for what, other in self._runs if other is run), None)

    def begun(self, what: Any, run: Any) -> None:
        """Take note of a run, or refuse it; see `note`."""
        if self._thread != get_ident():
            return
        if self._refuse is not None:
            raise self._refuse()
        self._runs.append((what, run))


def note(what: Any, run: Any) -> None:
    """Tell whoever watches that a run is about to begin.

    Args:
        what: What is run: a workflow, or what a pipeline is known by.
        run: The run.

    Raises:
        Exception: Whoever watches has refused it.
    """
    for starts in _open:
        starts.begun(what, run)
