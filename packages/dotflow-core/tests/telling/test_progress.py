"""How far a step is."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest

from dotflow import Config, DotFlow, Pipeline, action, artifact, progress
from dotflow.abc.log import Log
from dotflow.engine import progress as meter
from dotflow.engine.executors.futures import FuturesExecutor
from dotflow.errors import DotflowError, TellingRefused
from dotflow.testing import RecordingNotify


class Silent(Log):
    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = info


def told(history, run_id, task=None):
    return [
        (event.detail["name"], event.detail["done"], event.detail["total"])
        for event in history.events(run_id, kinds=("TaskProgress",), task=task)
    ]


@action
def counts():
    return list(progress([1, 2, 3]))


@action
def counts_in_pool():
    artifact("n", 3)
    return list(progress([1, 2, 3]))


@action
def large_in_pool():
    progress(1, 2)
    return bytes(100_000)


@action
def fails_in_pool():
    progress(1, 3)
    raise ValueError


def counts_plainly():
    return list(progress([1, 2, 3]))


@action
async def counts_async():
    async def rows():
        for row in range(4):
            await asyncio.sleep(0)
            yield row

    for _ in progress(range(2), name="first"):
        await asyncio.sleep(0)
    return [row async for row in progress(rows(), total=4)]


@action
def generates():
    yield from progress(range(3))


@action
async def generates_async():
    for row in progress(range(3)):
        yield row


@action(isolate=True)
def apart():
    progress(2, 5)
    progress(5, 5)


@action
def keeps(item):
    return item


def test_progress_is_told_in_every_mode(quiet, storage, mode):
    """Loops, coroutines, generators and processes tell how far they are, to their end."""
    flow = quiet(storage)
    steps = (counts, counts_async, generates, generates_async, apart)
    for step in steps:
        flow.task.add(step)
    flow.task.add(keeps, name="of_generator", map_over="generates")
    flow.task.add(keeps, name="of_async", map_over="generates_async")
    manager = flow.start(mode=mode)
    manager.wait()
    report = storage.history.run(manager.run_id)
    assert {task.name: task.progress for task in report} == {
        "counts": {"": (3, 3)},
        "counts_async": {"first": (2, 2), "": (4, 4)},
        "generates": {"": (3, 3)},
        "generates_async": {"": (3, 3)},
        "apart": {"": (5, 5)},
        "of_generator": {},
        "of_async": {},
    }
    again = type(report).from_json(report.to_json())
    assert again["counts_async"].progress == report["counts_async"].progress


def test_a_pipeline_tells_progress(storage):
    """A task of a pipeline tells how far it is as a step of a workflow does."""
    pipeline = Pipeline("p", storage=storage)
    pipeline.task(name="counts")(lambda: list(progress([1, 2, 3])))
    run_id = pipeline.run()["run_id"]
    assert storage.history.run(run_id)["counts"].progress == {"": (3, 3)}


def test_a_failure_tells_how_far_it_came(tells):
    """What an attempt has told last is kept although it fails, and the next begins anew."""

    def fails():
        for row in progress(range(50)):
            if row == 30:
                raise ValueError(row)

    report, _ = tells(fails, retry=2, retry_delay=0)
    assert [attempt.progress for attempt in report["fails"].attempts] == [
        {"": (30, 50)},
        {"": (30, 50)},
    ]


def test_what_is_told_is_bounded(tells):
    """A loop of a hundred thousand rows, and one within it, leaves some rows."""

    def loops():
        for row in progress(range(300), name="outer"):
            for _ in progress(range(300), name="inner"):
                pass
            progress(row, 300)
        for number in range(100):
            progress(number, 100, name=f"n{number}")

    report, history = tells(loops)
    seconds = report.duration
    events = told(history, report.run_id)
    assert ("outer", 300, 300) in events
    assert len(events) < 200 + 40 * seconds / meter.SHORTEST_SECONDS


def test_items_that_are_fast_tell_nothing(quiet, storage):
    """A map of many items leaves no row for each of them."""

    @action
    def each(item):
        for _ in progress(range(item)):
            pass

    flow = quiet(storage)
    flow.task.add(counts).add(each, map_over="counts")
    run_id = flow.start().run_id
    assert told(storage.history, run_id, "each") == []


def test_rows_are_given_on_as_they_are():
    """Outside of a run it changes nothing: no row, no length, no laziness, no cost."""
    rows = [1, 2, 3]
    assert list(progress(rows)) == rows
    assert type(progress(rows)) is type(iter(rows))
    endless = iter(int, 1)
    assert progress(endless) is endless
    assert progress(1, 2) is progress(0.5) is progress(Decimal(1), total=2) is None
    assert "".join(progress("abc")) == "abc"

    async def rows_async():
        yield 1

    async def collect():
        return [row async for row in progress(rows_async())]

    assert asyncio.run(collect()) == [1]


@pytest.mark.parametrize(
    "given",
    [
        (None,),
        (object(),),
        (True,),
        (float("nan"),),
        (1, float("inf")),
        (1, "2"),
        ([1], "many"),
        ([1], True),
        (1j,),
    ],
)
def test_what_is_no_progress_is_refused(given, tells):
    """What is neither rows nor a number is refused, in a run with the task's name."""
    with pytest.raises(TellingRefused, match="progress"):
        progress(*given)

    def tells_wrongly():
        progress(*given)

    report, _ = tells(tells_wrongly)
    error = report["tells_wrongly"].error
    assert error.exception == "TellingRefused"
    assert "tells_wrongly" in error.message
    assert issubclass(TellingRefused, DotflowError)


def test_rows_that_raise_or_lie_are_the_steps_own(tells):
    """What rows raise is the step's error; a length that raises is none."""

    class Rows:
        def __len__(self):
            raise SystemExit(3)

        def __iter__(self):
            yield 1
            raise KeyError("of the rows")

    def reads():
        return list(progress(Rows()))

    report, _ = tells(reads)
    assert report["reads"].error.exception == "KeyError"
    assert report["reads"].progress == {"": (1, None)}


def test_a_notifier_hears_progress():
    """A notifier that has a hook for it hears it, without any history."""
    heard = []

    class Hears(RecordingNotify):
        def hook_task_progress(self, task, name, done, total):
            heard.append((task.name, name, done, total))

    flow = DotFlow(Config(notify=[Hears(), RecordingNotify()]))
    flow.task.add(counts)
    flow.start()
    assert heard == [("counts", "", 0, 3), ("counts", "", 3, 3)]


def test_a_slow_listener_holds_up_no_step():
    """A step goes on while who listens to it does not."""
    released, beats = [], []

    class Slow(RecordingNotify):
        def hook_task_progress(self, task, name, done, total):
            until = time.monotonic() + 20
            while not released and time.monotonic() < until:
                time.sleep(0.001)
            beats.append(done)

    @action
    def step():
        for row in range(5):
            progress(row, 4)
        released.append(True)
        return list(beats)

    flow = DotFlow(Config(notify=Slow()))
    flow.task.add(step)
    flow.start()
    assert flow.task["step"].current_context.storage == []
    assert beats == [0, 1, 2, 3, 4]


def test_processes_of_a_pool_tell(storage):
    """A task of a pipeline tells from a process of a pool, once it has ended."""
    with ProcessPoolExecutor(1) as pool:
        pipeline = Pipeline("p", storage=storage, executor=pool)
        pipeline.task(name="counts")(counts_plainly)
        run_id = pipeline.run()["run_id"]
    assert storage.history.run(run_id)["counts"].progress == {"": (3, 3)}


def test_a_pool_for_steps_tells(quiet, storage):
    """What a step tells in a worker of a pool, or of a cluster, comes with its outcome."""
    flow = quiet(storage)
    flow.task.add(counts_in_pool).add(large_in_pool)
    flow.task.add(fails_in_pool, name="fails")
    flow.task.add(apart)
    manager = flow.start(
        mode=FuturesExecutor(partial(ProcessPoolExecutor, 1)), keep_going=True
    )
    manager.wait()
    report = storage.history.run(manager.run_id)
    assert [task.progress for task in report] == [
        {"": (3, 3)},
        {"": (1, 2)},
        {"": (1, 3)},
        {"": (5, 5)},
    ]
    (first, *_) = storage.history.artifacts(manager.run_id)
    assert (first.task, first.value) == ("counts_in_pool", 3)


def test_threads_of_a_process_of_its_own_tell(quiet, storage):
    """In a process of its own any thread of a step tells in its name."""

    @action(isolate=True)
    def starts_threads():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda row: progress(row, 4), range(1, 5)))

    flow = quiet(storage)
    flow.task.add(starts_threads)
    run_id = flow.start().run_id
    (done, total) = storage.history.run(run_id)["starts_threads"].progress[""]
    assert (done, total) in {(row, 4) for row in range(1, 5)}


def test_names_are_texts():
    """What a progress is of has a name that can be shown."""
    for name in (5, None, "n" * 101):
        with pytest.raises(TellingRefused, match="name"):
            progress([1], name=name)
        with pytest.raises(TellingRefused, match="name"):
            progress(1.5, name=name)


def test_a_run_within_a_step_tells_of_the_step(tells):
    """A run that a step starts, and nobody listens to, tells in the name of the step."""

    def outer():
        inner = DotFlow(Config(log=Silent()))
        inner.task.add(counts)
        inner.start(mode="parallel")
        inner.start()

    report, history = tells(outer)
    assert report.completed
    assert told(history, report.run_id, "outer") == [("", 0, 3), ("", 3, 3)] * 2
