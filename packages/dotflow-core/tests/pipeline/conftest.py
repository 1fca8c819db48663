"""What the tests of pipelines share. Test folders are no packages, so it is fixtures."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from dotflow import InMemoryStateStore, Pipeline, SQLiteStateStore


@pytest.fixture
def pipeline():
    """An empty pipeline named `p`."""
    return Pipeline("p")


@pytest.fixture
def report():
    """Run a pipeline once, in a loop of its own, and return the report."""

    def run(pipeline, context=None):
        return pipeline.get_run_report(asyncio.run(pipeline.run_once(context)))

    return run


@pytest.fixture
def results(report):
    """Run a pipeline that succeeds and return each task's result by name."""

    def run(pipeline, context=None):
        found = report(pipeline, context)
        assert found["status"] == "SUCCESS", found
        return {name: task["result"] for name, task in found["tasks"].items()}

    return run


@pytest.fixture
def statuses(report):
    """Run a pipeline and return each task's status by name."""

    def run(pipeline, context=None):
        found = report(pipeline, context)
        return {name: task["status"] for name, task in found["tasks"].items()}

    return run


@pytest.fixture
def run_script(run_script):
    """Run a script as elsewhere, with warnings as errors."""
    return partial(run_script, PYTHONDEVMODE="1", PYTHONWARNINGS="error")


@pytest.fixture
def wait_until():
    """Wait for a condition with a generous limit."""

    def wait(condition):
        until = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < until, "it did not come to pass"
            time.sleep(0.005)

    return wait


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """Each of the stores of 1.x."""
    if request.param == "memory":
        yield InMemoryStateStore()
        return
    store = SQLiteStateStore(tmp_path / "runs.db")
    yield store
    store.close()
