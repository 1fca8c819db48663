"""The logger that dotflow writes to: `dotflow.logging.logger`.

It is the standard library's logger `"dotflow"`, so `logging.getLogger("dotflow")` and
`logging.config` reach it like any other. It is looked up on first use, since importing
`logging` takes longer than importing dotflow.
"""

from __future__ import annotations

import sys
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Any

    logger: Logger

__all__ = ["logger", "warn"]


def warn(text: str, *args: object, error: BaseException | None = None) -> None:
    """Log a warning about what goes on all the same, also where a handler raises.

    A handler is the application's: its file may be full, its stream closed. What it
    raises is said on stderr, as Python's own handlers do.

    Args:
        text: The message, with a place for each of `args`.
        *args: What is put in.
        error: What is told at its end, and with its traceback unless it is one of
            dotflow's own, which says all there is to know.
    """
    from dotflow.base.guard import called, is_a, told

    if error is not None:
        from dotflow.base.masking import without_secrets
        from dotflow.errors import DotflowError

        said = told(error)
        text, args = f"{text}: %s", (*args, without_secrets(said))
        if args[-1] != said or is_a(error, DotflowError):
            error = None  # whose traceback ends with what it says
    log = getattr(sys.modules[__name__], "logger")  # noqa: B009 - made on first use
    failure = called(partial(log.warning, text, *args, exc_info=error))
    if failure is not None:
        called(_say, f"dotflow could not log a warning: {told(failure)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - or what a step has put in its place


def __getattr__(name: str) -> Any:
    if name != "logger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import logging

    found = globals()["logger"] = logging.getLogger("dotflow")
    return found
