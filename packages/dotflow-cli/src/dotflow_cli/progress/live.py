"""Progress on a terminal: a line a task, redrawn while it runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from dotflow.abc.notify import Notify
from dotflow.types import TypeStatus
from dotflow_cli.progress.capture import Capture
from dotflow_cli.progress.rows import display
from dotflow_cli.tables import progress_text

if TYPE_CHECKING:
    from rich.console import RenderableType

_STDOUT, _STDERR = 1, 2


class LiveProgress(Notify):
    """Shows tasks while they run, below whatever they print.

    The state is read from the tasks, again and again: a run that changes fast is not
    held up by its display.

    Args:
        tasks: The tasks of the run.

    Attributes:
        note: What to say below the tasks.
    """

    def __init__(self, tasks: Sequence[Any]) -> None:
        self.note = ""
        self._tasks = tasks
        # By task: how far it has told to be, by what that is of.
        self._told: dict[str, dict[str, str]] = {}

    def hook_status_task(self, task: Any) -> None:
        """Forget what a former attempt has told; all else is read from the tasks."""
        if task.status in (TypeStatus.RETRY, TypeStatus.COMPLETED):
            self._told.pop(task.name, None)

    def hook_task_progress(
        self, task: Any, name: str, done: float, total: float | None
    ) -> None:
        """Take note of how far a task is."""
        self._told.setdefault(task.name, {})[name] = progress_text(name, done, total)

    def __enter__(self) -> Self:
        """Begin to show the tasks."""
        from rich.console import Console
        from rich.live import Live

        self._began = time.monotonic()
        taken = [_STDERR]
        if os.isatty(_STDOUT):
            taken.append(_STDOUT)
        self._terminal = os.fdopen(
            os.dup(_STDERR),
            "w",
            encoding=getattr(sys.stderr, "encoding", None) or "utf-8",
            errors="replace",
        )
        self._console = Console(file=self._terminal, highlight=False)
        self._measure()
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=10,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._capture = Capture(taken, self._print)
        self._live.start()
        self._capture.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the display; what was printed stays."""
        self._capture.stop()
        self._live.stop()
        self._terminal.close()

    def _print(self, line: str) -> None:
        from rich.text import Text

        # Colours are kept; what would move the cursor is not.
        text = Text.from_ansi(line) if line else Text("")
        self._console.print(text, soft_wrap=True)

    def _draw(self) -> RenderableType:
        lines = self._measure()
        elapsed = time.monotonic() - self._began
        told = {
            name: ", ".join(list(of.values())) for name, of in list(self._told.items())
        }
        return display(
            list(self._tasks), lines, elapsed, self.note, told, self._console.width
        )

    def _measure(self) -> int:
        """Tell the console how large the terminal is now, and return its lines.

        Rich would ask descriptors that lead to us.
        """
        from rich.console import ConsoleDimensions

        try:
            columns, lines = os.get_terminal_size(self._terminal.fileno())
        except (OSError, ValueError):
            columns, lines = 0, 0
        # A pseudo-terminal of a program may have no size.
        self._console.size = ConsoleDimensions(columns or 80, lines or 25)
        return lines or 25
