"""Context variables: those of the caller reach every step, those of a step stay there."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from dotflow import Pipeline, action

TENANT = contextvars.ContextVar("tenant", default="unset")


def read():
    return TENANT.get()


async def read_async():
    await asyncio.sleep(0)
    return TENANT.get()


def rows():
    yield TENANT.get()


async def rows_async():
    await asyncio.sleep(0)
    yield TENANT.get()


class Steps:
    @action
    def first(self):
        return TENANT.get()

    @action
    async def second(self):
        return TENANT.get()


STEPS = [read, read_async, rows, rows_async]


@pytest.fixture(autouse=True)
def acme():
    """The caller's context variable."""
    token = TENANT.set("acme")
    yield
    assert TENANT.get() == "acme"
    TENANT.reset(token)


def flat(value):
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_sees_those_of_the_caller(mode, step, isolate, quiet):
    """A step of any kind sees the context variables of the caller of start()."""
    workflow = quiet()
    workflow.task.add(action(isolate=isolate)(step), name="seen")
    workflow.task.add(action(lambda seen: TENANT.get()), name="b", depends_on="seen")
    workflow.start(mode=mode, keep_going=True).wait()
    assert flat(workflow.task["seen"].current_context.storage) == "acme"
    assert workflow.task["b"].current_context.storage == "acme"


def test_methods_see_them(mode, quiet):
    """The methods of a class-based step see them as well."""
    workflow = quiet()
    workflow.task.add(action(Steps))
    workflow.start(mode=mode).wait()
    found = workflow.task["Steps"].current_context.storage
    assert [context.storage for context in found] == ["acme", "acme"]


def test_items_see_them(mode, quiet):
    """Each item of a map sees them, and so does the generator of the items."""

    @action
    def seen(item):
        return (item, TENANT.get())

    workflow = quiet()
    workflow.task.add(action(rows), name="rows")
    workflow.task.add(seen, map_over="rows")
    workflow.start(mode=mode).wait()
    assert workflow.task["seen"].current_context.storage == [("acme", "acme")]


@pytest.mark.parametrize("process", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_pipelines_task_sees_them(step, process):
    """A task of a pipeline sees the context variables of the caller of run()."""
    pipeline = Pipeline("seen")
    pipeline.task(name="seen", process=process)(step)
    result = pipeline.run()["tasks"]["seen"]["result"]
    assert flat(result) == "acme"


def test_each_run_of_a_shared_pool_sees_its_own():
    """Runs that share the threads of a pipeline see those of their own callers."""
    pipeline = Pipeline("seen")
    pipeline.task(name="seen")(read)

    async def run_as(name):
        TENANT.set(name)
        run_id = await pipeline.run_once()
        return pipeline.get_run_report(run_id)["tasks"]["seen"]["result"]

    async def main():
        async with pipeline:
            return await asyncio.gather(*(run_as(name) for name in "abc"))

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_inside_a_running_loop(quiet):
    """start() inside a coroutine passes on what that coroutine has set."""

    async def main(mode):
        TENANT.set("inside")
        workflow = quiet()
        workflow.task.add([action(read), action(read_async)])
        workflow.start(mode=mode)
        return workflow.result_storage()

    for mode in ("sequential", "threads", "async"):
        assert asyncio.run(main(mode)) == ["inside", "inside"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_a_step_sets_stays_there(mode, asynchronous, quiet):
    """What a step sets is not seen by a later step, its next attempt, nor the caller."""
    failed = []

    def write():
        seen = TENANT.get()
        TENANT.set("leaked")
        if not failed:
            failed.append(1)
            raise ValueError
        return seen

    async def write_async():
        return write()

    step = action(retry=2, retry_delay=0)(write_async if asynchronous else write)
    workflow = quiet()
    workflow.task.add(step, name="write")
    workflow.task.add(action(read), name="read", depends_on="write")
    workflow.start(mode=mode, max_parallel=1).wait()
    if mode not in ("parallel", "sequential_group"):  # where `failed` is another one
        assert workflow.task["write"].current_context.storage == "acme"
        assert workflow.task["read"].current_context.storage == "acme"


def test_a_generator_sets_them_for_itself(quiet):
    """What a generator's body sets is seen by neither the items nor the caller."""

    @action
    def rows():
        TENANT.set("leaked")
        yield TENANT.get()
        yield TENANT.get()

    workflow = quiet()
    workflow.task.add(rows)
    workflow.task.add(
        action(lambda item: (item, TENANT.get())), name="i", map_over="rows"
    )
    for mode in ("sequential", "threads", "async"):
        workflow.start(mode=mode)
        assert workflow.task["i"].current_context.storage == [("leaked", "acme")] * 2
