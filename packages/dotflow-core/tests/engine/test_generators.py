"""A step that is a generator results in all that it yields."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from dotflow import Pipeline, action
from dotflow.model.context import Context
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

pytestmark = pytest.mark.start_methods

ROWS = [1, 2, 3]


def rows():
    yield from ROWS


async def rows_async():
    for row in ROWS:
        await asyncio.sleep(0)
        yield row


async def returns_rows():
    return rows()


async def returns_async():
    return rows_async()


GENERATORS = {
    "generator": rows,
    "async generator": rows_async,
    "returned": lambda: (row for row in ROWS),
    "returned by a coroutine": returns_rows,
    "async, returned by a coroutine": returns_async,
    "map": lambda: map(int, ROWS),
    "zip": lambda: (row for (row,) in zip(ROWS, strict=True)),
    "iterator": lambda: iter(ROWS),
    "in a context": lambda: Context(storage=rows()),
}


@pytest.fixture(params=GENERATORS)
def produce(request):
    """Each kind of step that gives its items once only."""
    return GENERATORS[request.param]


def read(rows):
    return list(rows)


async def read_async(rows):
    return [row async for row in rows]


def test_each_dependant_reads_all(produce, mode, quiet):
    """Every task that depends on a generator reads all of it, in every mode."""
    workflow = quiet()
    workflow.task.add(action(produce), name="rows")
    workflow.task.add(action(read), name="first", depends_on="rows")
    workflow.task.add(action(read), name="second", depends_on="rows")
    workflow.task.add(action(lambda item: -item), name="item", map_over="rows")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [ROWS, ROWS, ROWS, [-1, -2, -3]]


@pytest.mark.parametrize("process", [False, True])
def test_each_dependant_of_a_pipeline_reads_all(produce, process):
    """So does every task of a pipeline, wherever the generator runs."""
    pipeline = Pipeline("rows")
    pipeline.task(name="rows", process=process)(produce)
    pipeline.task(name="first")(read)
    pipeline.task(name="second", process=process)(read)
    pipeline.task(name="item", map="rows")(lambda item: -item)
    tasks = pipeline.run()["tasks"]
    assert [task["result"] for task in tasks.values()] == [
        *(ROWS, ROWS, ROWS),
        [-1, -2, -3],
    ]


@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_second_attempt_reads_all(produce, mode, quiet):
    """An attempt after one that had read a generator reads all of it again."""
    read = []

    @action(retry=2, retry_delay=0)
    def total(rows):
        read.append(list(rows))
        if len(read) == 1:
            raise ValueError
        return sum(read[-1])

    workflow = quiet()
    workflow.task.add(action(produce), name="rows")
    workflow.task.add(total, depends_on="rows")
    workflow.start(mode=mode)
    assert read == [ROWS, ROWS]
    assert workflow.result_storage()[1] == sum(ROWS)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "async"])
def test_retries_cover_the_body(mode, asynchronous, quiet):
    """An error in the body of a generator is its own, and its retries repeat it."""
    calls = []

    def failing():
        calls.append(1)
        yield 1
        if len(calls) % 3:
            raise ConnectionError
        yield 2

    async def failing_async():
        for row in failing():
            yield row

    body = failing_async if asynchronous else failing
    workflow = quiet()
    workflow.task.add(action(retry=3, retry_delay=0)(body), name="rows")
    workflow.task.add(action(lambda item: item), name="item", map_over="rows")
    workflow.start(mode=mode).wait()
    assert (len(calls), workflow.result_storage()) == (3, [[1, 2], [1, 2]])
    workflow.task["rows"].step = action(body)
    workflow.task.add(action(read), name="read", depends_on="rows")
    workflow.start(mode=mode).wait()
    assert workflow.task["rows"].status == "Failed"
    assert workflow.task["read"].status == "Skipped"


def test_retries_of_a_pipelines_task_cover_the_body():
    """The same holds for a task of a pipeline."""
    calls = []
    pipeline = Pipeline("rows")

    @pipeline.task(retries=2, retry_delay=0)
    def rows():
        calls.append(1)
        yield 1
        if len(calls) < 3:
            raise ConnectionError

    pipeline.task(name="read")(read)
    tasks = pipeline.run()["tasks"]
    assert (len(calls), tasks["read"]["result"]) == (3, [1])


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_timeout_covers_the_body(mode, asynchronous, quiet):
    """The timeout of a step that is a generator ends its body."""

    def slow():
        yield 1
        time.sleep(60)

    async def slow_async():
        yield 1
        await asyncio.sleep(60)

    workflow = quiet()
    step = action(timeout=0.2)(slow_async if asynchronous else slow)
    workflow.task.add(step, name="rows")
    workflow.start(mode=mode)
    assert workflow.task["rows"].outcome == "Timeout"


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite"])
def test_what_a_generator_gave_is_kept(produce, kind, mode, quiet, tmp_path):
    """A storage keeps all that a generator gave, and a resumed run finds it."""
    storage = {
        "memory": StorageDefault,
        "file": lambda: StorageFile(path=tmp_path / "kept", codec="json"),
        "sqlite": lambda: StorageSQLite(tmp_path / "kept.db"),
    }[kind]()
    failing = [True]

    def total(rows):
        if failing:
            raise ValueError
        return sum(rows)

    workflow = quiet(storage, "rows")
    workflow.task.add(action(produce), name="rows")
    workflow.task.add(action(total), name="total", depends_on="rows")
    workflow.start(mode=mode).wait()
    failing.clear()
    workflow.start(mode=mode, resume=True).wait()
    assert workflow.task["rows"].restored
    assert workflow.result_storage() == [ROWS, sum(ROWS)]


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_cached_generator_is_whole_each_time(produce, kind, quiet, tmp_path):
    """What is found in a cache again is all that a generator gave."""
    storage = StorageDefault() if kind == "memory" else StorageFile(path=tmp_path)

    @action(cache=True)
    def cached():
        return produce()

    for cached_now in (False, True):
        workflow = quiet(storage)
        workflow.task.add(cached, name="rows")
        workflow.task.add(action(lambda item: -item), name="item", map_over="rows")
        workflow.task.add(action(read), name="read", depends_on="rows")
        workflow.start()
        assert workflow.result_storage() == [ROWS, [-1, -2, -3], ROWS]
        assert workflow.task["rows"].cached is cached_now


def test_an_async_generator_is_read_with_async_for(mode, quiet):
    """What an async generator gave is read with `async for` as well as with `for`."""
    workflow = quiet()
    workflow.task.add(action(rows_async), name="rows")
    workflow.task.add(action(read_async), name="first", depends_on="rows")
    workflow.task.add(action(read), name="second", depends_on="rows")
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [ROWS, ROWS, ROWS]


def test_a_generator_is_given_to_every_attempt(mode, quiet):
    """An initial context that is a generator is whole for each task, attempt and start."""
    failed = []

    @action(retry=2, retry_delay=0)
    def total(initial_context):
        found = sum(initial_context.storage)
        if not failed:
            failed.append(1)
            raise ValueError
        return found

    workflow = quiet()
    given = (row for row in ROWS)
    workflow.task.add(total, name="one", initial_context=given)
    for _ in range(2):
        workflow.start(mode=mode).wait()
        if mode not in ("parallel", "sequential_group"):  # with a `failed` of their own
            assert workflow.result_storage() == [sum(ROWS)]


def test_methods_may_be_generators(mode, quiet):
    """A method of a class-based step that is a generator gives all, with its retries."""

    class Steps:
        calls = 0

        @action(retry=2, retry_delay=0)
        def rows(self):
            yield 1
            Steps.calls += 1
            if Steps.calls == 1:
                raise ValueError
            yield 2

        @action
        async def more(self, previous_context):
            for row in previous_context.storage:
                yield row

    workflow = quiet()
    workflow.task.add(action(Steps), name="steps")
    workflow.start(mode=mode).wait()
    found = workflow.task["steps"].current_context.storage
    assert [context.storage for context in found] == [[1, 2], [1, 2]]


def test_the_step_of_an_item_may_be_a_generator(mode, quiet):
    """The result of an item is all that its step yields."""

    @action
    def twice(item):
        yield item
        yield item

    workflow = quiet()
    workflow.task.add(action(lambda: ROWS), name="rows")
    workflow.task.add(twice, name="twice", map_over="rows")
    workflow.start(mode=mode).wait()
    assert workflow.task["twice"].current_context.storage == [[1, 1], [2, 2], [3, 3]]


def test_the_last_task_may_be_a_generator(quiet):
    """The body of a generator runs also where nothing depends on it."""
    ran = []

    @action
    def last():
        yield 1
        ran.append(1)

    workflow = quiet()
    workflow.task.add(last)
    workflow.start()
    assert ran == [1]
    assert workflow.result_storage() == [[1]]


@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_map_alone_reads_a_generator_as_it_goes(mode, quiet):
    """A generator without an end feeds a map that is all that reads it."""
    seen = []

    def step(item):
        seen.append(item)
        if item == 5:
            raise ValueError
        return item

    workflow = quiet()
    workflow.task.add(action(lambda: (n for n in itertools.count())), name="rows")
    workflow.task.add(action(step), name="step", map_over="rows")
    workflow.start(mode=mode, max_parallel=1)
    assert workflow.task["step"].status == "Failed"
    assert 5 in seen
