"""Contexts, hooks, checks and the engine, as users of flowrun know them."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest
from former_pipelines import Deps

from dotflow import (
    Pipeline,
    RunCancelledError,
    RunContext,
    fn_hook,
)
from dotflow.pipeline import Engine, build_default_engine

# Contexts


@pytest.mark.parametrize("name", ["context", "ctx", "anything"])
def test_a_context_comes_by_its_annotation(name):
    """The parameter that is annotated with RunContext gets it, whatever its name."""
    made = Pipeline("p")
    scope = {"RunContext": RunContext}
    exec(f"def read({name}: RunContext): return {name}.path", scope)
    made.task()(scope["read"])
    report = made.run(RunContext(Deps("/tmp/x")))
    assert report["tasks"]["read"]["result"] == "/tmp/x"


def test_a_context_behind_a_dependency():
    """A context is passed by name: a dependency before it is no obstacle."""
    made = Pipeline("p")

    @made.task()
    def a():
        return 1

    @made.task(deps=[a])
    def b(a, ctx: RunContext):
        return (a, ctx.path)

    assert made.run(RunContext(Deps("x")))["tasks"]["b"]["result"] == (1, "x")


def test_metadata_stands_in_the_report(pipeline):
    """`with_metadata` adds to a copy, and the report has it."""
    context = RunContext(Deps("x"))
    told = context.with_metadata({"batch": 1}, source="orders")
    assert pipeline.run(told)["metadata"] == {"batch": 1, "source": "orders"}
    assert context.metadata == {}


def test_a_deadline_counts_down():
    """`with_deadline_s` gives a time that remains; without, there is none."""
    assert RunContext(None).time_remaining_s() is None
    context = RunContext(None).with_deadline_s(60)
    assert 0 < context.time_remaining_s() <= 60
    assert context.has_deadline()
    assert not context.deadline_exceeded()


def test_cancellation_is_seen_and_raised():
    """A set event makes `raise_if_cancelled` raise."""
    event = threading.Event()
    context = RunContext(None).with_cancel_event(event)
    context.raise_if_cancelled()
    event.set()
    assert context.cancelled()
    with pytest.raises(RunCancelledError):
        context.raise_if_cancelled()


def test_attributes_come_from_the_dependencies():
    """An attribute or a key of `deps` is one of the context."""
    assert RunContext(Deps("x")).path == "x"
    assert RunContext({"path": "y"}).path == "y"


# Hooks


def test_hooks_hear_every_event():
    """The functions of `fn_hook` are called in order."""
    heard = []
    names = (
        "dag_start dag_end task_start task_success task_failure task_retry task_skip"
    )
    hook = fn_hook(
        **{
            f"on_{name}": partial(lambda name, event: heard.append(name), name)
            for name in names.split()
        }
    )
    made = Pipeline("p", hooks=[hook])

    @made.task(retries=1)
    def bad():
        raise ValueError

    @made.task(deps=[bad])
    def after():
        pass

    made.run()
    assert heard == [
        "dag_start",
        "task_start",
        "task_failure",
        "task_retry",
        "task_start",
        "task_failure",
        "task_skip",
        "dag_end",
    ]


def test_a_hook_that_raises_breaks_nothing(pipeline):
    """Its error is logged."""

    def boom(event):
        raise RuntimeError

    made = Pipeline("p", hooks=[fn_hook(on_task_start=boom)])
    made.task()(extract_nothing)
    assert made.run()["status"] == "SUCCESS"


def extract_nothing():
    return None


# Validation


def task_needs_more(nothing_gives_it):
    pass


@pytest.mark.parametrize(
    ("declare", "text"),
    [
        (lambda p: p.task()(task_needs_more), "nothing_gives_it"),
        (lambda p: p.task(deps=["nope"])(extract_nothing) and p.validate(), "nope"),
        (lambda p: p.validate(), "no tasks|empty"),
    ],
)
def test_what_cannot_run_is_refused_before_it_does(declare, text):
    """A parameter that nothing fills, a dependency that is not there, no task at all."""
    made = Pipeline("p")
    with pytest.raises(ValueError, match=text):
        declare(made)


def test_a_cycle_is_refused():
    """Two tasks that wait for each other are named."""
    made = Pipeline("p")
    made.task(name="a", deps=["b"])(extract_nothing)
    made.task(name="b", deps=["a"])(extract_nothing)
    with pytest.raises(ValueError, match="a"):
        made.validate()


def test_two_pipelines_may_have_tasks_of_the_same_name():
    """Names are those of a DAG."""
    for name in ("users", "orders"):
        Pipeline(name).task(name="extract")(extract_nothing)


# The engine of flowrun 1.0


def test_an_engine_of_several_dags():
    """`build_default_engine`, `task(dag=…)`, `list_dags`, `run_once`, `dag(name)`."""
    engine = build_default_engine(max_workers=2, max_parallel=1)
    assert isinstance(engine, Engine)

    @engine.task(dag="b")
    def one():
        return 1

    scope = engine.dag("a")

    @scope.task()
    def two():
        return 2

    assert engine.list_dags() == ["a", "b"]
    assert engine.list_tasks("a") == ["two"]
    run_id = asyncio.run(engine.run_once("b"))
    assert engine.get_run_report(run_id)["tasks"]["one"]["result"] == 1
    engine.close()
    engine.close()


def test_an_unknown_dag_names_those_there_are():
    """With a suggestion."""
    engine = build_default_engine()
    engine.task(dag="daily")(extract_nothing)
    with pytest.raises(ValueError, match="daily"):
        asyncio.run(engine.run_once("dayly"))
