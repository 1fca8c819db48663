"""Callbacks of tasks and of runs: who is called, when and with what."""

from __future__ import annotations

import logging

import pytest
from plain_steps import fail, one

from dotflow import DotFlow, Task, action
from dotflow.errors import NotCallableObject

pytestmark = pytest.mark.start_methods

MODES = ["sequential", "background", "parallel", "sequential_group"]


class Heard:
    """Callbacks that note what they are called with."""

    def __init__(self):
        self.calls = []

    def task(self, task):
        self.calls.append((task.name, task.status))

    def success(self, tasks):
        self.calls.append(("on_success", [task.name for task in tasks]))

    def failure(self, tasks):
        self.calls.append(("on_failure", [task.name for task in tasks]))

    def start(self, *steps, **options):
        workflow = DotFlow()
        workflow.task.add(list(steps), callback=self.task)
        run = workflow.start(
            on_success=self.success, on_failure=self.failure, **options
        )
        run.wait()
        return workflow


@pytest.mark.parametrize("mode", MODES)
def test_success(mode):
    """A task's callback comes at its end, `on_success` after all of them, in each mode."""
    heard = Heard()
    heard.start(one, mode=mode)
    assert heard.calls == [("one", "Completed"), ("on_success", ["one"])]


@pytest.mark.parametrize("mode", MODES)
def test_failure(mode):
    """A failed task calls its callback too, and `on_failure` after it, in each mode."""
    heard = Heard()
    heard.start(fail, mode=mode)
    assert heard.calls == [("fail", "Failed"), ("on_failure", ["fail"])]


def test_a_failure_anywhere_is_a_failure():
    """One failed task among completed ones makes it `on_failure`."""
    heard = Heard()
    heard.start(fail, one, keep_going=True)
    assert heard.calls[-1] == ("on_failure", ["fail", "one"])


def test_a_run_passes_the_tasks_that_ran():
    """Tasks that were never started are not passed to `on_failure`, as in 1.x."""
    heard = Heard()
    heard.start(one, fail, one)
    assert heard.calls == [
        ("one", "Completed"),
        ("fail", "Failed"),
        ("on_failure", ["one", "fail"]),
    ]


def test_the_callback_sees_the_result():
    """In its callback a task has its value, its times and its duration."""
    seen = []

    def look(task):
        assert isinstance(task, Task)
        seen.append((task.current_context.storage, task.finished_at, task.duration))

    workflow = DotFlow()
    workflow.task.add(one, callback=look)
    workflow.start()
    value, finished_at, duration = seen[0]
    assert value == 1
    assert finished_at is not None
    assert duration >= 0


def test_the_callback_comes_before_the_next_task():
    """In a chain a callback has returned when the next task starts."""
    order = []
    workflow = DotFlow()
    workflow.task.add(
        [action(lambda: order.append("a")), action(lambda: order.append("b"))],
        callback=lambda task: order.append("callback"),
    )
    workflow.start()
    assert order == ["a", "callback", "b", "callback"]


def test_the_callback_comes_once_for_all_attempts():
    """Retries do not call back; the end does."""
    heard = Heard()
    heard.start(action(fail.func, retry=3, retry_delay=0))
    assert [call for call in heard.calls if call[0] == "fail"] == [("fail", "Failed")]


def test_callbacks_that_take_anything():
    """Callbacks with `*args, **kwargs`, as the guide writes them, work."""
    seen = []

    def callback(*args, **kwargs):
        seen.append((args, list(kwargs)))

    workflow = DotFlow()
    workflow.task.add(one, callback=callback)
    workflow.start(on_success=callback)
    assert seen == [((), ["task"]), ((), ["tasks"])]


def test_callbacks_of_a_run_by_path(tmp_path, monkeypatch):
    """`on_success` and `on_failure` may be dotted paths."""
    source = "seen = []\ndef note(tasks):\n    seen.append(len(tasks))\n"
    (tmp_path / "callbacks_by_path.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    workflow = DotFlow()
    workflow.task.add(one)
    workflow.start(on_success="callbacks_by_path.note")
    import callbacks_by_path

    assert callbacks_by_path.seen == [1]


@pytest.mark.parametrize("name", ["on_success", "on_failure"])
def test_a_callback_of_a_run_must_be_callable(name):
    """What cannot be called is refused by name, and nothing has run."""
    ran = []
    workflow = DotFlow()
    workflow.task.add(action(lambda: ran.append(1)))
    with pytest.raises(NotCallableObject, match=name):
        workflow.start(**{name: 3})
    assert ran == []


@pytest.mark.parametrize("mode", MODES)
def test_a_callback_that_raises_is_reported_once(mode, caplog):
    """An exception in a callback is one warning that names it; the run goes on."""

    def broken(task):
        raise KeyError("in the callback")

    workflow = DotFlow()
    workflow.task.add(one, callback=broken)
    with caplog.at_level(logging.WARNING, logger="dotflow"):
        workflow.start(mode=mode).wait()
    assert [task.status for task in workflow.result_task()] == ["Completed"]
    warnings = [r.getMessage() for r in caplog.records if "callback" in r.getMessage()]
    assert len(warnings) == 1
    assert "callback of task 'one'" in warnings[0]
    assert "in the callback" in warnings[0]


@pytest.mark.parametrize(("step", "name"), [(one, "on_success"), (fail, "on_failure")])
def test_a_callback_of_a_run_that_raises_is_reported(step, name, caplog):
    """An exception in `on_success` or `on_failure` is a warning; `start` returns."""

    def broken(tasks):
        raise KeyError("at the end")

    workflow = DotFlow()
    workflow.task.add(step)
    with caplog.at_level(logging.WARNING, logger="dotflow"):
        workflow.start(**{name: broken})
    assert any(
        record.getMessage().startswith(name) and "at the end" in record.getMessage()
        for record in caplog.records
    )
