"""A workflow run for an event, whoever brings it."""

from __future__ import annotations

import pytest

from dotflow import DotFlow, action
from dotflow.errors import InvalidWorkflowFactory
from dotflow.pipeline import Pipeline
from dotflow.providers import StorageSQLite
from dotflow.serving import WorkflowFailed, build, check_factory, outcome, run


@action
def double(initial_context):
    return initial_context.storage * 2


@action
def plus_one(previous_context):
    return previous_context.storage + 1


def make():
    flow = DotFlow(workflow_id="numbers")
    flow.task.add(double)
    flow.task.add(plus_one)
    return flow


def test_content_without_argument():
    """A factory without argument has its tasks get the content, and all of them run."""
    assert run(make, 4).result_storage() == [8, 9]


def test_content_as_argument():
    """A factory with an argument is called with the content, and decides itself."""

    def factory(content):
        flow = DotFlow(workflow_id=content["id"])
        flow.task.add(double, initial_context=content["number"])
        return flow

    flow = run(factory, {"id": "a", "number": 5})
    assert (flow.workflow_id, flow.result_storage()) == ("a", [10])


def test_own_context_wins():
    """A task with an initial context of its own keeps it."""

    def factory():
        flow = DotFlow()
        flow.task.add(double, initial_context=1)
        return flow

    assert run(factory, 100).result_storage() == [2]


@pytest.mark.parametrize("called", [False, True])
def test_pipeline(called):
    """A pipeline, or a function that returns one, is served as a workflow is."""
    pipeline = Pipeline("sums")

    @pipeline.task()
    def total() -> int:
        return 6

    given = (lambda: pipeline) if called else pipeline
    check_factory(given)
    for _event in range(2):
        flow = run(given)
        assert flow.name == "sums"
        assert outcome(flow)["status"] == "Completed"


def test_each_event_has_its_own_workflow():
    """A workflow itself is refused before any event, since a second would share it."""
    with pytest.raises(InvalidWorkflowFactory, match="each event needs one of its own"):
        check_factory(make())
    with pytest.raises(InvalidWorkflowFactory, match="not a function"):
        check_factory("shop.workflow:build")
    with pytest.raises(InvalidWorkflowFactory, match="each event needs one of its own"):
        build(make(), None)


def test_factory_that_returns_something_else():
    """What it returned instead of a workflow is named."""
    with pytest.raises(InvalidWorkflowFactory, match="it returned an int"):
        build(lambda: 3, None)


def test_failure_names_the_task():
    """A failed run raises, with the workflow, the task and its error."""

    def broken():
        raise OSError("no disk")

    def factory():
        flow = DotFlow(workflow_id="wf")
        flow.task.add(action(broken))
        return flow

    with pytest.raises(
        WorkflowFailed, match=r"'wf' is Failed: .*'broken': OSError: no"
    ):
        run(factory)


def test_step_that_exits():
    """A step that calls `sys.exit`, even with 0, fails its run and not the process."""

    def leaves():
        raise SystemExit(0)

    def factory():
        flow = DotFlow(workflow_id="wf")
        flow.task.add(action(leaves))
        return flow

    with pytest.raises(WorkflowFailed, match="wf"):
        run(factory)


def test_background_run_is_waited_for():
    """It is over when `run` returns, since the platform may then stop the process."""
    assert run(make, 1, mode="background").result_storage() == [2, 3]


def test_outcome():
    """What is told has the workflow's id, its status and the last task's result."""
    assert outcome(run(make, 4)) == {
        "workflow_id": "numbers",
        "status": "Completed",
        "result": 9,
    }


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, b"x", object()])
def test_outcome_that_json_cannot_hold(value, caplog):
    """Such a result is left out with a warning; the run is told to have completed."""

    def factory():
        flow = DotFlow(workflow_id="wf")
        flow.task.add(action(lambda: value), name="step")
        return flow

    told = outcome(run(factory))
    assert told == {"workflow_id": "wf", "status": "Completed"}
    assert "JSON cannot hold it" in caplog.text


def test_a_pipeline_keeps_its_providers(tmp_path):
    """A pipeline that runs as a workflow is written down where it was told to be."""
    storage = StorageSQLite(str(tmp_path / "own.db"))
    pipeline = Pipeline("own", storage=storage)
    pipeline.task(name="one")(lambda: 1)
    flow = run(pipeline, None)
    assert flow.config.storage is storage
    assert [row.workflow_id for row in storage.history.runs()] == [
        str(flow.workflow_id)
    ]
