"""dotflow: pipelines that survive crashes, from one decorator.

    from dotflow import DotFlow, action

Names load on first use, so that `import dotflow` costs next to nothing.
"""

from __future__ import annotations

from dotflow.__about__ import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.config.config import Config
    from dotflow.engine.artifacts import artifact
    from dotflow.engine.facts import fact
    from dotflow.engine.progress import progress
    from dotflow.errors import DotflowError
    from dotflow.model.action import action
    from dotflow.model.context import Context
    from dotflow.pipeline.context import RunCancelledError, RunContext
    from dotflow.pipeline.hooks import RunHook, fn_hook
    from dotflow.pipeline.pipeline import Pipeline
    from dotflow.pipeline.registry import TaskRegistry
    from dotflow.pipeline.scheduler_config import SchedulerConfig
    from dotflow.pipeline.spec import TaskSpec
    from dotflow.pipeline.state import InMemoryStateStore, StateStore
    from dotflow.pipeline.state_sqlite import SQLiteStateStore
    from dotflow.workflow.dotflow import DotFlow
    from dotflow.workflow.task import Task

__description__ = "Pipelines that survive crashes, from one decorator."

__all__ = [
    "Config",
    "Context",
    "DotFlow",
    "DotflowError",
    "InMemoryStateStore",
    "Pipeline",
    "RunCancelledError",
    "RunContext",
    "RunHook",
    "SQLiteStateStore",
    "SchedulerConfig",
    "StateStore",
    "Task",
    "TaskRegistry",
    "TaskSpec",
    "__description__",
    "__version__",
    "action",
    "artifact",
    "fact",
    "fn_hook",
    "progress",
]

_HOMES = {
    "Config": ("dotflow.config.config", "Config"),
    "Context": ("dotflow.model.context", "Context"),
    "DotFlow": ("dotflow.workflow.dotflow", "DotFlow"),
    "DotflowError": ("dotflow.errors", "DotflowError"),
    "InMemoryStateStore": ("dotflow.pipeline.state", "InMemoryStateStore"),
    "Pipeline": ("dotflow.pipeline.pipeline", "Pipeline"),
    "RunCancelledError": ("dotflow.pipeline.context", "RunCancelledError"),
    "RunContext": ("dotflow.pipeline.context", "RunContext"),
    "RunHook": ("dotflow.pipeline.hooks", "RunHook"),
    "SQLiteStateStore": ("dotflow.pipeline.state_sqlite", "SQLiteStateStore"),
    "SchedulerConfig": ("dotflow.pipeline.scheduler_config", "SchedulerConfig"),
    "StateStore": ("dotflow.pipeline.state", "StateStore"),
    "Task": ("dotflow.workflow.task", "Task"),
    "TaskRegistry": ("dotflow.pipeline.registry", "TaskRegistry"),
    "TaskSpec": ("dotflow.pipeline.spec", "TaskSpec"),
    "action": ("dotflow.model.action", "Action"),
    "artifact": ("dotflow.engine.artifacts", "artifact"),
    "fact": ("dotflow.engine.facts", "fact"),
    "fn_hook": ("dotflow.pipeline.hooks", "fn_hook"),
    "progress": ("dotflow.engine.progress", "progress"),
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
