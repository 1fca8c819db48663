"""A path of 1.x that leads nowhere any more."""

from __future__ import annotations

raise ImportError(
    f"{__name__} has no successor: look for it in dotflow_deploy", name=__name__
)
