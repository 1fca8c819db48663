"""Callbacks that are coroutine functions are awaited, wherever callbacks are called."""

from __future__ import annotations

import asyncio
import functools

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.errors import NotCallableObject
from dotflow.pipeline.hooks import RunHook, fn_hook

pytestmark = pytest.mark.start_methods

MODES = ["sequential", "background", "parallel", "threads", "async"]


@action
def one():
    return 1


@action
def fails():
    raise ValueError("no")


class Later:
    """An object whose call is a coroutine."""

    def __init__(self, heard):
        self.heard = heard

    async def __call__(self, task):
        await asyncio.sleep(0)
        self.heard.append(task.name)


@pytest.mark.parametrize("mode", MODES)
def test_callbacks_of_tasks_and_runs(mode):
    """Those of tasks, of a success and of a failure have ended when the run has."""
    heard = []

    async def told(task, more=None):
        await asyncio.sleep(0.01)
        heard.append((task.name, task.status, more))

    async def done(tasks):
        await asyncio.sleep(0)
        heard.append([task.name for task in tasks])

    flow = DotFlow()
    flow.task.add(one, callback=told)
    flow.task.add(one, callback=functools.partial(told, more=3), name="two")
    flow.start(mode=mode, on_success=done).wait()
    assert heard[2:] == [["one", "two"]]
    expected = [("one", "Completed", None), ("two", "Completed", 3)]
    assert sorted(heard[:2], key=str) == expected

    names = []
    flow = DotFlow()
    flow.task.add(fails, callback=Later(names))
    flow.start(mode=mode, on_failure=done).wait()
    assert (names, heard[3:]) == (["fails"], [["fails"]])


@pytest.mark.parametrize("mode", ["sequential", "async"])
def test_one_that_fails_disturbs_nobody(mode, caplog):
    """What one raises, or that it was cancelled, is reported; the run goes on."""
    heard = []

    async def broken(task):
        raise RuntimeError("the callback is broken")

    async def cancelled(task):
        raise asyncio.CancelledError

    async def told(task):
        heard.append(task.name)

    flow = DotFlow()
    flow.task.add(one, callback=broken, name="a")
    flow.task.add(one, callback=cancelled, name="b")
    flow.task.add(one, callback=told, name="c")
    flow.start(mode=mode)
    assert [task.status for task in flow.result_task()] == ["Completed"] * 3
    assert heard == ["c"]
    assert "the callback is broken" in caplog.text
    assert "The callback of task 'b'" in caplog.text


def test_within_a_running_loop():
    """A sequential run that a coroutine starts awaits them as well."""
    heard = []

    async def told(task):
        await asyncio.sleep(0)
        heard.append(task.name)

    async def main():
        flow = DotFlow()
        flow.task.add(one, callback=told)
        flow.start(on_success=_noting(heard))

    asyncio.run(main())
    assert heard == ["one", 1]


def _noting(heard):
    async def done(tasks):
        heard.append(len(tasks))

    return done


def test_hooks_of_a_pipeline():
    """Async hooks hear all events in their order, in the loop, before the run ends."""
    heard = []
    loops = set()

    class Slow(RunHook):
        async def on_dag_start(self, event):
            loops.add(asyncio.get_running_loop())
            await asyncio.sleep(0.02)
            heard.append("start")

        async def on_task_start(self, event):
            await asyncio.sleep(0.01)
            heard.append(event.task_name)

        async def on_task_success(self, event):
            heard.append(event.result)

        async def on_task_failure(self, event):
            raise RuntimeError("the hook is broken")

        async def on_dag_end(self, event):
            await asyncio.sleep(0.01)
            heard.append("end")

    async def skipped(event):
        heard.append(f"{event.task_name} skipped")

    pipeline = Pipeline("p", hooks=[Slow(), fn_hook(on_task_skip=skipped)])

    @pipeline.task()
    async def first():
        loops.add(asyncio.get_running_loop())
        return 1

    @pipeline.task()
    def second(first):
        raise ValueError("no")

    @pipeline.task()
    def third(second):
        raise NotImplementedError

    pipeline.run()
    assert heard == ["start", "first", 1, "second", "third skipped", "end"]
    assert len(loops) == 1


@pytest.mark.parametrize(
    "callback", [lambda: 1, lambda t: t, lambda task, more: task, lambda task, /: task]
)
def test_one_that_does_not_take_what_it_is_given(callback):
    """A callback that could not be called is refused before anything runs."""
    flow = DotFlow()
    with pytest.raises(NotCallableObject, match="accepts task="):
        flow.task.add(one, callback=callback)
    flow.task.add(one)
    with pytest.raises(NotCallableObject, match="accepts tasks="):
        flow.start(on_success=lambda task: task)
    assert flow.task["one"].status == "Not started"
