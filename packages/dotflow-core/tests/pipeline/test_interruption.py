"""Runs that are stopped from outside, or by a task that ends the program."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Executor, Future

import pytest

from dotflow import Pipeline, RunContext, fn_hook


def test_a_cancelled_run_is_recorded_and_can_be_resumed(pipeline):
    """Cancelling the coroutine stops the tasks, records that, and raises."""
    events = []
    pipeline._engine.hooks.append(
        fn_hook(
            on_task_failure=lambda e: events.append((e.task_name, e.error)),
            on_task_skip=lambda e: events.append((e.task_name, e.reason)),
            on_dag_end=lambda e: events.append(e.run_id),
        )
    )
    stopped = []
    wait = [0, 60]

    @pipeline.task()
    async def first():
        return 1

    @pipeline.task()
    async def second(first):
        try:
            await asyncio.sleep(wait.pop())
        finally:
            stopped.append(1)
        return 2

    pipeline.task(name="third")(lambda second: 3)

    async def cancel():
        run = asyncio.ensure_future(pipeline.run_once())
        await asyncio.sleep(0.05)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancel())
    run_id = events[-1]
    assert events == [("second", "CANCELLED"), ("third", "CANCELLED"), run_id]
    found = pipeline.get_run_report(run_id)
    assert (found["status"], stopped) == ("FAILED", [1])
    assert found["tasks"]["second"]["status"] == "FAILED"
    assert found["tasks"]["third"]["status"] == "SKIPPED"
    assert found["finished_at"] is not None
    report = pipeline.get_run_report(asyncio.run(pipeline.resume(run_id)))
    assert report["status"] == "SUCCESS"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_task_that_ends_the_program(pipeline, error):
    """What is meant to end the program does, and the run is recorded as failed."""

    @pipeline.task()
    async def ends():
        raise error

    pipeline.task(name="below")(lambda ends: 1)
    with pytest.raises(error):
        pipeline.run()
    (run,) = pipeline.state_store.list_runs()
    assert run.status == "FAILED"


def test_a_coroutine_that_is_cancelled_by_itself(pipeline, report):
    """A task that raises CancelledError fails by itself; the run goes on."""

    @pipeline.task()
    async def gives_up():
        raise asyncio.CancelledError

    pipeline.task(name="other")(lambda: 1)
    found = report(pipeline)["tasks"]
    assert found["gives_up"]["status"] == "FAILED"
    assert found["other"]["status"] == "SUCCESS"


def test_cooperative_cancellation(pipeline, report):
    """A task that asks its context learns that the run was cancelled meanwhile."""
    event = threading.Event()

    @pipeline.task()
    def first(context: RunContext):
        context.raise_if_cancelled()
        event.set()

    @pipeline.task()
    def second(first, context: RunContext):
        context.raise_if_cancelled()

    found = report(pipeline, RunContext(None).with_cancel_event(event))["tasks"]
    assert found["first"]["status"] == "SUCCESS"
    assert "RunCancelledError" in found["second"]["error"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_who_awaits_a_run_may_catch_its_end(kind, asynchronous):
    """A step that asks for the end of the program ends no event loop but its run."""
    pipeline = Pipeline("ending")

    async def later():
        raise kind

    def now():
        raise kind

    pipeline.task(name="boom")(later if asynchronous else now)

    async def main():
        with pytest.raises(kind):
            await pipeline.run_once()
        return "goes on"

    assert asyncio.run(main()) == "goes on"


class Broken(Executor):
    """A pool whose every future holds an error, or was let go of."""

    def __init__(self, error):
        self._error = error

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        if self._error is None:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(self._error())
        return future


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_pool_that_raises_ends_the_run(error):
    """Whatever a user's pool puts into a future, the run does not wait for ever."""
    pipeline = Pipeline("broken", executor=Broken(error))
    pipeline.task(name="one")(lambda: 1)
    with pytest.raises(error):
        pipeline.run()


def test_a_pool_that_lets_go_fails_the_task():
    """A future that its pool has cancelled is a crash of the attempt."""
    pipeline = Pipeline("let_go", executor=Broken(None))
    pipeline.task(name="one")(lambda: 1)
    assert pipeline.run()["tasks"]["one"]["status"] == "FAILED"
