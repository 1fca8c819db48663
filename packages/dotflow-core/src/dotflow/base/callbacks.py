"""The callbacks that a workflow has when the user gave none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def basic_callback(*args: Any, **kwargs: Any) -> None:
    """Accept whatever a callback is called with and do nothing."""


def basic_function(*args: Any, **kwargs: Any) -> None:
    """Accept any arguments and do nothing."""
