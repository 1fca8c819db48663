"""Progress in a notebook: a table and a chart, made anew while the run goes on."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from dotflow.abc.notify import Notify
from dotflow.report.html import report_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.report.model import RunReport

# How long a page stays, and that it takes no more than a tenth of the time to make.
_SECONDS, _SHARE = 0.25, 10.0


class NotebookProgress(Notify):
    """Shows the report of a run below its cell.

    Args:
        report: Returns what is known of the run.
    """

    def __init__(self, report: Callable[[], RunReport]) -> None:
        self._report = report
        self._over = threading.Event()
        self._shown = ""

    def hook_status_task(self, task: Any) -> None:
        """Do nothing: the report is asked, again and again."""

    def __enter__(self) -> Self:
        """Begin to show the run."""
        display = import_module("IPython.display")
        self._html = display.HTML
        self._shown = report_page(self._report())
        self._cell = display.display(self._html(self._shown), display_id=True)
        self._thread = threading.Thread(
            target=self._serve, name="dotflow-display", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Show how the run has ended; that stays."""
        self._over.set()
        self._thread.join()
        self._update()

    def _serve(self) -> None:
        wait = _SECONDS
        while not self._over.wait(wait):
            began = time.monotonic()
            self._update()
            wait = max(_SECONDS, _SHARE * (time.monotonic() - began))

    def _update(self) -> None:
        page = report_page(self._report())
        if page != self._shown:
            self._shown = page
            self._cell.update(self._html(page))
