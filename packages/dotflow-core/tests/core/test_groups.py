"""Named groups: at the same time, each one a chain of its own."""

from __future__ import annotations

import os
import time

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods

MODES = ["sequential", "sequential_group"]


@action
def append(previous_context, initial_context):
    return [*(previous_context.storage or []), tuple(initial_context.storage)]


@pytest.mark.parametrize("mode", MODES)
def test_groups_run_at_the_same_time(tmp_path, mode):
    """Two groups that wait for each other both end, with `sequential` as well."""

    @action
    def meet(initial_context):
        mine, theirs = initial_context.storage
        (tmp_path / mine).touch()
        patience = time.monotonic() + 60
        while not (tmp_path / theirs).exists():
            assert time.monotonic() < patience, "the other group did not run meanwhile"
            time.sleep(0.01)
        return os.getpid()

    workflow = DotFlow()
    workflow.task.add(meet, initial_context=("a", "b"), group_name="left")
    workflow.task.add(meet, initial_context=("b", "a"), group_name="right")
    run = workflow.start(mode=mode)
    assert run.status == "Completed"
    assert len({os.getpid(), *workflow.result_storage()}) == 3


def test_one_group_needs_no_process():
    """With one group, whatever its name, `sequential` runs in this process."""
    workflow = DotFlow()
    workflow.task.add([action(os.getpid)] * 2, group_name="only")
    workflow.start()
    assert workflow.result_storage() == [os.getpid()] * 2


@pytest.mark.parametrize("mode", MODES)
def test_interleaved_groups_chain_inside_each_group(mode):
    """A task's previous context is that of its own group, however they were added."""
    workflow = DotFlow()
    for number in range(3):
        for name in ("left", "right"):
            workflow.task.add(
                append,
                initial_context=(name, number),
                group_name=name,
                name=f"{name}{number}",
            )
    workflow.start(mode=mode)
    assert workflow.result_storage()[-2:] == [
        [("left", 0), ("left", 1), ("left", 2)],
        [("right", 0), ("right", 1), ("right", 2)],
    ]


def test_background_ignores_groups():
    """A background run is one chain over all groups, as in 1.x."""
    workflow = DotFlow()
    workflow.task.add(append, initial_context=("a", 0), group_name="left")
    workflow.task.add(append, initial_context=("b", 1), group_name="right")
    workflow.start(mode="background").wait()
    assert workflow.result_storage()[-1] == [("a", 0), ("b", 1)]
