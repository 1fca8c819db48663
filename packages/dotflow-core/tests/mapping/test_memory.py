"""A map keeps nothing of an item but its result."""

from __future__ import annotations

import pytest

from dotflow import action

pytestmark = pytest.mark.usefixtures("young_heap")

# In a process of its own: in one that runs many tests a count takes a second, and other
# tests' threads and garbage are in the way.
COUNTING = """
import gc, sys

from dotflow import Context, DotFlow, action
from dotflow.model.items import Item

class Value:
    pass

def count(*kinds):
    gc.collect()
    types = [type(found) for found in gc.get_objects()]
    return tuple(sum(found is kind for found in types) for kind in kinds)

most = []

@action
def step(index, previous_context):
    if index % 100 == 99:
        most.append(count(Value, Item, Context))

workflow = DotFlow()
workflow.task.add(action(lambda: (Value() for _ in range(500))), name="numbers")
workflow.task.add(step, map_over="numbers")
(contexts,) = count(Context)
workflow.start(mode=sys.argv[1], max_parallel=2)
assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
assert len(most) == 5
# Two that run, three that have ended and wait to be stored, one that comes next.
assert max(values for values, _, _ in most) <= 6, most
assert max(items for _, items, _ in most) <= 6, most
assert max(some for _, _, some in most) <= contexts + 10, most
"""


@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_nothing_of_an_item_outlives_it(mode, program):
    """However many items have run, there are no more of them than are in flight."""
    result = program(COUNTING, mode)
    assert result.returncode == 0, result.stderr


def test_failed_items_wait_for_retry_within_a_bound(quiet, monkeypatch):
    """While many items wait for another attempt no further ones are taken."""
    monkeypatch.setattr("dotflow.engine.maps.waiting_items.MAX_WAITING", 5)
    taken, settled, ahead = [], [], []

    def numbers():
        for number in range(40):
            taken.append(number)
            ahead.append(len(taken) - len(settled))
            yield number

    @action(retry=2, retry_delay=0.01)
    def step(item):
        if item in seen:
            settled.append(item)
            return item
        seen.add(item)
        raise ValueError

    seen = set()
    workflow = quiet()
    workflow.task.add(action(lambda: numbers()), name="numbers")
    workflow.task.add(step, map_over="numbers")
    workflow.start()
    assert workflow.result_storage()[1] == list(range(40))
    assert max(ahead) <= 7
