"""Async steps: run to their end, in every mode and beside a loop that runs already."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import Context, DotFlow, action

pytestmark = pytest.mark.start_methods


@action
async def bare(previous_context):
    await asyncio.sleep(0)
    return (previous_context.storage or 0) + 1


@action(retry=2, timeout=60, retry_delay=0)
async def with_options(previous_context):
    await asyncio.sleep(0)
    return (previous_context.storage or 0) + 1


def test_the_result_is_what_the_coroutine_returns():
    """Async and plain steps mix in one chain."""
    workflow = DotFlow()
    workflow.task.add([bare, action(lambda previous_context: previous_context.storage)])
    workflow.task.add(with_options)
    workflow.start()
    assert workflow.result_storage() == [1, 1, 2]


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
@pytest.mark.parametrize("step", [bare, with_options])
def test_async_steps_run_in_every_mode(mode, step):
    """An async step completes in each mode, with a timeout and without."""
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [1]


@pytest.mark.parametrize("step", [bare, with_options])
def test_a_start_inside_a_running_loop(step):
    """A workflow can be started from a coroutine, where a loop runs already."""

    async def main():
        workflow = DotFlow()
        workflow.task.add(step)
        workflow.start()
        return workflow.result_storage()

    assert asyncio.run(main()) == [1]


def test_an_async_step_that_raises():
    """An exception in a coroutine fails the task with the traceback of the user's code."""

    @action
    async def fail():
        await asyncio.sleep(0)
        raise LookupError("not here")

    workflow = DotFlow()
    workflow.task.add(fail)
    workflow.start()
    error = workflow.result_task()[0].errors[0]
    assert (error.exception, error.message) == ("LookupError", "not here")
    assert 'raise LookupError("not here")' in error.traceback


def test_an_async_step_is_retried():
    """Each attempt runs a new coroutine."""
    calls = []

    @action(retry=3, retry_delay=0)
    async def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError
        return len(calls)

    workflow = DotFlow()
    workflow.task.add(flaky)
    workflow.start()
    assert workflow.result_storage() == [3]


def test_an_async_step_that_returns_a_context():
    """A context that a coroutine returns is unwrapped."""

    @action
    async def step():
        return Context("inner")

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start()
    assert workflow.result_storage() == ["inner"]


def test_a_direct_call_gives_the_coroutine():
    """Called directly, an async step is the async function."""

    @action
    async def add(a, b):
        return a + b

    assert asyncio.run(add(1, b=2)) == 3


def test_async_methods_of_a_class():
    """Async `@action` methods of a class-based step run in order with the others."""

    class Pipeline:
        @action
        async def first(self):
            return 1

        @action
        def second(self, previous_context):
            return previous_context.storage + 1

    workflow = DotFlow()
    workflow.task.add(action(Pipeline))
    workflow.start()
    assert [c.storage for c in workflow.result_storage()[0]] == [1, 2]
