"""What is checked before anything runs."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import Pipeline, RunContext, TaskSpec
from dotflow.errors import GraphError
from dotflow.pipeline import build_default_engine

LONG = 20_000


def nothing(): ...


def declare(pipeline, **edges):
    for name, deps in edges.items():
        pipeline.task(name=name, deps=list(deps))(nothing)
    return pipeline


def problems(pipeline):
    with pytest.raises(ValueError, match="cannot run") as caught:
        pipeline.validate()
    assert isinstance(caught.value, GraphError)
    return caught.value.problems


def test_an_empty_pipeline(pipeline):
    """A pipeline without tasks cannot run."""
    assert problems(pipeline) == ["'p' has no tasks."]


def test_a_missing_dependency(pipeline):
    """A dependency that is not registered is named, with the one that was meant."""
    declare(pipeline, extract="", load=["extrct"])
    (problem,) = problems(pipeline)
    assert "'load' depends on 'extrct', which is not registered" in problem
    assert "Did you mean 'extract'?" in problem


def test_a_function_that_is_no_task(pipeline):
    """A function that was never declared is named like any other missing task."""

    def stranger(): ...

    pipeline.task(name="a", deps=[stranger])(lambda: 1)
    assert "'stranger', which is not registered" in problems(pipeline)[0]


def test_edges_across_pipelines(pipeline):
    """A task of another pipeline is refused, although its own has one of that name."""
    other = Pipeline("other")

    @other.task(name="extract")
    def extract_others(): ...

    @other.task()
    def only_there(): ...

    declare(pipeline, extract_others="", extract="")
    pipeline.task(name="a", deps=[extract_others])(lambda: 1)
    pipeline.task(name="b", deps=[only_there])(lambda: 1)
    first, second = problems(pipeline)
    assert "'a' depends on 'extract_others', which belongs to 'other'" in first
    assert "'b' depends on 'only_there', which belongs to 'other'" in second


def test_edges_across_the_dags_of_an_engine():
    """Two DAGs of one engine have no edges between them either."""
    engine = build_default_engine()
    engine.task(dag="x")(nothing)
    engine.task(name="b", dag="y", deps=["nothing"])(nothing)
    with pytest.raises(ValueError, match="which belongs to 'x'"):
        engine.validate("y")
    engine.validate("x")


def test_cycles_show_their_path(pipeline):
    """Each cycle is shown as a path in the order of execution."""
    declare(pipeline, a="c", b="a", c="b", d="d", e="a", f="")
    assert problems(pipeline) == [
        "The dependencies form a cycle: a -> b -> c -> a.",
        "The dependencies form a cycle: d -> d.",
    ]


def test_a_long_cycle(pipeline):
    """A cycle of any length is found."""
    for number in range(LONG):
        name, before = f"t{number}", f"t{(number - 1) % LONG}"
        pipeline.registry.register(TaskSpec(name, nothing, [before], dag="p"))
    assert problems(pipeline)[0].count(" -> ") == LONG


def test_everything_is_reported_together(pipeline):
    """One error tells all that is wrong."""
    declare(pipeline, a="b", b="a", c=["x"])
    pipeline.registry.register(TaskSpec("d", lambda y: y, ["a"], dag="p"))
    found = problems(pipeline)
    assert len(found) == 3
    text = " ".join(found)
    assert "cycle" in text
    assert "'x'" in text
    assert "'y'" in text


def test_nothing_runs_when_something_is_wrong(pipeline):
    """No task runs, and no run is recorded, when the graph is wrong."""
    ran = []
    pipeline.task(name="a")(lambda: ran.append(1))
    declare(pipeline, b=["x"])

    async def contexts():
        ran.append("asked")
        yield None

    for run in (
        lambda: pipeline.run_once(),
        lambda: pipeline.run_subgraph(["a"]),
        lambda: pipeline.run_many(contexts()),
    ):
        with pytest.raises(GraphError):
            asyncio.run(run())
    with pytest.raises(GraphError):
        pipeline.run()
    assert ran == []
    assert pipeline.state_store.list_runs() == []


def test_a_context_that_is_required(pipeline):
    """A run without the context that its tasks require does not begin."""

    @pipeline.task()
    def a(context: RunContext): ...

    @pipeline.task()
    def b(context: RunContext): ...

    with pytest.raises(ValueError, match="required by 'a', 'b'"):
        pipeline.run()
    assert pipeline.state_store.list_runs() == []


def test_unknown_targets(pipeline):
    """Targets that do not exist are all named, with those that were meant."""
    declare(pipeline, extract="")
    for call in (
        lambda: pipeline.run(targets=["extrct", "zzz"]),
        lambda: pipeline.subgraph(["extrct", "zzz"]),
        lambda: pipeline.override_tasks(extrct=1, zzz=2),
    ):
        with pytest.raises(ValueError, match="Did you mean 'extract'") as caught:
            call()
        assert len(caught.value.problems) == 2
    with pytest.raises(ValueError, match="no target"):
        pipeline.run(targets=[])
    with pytest.raises(TypeError, match="list of tasks"):
        pipeline.run(targets="extract")


def test_a_task_added_later_counts(pipeline, results):
    """A pipeline is checked again once a task was added."""
    declare(pipeline, a="")
    assert list(results(pipeline)) == ["a"]
    declare(pipeline, b="a")
    assert list(results(pipeline)) == ["a", "b"]
