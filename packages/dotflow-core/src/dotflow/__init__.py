"""dotflow: pipelines that survive crashes, from one decorator.

    from dotflow import DotFlow, action

Names load on first use, so that `import dotflow` costs next to nothing.
"""

from __future__ import annotations

from dotflow.__about__ import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.core.action import action
    from dotflow.core.config import Config
    from dotflow.core.context import Context
    from dotflow.core.dotflow import DotFlow
    from dotflow.core.exception import DotflowError
    from dotflow.core.task import Task

__description__ = "Pipelines that survive crashes, from one decorator."

__all__ = [
    "Config",
    "Context",
    "DotFlow",
    "DotflowError",
    "Task",
    "__description__",
    "__version__",
    "action",
]

_HOMES = {
    "Config": ("dotflow.core.config", "Config"),
    "Context": ("dotflow.core.context", "Context"),
    "DotFlow": ("dotflow.core.dotflow", "DotFlow"),
    "DotflowError": ("dotflow.core.exception", "DotflowError"),
    "Task": ("dotflow.core.task", "Task"),
    "action": ("dotflow.core.action", "Action"),
}


def __getattr__(name: str) -> object:
    try:
        module, attribute = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'dotflow' has no attribute {name!r}") from None
    import importlib

    value: object = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
