"""Named limits and rates: how many attempts run at once, and how often they start."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from dotflow import DotFlow, action
from dotflow.errors import InvalidTask
from dotflow.testing import fake_clock


@pytest.mark.parametrize(("limits", "most"), [(None, 1), ({"db": 2}, 2)])
def test_a_limit_bounds_the_steps_that_share_it(gauge, limits, most):
    """No more attempts hold a name than it allows, 1 by default; others run beside."""
    barrier = threading.Barrier(most, timeout=30)

    @action(limit="db")
    def read():
        with gauge:
            barrier.wait()

    @action(limit="db")
    def write():
        with gauge:
            barrier.wait()

    workflow = DotFlow()
    workflow.task.add([read, write] * 3)
    workflow.start(mode="threads", limits=limits)

    assert {task.status for task in workflow.result_task()} == {"Completed"}
    assert gauge.most == most


def test_a_failed_attempt_gives_its_slot_back():
    """A limit is free again after an attempt that failed and one that timed out."""
    calls = []

    @action(limit="db", retry=2, retry_delay=0)
    def flaky():
        calls.append(1)
        if len(calls) % 2:
            raise ConnectionError

    @action(limit="db", timeout=0.1)
    def slow():
        time.sleep(60)

    workflow = DotFlow()
    workflow.task.add([flaky, slow, flaky])
    workflow.start(mode="threads")

    states = [task.status for task in workflow.result_task()]
    assert states == ["Completed", "Failed", "Completed"]


@pytest.mark.parametrize("storage", ["StorageSQLite", "StorageFile"])
def test_processes_share_a_limit_through_a_durable_storage(storage, tmp_path):
    """Two programs with one storage never hold a limit of 1 at the same time."""
    script = tmp_path / "script.py"
    script.write_text(
        f"""
import os, sys, time
from dotflow import Config, DotFlow, action
from dotflow.providers import {storage}

@action(limit="printer")
def use():
    file = os.open("busy", os.O_CREAT | os.O_EXCL)  # fails where it is busy already
    time.sleep(0.02)
    os.close(file)
    os.unlink("busy")

workflow = DotFlow(Config(storage={storage}(path="store")))
workflow.task.add([use] * 5)
workflow.start(mode="threads")
print([task.status for task in workflow.result_task()])
"""
    )
    processes = [
        subprocess.Popen(
            [sys.executable, script], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]

    said = [process.communicate(timeout=120)[0] for process in processes]
    assert said == [f"{['Completed'] * 5}\n"] * 3


def test_a_rate_spreads_the_starts():
    """In no period do more attempts start than the rate allows."""
    starts = []

    with fake_clock() as clock:

        @action(rate="2/s")
        def call():
            starts.append(clock.monotonic())

        workflow = DotFlow()
        workflow.task.add([call] * 5)
        workflow.start(mode="threads")
    starts.sort()
    # A step reads the clock a moment after it was let in, so these are lower bounds.
    assert starts[2] >= 1
    assert starts[4] >= 2
    assert clock.elapsed <= 2


@pytest.mark.parametrize("rate", ["10", "ten/s", "0/s", "5/", "5/x", "5/0s", "-1/s", 3])
def test_a_wrong_rate_is_refused_where_it_is_written(rate):
    """A rate that cannot be read is an error of the decorator, with an example."""
    with pytest.raises(InvalidTask, match="10/s"):
        action(rate=rate)


@pytest.mark.parametrize("limits", [{"db": 0}, {"db": "two"}, ["db"]])
def test_wrong_limits_are_refused_before_anything_runs(limits):
    """A size of a limit that is no whole number above 0 is an error."""
    workflow = DotFlow()
    with pytest.raises(InvalidTask, match="limits"):
        workflow.start(limits=limits)
