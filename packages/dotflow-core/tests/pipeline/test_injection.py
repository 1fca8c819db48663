"""Which parameter of a task gets what."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, Optional, TypeVar

import pytest

import dotflow
from dotflow import RunContext

if TYPE_CHECKING:
    from collections.abc import Sequence as Missing

T = TypeVar("T")
Alias = RunContext[int]


@dataclass
class Deps:
    base: str


class OwnContext(RunContext[T], Generic[T]):
    pass


def plain(context: RunContext):
    return context.deps


def generic(context: RunContext[Deps]):
    return context.deps


def module(context: dotflow.RunContext[Deps]):
    return context.deps


def annotated(context: Annotated[RunContext[Deps], "settings"]):
    return context.deps


def optional(context: Optional[RunContext[Deps]]):  # noqa: UP045
    return context.deps


def union(context: RunContext[Deps] | None):
    return context.deps


def alias(context: Alias):
    return context.deps


def missing(context: RunContext[Missing]):
    return context.deps


def other_name(settings: RunContext[Missing[int]], *args, **kwargs):
    return settings.deps


def keyword_only(*, context: RunContext[Deps]):
    return context.deps


def positional_only(context: RunContext[Deps], /):
    return context.deps


async def coroutine(context: RunContext[Deps]):
    return context.deps


class Callable:
    def __call__(self, context: RunContext[Deps]):
        return context.deps

    def method(self, context: RunContext[Deps]):
        return context.deps

    @staticmethod
    def static(context: RunContext[Deps]):
        return context.deps


@functools.wraps(generic)
def wrapped(*args, **kwargs):
    return generic(*args, **kwargs)


@pytest.mark.parametrize(
    "func",
    [
        plain,
        generic,
        module,
        annotated,
        optional,
        union,
        alias,
        missing,
        other_name,
        keyword_only,
        positional_only,
        coroutine,
        Callable(),
        Callable().method,
        Callable.static,
        wrapped,
        functools.partial(generic),
        functools.partial(coroutine),
    ],
    ids=lambda func: getattr(func, "__name__", type(func).__name__),
)
def test_a_context_is_found_by_its_annotation(pipeline, results, func):
    """A parameter annotated as a context gets it, however the annotation is written."""
    pipeline.task(name="task")(func)
    assert pipeline.tasks["task"].requires_context
    assert results(pipeline, RunContext(5)) == {"task": 5}


def test_annotations_that_are_evaluated_at_once(pipeline, results):
    """Annotations that are no strings do as well as postponed ones."""
    scope = {"RunContext": RunContext, "Deps": Deps}
    exec("def task(context: RunContext[Deps]): return context.deps", scope)
    pipeline.task()(scope["task"])
    assert results(pipeline, RunContext(5)) == {"task": 5}


def test_a_name_for_type_checkers_only(pipeline, results):
    """`RunContext` may be imported for type checkers only."""
    scope = {}
    source = "from __future__ import annotations\n"
    source += "def task(context: RunContext[Deps]): return context.deps\n"
    source += "def other(context: dotflow.RunContext | None): return context.deps"
    exec(source, scope)
    pipeline.task()(scope["task"])
    pipeline.task()(scope["other"])
    assert results(pipeline, RunContext(5)) == {"task": 5, "other": 5}


def test_a_type_that_is_local(pipeline, results):
    """The type of the dependencies may be local to a function."""

    @dataclass
    class Local:
        number: int

    @pipeline.task()
    def number(context: RunContext[Local]):
        return context.number

    assert results(pipeline, RunContext(Local(3))) == {"number": 3}


def test_an_annotation_that_is_no_type(pipeline, results):
    """An annotation that cannot be evaluated spoils nothing."""

    def odd(a, b=2): ...

    odd.__annotations__ = {"a": "1 +", "b": "1 / 0"}
    pipeline.task(name="a")(lambda: 1)
    pipeline.task()(odd)
    assert results(pipeline) == {"a": 1, "odd": None}


def test_results_and_the_context_in_any_order(pipeline, results):
    """A context behind results, or between them, gets in nobody's way."""
    pipeline.task(name="a")(lambda: 1)
    pipeline.task(name="b")(lambda: 2)

    @pipeline.task()
    def behind(a, context: RunContext):
        return a, context.deps

    @pipeline.task()
    def between(a, context: RunContext, b, again: RunContext = None):
        return a, context.deps, b, again.deps

    @pipeline.task(deps=["a", "b"])
    def positional(a, context: RunContext, /, b):
        return a, context.deps, b

    found = results(pipeline, RunContext("c"))
    assert found["behind"] == (1, "c")
    assert found["between"] == (1, "c", 2, "c")
    assert found["positional"] == (1, "c", 2)


def test_upstream(pipeline, results):
    """`upstream` is a dictionary of all results, also under names that are no words."""
    pipeline.task(name="the-users")(lambda: ["ada"])
    pipeline.task(name="orders")(lambda: None)

    @pipeline.task(deps=["the-users", "orders"])
    def combine(upstream, context: RunContext):
        return upstream, context.deps

    assert results(pipeline, RunContext(1))["combine"] == (
        {"the-users": ["ada"], "orders": None},
        1,
    )


def test_upstream_belongs_to_the_task(pipeline, results):
    """What a task does to its `upstream` changes nobody else's."""
    pipeline.task(name="a")(lambda: 1)
    pipeline.task(name="pops", deps=["a"])(lambda upstream: upstream.pop("a"))
    pipeline.task(name="reads", deps=["a"])(lambda upstream: upstream["a"])
    assert results(pipeline) == {"a": 1, "pops": 1, "reads": 1}


def test_no_context_where_none_is_needed(pipeline, results):
    """A parameter with a default keeps it in a run without a context."""

    @pipeline.task()
    def relaxed(context: RunContext | None = None):
        return context

    assert not pipeline.tasks["relaxed"].requires_context
    assert results(pipeline) == {"relaxed": None}


def test_any_value_flows(pipeline, results):
    """Results reach the next task untouched, whatever they are."""
    thing = object()
    pipeline.task(name="a")(lambda: thing)
    pipeline.task(name="b")(lambda a: a is thing)
    assert results(pipeline)["b"] is True
