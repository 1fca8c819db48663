"""Tests of a history: several processes that write at once, and one that is killed."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from dotflow.testing.history_base import HistorySuite, one, run
from dotflow.testing.storage_base import PATIENCE, skip_unless
from dotflow.testing.storage_processes import start_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage

WRITERS = 4
RUNS = 3
_TASKS = 4
_EVENTS = 2 + 2 * _TASKS
_STUCK = "stuck"


class HistoryProcessTests(HistorySuite):
    """Part of `HistoryContract`."""

    def test_writers_at_once_and_one_killed(self) -> None:
        """Processes that write at once lose no event; a killed one's run has crashed.

        Readers see whole beginnings of runs meanwhile, and what was acknowledged before
        a kill is there after it.
        """
        skip_unless(hasattr(os, "fork"), "there is no fork")
        storage, history = self.history()
        factory = self.storage_factory()
        skip_unless(factory is not None, "no storage_factory()")
        process = start_process(write_runs, factory, self.seconds)
        try:
            pid = _watch_until_stuck(history, self.seconds)
            # What a reader was shown before the kill must not be taken back by it.
            seen = history.events(history.runs(workflow_id=_STUCK)[0].run_id)
            os.kill(pid, signal.SIGKILL)
            process.join(PATIENCE)
            assert process.exitcode == 0
        finally:
            process.kill()
        every = history.runs(limit=None)
        made = sum(storage.get(f"made-{n}").storage for n in range(WRITERS))
        assert len(every) == made + 1
        for told in every:
            events = history.events(told.run_id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            if told.workflow_id != _STUCK:
                assert (told.status, len(events)) == ("Completed", _EVENTS)
                continue
            assert events[: len(seen)] == seen
            assert (told.status, told.pid, told.finished) == ("Crashed", pid, None)
            report = history.run(told.run_id)
            assert [task.state for task in report] == ["Completed", "Crashed"]
            assert "has died" in (report.tasks[1].reason or "")
        assert history.runs(status="In progress") == []
        (told,) = history.runs(status="Crashed")
        assert not history.goes_on(told.run_id)
        assert history.delete(told.run_id) is True


def _watch_until_stuck(history: History, seconds: float) -> int:
    """Read as others write, until the run hangs that is to be killed; return its pid."""
    deadline = time.monotonic() + seconds + PATIENCE
    while True:
        for told in history.runs(limit=10):
            events = history.events(told.run_id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
        going_on = history.runs(status="In progress")
        if [told.workflow_id for told in going_on] == [_STUCK]:
            events = history.events(going_on[0].run_id)
            if events and events[-1].task == "hang":
                return going_on[0].pid
        assert time.monotonic() < deadline, "the run that hangs was never seen alone"
        time.sleep(0.02)


def write_runs(factory: Callable[[], Storage], seconds: float) -> None:
    """Fork processes that write runs, and one whose run hangs until it is killed."""
    children = []
    for number in range(WRITERS + 1):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _write(factory(), number, seconds)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    assert codes == [0] * WRITERS + [signal.SIGKILL], codes


def _write(storage: Storage, number: int, seconds: float) -> None:
    from dotflow.model.context import Context

    if number == WRITERS:
        run(storage, one, hang, workflow_id=_STUCK)
    end, made = time.monotonic() + seconds, 0
    while made < RUNS or time.monotonic() < end:
        made += 1
        names = tuple(f"t{n}" for n in range(_TASKS))
        done = run(storage, *[one] * _TASKS, names=names, workflow_id=f"w{number}")
        assert done.status == "Completed"
    storage.post(f"made-{number}", Context(made, task_id="t"))
    storage.close()


def hang() -> None:
    """Wait to be killed."""
    while True:
        time.sleep(1)
