"""A path of 1.x that leads nowhere any more."""

from __future__ import annotations

raise ImportError(
    f"{__name__} has no successor: dotflow_cli checks what it is given itself",
    name=__name__,
)
