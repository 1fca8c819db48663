"""A coroutine that swallows whatever cancels it ends all the same."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.engine.signals import raise_in

MODES = ["sequential", "background", "threads", "async"]


async def forever() -> None:
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass


@pytest.mark.parametrize("mode", MODES)
def test_a_deadline_ends_it(mode: str) -> None:
    """A deadline ends a coroutine that catches each CancelledError."""
    workflow = DotFlow()
    workflow.task.add(action(forever))
    workflow.start(mode=mode, deadline=0.2).wait()
    assert workflow.result_task()[0].status == "Cancelled"


# In the main thread a timer ends it, which has tests of its own.
@pytest.mark.parametrize("mode", MODES[1:])
def test_a_timeout_ends_it(mode: str) -> None:
    """A timeout ends a coroutine that catches each CancelledError, and is its error."""
    workflow = DotFlow()
    workflow.task.add(action(timeout=0.2)(forever))
    workflow.start(mode=mode).wait()
    (task,) = workflow.result_task()
    assert task.errors[-1].exception == "TimeoutError"


def test_a_timeout_in_a_thread_of_the_users_ends_it() -> None:
    """So it is where no signal can interrupt the step."""
    workflow = DotFlow()
    workflow.task.add(action(timeout=0.2)(forever))
    thread = threading.Thread(target=workflow.start)
    thread.start()
    thread.join()
    assert workflow.result_task()[0].errors[-1].exception == "TimeoutError"


def test_the_next_attempt_begins_anew() -> None:
    """What ended one attempt does not end the one after it."""
    attempts: list[int] = []

    @action(timeout=0.5, retry=2)
    async def at_last() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            await forever()
        await asyncio.sleep(0.01)
        return "done"

    workflow = DotFlow()
    workflow.task.add(at_last)
    workflow.start(mode="async")
    assert workflow.result_task()[0].current_context.storage == "done"


def test_a_pipeline_ends_it() -> None:
    """A pipeline's timeout ends it as well."""
    pipeline = Pipeline("p")
    pipeline.task(timeout_s=0.2)(forever)
    found = pipeline.run()["tasks"]["forever"]
    assert "Timeout" in found["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="its event loop is another")
def test_an_event_loop_that_is_being_closed_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of it would stay open, and nobody can close it again."""
    kind = asyncio.SelectorEventLoop
    close_pipe = kind._close_self_pipe
    closed: list[asyncio.AbstractEventLoop] = []

    def interrupted(loop: asyncio.SelectorEventLoop) -> None:
        raise_in(inspect.currentframe(), KeyboardInterrupt)
        close_pipe(loop)
        closed.append(loop)

    async def step() -> int:
        return 1

    monkeypatch.setattr(kind, "_close_self_pipe", interrupted)
    workflow = DotFlow()
    workflow.task.add(action(step))
    workflow.start()
    assert workflow.result_storage() == [1]
    assert closed
