"""Every attempt reports, whatever ends it: nothing that a step does hangs a run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dotflow import DotFlow, action
from dotflow.engine.executors.threads import ThreadExecutor

sys.path.insert(0, str(Path(__file__).parent))
import hostile_steps

pytestmark = pytest.mark.start_methods

PROGRAM = Path(hostile_steps.__file__)
FAILED, COMPLETED = {"Failed", "FAILED"}, {"Completed", "SUCCESS"}


@pytest.mark.parametrize("way", hostile_steps.WAYS)
def test_every_attempt_reports(way):
    """Whatever a step raises or does, its run ends, once and in one process, in all modes."""
    done = subprocess.run(
        [sys.executable, PROGRAM, way], capture_output=True, text=True, timeout=300
    )
    found = {}
    for line in done.stdout.splitlines():
        name, statuses, raised, here = json.loads(line)
        assert here, name
        assert name not in found
        found[name] = raised
        if raised is not None or name == "closes_descriptors":
            continue
        if name.startswith("forks"):
            assert statuses[0] in COMPLETED, name
        elif name != "cancels_itself_and_returns":
            assert statuses[0] in FAILED, name
        if way != "background":  # which ends with what is no `Exception`, and is silent
            assert statuses[1] in COMPLETED, name
    assert list(found) == list(hostile_steps.STEPS), done.stderr[-2000:]
    if way == "pipeline":  # which has no event loop any more to tell of it
        del found["closes_descriptors"]
    fatal = ("BaseException", "exit_with", "ends_its_thread", "async_generator_that")
    assert [n for n in found if found[n] and not n.startswith(fatal)] == []


def test_a_thread_that_ends_in_silence(monkeypatch):
    """An attempt whose thread is gone without a word has crashed, and is named."""
    monkeypatch.setattr(ThreadExecutor, "_serve", lambda executor: _end(executor))
    workflow = DotFlow()
    workflow.task.add(action(lambda: 1), name="lost")
    workflow.start(mode="threads")
    (task,) = workflow.result_task()
    assert (task.status, task.outcome) == ("Failed", "Crashed")
    assert "'lost'" in task.reason


def _end(executor):
    """End a thread as code in C may: with what it has begun to serve."""
    import threading

    executor._serving[threading.current_thread()] = executor._orders.popleft()


def test_a_coroutine_that_is_cancelled_before_it_begins(monkeypatch):
    """An attempt whose coroutine never ran has crashed, and is named."""
    from dotflow.engine.executors import event_loop

    def make():
        def create(coroutine):
            task = asyncio.get_running_loop().create_task(coroutine)
            task.cancel()
            return task

        return create

    monkeypatch.setattr(event_loop, "_task_maker", make)

    @action
    async def never():
        return 1

    workflow = DotFlow()
    workflow.task.add(never)
    workflow.start(mode="async")
    (task,) = workflow.result_task()
    assert (task.status, task.outcome) == ("Failed", "Crashed")
    assert "'never'" in task.reason
