"""The logger that dotflow writes to: `dotflow.logging.logger`.

It is the standard library's logger `"dotflow"`, so `logging.getLogger("dotflow")` and
`logging.config` reach it like any other. It is looked up on first use, since importing
`logging` takes longer than importing dotflow.
"""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

    logger: Logger

__all__ = ["logger"]


def __getattr__(name: str) -> Any:
    if name != "logger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import logging

    found = globals()["logger"] = logging.getLogger("dotflow")
    return found
