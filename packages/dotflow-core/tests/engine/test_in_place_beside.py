"""What one task does to a value in place, those that read it meanwhile do not see."""

from __future__ import annotations

import threading

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import StorageDefault

MODES = ["sequential", "threads", "async", "background", "parallel"]


def start(workflow, mode, **options):
    workflow.start(mode=mode, **options).wait()
    tasks = workflow.result_task()
    assert {task.status for task in tasks} == {"Completed"}, [t.errors for t in tasks]
    return workflow.result_storage()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("first", ["map", "sibling"])
def test_a_sibling_of_a_map_changes_no_item(mode, first):
    """While items are taken from a result, what another task does to it changes none."""
    changed = threading.Event()

    @action
    def rows():
        return [[1], [2], [3]]

    @action
    def each(item, beside):
        if mode in ("threads", "async"):
            assert changed.wait(10)
        return list(item), list(beside)

    @action
    def beside():
        return ["b"]

    @action
    def sibling(rows, beside):
        rows[1].append("more")
        rows.append("more")
        beside.append("more")
        changed.set()

    workflow = DotFlow()
    workflow.task.add(rows)
    workflow.task.add(beside, depends_on=[])

    def add_map():
        workflow.task.add(each, map_over=rows, depends_on=beside)

    def add_sibling():
        workflow.task.add(sibling, depends_on=[rows, beside])

    order = [add_map, add_sibling]
    for add in order if first == "map" else order[::-1]:
        add()
    start(workflow, mode, max_parallel=2)
    results = {
        task.name: task.current_context.storage for task in workflow.result_task()
    }
    assert results["each"] == [([n], ["b"]) for n in (1, 2, 3)]
    assert results["rows"] == [[1], [2], [3]]


def test_a_sibling_of_a_mapped_pipeline_task_changes_no_item():
    """While items are taken from a result of a pipeline, no other task changes them."""
    pipeline = Pipeline("shop", max_parallel=2)
    changed = threading.Event()

    @pipeline.task()
    def rows():
        return [[1], [2], [3]]

    @pipeline.task(map=rows)
    def each(item):
        assert changed.wait(10)
        return list(item)

    @pipeline.task()
    def sibling(rows):
        rows[1].append("more")
        rows.append("more")
        changed.set()

    assert pipeline.run()["tasks"]["each"]["result"] == [[1], [2], [3]]


@pytest.mark.parametrize("mode", ["threads", "async"])
def test_a_cache_is_asked_with_what_the_producer_left(mode):
    """While another task has changed a value, a cached step's inputs are what it was."""
    changed, asked = threading.Event(), threading.Event()

    @action
    def rows(initial_context):
        return initial_context.storage

    @action
    def sibling(rows):
        rows.append("more")
        changed.set()
        asked.wait(10)

    @action
    def wait():
        changed.wait(10)

    @action(cache=True)
    def count(rows):
        asked.set()
        return len(rows)

    config = Config(storage=StorageDefault())
    for given, length in (([1], 1), ([1, "more"], 2)):
        changed.clear()
        workflow = DotFlow(config)
        workflow.task.add(rows, initial_context=given)
        workflow.task.add(sibling, depends_on=rows)
        workflow.task.add(wait, depends_on=rows)
        workflow.task.add(count, depends_on=[rows, wait])
        assert start(workflow, mode)[-1] == length
        asked.clear()


@pytest.mark.parametrize("mode", MODES)
def test_a_maps_initial_context_is_its_own(mode):
    """What a task does to an initial context that a map was given too, no item sees."""
    given = [0]

    @action
    def sibling(initial_context):
        initial_context.storage.append("more")
        return list(initial_context.storage)

    @action
    def rows(initial_context):
        return [1, 2]

    @action
    def each(item, initial_context):
        initial_context.storage.append(item)
        return list(initial_context.storage)

    workflow = DotFlow()
    workflow.task.add(sibling, initial_context=given, depends_on=[])
    workflow.task.add(rows, initial_context=given, depends_on=[])
    workflow.task.add(each, map_over=rows, initial_context=given)
    start(workflow, mode, max_parallel=2)
    assert workflow.result_storage() == [[0, "more"], [1, 2], [[0, 1], [0, 2]]]
