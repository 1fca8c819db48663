"""`@pipeline.task(map=…)`."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import Pipeline


@pytest.fixture
def pipeline():
    """A pipeline whose first task returns three numbers."""
    pipeline = Pipeline("numbers", max_parallel=2)

    @pipeline.task()
    def numbers():
        return iter([1, 2, 3])

    return pipeline


def results(pipeline):
    report = pipeline.run()["tasks"]
    return {name: task["result"] for name, task in report.items()}


@pytest.mark.parametrize("over", ["name", "function"])
def test_a_task_is_called_for_each_item(over, pipeline):
    """`map=` takes a name or a function, and the task gets the item and its place."""
    given = "numbers"
    if over == "function":
        given = pipeline.tasks["numbers"].func

    @pipeline.task(map=given)
    def square(item, index):
        return item * item, index

    @pipeline.task()
    async def last(square):
        return square[-1]

    assert pipeline.dependencies["square"] == ["numbers"]
    found = results(pipeline)
    assert found["square"] == [(1, 0), (4, 1), (9, 2)]
    assert found["last"] == (9, 2)


def test_the_item_may_be_named_after_the_task(pipeline):
    """A parameter named after the mapped task receives one item of it."""

    @pipeline.task(map="numbers")
    async def negative(numbers):
        return -numbers

    assert results(pipeline)["negative"] == [-1, -2, -3]


def test_further_dependencies_are_whole(pipeline):
    """Beside the item a mapped task gets the whole results of other tasks."""

    @pipeline.task()
    def factors():
        return [10, 100]

    @pipeline.task(map="numbers", deps=[factors])
    def products(item, factors):
        return [item * factor for factor in factors]

    assert results(pipeline)["products"] == [[10, 100], [20, 200], [30, 300]]


def test_each_item_is_retried(pipeline):
    """A mapped task's `retries` are those of each item."""
    seen = []

    @pipeline.task(map="numbers", retries=1)
    def odd(item):
        seen.append(item)
        if seen.count(item) == 1 and item == 2:
            raise ValueError
        return item

    assert results(pipeline)["odd"] == [1, 2, 3]
    assert sorted(seen) == [1, 2, 2, 3]


def test_a_failed_item_fails_the_task(pipeline):
    """The report of a failed map names the item."""

    @pipeline.task(map="numbers")
    def bad(item):
        return 1 // (item - 3)

    task = pipeline.run()["tasks"]["bad"]
    assert task["status"] == "FAILED"
    assert "division" in task["error"]


def test_an_unknown_task_is_refused(pipeline):
    """A map over a task that is not registered is refused when the pipeline is checked."""

    @pipeline.task(map="nowhere")
    def step(item):
        return item

    with pytest.raises(ValueError, match="'nowhere'"):
        pipeline.validate()


@pytest.mark.parametrize("declared", ["returned", "itself"])
def test_an_async_generator_is_mapped(declared):
    """A task may return an async generator to map over, or be one."""
    pipeline = Pipeline("feed")

    async def feed():
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    if declared == "itself":
        pipeline.task()(feed)
    else:
        pipeline.task("feed")(lambda: feed())

    @pipeline.task(map="feed")
    async def negative(item):
        return -item

    @pipeline.task()
    def last(negative):
        return negative[-1]

    found = results(pipeline)
    assert found["negative"] == [0, -1, -2]
    assert found["last"] == -2
