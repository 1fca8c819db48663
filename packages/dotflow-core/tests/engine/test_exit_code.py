"""`sys.exit` in a step gives the report the same exit code in every mode."""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.model.outcome import Failure, exit_code
from dotflow.model.task_error import TaskError
from dotflow.providers import StorageSQLite
from dotflow.report.model import RunReport

pytestmark = pytest.mark.start_methods

MODES = (
    "sequential",
    "background",
    "threads",
    "async",
    "parallel",
    "sequential_group",
)


@action
def numbers():
    return [1, 2]


@action
def leave():
    sys.exit(7)


@action
async def leave_coroutine():
    sys.exit(7)


@action(isolate=True)
def leave_process():
    sys.exit(7)


@action(retry=2, retry_delay=0)
def leave_again():
    sys.exit(7)


@action
def leave_item(numbers):
    sys.exit(7)


def flow_of(*steps, **options):
    flow = DotFlow()
    flow.task.add(numbers, name="numbers")
    for step in steps:
        flow.task.add(step, **options)
    return flow


FLOWS = {
    "function": lambda: flow_of(leave),
    "coroutine": lambda: flow_of(leave_coroutine),
    "process": lambda: flow_of(leave_process),
    "retried": lambda: flow_of(leave_again),
    "sub-workflow": lambda: flow_of(flow_of(leave), name="inner"),
    "sub-workflow's process": lambda: flow_of(flow_of(leave_process), name="inner"),
    "item": lambda: flow_of(leave_item, map_over="numbers"),
    "workflow of an item": lambda: flow_of(
        flow_of(leave_process), map_over="numbers", name="inner"
    ),
}


def report_of(flow, mode="sequential"):
    try:
        run = flow.start(mode=mode)
        run.wait()
    except SystemExit:
        return flow.latest_run.report()
    return run.report()


@pytest.mark.parametrize("mode", MODES)
def test_the_same_in_every_mode(mode, nothing_left):
    """Whatever step of a workflow calls `sys.exit(7)`, the report's exit code is 7."""
    codes = {kind: report_of(make(), mode).exit_code for kind, make in FLOWS.items()}
    assert codes == dict.fromkeys(FLOWS, 7)


@pytest.mark.parametrize("process", [False, True])
def test_of_a_pipeline(process, tmp_path):
    """A run of a pipeline keeps the exit code of its step in its history."""
    pipeline = Pipeline("leaving")

    @pipeline.task(process=process)
    def step() -> None:
        sys.exit(7)

    storage = StorageSQLite(path=tmp_path / "runs.db")
    pipeline.configure(storage=storage)
    with suppress(SystemExit):
        pipeline.run()
    history = storage.history
    report = history.run(history.runs(limit=1)[0].run_id)
    assert report.exit_code == 7
    assert RunReport.from_json(report.to_json()).exit_code == 7


@pytest.mark.parametrize(
    ("given", "code"),
    [(2, 2), (0, 1), (None, 1), ("no such table", 1), (True, 1), (256, 1), (-1, 255)],
)
def test_it_never_tells_of_success(given, code):
    """What `sys.exit` is given becomes an exit code that is not 0."""
    assert exit_code(SystemExit(given)) == code
    assert Failure.from_error(SystemExit(given)).exit_code == code


def test_no_step_has_exited():
    """The exit code of a run is 0 where it completed, and 1 where a step raised."""
    assert report_of(flow_of(numbers)).exit_code == 0

    @action
    def fails():
        raise ValueError

    report = report_of(flow_of(fails))
    assert report.exit_code == 1
    assert '"exit_code"' not in report.to_json()


def test_an_error_pickled_before():
    """An error that was pickled without an exit code has none."""
    error = TaskError(ValueError("old"))
    _, _, (_, slots) = error.__reduce_ex__(pickle.HIGHEST_PROTOCOL)[:3]
    del slots["exit_code"]
    old = TaskError.__new__(TaskError)
    old.__setstate__((None, slots))
    assert (old.message, old.exit_code) == ("old", 0)
