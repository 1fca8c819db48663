"""How a pipeline runs: order, failures, retries, timeouts."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from dotflow import Pipeline, RunContext, action


def boom():
    raise ValueError("boom")


def pid():
    return os.getpid()


def test_what_a_task_does_to_the_metadata_is_not_reported(pipeline, report):
    """A report has the metadata that the run began with, whatever a task makes of them."""

    @pipeline.task()
    def add(context: RunContext):
        context.metadata["seen"].append(1)

    context = RunContext(None, {"seen": []})
    reports = [report(pipeline, context) for _ in range(2)]
    assert [found["metadata"] for found in reports] == [{"seen": []}, {"seen": [1]}]


def test_a_report_has_the_promised_form(pipeline, report):
    """A report is a plain dictionary of exactly these keys."""
    pipeline.task()(pid)
    found = report(pipeline, RunContext(None, {"batch_id": 42}))
    assert list(found) == [
        "run_id",
        "dag_name",
        "metadata",
        "created_at",
        "finished_at",
        "status",
        "tasks",
    ]
    assert (found["dag_name"], found["metadata"]) == ("p", {"batch_id": 42})
    task = found["tasks"]["pid"]
    assert found["created_at"] <= task["started_at"] <= task["finished_at"]
    assert task["finished_at"] <= found["finished_at"]
    assert {key: task[key] for key in ("status", "attempt", "error", "result")} == {
        "status": "SUCCESS",
        "attempt": 1,
        "error": None,
        "result": os.getpid(),
    }


def test_a_failure_skips_what_depends_on_it(pipeline, report):
    """Descendants of a failed task are skipped; other branches run on."""
    pipeline.task()(boom)
    pipeline.task(name="below", deps=["boom"])(lambda: 1)
    pipeline.task(name="further", deps=["below"])(lambda: 1)
    pipeline.task(name="other")(lambda: 1)
    pipeline.task(name="after", deps=["other"])(lambda: 2)
    found = report(pipeline)
    assert found["status"] == "FAILED"
    assert {name: task["status"] for name, task in found["tasks"].items()} == {
        "boom": "FAILED",
        "below": "SKIPPED",
        "further": "SKIPPED",
        "other": "SUCCESS",
        "after": "SUCCESS",
    }
    assert found["tasks"]["further"]["error"] == "UPSTREAM_FAILED"
    assert found["tasks"]["further"]["attempt"] == 0
    assert found["finished_at"] is not None


def test_the_error_is_a_traceback_of_the_users_code(pipeline, report):
    """The error of a task is its traceback, from the user's own code on."""
    pipeline.task()(boom)
    lines = report(pipeline)["tasks"]["boom"]["error"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in boom")
    assert lines[-1] == "ValueError: boom"


def test_retries(pipeline, report):
    """`retries` are attempts after the first one, made at once."""
    calls = []

    @pipeline.task(retries=2)
    async def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError(len(calls))
        return "at last"

    pipeline.task(name="never", retries=1)(boom)
    found = report(pipeline)["tasks"]
    assert found["flaky"]["result"] == "at last"
    assert (found["flaky"]["attempt"], found["flaky"]["error"]) == (3, None)
    assert (found["never"]["attempt"], found["never"]["status"]) == (2, "FAILED")


def test_retries_of_some_errors_only(pipeline, report):
    """`retry_on` names the errors that are worth another attempt."""
    pipeline.task(retries=5, retry_on=KeyError)(boom)
    assert report(pipeline)["tasks"]["boom"]["attempt"] == 1


def test_a_timeout_cancels_a_coroutine(pipeline, report):
    """A coroutine that takes too long is cancelled, and retried as any failure."""
    ended = []

    @pipeline.task(timeout_s=0.05, retries=1)
    async def hangs():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    found = report(pipeline)["tasks"]["hangs"]
    assert (found["status"], found["error"]) == ("FAILED", "Timeout after 0.05s")
    assert (found["attempt"], ended) == (2, [1, 1])


def test_a_timeout_stops_a_function(pipeline, report, tmp_path):
    """A function that takes too long is stopped too, with all it would have done."""

    @pipeline.task(timeout_s=0.3)
    def hangs():
        (tmp_path / "begun").touch()
        time.sleep(60)

    found = report(pipeline)["tasks"]["hangs"]
    assert (found["status"], found["error"]) == ("FAILED", "Timeout after 0.3s")


def test_max_parallel(report):
    """No more than `max_parallel` tasks are in flight, and as many as may be are."""
    pipeline = Pipeline("p", max_parallel=3)
    running, most = set(), []

    for number in range(9):

        @pipeline.task(name=f"t{number}")
        async def task(number=number):
            running.add(number)
            most.append(len(running))
            await asyncio.sleep(0.01)
            running.discard(number)

    assert report(pipeline)["status"] == "SUCCESS"
    assert max(most) == 3


def test_runs_at_the_same_time(pipeline):
    """Runs of one pipeline may overlap, each with its own context and record."""

    @pipeline.task()
    async def echo(context: RunContext):
        await asyncio.sleep(0)
        return context.deps

    async def main():
        runs = (pipeline.run_once(RunContext(number)) for number in range(5))
        return await asyncio.gather(*runs)

    found = [pipeline.get_run_report(run_id) for run_id in asyncio.run(main())]
    assert [run["tasks"]["echo"]["result"] for run in found] == list(range(5))


def test_run_is_for_scripts(pipeline):
    """`run` returns the report, and inside a loop says what to write there."""
    pipeline.task()(pid)
    assert pipeline.run()["tasks"]["pid"]["status"] == "SUCCESS"
    assert list(pipeline.run(targets=[pid])["tasks"]) == ["pid"]

    async def main():
        pipeline.run()

    with pytest.raises(RuntimeError, match="await"):
        asyncio.run(main())


def test_an_action_is_a_task_as_well(pipeline, results):
    """A step decorated with `@action` may be a task."""
    pipeline.task()(action(pid))
    assert results(pipeline) == {"pid": os.getpid()}


def test_contexts_one_after_the_other(pipeline):
    """`run_many` runs the contexts in order, one run at a time, also failing ones."""
    running = []

    @pipeline.task()
    async def task(context: RunContext):
        assert running == []
        running.append(1)
        await asyncio.sleep(0)
        running.clear()
        assert context.deps != 1

    run_ids = asyncio.run(pipeline.run_many(RunContext(n) for n in range(3)))
    found = [pipeline.get_run_report(run_id)["status"] for run_id in run_ids]
    assert found == ["SUCCESS", "FAILED", "SUCCESS"]


def test_unknown_runs(pipeline):
    """A run that does not exist is a KeyError."""
    with pytest.raises(KeyError):
        pipeline.get_run_report("unknown")


def test_a_chain_of_any_length(results):
    """A chain is as long as it likes: nothing recurses along it."""
    pipeline = Pipeline("p")
    length = 3000
    for number in range(length):

        async def step(upstream=None):
            return 1 + sum(upstream.values(), 0)

        before = [f"t{number - 1}"] if number else []
        pipeline.task(name=f"t{number}", deps=before)(step)
    last = results(pipeline)[f"t{length - 1}"]
    assert last == length
    assert len(pipeline.display().splitlines()) == length + 1


@pytest.mark.parametrize("chained", [True, False])
def test_others_have_their_turn_beside_coroutines_that_end_at_once(chained):
    """Tasks that wait for nothing leave turns of the event loop to whatever else runs."""
    pipeline, length, turns = Pipeline("p", max_parallel=None), 1000, 0

    async def step():
        pass

    for number in range(length):
        before = [f"t{number - 1}"] if chained and number else []
        pipeline.task(name=f"t{number}", deps=before)(step)

    async def beside():
        nonlocal turns
        run = asyncio.ensure_future(pipeline.run_once())
        while not run.done():
            turns += 1
            await asyncio.sleep(0)
        return await run

    run_id = asyncio.run(beside())
    assert pipeline.get_run_report(run_id)["status"] == "SUCCESS"
    assert turns >= length / 100
