"""Resume of a pipeline whose graph, or whose context, is another than in the run before."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dotflow import InMemoryStateStore, Pipeline, RunContext, SQLiteStateStore
from dotflow.errors import InputChangedError, InvalidOnInputChange
from dotflow.pipeline.state_storage import StorageStateStore
from dotflow.providers import StorageFile

FAILS: set[str] = set()
RAN: list[str] = []


@pytest.fixture(autouse=True)
def _clean():
    FAILS.clear()
    RAN.clear()


@pytest.fixture(params=["memory", "sqlite", "storage"])
def store(request, tmp_path):
    """Make one store after the other on the same files, as new processes do."""
    kept = InMemoryStateStore()
    return {
        "memory": lambda: kept,
        "sqlite": lambda: SQLiteStateStore(tmp_path / "runs.db"),
        "storage": lambda: StorageStateStore(StorageFile(path=tmp_path)),
    }[request.param]


def build(store, /, **deps):
    """Return a pipeline of tasks `name="deps"`; each returns its name and its results."""
    pipeline = Pipeline("p", state_store=store())

    def make(name):
        async def step(upstream):
            RAN.append(name)
            if name in FAILS:
                raise ValueError(name)
            return [name, *upstream.values()]

        return step

    for name, upstream in deps.items():
        pipeline.task(name=name, deps=upstream.split())(make(name))
    return pipeline


def results(report):
    return {name: task["result"] for name, task in report["tasks"].items()}


def resume(pipeline, run_id, **options):
    RAN.clear()
    report = pipeline.get_run_report(asyncio.run(pipeline.resume(run_id, **options)))
    return results(report)


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ({"a": "", "b": "a"}, {"a": "", "n": "a", "b": "n"}, ["n", "b"]),
        ({"a": "", "n": "a", "b": "n"}, {"a": "", "b": "a"}, ["b"]),
        ({"a": "", "x": "", "b": "a"}, {"a": "", "x": "", "b": "x"}, ["b"]),
        ({"a": "", "b": "a", "c": "b"}, {"a": "", "b": "", "c": "b"}, ["b", "c"]),
        ({"a": "", "b": "a"}, {"a": "", "b": "a", "c": "b"}, ["c"]),
        ({"a": "", "b": ""}, {"b": "", "a": ""}, []),
    ],
)
def test_a_task_that_depended_on_others_runs_again(store, before, after, again):
    """The results are those of a run from nothing, and only what must runs again."""
    first = build(store, **before).run()
    pipeline = build(store, **after)
    resumed = resume(pipeline, first["run_id"])
    assert again == RAN
    assert resumed == results(pipeline.run())


def test_what_a_resume_of_a_resume_keeps(store):
    """A result stays tied to what it was made from, however often it is kept."""
    first = build(store, a="", b="a", c="b")
    FAILS.add("c")
    run_id = first.run()["run_id"]
    run_id = asyncio.run(first.resume(run_id))
    FAILS.clear()
    RAN.clear()
    assert resume(build(store, a="", b="", c="b"), run_id)["b"] == ["b"]
    assert RAN == ["b", "c"]


def test_an_edit_is_told_and_may_be_refused(store, caplog):
    """One line names what runs again; under `raise` nothing runs, and no run begins."""
    run_id = build(store, a="", b="a", c="b").run()["run_id"]
    pipeline = build(store, a="", b="", c="b")
    with pytest.raises(InputChangedError, match="'b'"):
        resume(pipeline, run_id, on_input_change="raise")
    assert RAN == []
    with caplog.at_level(logging.WARNING, "dotflow.pipeline"):
        resume(pipeline, run_id)
    (told,) = [line for line in caplog.messages if "runs again" in line]
    assert told.startswith(f"What 'b' depended on in run {run_id} is not what")


def test_items_of_a_map_over_another_task_run_again(store):
    """Items are kept only over the task that they were items of."""

    def mapped(over, fails):
        pipeline = Pipeline("p", state_store=store())
        pipeline.task(name="a")(lambda: [1, 2])
        pipeline.task(name="b")(lambda: [10, 20])

        @pipeline.task(name="each", map=over)
        def each(item, index):
            if fails and index:
                raise ValueError
            return item + 1

        return pipeline

    run_id = mapped("a", True).run()["run_id"]
    assert resume(mapped("b", False), run_id)["each"] == [11, 21]
    run_id = mapped("a", True).run()["run_id"]
    assert resume(mapped("a", False), run_id)["each"] == [2, 3]


def given(store, fails=()):
    pipeline = Pipeline("p", state_store=store())

    @pipeline.task()
    def plain():
        RAN.append("plain")
        return "plain"

    @pipeline.task()
    def first(context: RunContext):
        RAN.append("first")
        return context.deps

    @pipeline.task()
    def second(first, context: RunContext):
        RAN.append("second")
        if "second" in fails:
            raise ValueError
        return [first, context.deps]

    return pipeline


def test_a_context_that_changed(store):
    """`reuse` keeps results and what they came from; `raise` and `reset` see that."""
    run_id = given(store).run(RunContext(1))["run_id"]
    run_id = asyncio.run(given(store).resume(run_id, context=RunContext(2)))
    pipeline = given(store)
    with pytest.raises(InputChangedError):
        resume(pipeline, run_id, context=RunContext(2), on_input_change="raise")
    same = {"context": RunContext(1, {"day": 2}), "on_input_change": "raise"}
    assert resume(pipeline, run_id, **same)["second"] == [1, 1]
    assert RAN == []
    reset = {"context": RunContext(2), "on_input_change": "reset"}
    assert resume(pipeline, run_id, **reset)["second"] == [2, 2]
    assert RAN == ["plain", "first", "second"]


def test_results_of_two_contexts(store):
    """Beside each other they are refused for either of them, and reset for the last."""
    run_id = given(store, ["second"]).run(RunContext("old"))["run_id"]
    run_id = asyncio.run(given(store).resume(run_id, context=RunContext("new")))
    pipeline = given(store)
    for value in ("old", "new"):
        options = {"context": RunContext(value), "on_input_change": "raise"}
        with pytest.raises(InputChangedError):
            resume(pipeline, run_id, **options)
    reset = {"context": RunContext("new"), "on_input_change": "reset"}
    assert resume(pipeline, run_id, **reset)["second"] == ["new", "new"]


def test_an_unknown_policy(store):
    """A policy that there is not is refused with those that there are."""
    run_id = given(store).run(RunContext(1))["run_id"]
    with pytest.raises(InvalidOnInputChange, match="'reuse', 'reset' or 'raise'"):
        resume(given(store), run_id, on_input_change="ask")
