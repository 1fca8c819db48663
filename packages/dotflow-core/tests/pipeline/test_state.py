"""State stores: transitions, records, stores of one's own, results that are let go."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from dotflow import Pipeline, StateStore

pytestmark = pytest.mark.usefixtures("young_heap")


class Result:
    """Something that can be referred to weakly."""


def test_the_life_of_a_task(store):
    """A task goes from pending over running to its end, and over a failure back."""
    store.create_run("r", "d", ["a", "b", "c"], {"k": 1})
    store.mark_running("r", "a")
    store.mark_failed("r", "a", "no")
    store.mark_retry("r", "a")
    store.mark_running("r", "a")
    store.mark_success("r", "a", [1])
    store.mark_skipped("r", "b", "why")
    store.finalize_run_if_done("r")
    run = store.get_run("r")
    assert (run.status, run.finished_at, run.metadata) == ("FAILED", None, {"k": 1})
    assert (run.tasks["a"].attempt, run.tasks["a"].result) == (2, [1])
    assert run.tasks["a"].error is None
    assert (run.tasks["b"].status, run.tasks["b"].error) == ("SKIPPED", "why")
    store.mark_running("r", "c")
    store.mark_success("r", "c", None)
    store.finalize_run_if_done("r")
    assert store.get_run("r").finished_at is not None


@pytest.mark.parametrize(
    ("before", "move"),
    [
        ([], ("mark_success", 1)),
        ([], ("mark_failed", "e")),
        ([], ("mark_retry",)),
        ([("mark_running",)], ("mark_running",)),
        ([("mark_running",)], ("mark_skipped", "why")),
        ([("mark_running",), ("mark_success", 1)], ("mark_failed", "e")),
        ([("mark_skipped", "why")], ("mark_running",)),
    ],
)
def test_impossible_transitions(store, before, move):
    """A task cannot go where no task can: that is a RuntimeError."""
    store.create_run("r", "d", ["a"])
    for name, *arguments in before:
        getattr(store, name)("r", "a", *arguments)
    name, *arguments = move
    with pytest.raises(RuntimeError, match="cannot go from"):
        getattr(store, name)("r", "a", *arguments)


def test_the_status_of_a_run(store):
    """All succeeded is SUCCESS, any failed or skipped is FAILED, else it is RUNNING."""
    store.create_run("r", "d", ["a", "b"])
    assert store.get_run("r").status == "RUNNING"
    store.mark_running("r", "a")
    store.mark_success("r", "a", 1)
    assert store.get_run("r").status == "RUNNING"
    store.mark_running("r", "b")
    store.mark_success("r", "b", 1)
    assert store.get_run("r").status == "SUCCESS"
    store.create_run("s", "d", ["a", "b"])
    store.mark_skipped("s", "a", "why")
    assert store.get_run("s").status == "FAILED"


def test_a_resumed_run_keeps_what_succeeded(store):
    """What succeeded is kept unless it is reset; metadata is inherited if not given."""
    store.create_run("r", "d", ["a", "b", "c"], {"k": 1})
    for name in "ab":
        store.mark_running("r", name)
        store.mark_success("r", name, name)
    store.mark_running("r", "c")
    store.mark_failed("r", "c", "no")
    run = store.create_resumed_run("s", "r", "d", ["a", "b", "c", "new"], {"b"})
    assert run.metadata == {"k": 1}
    found = {name: (t.status, t.result, t.attempt) for name, t in run.tasks.items()}
    assert found == {
        "a": ("SUCCESS", "a", 1),
        "b": ("PENDING", None, 0),
        "c": ("PENDING", None, 0),
        "new": ("PENDING", None, 0),
    }
    other = store.create_resumed_run("t", "r", "d", ["a"], metadata={"z": 2})
    assert other.metadata == {"z": 2}
    assert store.get_run("r").tasks["c"].status == "FAILED"
    with pytest.raises(KeyError):
        store.create_resumed_run("u", "unknown", "d", ["a"])


def test_runs_are_listed(store):
    """Runs are listed from the newest on, by pipeline and status."""
    for number, dag in enumerate("xyx"):
        store.create_run(f"r{number}", dag, ["a"])
    store.mark_running("r0", "a")
    store.mark_success("r0", "a", 1)
    store.finalize_run_if_done("r0")
    assert [run.run_id for run in store.list_runs()] == ["r2", "r1", "r0"]
    assert [run.run_id for run in store.list_runs("x")] == ["r2", "r0"]
    assert [run.run_id for run in store.list_runs("x", "SUCCESS")] == ["r0"]


def test_a_store_of_ones_own():
    """A subclass of StateStore sees every call, and serves the reports."""
    calls = []

    class Spy(StateStore):
        def mark_success(self, run_id, task_name, result):
            calls.append((task_name, result))
            super().mark_success(run_id, task_name, result)

    pipeline = Pipeline("p", state_store=Spy())
    pipeline.task(name="a")(lambda: 1)
    assert pipeline.run()["status"] == "SUCCESS"
    assert calls == [("a", 1)]


def test_a_store_that_cannot_keep_a_result():
    """A result that cannot be kept fails its task with the reason; others run on."""

    class Full(StateStore):
        def mark_success(self, run_id, task_name, result):
            if task_name == "a":
                raise OSError("disk full")
            super().mark_success(run_id, task_name, result)

    pipeline = Pipeline("p", state_store=Full())
    pipeline.task(name="a", retries=3)(lambda: 1)
    pipeline.task(name="below")(lambda a: 1)
    pipeline.task(name="other")(lambda: 1)
    tasks = pipeline.run()["tasks"]
    assert "disk full" in tasks["a"]["error"]
    assert "Full" in tasks["a"]["error"]
    assert (tasks["a"]["attempt"], tasks["below"]["status"]) == (1, "SKIPPED")
    assert tasks["other"]["status"] == "SUCCESS"


def test_a_result_that_is_not_retained():
    """Such a result is gone once the last task that needs it has ended."""
    pipeline = Pipeline("p", max_parallel=1)
    seen, alive = [], []

    @pipeline.task(retain_result=False)
    async def large():
        result = Result()
        seen.append(weakref.ref(result))
        return result

    @pipeline.task()
    async def first(large):
        gc.collect()
        alive.append(seen[0]() is not None)

    @pipeline.task()
    async def second(large):
        gc.collect()
        alive.append(seen[0]() is not None)

    @pipeline.task()
    async def last(first, second):
        gc.collect()
        alive.append(seen[0]() is not None)

    pipeline.task(name="nobody", retain_result=False)(lambda: 1)
    report = pipeline.run()
    assert alive == [True, True, False]
    assert report["tasks"]["large"]["result"] is None
    assert report["tasks"]["nobody"]["result"] is None
    assert report["status"] == "SUCCESS"


def test_a_result_that_is_gone_is_made_again(store):
    """A resume runs a task again whose result was not retained, if it is needed."""
    ran, works = [], []
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="source")(lambda: ran.append("source"))

    @pipeline.task(retain_result=False)
    def large(source):
        ran.append("large")
        return 5

    pipeline.task(name="done")(lambda large: ran.append("done"))

    @pipeline.task()
    def needs(large):
        assert works
        return large

    run_id = pipeline.run()["run_id"]
    ran.clear()
    works.append(1)
    report = pipeline.get_run_report(asyncio.run(pipeline.resume(run_id)))
    assert report["status"] == "SUCCESS"
    assert report["tasks"]["needs"]["result"] == 5
    assert ran == ["large"]
