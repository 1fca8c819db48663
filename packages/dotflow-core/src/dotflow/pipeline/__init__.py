"""Pipelines: plain functions, wired by the names of their parameters."""

from __future__ import annotations

from dotflow.model.options import RunOptions
from dotflow.pipeline.context import RunCancelledError, RunContext
from dotflow.pipeline.dag import DAG, DAGBuilder
from dotflow.pipeline.dags import Dags as Engine
from dotflow.pipeline.dags import DagScope, build_default_engine
from dotflow.pipeline.hooks import RunHook, fn_hook
from dotflow.pipeline.pipeline import Pipeline
from dotflow.pipeline.registry import TaskRegistry, task
from dotflow.pipeline.scheduler_config import SchedulerConfig
from dotflow.pipeline.spec import TaskSpec
from dotflow.pipeline.state import InMemoryStateStore, ItemStateStore, StateStore
from dotflow.pipeline.template import task_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.pipeline.serializers import JsonSerializer, PickleSerializer
    from dotflow.pipeline.state_sqlite import SQLiteStateStore
    from dotflow.pipeline.state_storage import StorageCannotKeepRuns, StorageStateStore

__all__ = [
    "DAG",
    "DAGBuilder",
    "DagScope",
    "Engine",
    "InMemoryStateStore",
    "ItemStateStore",
    "JsonSerializer",
    "PickleSerializer",
    "Pipeline",
    "RunCancelledError",
    "RunContext",
    "RunHook",
    "RunOptions",
    "SQLiteStateStore",
    "SchedulerConfig",
    "StateStore",
    "StorageCannotKeepRuns",
    "StorageStateStore",
    "TaskRegistry",
    "TaskSpec",
    "build_default_engine",
    "fn_hook",
    "task",
    "task_template",
]

# What only a durable state needs: a pipeline in memory does without SQLite.
_HOMES = {
    "JsonSerializer": "dotflow.pipeline.serializers",
    "PickleSerializer": "dotflow.pipeline.serializers",
    "SQLiteStateStore": "dotflow.pipeline.state_sqlite",
    "StorageCannotKeepRuns": "dotflow.pipeline.state_storage",
    "StorageStateStore": "dotflow.pipeline.state_storage",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
