"""Where the names are, and what importing them costs."""

from __future__ import annotations

import pytest

import dotflow
from dotflow.testing.imports import imported_by

NAMES = [
    "InMemoryStateStore",
    "Pipeline",
    "RunCancelledError",
    "RunContext",
    "RunHook",
    "SQLiteStateStore",
    "SchedulerConfig",
    "StateStore",
    "TaskRegistry",
    "TaskSpec",
    "fn_hook",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_library(name):
    """What flowrun exports is found under the same name."""
    import dotflow.pipeline

    assert name in dotflow.__all__
    assert getattr(dotflow, name) is getattr(dotflow.pipeline, name)


def test_names_of_the_modules():
    """What flowrun has in modules is found in modules too."""
    from dotflow.pipeline import __all__
    from dotflow.pipeline.hooks import DagStartEvent, HookDispatcher
    from dotflow.pipeline.state import RunRecord, TaskRunRecord

    assert {"Engine", "DagScope", "build_default_engine", "DAGBuilder"} <= set(__all__)
    assert all((DagStartEvent, HookDispatcher, RunRecord, TaskRunRecord))
    with pytest.raises(AttributeError):
        _ = dotflow.pipeline.nothing


def test_who_does_not_use_pipelines_does_not_pay():
    """Neither `import dotflow` nor `DotFlow` loads what only pipelines need."""
    heavy = {"dotflow.pipeline", "asyncio", "inspect", "dataclasses", "sqlite3"}
    program = "from dotflow import DotFlow, action, Config, Context"
    assert heavy & imported_by(program) == set()


def test_a_pipeline_in_memory_needs_no_database():
    """A pipeline without a durable state does not load SQLite."""
    program = (
        "from dotflow import Pipeline; p = Pipeline('p');"
        "p.task(name='a')(lambda: 1); p.run()"
    )
    assert "sqlite3" not in imported_by(program)
