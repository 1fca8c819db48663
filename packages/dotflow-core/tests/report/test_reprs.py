"""What workflows and runs show of themselves, in a terminal and in a notebook."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from dotflow import Config, DotFlow, Pipeline, RunContext, action
from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from pathlib import Path


@action
def step() -> int:
    return 1


@action
def fails() -> None:
    raise OSError("disk full")


def test_a_run_shows_how_it_went():
    """A run tells its status, and how many tasks completed; a notebook sees the chart."""
    workflow = DotFlow(workflow_id="nightly")
    workflow.task.add([step, fails, step])
    run = workflow.start()
    assert repr(run) == "<Manager 'nightly': Failed, 1 of 3 tasks completed>"
    page = run._repr_html_()
    assert "disk full" in page
    ET.fromstring(page)


def test_a_workflow_shows_its_tasks():
    """The tasks are named in a terminal and drawn in a notebook, before any has run."""
    workflow = DotFlow(name="<nightly>")
    assert repr(workflow.task) == "<TaskBuilder: no task>"
    for number in range(12):
        workflow.task.add(step, name=f"t\n{number}")
    named = ", ".join(f"t\\n{number}" for number in range(10))
    assert repr(workflow.task) == f"<TaskBuilder: {named}, … 12 in all>"
    assert "<svg" in workflow._repr_html_()
    ET.fromstring(workflow._repr_html_())


def test_a_graph_that_is_none_shows_why():
    """A notebook shows what is wrong with a workflow rather than a traceback."""
    workflow = DotFlow()
    workflow.task.add(step, depends_on="nobody")
    assert "nobody" in workflow._repr_html_()
    ET.fromstring(workflow._repr_html_())


def test_a_pipeline_shows_its_graph():
    """A pipeline is drawn without a run and without the context that its tasks need."""
    pipeline = Pipeline("daily")

    @pipeline.task()
    def extract(context: RunContext[int]) -> int:
        raise AssertionError("nothing may run")

    @pipeline.task()
    def load(extract: int) -> int:
        raise AssertionError("nothing may run")

    page = pipeline._repr_html_()
    assert "daily" in page
    assert "extract" in page
    ET.fromstring(page)


def test_runs_and_reports_are_tables(tmp_path: Path):
    """Runs and reports are tables in a terminal and in a notebook, whatever is in them."""
    storage = StorageSQLite(tmp_path / "runs.db")
    workflow = DotFlow(Config(storage=storage), workflow_id="nightly")
    workflow.task.add([step, fails])
    report = workflow.start(tags="<b>").report()
    assert re.fullmatch(r"<RunReport nightly: Failed in .*, 1 of 2 .*>", repr(report))
    assert re.search(
        r"^fails +Failed +1 .*OSError: disk full$", str(report), re.MULTILINE
    )
    workflow.configure(workflow_id="w" * 70).start()
    page = storage.history.runs(limit=1)
    assert repr(page).splitlines()[1].split()[1] == "w" * 59 + "…"
    assert repr(page).endswith("see .cursor")
    assert "Failed" in page._repr_html_()
    ET.fromstring(page._repr_html_())
    ET.fromstring(workflow.task._repr_html_())
    assert repr(storage.history.runs(["Crashed"])) == "No runs."
