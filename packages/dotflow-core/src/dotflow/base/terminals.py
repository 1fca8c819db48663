"""Whether somebody watches: terminals and notebooks."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any


def is_terminal(stream: IO[Any] | None) -> bool:
    """Say whether a stream leads to a terminal that can move its cursor."""
    try:
        tty = stream is not None and stream.isatty()
    except ValueError:
        return False  # it is closed
    return tty and os.environ.get("TERM") != "dumb"


def in_notebook() -> bool:
    """Say whether this is the kernel of a notebook, which shows HTML."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
