"""Parts of a pipeline, replaced tasks, and the tree."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import Pipeline, RunContext, SQLiteStateStore, fn_hook


def one():
    return 1


@pytest.fixture
def diamond():
    """A -> (b, c) -> d, and `solo`."""
    pipeline = Pipeline("etl")
    pipeline.task(name="a")(one)
    pipeline.task(name="b", process=True, timeout_s=5)(lambda a: a + 1)
    pipeline.task(name="c")(lambda a: a + 2)
    pipeline.task(name="d")(lambda b, c: b + c)
    pipeline.task(name="solo")(one)
    return pipeline


def test_a_part_with_what_it_needs(diamond):
    """Only the targets and their ancestors run, and are in the report."""
    run_id = asyncio.run(diamond.run_subgraph(["c", one]))
    report = diamond.get_run_report(run_id)
    assert list(report["tasks"]) == ["a", "c", "solo"]
    assert report["status"] == "SUCCESS"


def test_a_part_as_a_pipeline(diamond):
    """`subgraph` is a pipeline of its own, with the same state."""
    part = diamond.subgraph(["c"])
    assert (part.name, list(part.tasks)) == ("etl", ["a", "c"])
    assert part.dependencies == {"a": [], "c": ["a"]}
    run_id = part.run()["run_id"]
    assert diamond.get_run_report(run_id)["tasks"]["c"]["result"] == 3
    assert list(diamond.tasks) == ["a", "b", "c", "d", "solo"]


def test_constants_and_callables(diamond, results):
    """An override is a constant, or a callable with parameters of its own."""
    test = diamond.override_tasks(a=10, c=lambda: 100, b=lambda a: -a)
    assert results(test) == {"a": 10, "b": -10, "c": 100, "d": 90, "solo": 1}
    assert test.dependencies == diamond.dependencies
    assert diamond.tasks["a"].func is one


def test_overrides_may_take_a_context(pipeline, results):
    """An override may ask for the context although the task did not, and vice versa."""

    @pipeline.task(name="the-first")
    def first(context: RunContext):
        return context.deps

    pipeline.task(name="b", deps=[first])(lambda upstream: upstream["the-first"])

    def with_context(context: RunContext):
        return context.deps

    test = pipeline.override_tasks({"the-first": 1}, b=with_context)
    assert results(test, RunContext(5)) == {"the-first": 1, "b": 5}
    assert pipeline.override_tasks({"the-first": None}).run()["status"] == "SUCCESS"


def test_overrides_that_fit_nothing(diamond):
    """An override for no task, or one that asks for what is not there, is refused."""
    with pytest.raises(ValueError, match="no task 'zz'"):
        diamond.override_tasks(zz=1)
    with pytest.raises(ValueError, match="'x', which nothing provides"):
        diamond.override_tasks(d=lambda x: x)


def test_tests_leave_no_trace(tmp_path):
    """Runs of a pipeline with overrides are not recorded in the real state."""
    store = SQLiteStateStore(tmp_path / "runs.db")
    heard = []
    hook = fn_hook(on_dag_end=heard.append)
    pipeline = Pipeline("p", state_store=store, hooks=[hook])
    pipeline.task()(one)
    assert pipeline.override_tasks(one=2).run()["tasks"]["one"]["result"] == 2
    assert store.list_runs() == []
    assert len(heard) == 1
    store.close()


def test_the_order_of_tasks(pipeline):
    """Tasks are listed after what they depend on, else as they were declared."""
    for name, deps in (("d", "bc"), ("b", "a"), ("solo", ""), ("c", "a"), ("a", "")):
        pipeline.task(name=name, deps=list(deps))(one)
    assert pipeline.list_tasks() == ["solo", "a", "b", "c", "d"]
    assert list(pipeline.tasks) == ["d", "b", "solo", "c", "a"]


def test_the_tree(diamond):
    """The tree shows every edge once, and marks what it has shown before."""
    assert diamond.display().splitlines() == [
        "etl",
        "|-- a",
        "|   |-- b",
        "|   |   \\-- d",
        "|   \\-- c",
        "|       \\-- d [shared]",
        "\\-- solo",
    ]


def test_a_pipeline_shows_what_it_is(diamond):
    """The text of a pipeline has its name and the number of its tasks."""
    assert repr(diamond) == "<Pipeline 'etl': 5 tasks>"
    assert diamond.name == "etl"
