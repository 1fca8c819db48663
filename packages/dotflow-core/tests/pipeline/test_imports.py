"""Where the names are, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dotflow

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
    code = (
        "import sys; from dotflow import DotFlow, action, Config, Context;"
        "heavy = {'dotflow.pipeline', 'asyncio', 'inspect', 'dataclasses', 'sqlite3'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_a_pipeline_in_memory_needs_no_database():
    """A pipeline without a durable state does not load SQLite."""
    code = (
        "import sys; from dotflow import Pipeline; p = Pipeline('p');"
        "p.task(name='a')(lambda: 1); p.run(); print('sqlite3' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
