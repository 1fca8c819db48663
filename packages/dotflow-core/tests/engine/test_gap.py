"""Between the end of a step and its checkpoint: few results, stored together."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.errors import StorageError
from dotflow.providers import StorageFile, StorageSQLite

MANY = 300
# As many as Python gives a pool of threads, which is what async steps are measured by.
THREADS = min(32, (os.cpu_count() or 1) + 4)


class Gap:
    """Counts results that were made and are not stored."""

    def __init__(self):
        self.lock = threading.Lock()
        self.made, self.stored, self.most = set(), set(), 0

    def make(self, number):
        with self.lock:
            self.made.add(number)
            self.most = max(self.most, len(self.made - self.stored))
        return number

    def storage(self, kind, path):
        gap = self

        class Counting(kind):
            def post(self, key, context, *args, **kwargs):
                super().post(key, context, *args, **kwargs)
                with gap.lock:
                    if isinstance(context.storage, int):
                        gap.stored.add(context.storage)

        return Counting(path=path)


def steps(gap):
    @action
    def plain(initial_context):
        return gap.make(initial_context.storage)

    @action
    async def at_once(initial_context):
        return gap.make(initial_context.storage)

    @action
    async def later(initial_context):
        await asyncio.sleep(0.001)
        return gap.make(initial_context.storage)

    return {"plain": plain, "at once": at_once, "later": later}


@pytest.mark.parametrize("kind", [StorageSQLite, StorageFile])
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize(
    ("mode", "step", "most", "bound"),
    [
        ("threads", "plain", None, 32),
        ("threads", "plain", 3, 3),
        ("async", "plain", None, THREADS),
        ("async", "at once", None, THREADS),
        ("async", "later", None, THREADS),
        ("async", "plain", 3, 3),
        ("async", "later", 3, 3),
    ],
)
@pytest.mark.sampled
def test_few_results_are_made_and_not_stored(
    tmp_path, kind, mapped, mode, step, most, bound
):
    """There are at most one more of them than workers, of tasks and of items of a map."""
    gap = Gap()
    count = MANY if kind is StorageSQLite else 60
    flow = DotFlow(
        Config(storage=gap.storage(kind, tmp_path / "kept")), workflow_id="w"
    )
    chosen = steps(gap)[step]
    if mapped:

        @action
        def source():
            return list(range(count))

        @action
        def item(previous_context):
            return gap.make(previous_context.storage)

        @action
        async def async_item(previous_context):
            if step == "later":
                await asyncio.sleep(0.001)
            return gap.make(previous_context.storage)

        flow.task.add(source)
        flow.task.add(
            item if step == "plain" else async_item, map_over="source", name="m"
        )
    else:
        for number in range(count):
            flow.task.add(
                chosen, initial_context=number, depends_on=[], name=f"t{number}"
            )
    flow.start(mode=mode, max_parallel=most)
    assert {task.status for task in flow.result_task()} == {"Completed"}
    assert gap.stored == set(range(count))
    assert gap.most <= bound + 1


def test_few_results_of_a_pipeline_are_made_and_not_stored(tmp_path):
    """The same holds for the tasks of a `Pipeline`, with as many threads as it has."""
    gap = Gap()
    pipeline = Pipeline(
        "p", storage=StorageSQLite(tmp_path / "runs.db"), max_parallel=None
    )
    mark = pipeline.state_store.mark_success

    def marked(run_id, name, result):
        mark(run_id, name, result)
        with gap.lock:
            gap.stored.add(result)

    pipeline.state_store.mark_success = marked

    def step(number):
        async def waits():
            return gap.make(number)

        return (lambda: gap.make(number)) if number % 2 else waits

    for number in range(100):
        pipeline.task(f"t{number}")(step(number))
    assert pipeline.run()["status"] == "SUCCESS"
    assert gap.most <= 2 * (8 + 1)  # threads, and coroutines


@pytest.mark.parametrize("mode", ["threads", "async"])
def test_results_that_come_together_are_stored_together(tmp_path, mode):
    """Of many steps that end at once several share one wait for the disk."""
    gap = Gap()
    storage = StorageSQLite(tmp_path / "runs.db")
    flow = DotFlow(Config(storage=storage), workflow_id="w")
    for number in range(MANY):
        step = steps(gap)["plain"]
        flow.task.add(step, initial_context=number, depends_on=[], name=f"t{number}")
    groups = [0]

    class Counted(type(storage.database)):
        @contextmanager
        def transaction(self, write=True):
            with super().transaction(write) as connection:
                before = connection.total_changes
                yield connection
                groups.append(connection.total_changes - before)

    storage.database.__class__ = Counted
    flow.start(mode=mode)
    assert storage.get("w-t7").storage == 7
    assert max(groups) > 1


def test_one_bad_result_does_not_take_others_along(tmp_path):
    """Of results that came together each is stored that can be, and the other is named."""
    storage = StorageSQLite(tmp_path / "runs.db", codec="json")
    flow = DotFlow(Config(storage=storage), workflow_id="w")

    def step(number):
        @action
        async def work():
            return object() if number == 5 else number

        return work

    for number in range(12):
        flow.task.add(step(number), depends_on=[], name=f"t{number}")
    flow.start(mode="async", keep_going=True)
    for number, task in enumerate(flow.result_task()):
        assert task.status == ("Failed" if number == 5 else "Completed"), task.errors
        assert (storage.get(f"w-t{number}").storage == number) is (number != 5)
    assert "'t5'" in flow.result_task()[5].errors[-1].message


def test_a_group_that_cannot_be_stored_is_not_completed(tmp_path):
    """Where the commit of several results fails none of their tasks is Completed."""
    storage = StorageSQLite(tmp_path / "runs.db")
    full = []
    change = type(storage.database).change

    class Full(type(storage.database)):
        @contextmanager
        def transaction(self, write=True):
            with super().transaction(write) as connection:
                yield connection
                if full and connection.in_transaction and write:
                    raise StorageError("disk full")

        def change(self, statement, parameters=()):
            if full and "w-t" in str(parameters):
                raise StorageError("disk full")
            return change(self, statement, parameters)

    storage.database.__class__ = Full
    flow = DotFlow(Config(storage=storage), workflow_id="w")

    def step(number):
        @action
        async def work():
            full.append(number)
            return number

        return work

    for number in range(12):
        flow.task.add(step(number), depends_on=[], name=f"t{number}")
    flow.start(mode="async", keep_going=True)
    assert {task.status for task in flow.result_task()} == {"Failed"}
    full.clear()
    assert storage.list_keys("w-t") == []


KILLED = """
import asyncio
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

mode, most = sys.argv[1], int(sys.argv[2])

@action
def source():
    return list(range(400))

@action
def plain(previous_context):
    note("made", previous_context.storage)

@action
async def waits(previous_context):
    await asyncio.sleep(0.001)
    note("made", previous_context.storage)

flow = DotFlow(Config(storage=StorageSQLite("runs.db")), workflow_id="w")
flow.task.add(source)
flow.task.add(plain if mode == "threads" else waits, map_over="source", name="m")
flow.start(mode=mode, max_parallel=most, resume=True)
note("over")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
@pytest.mark.parametrize("mode", ["threads", "async"])
def test_a_kill_repeats_few_items(script, mode, wait_until):
    """What was made and not stored when the process was killed is no more than that."""
    program, most = script(KILLED), 4
    first = program.start(mode, most)
    wait_until(lambda: len(program.lines("made")) > 100, "some items")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert program.lines("over") == []
    done = program.run(mode, most)
    assert done.returncode == 0, done.stderr
    made = program.lines("made")
    assert set(made) == set(map(str, range(400)))
    assert len(made) - 400 <= most + 1
