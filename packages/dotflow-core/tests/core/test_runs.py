"""What a workflow tells of its runs, and how one of them is wound down."""

from __future__ import annotations

import threading

from dotflow import Config, DotFlow, action
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.providers import StorageDefault


def test_the_runs_that_go_on_are_told():
    """`runs` has each run while it goes on, and `latest_run` the newest, also after it."""
    release, begun = threading.Event(), threading.Event()

    @action
    def wait():
        begun.set()
        release.wait(60)

    workflow = DotFlow()
    workflow.task.add(wait)
    assert workflow.runs == ()
    assert workflow.latest_run is None
    run = workflow.start(mode="background")
    assert begun.wait(60)
    assert workflow.runs == (run,)
    assert workflow.latest_run is run
    release.set()
    run.wait()
    assert workflow.runs == ()
    assert workflow.latest_run is run


def test_a_fixed_id_is_told(monkeypatch):
    """`has_fixed_id` tells whether the id was given, by argument or environment."""
    monkeypatch.delenv("WORKFLOW_ID", raising=False)
    assert not DotFlow().has_fixed_id
    assert DotFlow(workflow_id="etl").has_fixed_id
    assert DotFlow().configure(workflow_id="etl").has_fixed_id
    monkeypatch.setenv("WORKFLOW_ID", "etl")
    assert DotFlow().has_fixed_id


def test_winding_down_lets_the_step_end():
    """`wind_down` keeps the result of the step that runs, and begins no other."""
    workflow = DotFlow()

    @action
    def one():
        for run in workflow.runs:
            run.wind_down("enough")
        return 1

    workflow.task.add(one)
    workflow.task.add(action(lambda: 2), name="two")
    run = workflow.start()
    assert run.status == "Cancelled"
    assert workflow.result_storage() == [1, None]
    assert [task.status for task in workflow.task] == ["Completed", "Not started"]


def test_whether_a_run_has_begun_is_known():
    """The storage tells of a fixed id whether a run of it has ever begun."""
    storage = StorageDefault()
    assert not RunCheckpoints(storage, "etl", True).begun()
    workflow = DotFlow(Config(storage=storage), workflow_id="etl")
    workflow.task.add(action(lambda: 1))
    workflow.start()
    assert RunCheckpoints(storage, "etl", True).begun()
