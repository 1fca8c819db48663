"""A function that has started its workflow itself, as those of dotflow 1.x did."""

from __future__ import annotations

import io
import logging
import threading
from functools import partial
from wsgiref.util import setup_testing_defaults

import pytest

from dotflow import DotFlow, action
from dotflow.errors import InvalidWorkflowFactory
from dotflow.pipeline import Pipeline
from dotflow.serving import (
    TaskFailedForGood,
    WorkflowFailed,
    build,
    outcome,
    run,
    run_task_event,
    start,
    wsgi_app,
)

ran = []


@pytest.fixture(autouse=True)
def _fresh():
    ran.clear()


@action
def step():
    ran.append("step")
    return 7


@action
def broken():
    ran.append("broken")
    raise ValueError("no")


@action
def leave():
    raise SystemExit(3)


@action
def nested():
    inner = flow_of(step)
    inner.start()
    return inner.result_storage()


def flow_of(*steps):
    flow = DotFlow()
    flow.task.add(list(steps))
    return flow


def main():
    flow = flow_of(step)
    flow.start()
    return flow


def returns_the_run():
    return flow_of(step).start()


def in_the_background():
    flow = flow_of(step)
    flow.start(mode="background")
    return flow


def with_the_content(content):
    flow = flow_of(step)
    flow.start()
    return flow


def twice():
    flow = flow_of(step)
    flow.start()
    flow.start()
    return flow


@pytest.mark.parametrize(
    "factory", [main, returns_the_run, in_the_background, with_the_content]
)
def test_the_run_that_happened_is_the_runs_result(factory):
    """Each step ran once, and what it returned is the result of the invocation."""
    flow = run(factory, {"event": 1})
    assert ran == ["step"]
    assert outcome(flow)["result"] == 7


def test_of_several_runs_the_last_is_taken():
    """A factory that starts its workflow twice has it run no third time."""
    run(twice)
    assert ran == ["step", "step"]


def test_each_event_has_a_run_of_its_own():
    """The second event calls the factory again, and its step runs again, once."""
    run(main)
    run(main)
    assert ran == ["step", "step"]


def test_a_run_is_taken_once():
    """`start` after the run that was taken begins a new one."""
    flow = build(main, None)
    start(flow)
    start(flow)
    assert ran == ["step", "step"]


def test_a_run_that_failed_is_a_failure():
    """A failed run of the factory's own raises, as one that `start` began does."""

    def fails():
        flow = flow_of(broken)
        flow.start()
        return flow

    with pytest.raises(WorkflowFailed, match="'broken': ValueError: no"):
        run(fails)
    assert ran == ["broken"]


def test_a_step_that_ends_the_process_does_not():
    """SystemExit within the factory's own run is a failure of the invocation."""

    def leaves():
        flow = flow_of(leave)
        flow.start()
        return flow

    with pytest.raises(WorkflowFailed, match=r"SystemExit\(3\)"):
        run(leaves)


def test_how_to_write_it_better_is_said_once(caplog):
    """The log tells it at the first event of a factory, and not at the next ones."""

    def talkative():
        return main()

    with caplog.at_level(logging.WARNING, "dotflow"):
        run(talkative)
        run(talkative)
    (record,) = [r for r in caplog.records if "starts its workflow itself" in r.message]
    assert "return the workflow without starting it" in record.message


def test_a_factory_that_returns_nothing_after_having_run_is_told_so():
    """None is refused, with the state of the run and what to do."""

    def nothing():
        main()

    with pytest.raises(
        InvalidWorkflowFactory,
        match="None and has run a workflow, which is Completed: let it return",
    ):
        run(nothing)
    assert ran == ["step"]


def test_a_factory_that_returns_nothing_and_ran_nothing_is_not_said_to_have():
    """Without a run the message tells of None alone."""
    with pytest.raises(InvalidWorkflowFactory, match=r"it returned None\)"):
        run(lambda: None)


def test_tasks_that_were_added_after_the_run_are_refused():
    """A workflow that is not the one that ran is neither taken nor run again."""

    def more():
        flow = main()
        flow.task.add(broken)
        return flow

    with pytest.raises(InvalidWorkflowFactory, match="changed its tasks"):
        run(more)
    assert ran == ["step"]


def test_another_workflow_that_the_factory_ran_is_its_own_affair():
    """What a factory runs to find out what to return does not stand for that."""

    def discovering():
        main()
        return flow_of(step, step)

    run(discovering)
    assert ran == ["step"] * 3


def test_a_workflow_within_a_step_is_not_taken_for_its_own():
    """A step that starts a workflow, in a factory that starts too, runs once."""

    def outer():
        flow = flow_of(nested)
        flow.start()
        return flow

    assert run(outer).result_storage() == [[7]]
    assert ran == ["step"]


def pipeline_of(*, broken=False):
    pipeline = Pipeline("daily")

    @pipeline.task()
    def extract():
        ran.append("extract")
        return 3

    @pipeline.task()
    def double(extract):
        if broken:
            raise ValueError("no")
        return extract * 2

    return pipeline


def runs_its_pipeline():
    pipeline = pipeline_of()
    pipeline.run()
    return pipeline


def test_the_run_of_a_pipeline_is_taken():
    """What its last task left is the result, as where the pipeline is run for the event."""
    assert outcome(run(runs_its_pipeline))["result"] == 6
    assert ran == ["extract"]
    assert outcome(run(pipeline_of()))["result"] == 6


def test_a_pipeline_that_ends_in_several_tasks():
    """What each of them left is the result, by their names, as where it is run here."""

    def forks(started):
        pipeline = pipeline_of()

        @pipeline.task()
        def negative(extract):
            return -extract

        if started:
            pipeline.run()
        return pipeline

    left = {"double": 6, "negative": -3}
    for started in (True, False):
        assert outcome(run(partial(forks, started)))["result"] == left


def test_a_pipeline_whose_run_failed_is_a_failure():
    """The failure names the task and why; nothing runs again."""

    def fails():
        pipeline = pipeline_of(broken=True)
        pipeline.run()
        return pipeline

    with pytest.raises(WorkflowFailed, match="task 'double' failed: ValueError: no"):
        run(fails)
    assert ran == ["extract"]


def test_one_task_alone_refuses_the_whole_run_before_it_begins():
    """Where one task is wanted, a factory that would run all of them runs none."""
    with pytest.raises(TaskFailedForGood, match="starts its workflow itself"):
        run_task_event(main, {"task": "step", "run": "r1"})
    assert ran == []


def test_another_thread_is_not_watched():
    """What other threads start while a factory is called is not taken for its run."""

    def beside():
        thread = threading.Thread(target=main)
        thread.start()
        thread.join()

    with pytest.raises(InvalidWorkflowFactory, match=r"it returned None\)"):
        run(beside)


def test_http_requests_run_it_once():
    """`wsgi_app` answers with the run that happened."""
    environ = {}
    setup_testing_defaults(environ)
    environ.update({"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO()})
    told = []
    body = wsgi_app(main)(environ, lambda status, headers: told.append(status))
    assert told == ["200 OK"]
    assert b'"result": 7' in body[0]
    assert ran == ["step"]
