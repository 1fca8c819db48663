"""A run that is cancelled as it begins a step, or ends: nothing is lost, nothing leaks."""

import asyncio
import random
import threading
import time

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.notify import Notify
from dotflow.engine.control import Control, RunCancelled

RUNS = 300


class CancelsAtOnce(Notify):
    """Cancels the run, from another thread, when it is told that a step begins."""

    flow = None

    def hook_status_task(self, task):
        if task.status == "In progress":
            other = threading.Thread(target=self.flow.cancel)
            other.start()
            other.join()


def call(where, function):
    """Call a function in the main thread, or in another, and return what it gives."""
    if where == "main":
        return function()
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("mode", ["sequential", "async"])
def test_a_cancel_just_before_a_step_ends_it(where, kind, mode):
    """A step that was told of and has not begun yet is ended, however long it takes."""
    ended = []

    def sync():
        time.sleep(60)
        ended.append(1)

    async def coroutine():
        await asyncio.sleep(60)
        ended.append(1)

    notify = CancelsAtOnce()
    notify.flow = flow = DotFlow(Config(notify=notify))
    flow.task.add(action(sync if kind == "sync" else coroutine), name="long")
    run = call(where, lambda: flow.start(mode=mode))
    assert run.status == "Cancelled"
    assert ended == []
    assert flow.task.queue[0].status == "Cancelled"


def test_a_swallowed_cancel_comes_again():
    """A step that catches everything once is ended all the same."""
    begun = threading.Event()

    @action
    def stubborn():
        for _ in range(2):
            try:
                while True:
                    begun.set()
                    time.sleep(0.01)
            except BaseException:
                continue

    flow = DotFlow()
    flow.task.add(stubborn)
    threading.Thread(target=lambda: (begun.wait(), flow.cancel()), daemon=True).start()
    assert flow.start().status == "Cancelled"


@pytest.mark.parametrize("where", ["main", "thread"])
def test_nothing_is_raised_after_the_end(where):
    """Whoever cancels a run that ends just now raises nothing in the code after it."""

    @action
    def short():
        return sum(range(random.randrange(3000)))

    def use():
        for _ in range(RUNS):
            flow = DotFlow()
            flow.task.add([short, short])
            over = threading.Event()

            def keep_cancelling(flow=flow, over=over):
                while not over.is_set():
                    flow.cancel()

            other = threading.Thread(target=keep_cancelling)
            other.start()
            run = flow.start()
            sum(range(3000))  # as the user's own code
            assert run.status in ("Completed", "Cancelled")
            states = {task.status for task in flow.task.queue}
            assert states <= {"Completed", "Cancelled", "Not started"}, states
            over.set()
            other.join()
        return True

    assert call(where, use)


@pytest.mark.parametrize("how", ["interrupt", "cancel", "wind_down"])
def test_an_end_that_comes_while_others_are_asked(how):
    """A signal or a cancel that comes in the middle of a look at the storage counts."""

    def asked():
        end = getattr(control, how)
        end(*() if how == "interrupt" else ("told",))

    control = Control(requested=asked)
    control.poll(at_once=True)
    assert control.reason is not None
    with pytest.raises((KeyboardInterrupt, RunCancelled)):
        control.check()
