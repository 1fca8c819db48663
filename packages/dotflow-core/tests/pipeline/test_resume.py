"""Resume: what is kept, what runs again, and under which code."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import Pipeline, RunContext


class Diamond:
    """a -> (b, c) -> d, where `broken` names the tasks that fail."""

    def __init__(self, store, name="p"):
        self.ran = []
        self.broken = set()
        self.pipeline = Pipeline(name, state_store=store, max_parallel=1)
        for task, deps in (("a", ""), ("b", "a"), ("c", "a"), ("d", "bc")):
            self.pipeline.task(name=task, deps=list(deps))(self.make(task))

    def make(self, name):
        async def step(upstream, context: RunContext = None):
            self.ran.append(name)
            if name in self.broken:
                raise ValueError(name)
            return name + "".join(upstream.values())

        return step

    def run(self, **options):
        self.ran.clear()
        return self.pipeline.run(**options)

    def resume(self, run_id, **options):
        self.ran.clear()
        new = asyncio.run(self.pipeline.resume(run_id, **options))
        return self.pipeline.get_run_report(new)


def test_a_resumed_run_equals_an_uninterrupted_one(store):
    """Only what failed or was skipped runs, and the results are those of one run."""
    diamond = Diamond(store)
    diamond.broken = {"c"}
    first = diamond.run()
    assert (first["status"], diamond.ran) == ("FAILED", ["a", "b", "c"])
    diamond.broken = set()
    second = diamond.resume(first["run_id"])
    assert (second["status"], diamond.ran) == ("SUCCESS", ["c", "d"])
    assert second["run_id"] != first["run_id"]
    whole = diamond.run()
    assert {n: t["result"] for n, t in second["tasks"].items()} == {
        n: t["result"] for n, t in whole["tasks"].items()
    }
    kept, before = second["tasks"]["b"], first["tasks"]["b"]
    assert kept == before
    again = diamond.pipeline.get_run_report(first["run_id"])
    assert again == first, "the earlier run stays as it was"


def test_a_completed_run_runs_nothing_again(store):
    """Resuming a run that succeeded runs no task."""
    diamond = Diamond(store)
    report = diamond.resume(diamond.run()["run_id"])
    assert (report["status"], diamond.ran) == ("SUCCESS", [])


def test_from_tasks(store):
    """`from_tasks` runs the named tasks again, with all that depend on them."""
    diamond = Diamond(store)
    run_id = diamond.run()["run_id"]
    assert diamond.resume(run_id, from_tasks=["b"])["status"] == "SUCCESS"
    assert diamond.ran == ["b", "d"]
    step = diamond.pipeline.tasks["c"].func
    diamond.resume(run_id, from_tasks=[step, "d"])
    assert diamond.ran == ["c", "d"]
    with pytest.raises(ValueError, match="no task 'x'"):
        diamond.resume(run_id, from_tasks=["x"])


def test_metadata_is_inherited(store):
    """A resumed run has the metadata of the earlier one, unless its context has some."""
    diamond = Diamond(store)
    run_id = diamond.run(context=RunContext(1, {"k": 1}))["run_id"]
    assert diamond.resume(run_id)["metadata"] == {"k": 1}
    assert diamond.resume(run_id, context=RunContext(1))["metadata"] == {"k": 1}
    context = RunContext(1, {"z": 2})
    assert diamond.resume(run_id, context=context)["metadata"] == {"z": 2}


def test_a_part_is_completed(store):
    """Resuming a run of a part keeps the part and runs the rest."""
    diamond = Diamond(store)
    run_id = diamond.run(targets=["b"])["run_id"]
    assert diamond.ran == ["a", "b"]
    assert diamond.resume(run_id)["status"] == "SUCCESS"
    assert diamond.ran == ["c", "d"]


def test_the_graph_of_now_counts(store):
    """A task under which another was put since runs again; one that is gone does not."""
    first = Pipeline("p", state_store=store)
    ran = []
    first.task(name="a")(lambda: ran.append("a"))
    first.task(name="gone")(lambda: ran.append("gone"))
    first.task(name="b", deps=["a"])(lambda: ran.append("b"))
    run_id = first.run()["run_id"]
    ran.clear()
    second = Pipeline("p", state_store=store)
    second.task(name="a")(lambda: ran.append("a"))
    second.task(name="new")(lambda: ran.append("new"))
    second.task(name="b", deps=["a", "new"])(lambda: ran.append("b"))
    report = second.get_run_report(asyncio.run(second.resume(run_id)))
    assert ran == ["new", "b"]
    assert list(report["tasks"]) == ["a", "new", "b"]


def test_none_is_a_result(store):
    """A task that returned None is not run again."""
    ran = []
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="a")(lambda: ran.append(1))
    asyncio.run(pipeline.resume(pipeline.run()["run_id"]))
    assert ran == [1]


def test_wrong_runs(store):
    """A run that does not exist, or is another pipeline's, cannot be resumed."""
    diamond = Diamond(store)
    with pytest.raises(KeyError):
        diamond.resume("unknown")
    with pytest.raises(ValueError, match="one of 'other'"):
        diamond.resume(Diamond(store, "other").run()["run_id"])
