"""Which results of runs in memory are kept, and which are let go."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from dotflow import Config, DotFlow, InMemoryStateStore, Pipeline, RunContext, action
from dotflow.errors import InvalidTask
from dotflow.pipeline import kept_runs
from dotflow.pipeline.dags import build_default_engine
from dotflow.providers import StorageDefault

pytestmark = pytest.mark.usefixtures("young_heap")


class Result:
    """Something that can be referred to weakly."""


@pytest.fixture
def made():
    """A step that makes results, and all of those that are there still."""
    return Made()


class Made:
    def __init__(self):
        self.all = weakref.WeakSet()

    def __call__(self):
        result = Result()
        self.all.add(result)
        return result

    def __len__(self):
        gc.collect()
        return len(self.all)


def fails(make):
    raise ValueError("no")


def test_a_service_with_one_pipeline(made, caplog):
    """Of the runs of one pipeline the newest keeps its results, and all their statuses."""
    pipeline = Pipeline("p")
    pipeline.task("make")(made)
    ids = [pipeline.run()["run_id"] for _ in range(20)]
    assert len(made) == 1
    reports = [pipeline.get_run_report(run_id) for run_id in ids]
    assert {report["status"] for report in reports} == {"SUCCESS"}
    assert isinstance(reports[-1]["tasks"]["make"]["result"], Result)
    assert reports[0]["tasks"]["make"]["result"] is None
    # Whoever asks for one that is gone is told so, and for no other.
    assert f"The results of run {ids[0]} are gone" in caplog.text
    assert ids[-1] not in caplog.text.replace(f"run_id={ids[-1]}", "")


@pytest.mark.parametrize("keep", [1, 3, None])
def test_as_many_as_are_asked_for(made, keep):
    """`keep_runs=` says how many keep their results, None all of them."""
    pipeline = Pipeline("p", keep_runs=keep)
    pipeline.task("make")(made)
    for _ in range(7):
        pipeline.run()
    assert len(made) == (keep or 7)


def test_runs_beside_each_other_all_stay(made):
    """What went on at the same time is kept until something newer has ended."""
    pipeline = Pipeline("p")

    @pipeline.task()
    async def make():
        await asyncio.sleep(0)
        return made()

    async def together():
        return await asyncio.gather(*(pipeline.run_once() for _ in range(5)))

    for _ in range(3):
        ids = asyncio.run(together())
        reports = [pipeline.get_run_report(run_id) for run_id in ids]
        assert all(report["tasks"]["make"]["result"] for report in reports)
    assert len(made) == 5


@pytest.mark.parametrize("streamed", [True, False])
def test_the_runs_of_one_run_many_count_as_one(made, streamed):
    """All of them can be reported afterwards, whatever gave their contexts."""
    pipeline = Pipeline("p")

    @pipeline.task()
    def make(context: RunContext):
        result = made()
        result.number = context.deps
        return result

    async def stream():
        for number in range(4):
            yield RunContext(number)

    for _ in range(3):
        contexts = stream() if streamed else map(RunContext, range(4))
        ids = asyncio.run(pipeline.run_many(contexts))
        found = [pipeline.get_run_report(one)["tasks"]["make"]["result"] for one in ids]
        assert [result.number for result in found] == [0, 1, 2, 3]
        del found
    assert len(made) == 4
    pipeline.run(RunContext(9))
    assert len(made) == 1


def test_a_stream_without_end_is_bounded(made, monkeypatch):
    """Of a `run_many` that goes on and on the newest runs keep their results."""
    monkeypatch.setattr(kept_runs, "LONGEST_BATCH", 3)
    seen = []
    pipeline = Pipeline("p")
    pipeline.task("make")(made)

    def contexts():
        for _ in range(9):
            seen.append(len(made))
            yield None

    asyncio.run(pipeline.run_many(contexts()))
    assert max(seen) == 3
    # Unless more are asked for.
    more = Pipeline("p", keep_runs=5)
    more.task("make")(made)
    asyncio.run(more.run_many([None] * 9))
    assert len(made) == 3 + 5


def test_a_run_that_failed_can_be_resumed_for_a_while(made):
    """It keeps what succeeded for ten later runs; then a resume makes that again."""
    pipeline = Pipeline("p")
    pipeline.task("make")(made)
    pipeline.task("fails")(fails)
    first = pipeline.run()["run_id"]
    kept = pipeline.get_run_report(first)["tasks"]["make"]["result"]
    again = asyncio.run(pipeline.resume(first))
    assert pipeline.get_run_report(again)["tasks"]["make"]["result"] is kept
    for _ in range(30):
        pipeline.run()
    del kept
    assert len(made) == kept_runs.RESUMABLE
    again = asyncio.run(pipeline.resume(first))
    report = pipeline.get_run_report(again)["tasks"]
    assert isinstance(report["make"]["result"], Result)


def test_a_run_and_those_that_resumed_it_count_as_one(made):
    """A run can be resumed more than once, each time with all that it has left."""
    pipeline = Pipeline("p")
    pipeline.task("make")(made)
    pipeline.task("two")(lambda make: 2)
    first = pipeline.run()["run_id"]
    for _ in range(3):
        asyncio.run(pipeline.resume(first, from_tasks=["two"]))
    assert len(made) == 1
    assert pipeline.get_run_report(first)["tasks"]["make"]["result"] is not None
    pipeline.run()
    assert pipeline.get_run_report(first)["tasks"]["make"]["result"] is None
    assert len(made) == 1


def test_each_dag_of_an_engine_keeps_its_newest(made):
    """A run of one DAG lets go of no run of another."""
    engine = build_default_engine()
    for name in "xy":
        engine.dag(name).task("make")(made)
    first = asyncio.run(engine.run_once("x"))
    for _ in range(3):
        asyncio.run(engine.run_once("y"))
    assert len(made) == 2
    assert engine.get_run_report(first)["tasks"]["make"]["result"] is not None


def test_the_statuses_of_very_many_runs_go_too(monkeypatch):
    """What is known of runs without results is bounded as well."""
    monkeypatch.setattr(kept_runs, "RECORDS", 30)
    pipeline = Pipeline("p")
    pipeline.task("one")(lambda: 1)
    ids = [pipeline.run()["run_id"] for _ in range(50)]
    assert len(pipeline.state_store.list_runs()) == 11
    assert pipeline.get_run_report(ids[-11])["status"] == "SUCCESS"
    with pytest.raises(KeyError):
        pipeline.get_run_report(ids[-12])


def test_items_of_a_mapped_task_go_with_their_run(made):
    """The items that a failed map has completed are let go of as results are."""

    def each(item):
        if item == 2:
            raise ValueError
        return made()

    pipeline = Pipeline("p")
    pipeline.task("numbers")(lambda: [0, 1, 2])
    pipeline.task("each", map="numbers")(each)
    for _ in range(30):
        pipeline.run()
    assert len(made) == 2 * kept_runs.RESUMABLE


@pytest.mark.parametrize("keep", [0, -1, 1.5, "2", False])
def test_a_number_that_is_none(keep):
    """`keep_runs=` takes a whole number from 1 on, or None."""
    for make in (InMemoryStateStore, StorageDefault):
        with pytest.raises(InvalidTask, match="keep_runs"):
            make(keep_runs=keep)
    with pytest.raises(InvalidTask, match="keep_runs"):
        Pipeline("p", keep_runs=keep)


def start(config, *steps, **options):
    flow = DotFlow(config, **options)
    flow.task.add([action(step) for step in steps])
    flow.start()
    return flow


@pytest.mark.parametrize("keep", [1, 3, 40, None])
def test_a_service_with_one_storage_in_memory(made, keep):
    """Workflows that nobody can resume let go of their results, newest last."""
    storage = StorageDefault(keep_runs=keep)
    for _ in range(60):
        start(Config(storage=storage), made)
    # Where many are kept, some more may stay for a while.
    assert (keep or 60) <= len(made) <= (keep or 60) * 1.1
    assert len(storage.list_keys()) == len(made)


def test_ids_that_were_given_stay_for_a_resume(made):
    """Of workflows with a fixed id the newest ten ids can be resumed."""
    config = Config(storage=StorageDefault())
    for number in range(30):
        start(config, made, workflow_id=f"order-{number}")
    assert len(made) == 10
    flow = DotFlow(config, workflow_id="order-20")
    flow.task.add(action(made))
    flow.start(resume=True)
    assert len(made) == 10
    # Those that begin alike belong to another workflow.
    assert not config.storage.list_keys("order-2-")


def test_a_workflow_has_its_results_after_its_storage():
    """What a task has returned is there as long as its workflow is."""
    config = Config(storage=StorageDefault())
    flows = [start(config, lambda: 1) for _ in range(5)]
    assert [flow.result_storage() for flow in flows] == [[1]] * 5


def test_what_is_cached_stays():
    """Results that were to be kept for other runs are not let go of."""
    ran = []

    @action(cache=True)
    def once():
        ran.append(1)
        return 1

    config = Config(storage=StorageDefault())
    for _ in range(5):
        flow = DotFlow(config)
        flow.task.add(once)
        flow.start()
    assert ran == [1]
