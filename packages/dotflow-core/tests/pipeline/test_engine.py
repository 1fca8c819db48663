"""`Engine` and `DagScope`: several DAGs over one registry."""

from __future__ import annotations

import asyncio

import pytest

from dotflow import RunContext, SchedulerConfig, TaskRegistry, TaskSpec
from dotflow.pipeline import DAGBuilder, Engine, build_default_engine


def one():
    return 1


def two(one):
    return 2 * one


def test_dags_share_an_engine_and_no_names():
    """Each DAG of an engine has its own tasks, also under names of another's."""
    engine = build_default_engine(max_workers=2, max_parallel=2, keep_runs=None)
    x, y = engine.dag("x"), engine.dag("y")
    x.task()(one)
    x.task()(two)
    y.task(name="one")(lambda: 5)
    assert (engine.list_dags(), y.name) == (["x", "y"], "y")
    assert (x.list_tasks(), engine.list_tasks("y")) == (["one", "two"], ["one"])
    assert x.display() == engine.display_dag("x") == "x\n\\-- one\n    \\-- two"
    x.validate()

    async def main():
        async with engine:
            assert await x.run_many([]) == []
            run_ids = [
                await engine.run_once("x"),
                await y.run_once(RunContext(None)),
                await x.run_subgraph(["one"]),
                *await engine.run_many("y", [None]),
            ]
            return [*run_ids, await engine.resume(run_ids[0], from_tasks=["two"])]

    reports = [engine.get_run_report(run_id) for run_id in asyncio.run(main())]
    found = [{n: t["result"] for n, t in r["tasks"].items()} for r in reports]
    assert found == [
        {"one": 1, "two": 2},
        {"one": 5},
        {"one": 1},
        {"one": 5},
        {"one": 1, "two": 2},
    ]


def test_tasks_of_no_dag():
    """Where no task names its DAG, the registry is one DAG under any name."""
    engine = Engine(TaskRegistry(), None, SchedulerConfig(max_parallel=2))
    engine.task()(one)
    engine.task()(two)
    run_id = asyncio.run(engine.run_subgraph("whatever", [two]))
    assert engine.get_run_report(run_id)["tasks"]["two"]["result"] == 2
    assert engine.list_dags() == []


def test_an_unknown_dag():
    """A DAG that does not exist is named, with the one that was meant."""
    engine = build_default_engine()
    engine.dag("sales").task()(one)
    with pytest.raises(ValueError, match="Did you mean 'sales'"):
        engine.validate("sale")


def test_the_dag_itself():
    """A DAG tells parents, descendants and parts."""
    registry = TaskRegistry()
    for name, deps in (("a", []), ("b", ["a"]), ("c", ["b"]), ("d", ["a"])):
        registry.register(TaskSpec(name, one, deps, dag="x"))
    builder = DAGBuilder(registry)
    dag = builder.build("x")
    assert (dag.name, dag.nodes, builder.dag_names()) == ("x", list("abcd"), ["x"])
    assert dag.edges == {"a": [], "b": ["a"], "c": ["b"], "d": ["a"]}
    assert dag.parents_of("c") == ["b"]
    assert dag.descendants_of({"b"}) == {"b", "c"}
    assert dag.subgraph(["b"]).nodes == ["a", "b"]


def test_the_default_bound():
    """Four attempts run at once unless one says otherwise."""
    assert SchedulerConfig().max_parallel == 4
