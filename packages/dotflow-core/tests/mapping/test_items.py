"""What a mapped step receives, and what becomes of its results."""

from __future__ import annotations

import pytest

from dotflow import Context, action
from dotflow.errors import GraphError, InvalidTask

pytestmark = pytest.mark.start_methods


@action
def three():
    return [10, 20, 30]


@action
def tenfold(item):
    return item * 10


@action
def total(previous_context):
    return sum(previous_context.storage)


def test_results_are_in_order_in_every_mode(mode, quiet):
    """Each item runs once, and the results are a list in the order of the items."""
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(tenfold, map_over=three)
    workflow.task.add(total, depends_on=tenfold)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [[10, 20, 30], [100, 200, 300], 600]


def test_more_items_than_slots_in_every_mode(mode, quiet):
    """A map over more items than run at once gives all results in order."""
    workflow = quiet()
    workflow.task.add(action(lambda: range(50)), name="numbers")
    workflow.task.add(tenfold, map_over="numbers")
    workflow.start(mode=mode, max_parallel=3).wait()
    assert workflow.result_storage()[1] == [number * 10 for number in range(50)]


def test_groups_run_maps_too(quiet):
    """In groups a map gives the same result."""
    workflow = quiet()
    workflow.task.add(three, group_name="one")
    workflow.task.add(tenfold, map_over=three, group_name="one")
    workflow.task.add(three, name="other", group_name="two")
    workflow.start(mode="sequential_group")
    assert workflow.task["tenfold"].current_context.storage == [100, 200, 300]


def test_async_steps_are_mapped(mode, quiet):
    """An async step is mapped as any other."""

    async def step(item):
        return -item

    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(action(step), name="negative", map_over="three")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1] == [-10, -20, -30]


def test_an_item_comes_under_every_name_that_is_asked_for(quiet):
    """A step gets the item as `item`, by the task's name and as `previous_context`."""

    def step(item, three, index, previous_context, other, initial_context):
        assert isinstance(previous_context, Context)
        assert item is three is previous_context.storage
        return item, index, other, initial_context.storage

    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(action(lambda: "b"), name="other")
    workflow.task.add(
        action(step),
        initial_context=7,
        name="mapped",
        map_over=three,
        depends_on="other",
    )
    workflow.start()
    assert workflow.result_storage()[2] == [
        (10, 0, "b", 7),
        (20, 1, "b", 7),
        (30, 2, "b", 7),
    ]
    assert workflow.task["mapped"].depends_on == ("three", "other")


def test_no_items_give_an_empty_list(mode, quiet):
    """A map over nothing completes with an empty list."""
    workflow = quiet()
    workflow.task.add(action(list), name="nothing")
    workflow.task.add(tenfold, map_over="nothing")
    workflow.task.add(total, depends_on=tenfold)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1:] == [[], 0]


def test_a_map_over_a_map(mode, quiet):
    """What a map returns can be mapped over in its turn."""
    workflow = quiet()
    workflow.task.add(three)
    workflow.task.add(tenfold, map_over=three)
    workflow.task.add(tenfold, name="more", map_over=tenfold)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[2] == [1000, 2000, 3000]


@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "async"])
def test_items_are_taken_one_at_a_time(mode, quiet):
    """A generator is never further ahead of the steps than there are slots."""
    taken, ended, ahead = [], [], []

    def numbers():
        for number in range(200):
            taken.append(number)
            ahead.append(len(taken) - len(ended))
            yield number

    def step(item):
        ended.append(item)

    workflow = quiet()
    workflow.task.add(action(lambda: numbers()), name="numbers")
    workflow.task.add(action(step), name="step", map_over="numbers")
    workflow.start(mode=mode, max_parallel=2).wait()
    assert workflow.result_storage()[1] == [None] * 200
    assert max(ahead) <= 3


@pytest.mark.parametrize("value", [7, None, "text", b"bytes", object()])
def test_what_cannot_be_iterated_fails_with_both_names(value, quiet):
    """A result that is no collection fails the map with the names of both tasks."""
    workflow = quiet()
    workflow.task.add(action(lambda: value), name="numbers")
    workflow.task.add(tenfold, map_over="numbers")
    workflow.start()
    task = workflow.task["tenfold"]
    assert task.status == "Failed"
    assert "'tenfold'" in task.reason
    assert "'numbers'" in task.reason
    assert type(value).__name__ in task.reason


class Once:
    """What can be read once only, and is no generator: a file, or a cursor."""

    def __init__(self):
        self._left = [1]

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            raise StopIteration
        return self._left.pop()


def test_an_iterator_for_two_tasks_is_refused(quiet):
    """An iterator that another task reads too fails the map, rather than be shared."""
    workflow = quiet()
    workflow.task.add(action(lambda: Once()), name="numbers")
    workflow.task.add(tenfold, name="one", map_over="numbers")
    workflow.task.add(tenfold, name="two", map_over="numbers")
    workflow.start()
    assert "can be read once only" in workflow.task["one"].reason


def test_a_generator_that_breaks_fails_the_map(quiet):
    """An exception in a generator fails the map and says where it came from."""

    def broken():
        yield 1
        raise OSError("no more")

    workflow = quiet()
    workflow.task.add(action(lambda: broken()), name="numbers")
    workflow.task.add(tenfold, map_over="numbers")
    workflow.start()
    task = workflow.task["tenfold"]
    assert task.reason == "The items of task 'numbers' ended with OSError: no more"
    assert task.mapped.completed == 1


def test_an_unknown_task_is_found_before_anything_runs(quiet):
    """A map over a task that does not exist is refused before the run."""
    workflow = quiet()
    workflow.task.add(tenfold, map_over="nowhere")
    with pytest.raises(GraphError, match="'nowhere'"):
        workflow.start()


def test_spilling_needs_a_map_and_a_durable_storage(quiet):
    """`spill=True` is refused where nothing could be spilled."""
    workflow = quiet()
    with pytest.raises(InvalidTask, match="map_over"):
        workflow.task.add(tenfold, spill=True)
    with pytest.raises(InvalidTask, match="StorageFile"):
        workflow.task.add(tenfold, map_over="three", spill=True)
    with pytest.raises(InvalidTask, match="one task"):
        workflow.task.add(tenfold, map_over=["three", "four"])
    assert workflow.task.count() == 0


def test_a_workflow_runs_its_map_every_time(quiet):
    """A second start maps again."""
    workflow = quiet()
    workflow.task.add(action(lambda: iter([1, 2])), name="numbers")
    workflow.task.add(tenfold, map_over="numbers")
    for _ in range(2):
        workflow.start()
        assert workflow.result_storage()[1] == [10, 20]
        assert workflow.task["tenfold"].mapped.total == 2
