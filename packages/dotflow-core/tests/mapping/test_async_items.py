"""Maps over items that come asynchronously."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from dotflow import action
from dotflow.providers import StorageFile
from dotflow.testing import RecordingTracer

pytestmark = pytest.mark.usefixtures("young_heap")

# A process cannot be handed a generator that another one has made.
MODES = ["sequential", "background", "threads", "async"]


@action
def tenfold(item):
    return item * 10


@action
async def double(item):
    await asyncio.sleep(0)
    return item * 2


def workflow_over(quiet, items, step=tenfold, **options):
    workflow = quiet()
    workflow.task.add(action(lambda: items()), name="numbers")
    workflow.task.add(step, name="step", map_over="numbers", **options)
    return workflow


async def three():
    for number in range(3):
        await asyncio.sleep(0)
        yield number


@pytest.fixture(params=MODES)
def mode(request):
    """Every mode that runs the steps in the process of the run."""
    return request.param


@pytest.mark.parametrize("step", [tenfold, double])
def test_an_async_generator_is_mapped(mode, step, quiet):
    """An async generator gives the items in order, to sync and async steps alike."""
    workflow = workflow_over(quiet, three, step)
    workflow.start(mode=mode).wait()
    factor = 10 if step is tenfold else 2
    task = workflow.task["step"]
    assert task.current_context.storage == [0, factor, 2 * factor]
    assert task.mapped.total == task.mapped.completed == 3


def test_an_async_generator_function_is_a_step(mode, quiet):
    """A step that is itself an async generator can be mapped over."""
    workflow = quiet()
    workflow.task.add(action(three))
    workflow.task.add(tenfold, map_over="three")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1] == [0, 10, 20]


def test_items_are_taken_one_at_a_time(mode, quiet):
    """An async generator is never further ahead of the steps than there are slots."""
    taken, ended, ahead = [], [], []

    async def numbers():
        for number in range(100):
            taken.append(number)
            ahead.append(len(taken) - len(ended))
            yield number

    workflow = workflow_over(quiet, numbers, action(lambda item: ended.append(item)))
    workflow.start(mode=mode, max_parallel=2).wait()
    assert workflow.result_storage()[1] == [None] * 100
    assert max(ahead) <= 3


# In a process of its own, where no other test's objects and threads are in the way.
COUNTING = """
import gc, sys

from dotflow import DotFlow, action

class Value:
    pass

most = []

async def numbers():
    for _ in range(300):
        yield Value()

@action
def step(index, previous_context):
    if index % 100 == 99:
        gc.collect()
        most.append(sum(type(found) is Value for found in gc.get_objects()))

workflow = DotFlow()
workflow.task.add(action(lambda: numbers()), name="numbers")
workflow.task.add(step, map_over="numbers")
workflow.start(mode=sys.argv[1], max_parallel=2).wait()
assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
assert len(most) == 3
# Those that run, the one that comes next, and what a thread is about to drop.
assert max(most) <= 5, most
"""


def test_nothing_of_an_item_outlives_it(mode, program):
    """Of an async generator no more items are in memory than are in flight."""
    result = program(COUNTING, mode)
    assert result.returncode == 0, result.stderr


def test_items_run_while_the_next_one_is_awaited(quiet):
    """In mode async steps run while the generator waits for its next item."""
    ran = asyncio.Event()

    async def numbers():
        yield 1
        await asyncio.wait_for(ran.wait(), 60)
        yield 2

    @action
    async def step(item):
        ran.set()
        return item

    workflow = workflow_over(quiet, numbers, step)
    workflow.start(mode="async")
    assert workflow.result_storage()[1] == [1, 2]


def test_a_generator_that_breaks_fails_the_map(mode, quiet):
    """An exception in an async generator fails the map and says where it came from."""

    async def broken():
        yield 1
        raise OSError("no more")

    workflow = workflow_over(quiet, broken)
    workflow.start(mode=mode).wait()
    task = workflow.task["step"]
    assert task.reason == "The items of task 'numbers' ended with OSError: no more"
    assert task.mapped.completed == 1


def test_a_failed_item_does_not_wait_for_a_generator_that_waits(quiet):
    """When an item has failed a generator that waits for ever is ended, in its finally."""
    ended = threading.Event()

    async def numbers():
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            ended.set()

    workflow = workflow_over(quiet, numbers, action(lambda item: 1 // item))
    workflow.start(mode="async")
    assert workflow.task["step"].status == "Failed"
    assert ended.is_set()


def test_the_generator_ends_with_the_map(mode, quiet):
    """A generator whose map has failed is closed, so that its finally runs."""
    ended = threading.Event()

    async def numbers():
        try:
            while True:
                yield 0
        finally:
            ended.set()

    workflow = workflow_over(quiet, numbers, action(lambda item: 1 // item))
    workflow.start(mode=mode).wait()
    assert workflow.task["step"].status == "Failed"
    del workflow
    gc.collect()
    assert ended.wait(60)


@pytest.mark.parametrize("mode", ["sequential", "async"])
def test_a_deadline_ends_a_map_that_waits_for_items(mode, quiet):
    """A deadline ends a map whose generator waits for ever."""

    async def numbers():
        yield 1
        await asyncio.Event().wait()

    workflow = workflow_over(quiet, numbers)
    run = workflow.start(mode=mode, deadline=0.3)
    assert run.status == "Cancelled"
    assert workflow.task["step"].status == "Cancelled"
    assert workflow.task["step"].mapped.completed == 1


@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_run_inside_a_running_loop(mode, quiet):
    """An async generator is mapped also where `start` is called in a running loop."""

    async def main():
        workflow = workflow_over(quiet, three)
        workflow.start(mode=mode)
        return workflow.result_storage()[1]

    assert asyncio.run(main()) == [0, 10, 20]


def test_items_with_actions_are_items(quiet):
    """An object with actions of its own is an item like any other, and is not run."""

    class Job:
        @action
        def run(self):
            raise AssertionError("it was run")

    async def jobs():
        yield Job()

    workflow = workflow_over(quiet, jobs, action(lambda item: type(item).__name__))
    workflow.start(mode="async")
    assert workflow.result_storage()[1] == ["Job"]


def test_fetching_needs_a_slot_and_leaves_it(quiet):
    """With `max_parallel=1` items are fetched and run in turn, without a deadlock."""
    workflow = workflow_over(quiet, three, double)
    workflow.start(mode="async", max_parallel=1)
    assert workflow.result_storage()[1] == [0, 2, 4]


def test_two_maps_read_one_async_generator(mode, quiet):
    """Two maps over one async generator have all of its items each."""
    workflow = workflow_over(quiet, three)
    workflow.task.add(double, name="other", map_over="numbers")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1:] == [[0, 10, 20], [0, 2, 4]]


def test_an_async_generator_is_stored(mode, quiet, tmp_path):
    """Where results are stored, all that an async generator gives is, and read as such."""

    @action
    async def read(three):
        return [number async for number in three]

    storage = StorageFile(path=tmp_path)
    for _ in range(2):
        workflow = quiet(storage, "feed")
        workflow.task.add(action(three))
        workflow.task.add(tenfold, map_over="three")
        workflow.task.add(read, depends_on="three")
        workflow.start(mode=mode, resume=True).wait()
        assert workflow.result_storage() == [[0, 1, 2], [0, 10, 20], [0, 1, 2]]


class Feed:
    """Can be iterated asynchronously, more than once."""

    def __aiter__(self):
        return three()


def test_an_async_iterable_can_be_stored_and_resumed(mode, quiet, tmp_path):
    """An object with __aiter__ is stored as any other, and its missing items run later."""
    seen = []

    def step(item):
        seen.append(item)
        if item == 1 and seen.count(1) == 1:
            raise ValueError
        return item

    storage = StorageFile(path=tmp_path)
    workflow = quiet(storage, "maps")
    workflow.task.add(action(Feed), name="feed")
    workflow.task.add(action(step), name="step", map_over="feed")
    workflow.start(mode=mode, keep_going=True).wait()
    workflow.start(mode=mode, resume=True).wait()
    assert workflow.task["step"].current_context.storage == [0, 1, 2]
    assert sorted(seen) == [0, 1, 1, 2]


def test_a_tracer_is_not_confused(quiet):
    """A tracer hears of the mapped task once, whatever was fetched for it."""
    tracer = RecordingTracer()
    workflow = workflow_over(quiet, three, double)
    workflow.config.tracer = tracer
    workflow.start(mode="async")
    assert workflow.result_storage()[1] == [0, 2, 4]
