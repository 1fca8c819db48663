"""`cache=`, `limit=` and `rate=` of tasks: the same as those of `@action`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dotflow import (
    Config,
    DotFlow,
    Pipeline,
    RunContext,
    SQLiteStateStore,
    fn_hook,
)
from dotflow.pipeline import InMemoryStateStore, JsonSerializer
from dotflow.providers import StorageDefault, StorageSQLite
from dotflow.testing import fake_clock


def some_object():
    return object()


def squares(calls, **options):
    pipeline = Pipeline("p", **options)

    @pipeline.task()
    def number(context: RunContext):
        return context.deps

    @pipeline.task(cache=True)
    def square(number):
        calls.append(number)
        return number * number

    return pipeline


def square_of(pipeline, number, **options):
    return pipeline.run(RunContext(number), **options)["tasks"]["square"]


def test_a_kept_result_is_found_by_a_later_run():
    """The second run on the same inputs gets the result without an attempt."""
    calls = []
    pipeline = squares(calls)
    first, second = square_of(pipeline, 3), square_of(pipeline, 3)
    assert (first["result"], second["result"], calls) == (9, 9, [3])
    assert (second["status"], second["attempt"], second["started_at"]) == (
        "SUCCESS",
        0,
        None,
    )
    assert square_of(pipeline, 4)["result"] == 16
    assert calls == [3, 4]


def test_refresh_cache():
    """`refresh_cache=True` computes everything again, and keeps the new results."""
    calls = []
    pipeline = squares(calls)
    square_of(pipeline, 3)
    assert square_of(pipeline, 3, refresh_cache=True)["attempt"] == 1
    assert square_of(pipeline, 3)["attempt"] == 0
    assert calls == [3, 3]


def test_the_cache_is_in_the_storage(tmp_path):
    """With a durable storage another object, as another process, finds the result."""
    calls = []
    for _ in range(2):
        storage = StorageSQLite(tmp_path / "runs.db")
        assert square_of(squares(calls, storage=storage), 3)["result"] == 9
        config = Config(storage=storage)
        assert square_of(squares(calls, config=config), 3)["result"] == 9
    assert calls == [3]


def test_a_cached_result_in_a_store_with_the_documented_methods():
    """A state store of a user's own records a cached result as any other."""

    class Documented(InMemoryStateStore):
        mark_cached = None

    calls = []
    pipeline = squares(calls, state_store=Documented())
    square_of(pipeline, 3)
    found = square_of(pipeline, 3)
    assert (found["status"], found["result"], calls) == ("SUCCESS", 9, [3])


def test_the_context_is_an_input():
    """Other dependencies or metadata are other inputs; a deadline is none."""
    calls = []
    pipeline = Pipeline("p")

    @pipeline.task(cache=True, timeout_s=30)
    async def pull(context: RunContext[str]):
        calls.append((context.deps, dict(context.metadata)))

    for context in (
        RunContext("a"),
        RunContext("a").with_deadline_s(50),
        RunContext("a").with_metadata(batch=1),
        RunContext("b"),
    ):
        pipeline.run(context)
    assert calls == [("a", {}), ("a", {"batch": 1}), ("b", {})]


def test_a_key_of_ones_own():
    """`cache_key` gets the inputs by parameter and says what makes them the same."""
    calls = []
    pipeline = Pipeline("p")

    @pipeline.task()
    def source(context: RunContext):
        return context.deps

    @pipeline.task(
        cache=True,
        deps={"rows": "source"},
        cache_key=lambda rows, upstream=None: len(rows),
    )
    def count(rows):
        calls.append(rows)
        return len(rows)

    for rows in ([1, 2], [3, 4], [5]):
        pipeline.run(RunContext(rows))
    assert calls == [[1, 2], [5]]


def test_upstream_is_an_input():
    """What a task gets as `upstream` is part of its key."""
    calls = []
    pipeline = Pipeline("p")

    @pipeline.task()
    def source(context: RunContext):
        return context.deps

    @pipeline.task(cache=True, deps=[source])
    def whole(upstream):
        calls.append(upstream)

    for value in (1, 1, 2):
        pipeline.run(RunContext(value))
    assert calls == [{"source": 1}, {"source": 2}]


def test_a_result_expires():
    """After `cache_ttl` seconds a kept result counts no more."""
    now = [0.0]
    calls = []

    class Storage(StorageDefault):
        def post(self, key, context, ttl=None, fingerprint=None):
            now.append(ttl)
            super().post(key, context, ttl, fingerprint)

    pipeline = Pipeline("p", storage=Storage())

    @pipeline.task(cache=True, cache_ttl=1000)
    def once():
        calls.append(1)

    pipeline.run()
    pipeline.run()
    assert (now[1:], calls) == ([1000], [1])


def test_inputs_that_cannot_be_compared():
    """A task whose inputs have no state to compare fails, and is told of cache_key."""
    pipeline = Pipeline("p")

    @pipeline.task(cache=True)
    def lock(context: RunContext):
        return 1

    error = pipeline.run(RunContext(threading.Lock()))["tasks"]["lock"]["error"]
    assert "cache_key" in error


def test_a_cached_result_that_cannot_be_recorded(tmp_path):
    """A cached result that the state store has no form for fails its task."""
    store = SQLiteStateStore(tmp_path / "runs.db", serializer=JsonSerializer())
    storage = StorageDefault()
    for state_store in (None, store):
        pipeline = Pipeline("p", state_store=state_store, storage=storage)
        pipeline.task(cache=True)(some_object)
        report = pipeline.run()
    assert report["tasks"]["some_object"]["status"] == "FAILED"
    assert "could not be stored" in report["tasks"]["some_object"]["error"]
    store.close()


def test_each_item_of_a_map_is_cached():
    """A mapped task runs only those items again that are new."""
    calls = []
    pipeline = Pipeline("p", max_parallel=1)

    @pipeline.task()
    def numbers(context: RunContext):
        return context.deps

    @pipeline.task(map=numbers, cache=True, cache_key=lambda item, **_: item)
    def square(item):
        calls.append(item)
        return item * item

    for numbers_given in ([1, 2], [2, 3]):
        report = pipeline.run(RunContext(numbers_given))
    assert calls == [1, 2, 3]
    assert report["tasks"]["square"]["result"] == [4, 9]


def test_hooks_hear_of_a_cached_result():
    """A result from the cache is a success, of no attempt, that did not start."""
    heard = []
    hook = fn_hook(
        on_task_start=lambda e: heard.append(("start", e.task_name)),
        on_task_success=lambda e: heard.append((e.attempt, e.task_name, e.result)),
    )
    pipeline = squares([], hooks=[hook])
    square_of(pipeline, 3)
    heard.clear()
    square_of(pipeline, 3)
    assert heard == [("start", "number"), (1, "number", 3), (0, "square", 9)]


def test_overrides_use_no_cache(tmp_path):
    """A replaced task is not found in a cache, and leaves nothing in the storage."""
    calls = []
    pipeline = squares(calls, storage=StorageSQLite(tmp_path / "runs.db"))
    square_of(pipeline, 3)
    keys = pipeline.storage.list_keys()
    replaced = pipeline.override_tasks(square=0)
    assert square_of(replaced, 3)["result"] == 0
    again = pipeline.override_tasks(number=3)
    assert again.run()["tasks"]["square"]["result"] == 9
    assert calls == [3, 3]
    assert pipeline.storage.list_keys() == keys


def test_a_subgraph_shares_the_cache():
    """A part of a pipeline finds what the whole has kept."""
    calls = []
    pipeline = squares(calls)
    square_of(pipeline, 3)
    assert square_of(pipeline.subgraph(["square"]), 3)["attempt"] == 0


@pytest.mark.parametrize(("limits", "most"), [(None, 1), ({"db": 2}, 2)])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_limit_bounds_the_tasks_that_share_it(gauge, limits, most, mapped):
    """No more attempts hold a name than the run allows, 1 by default."""
    barrier = threading.Barrier(most, timeout=30)
    pipeline = Pipeline("p", max_workers=6, max_parallel=6)

    def query():
        with gauge:
            barrier.wait()

    if mapped:
        pipeline.task(name="source")(lambda: range(4))
        pipeline.task(map="source", limit="db")(query)
    else:
        for number in range(4):
            pipeline.task(name=f"query{number}", limit="db")(query)
    assert pipeline.run(limits=limits)["status"] == "SUCCESS"
    assert gauge.most == most


def test_a_rate_spreads_the_starts():
    """In no period do more attempts start than the rate allows."""
    pipeline = Pipeline("p", max_parallel=None)
    pipeline.task(name="source")(lambda: range(5))

    @pipeline.task(map="source", rate="2/h")
    async def call(item):
        return item

    with fake_clock() as clock:
        assert pipeline.run()["tasks"]["call"]["result"] == [0, 1, 2, 3, 4]
    # Two at once, two an hour later, the last one after a further hour.
    assert 7100 < clock.elapsed <= 7200


def test_a_pipeline_as_a_step_keeps_its_options():
    """In a DotFlow the tasks of a pipeline are cached in that workflow's storage."""
    calls = []
    storage = StorageDefault()
    for _ in range(2):
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add(squares(calls), name="inner", initial_context=5)
        workflow.start()
        assert workflow.result_storage()[-1] == 25
    assert calls == [5]


def test_wrong_options_are_refused_before_anything_runs(pipeline):
    """A wrong rate is refused where it is written, a wrong option of a run at once."""
    with pytest.raises(ValueError, match="10/s"):
        pipeline.task(rate="often")(lambda: 1)
    pipeline.task(name="a")(lambda: 1)
    for options in ({"deadline": 0}, {"limits": ["db"]}, {"limits": {"db": 0}}):
        with pytest.raises(ValueError, match=next(iter(options))):
            pipeline.run(**options)
    with pytest.raises(TypeError, match=r"no option 'deadlin'.*refresh_cache"):
        pipeline.run(deadlin=1)
    assert pipeline.state_store.list_runs() == []
    pipeline.task(name="b", cache=True, cache_ttl=-1)(lambda: 1)
    with pytest.raises(ValueError, match="cache_ttl"):
        asyncio.run(pipeline.run_once())
    with pytest.raises(ValueError, match="not both"):
        Pipeline("p", storage=StorageDefault(), config=Config())
