"""What steps tell while they run is in the history, in order, from wherever they run."""

from __future__ import annotations

import os
import signal
import threading
from contextvars import copy_context

import pytest

from dotflow import action
from dotflow.engine.telling import listener, tell
from dotflow.model.events import TaskProgress

LARGE = "x" * 300_000


@action
def told():
    attempt = listener(TaskProgress)
    attempt.before_end(lambda: tell(TaskProgress, {"n": 5}))
    attempt.before_end(lambda: 1 / 0)
    tell(TaskProgress, {"n": 1})
    beside = threading.Thread(
        target=copy_context().run, args=(tell, TaskProgress, {"n": 2})
    )
    beside.start()
    beside.join()
    tell(TaskProgress, {"n": 3, "text": LARGE})
    tell(TaskProgress, {"n": 4})
    return [7, 8]


@action
async def told_async():
    for n in range(1, 5):
        tell(TaskProgress, {"n": n})
    listener(TaskProgress).before_end(lambda: tell(TaskProgress, {"n": 5}))


@action
def told_of_item(item):
    tell(TaskProgress, {"n": item})


@action(isolate=True)
def killed():
    tell(TaskProgress, {"text": "last words"})
    os.kill(os.getpid(), signal.SIGKILL)


def events_of(storage):
    history = storage.history
    events = history.events(history.runs()[0].run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return events


def numbers(events, task):
    return [
        e.detail["n"] for e in events if e.event == "TaskProgress" and e.task == task
    ]


def test_every_mode_hears_its_steps_in_order(quiet, storage, mode):
    """A step's tellings stand between its beginning and its end, from any of its threads."""
    flow = quiet(storage)
    flow.task.add(told, name="plain")
    flow.task.add(told_async, name="async")
    flow.task.add(action(isolate=True)(told.func), name="isolated")
    flow.task.add(action(timeout=60)(told.func), name="timed", depends_on=["isolated"])
    flow.task.add(told_of_item, name="items", map_over="timed")
    flow.start(mode=mode).wait()
    events = events_of(storage)
    for task in ("plain", "async", "isolated", "timed"):
        assert numbers(events, task) == [1, 2, 3, 4, 5], task
        mine = [event.event for event in events if event.task == task]
        assert (mine[0], mine[-1]) == ("TaskStarted", "TaskCompleted")
    items = {
        (event.index, event.detail["n"], event.attempt)
        for event in events
        if event.event == "TaskProgress" and event.task == "items"
    }
    assert items == {(0, 7, 1), (1, 8, 1)}


def test_what_was_told_before_a_kill_arrives(quiet, storage):
    """A step that is killed has told what it told before."""
    flow = quiet(storage)
    flow.task.add(killed)
    flow.start()
    events = [(event.event, event.detail.get("text")) for event in events_of(storage)]
    assert events[2:4] == [("TaskProgress", "last words"), ("TaskFailed", None)]


def test_what_is_told_too_late_is_dropped(quiet, storage):
    """A thread that outlives its step tells nothing more; nor does code outside a run."""
    heard, go_on = [], threading.Event()

    def late():
        go_on.wait()
        heard.append(tell(TaskProgress, {"n": 2}))

    @action
    def leaves_a_thread():
        tell(TaskProgress, {"n": 1})
        thread = threading.Thread(target=copy_context().run, args=(late,))
        thread.start()
        return None if heard else heard.append(thread)

    flow = quiet(storage)
    flow.task.add(leaves_a_thread)
    flow.start()
    go_on.set()
    heard[0].join()
    assert heard[1:] == [False]
    assert tell(TaskProgress, {}) is False
    assert numbers(events_of(storage), "leaves_a_thread") == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_step_forks_tells_nothing(quiet, storage, recwarn):
    """A child that a step forks is not heard, and forking beside it warns of no thread."""

    @action
    def forks():
        tell(TaskProgress, {"n": 1})
        child = os.fork()
        if not child:
            tell(TaskProgress, {"n": 2})
            os._exit(0)
        os.waitpid(child, 0)
        tell(TaskProgress, {"n": 3})

    flow = quiet(storage)
    flow.task.add(forks)
    flow.start()
    assert numbers(events_of(storage), "forks") == [1, 3]
    assert not [w for w in recwarn if "fork" in str(w.message)]


def test_without_a_history_nobody_listens(quiet):
    """Where nobody listens, a step is told so, and nothing is kept."""
    heard = []

    @action
    def speaks():
        heard.append(listener(TaskProgress))
        heard.append(tell(TaskProgress, {"n": 1}))

    flow = quiet()
    flow.task.add(speaks)
    flow.start()
    assert heard == [None, False]
