"""What makes two values the same: for caches, and for the inputs of a resumed run."""

from __future__ import annotations

import collections
import functools
import re
import threading
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from valued import Colour, Point

from dotflow import Config, DotFlow, action
from dotflow.errors import InputChangedError
from dotflow.model.fingerprint import (
    code_fingerprint,
    fingerprint_of,
    inputs_fingerprint,
    same_inputs,
    value_fingerprint,
)
from dotflow.providers import StorageSQLite


class Names(set[str]):
    pass


class Rows(list[int]):
    pass


class Scale:
    def __init__(self, by: int) -> None:
        self.by = by

    def of(self) -> int:
        return self.by

    def __call__(self) -> int:
        return self.by


class Node:
    def __init__(self, value: int) -> None:
        self.value = value
        self.near: list[Node] = []


def ring(*values: int) -> Node:
    nodes = [Node(value) for value in values]
    for place, node in enumerate(nodes):
        node.near = [nodes[place - 1], nodes[(place + 1) % len(nodes)]]
    return nodes[0]


def web(size: int, last: int) -> Node:
    nodes = [Node(0) for _ in range(size)]
    for node in nodes:
        node.near = nodes
    nodes[-1].value = last
    return nodes[0]


def deep(levels: int, leaf: int) -> Any:
    value: Any = leaf
    for _ in range(levels):
        value = [value]
    return value


def closing_over(value: Any) -> Any:
    return lambda: value


def with_default(value: Any) -> Any:
    def step(rate: Any = value) -> Any:
        return rate

    return step


def with_keyword(value: Any) -> Any:
    def step(*, rate: Any = value) -> Any:
        return rate

    return step


def iter_nothing() -> Any:
    yield from ()


def times(number: int) -> Any:
    @functools.wraps(ord)
    def wrapper() -> int:
        return number

    return wrapper


def local_class(number: int) -> Any:
    class Local:
        def run(self) -> int:
            return number

    return Local


CALLABLES = [
    (lambda: 1, lambda: 2),
    (closing_over(1), closing_over(2)),
    (closing_over([1]), closing_over([2])),
    (closing_over({"rate": 1}), closing_over({"rate": 2})),
    (closing_over(closing_over(1)), closing_over(closing_over(2))),
    (with_default(1), with_default(2)),
    (with_keyword(1), with_keyword("1")),
    (times(1), times(2)),
    (functools.lru_cache(closing_over(1)), functools.lru_cache(closing_over(2))),
    (Scale(1).of, Scale(2).of),
    (Scale(1), Scale(2)),
    (functools.partial(int, base=2), functools.partial(int, base=3)),
    (functools.partial(closing_over, 1), functools.partial(closing_over, 2)),
    (functools.partial(Scale(1).of), functools.partial(Scale(2).of)),
    (staticmethod(closing_over(1)), staticmethod(closing_over(2))),
    (local_class(1), local_class(2)),
    (action(closing_over(1)), action(closing_over(2))),
    (str.upper, str.lower),
    ([1].append, [2].append),
    (len, max),
]
VALUES = [
    (1, "1"),
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    ((1, 2), [1, 2]),
    ([(1,)], [[1]]),
    ({1: "a"}, {"1": "a"}),
    ({1: "a"}, {True: "a"}),
    ({1: "a"}, {1.0: "a"}),
    ({(1,): 2}, {1: 2}),
    (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
    (deep(5_000, 1), deep(5_000, 2)),
    (deep(1000, 1), deep(1001, 1)),
    ({1}, frozenset({1})),
    (b"a", bytearray(b"a")),
    (memoryview(b"a"), memoryview(b"b")),
    (Names("ab"), Names("ac")),
    (Names("a"), {"a"}),
    (Rows([1]), [1]),
    (Point(1, [1]), Point(1, [2])),
    (Colour.RED, Colour.BLUE),
    (ring(1, 2, 3), ring(1, 2, 4)),
    (web(30, 1), web(30, 2)),
    ([10**5000], [10**5000 + 1]),
    ("\ud800", "\ud801"),
    (Decimal(1), Decimal("1.0")),
    (re.compile("a"), re.compile("b")),
    ({}.keys(), {1: 1}.keys()),
    (None, "None"),
    ((), []),
    ({}, set()),
    (local_class(1)(), local_class(2)()),
]


@pytest.mark.parametrize(("one", "other"), [*VALUES, *CALLABLES])
@pytest.mark.parametrize(
    "of", [value_fingerprint, lambda value: inputs_fingerprint([value])]
)
def test_what_a_step_could_tell_apart_differs(of: Any, one: Any, other: Any) -> None:
    """Types of keys and containers, depth, and what a callable does all count."""
    assert of(one) == of(one)
    assert of(one) != of(other)
    assert of([{"k": one}]) != of([{"k": other}])


@pytest.mark.parametrize(("one", "other"), CALLABLES[:-3])
def test_the_code_of_a_callable_is_what_it_does(one: Any, other: Any) -> None:
    """Constants, closure, defaults, the bound object and partial arguments count."""
    assert code_fingerprint(one) == code_fingerprint(one)
    assert code_fingerprint(one) != code_fingerprint(other)


def test_the_methods_of_a_class_are_its_code() -> None:
    """Two classes of one name that do different things are two."""
    former = type("Step", (), {"run": lambda _self: 1})
    latter = type("Step", (), {"run": lambda _self: 2})
    assert code_fingerprint(former) != code_fingerprint(latter)


def test_the_order_of_a_dictionary_counts_for_a_cache_alone() -> None:
    """A step may go by it; a run whose inputs were read in another order is the same."""
    one, other = {"a": 1, "b": [2]}, {"b": [2], "a": 1}
    assert value_fingerprint(one) != value_fingerprint(other)
    assert inputs_fingerprint([one]) == inputs_fingerprint([other])
    assert inputs_fingerprint([{"a": 1, "b": 2}]) == inputs_fingerprint(
        [{"b": 2, "a": 1}]
    )


def test_equal_values_are_the_same() -> None:
    """What is shared within a value, and how a set was filled, is not part of it."""
    part = Point(1)
    assert value_fingerprint([part, part]) == value_fingerprint([Point(1), Point(1)])
    assert value_fingerprint(Names("abcdef")) == value_fingerprint(Names("fedcba"))
    assert value_fingerprint(ring(1, 2, 3)) == value_fingerprint(ring(1, 2, 3))
    assert value_fingerprint(closing_over(1)) == value_fingerprint(closing_over(1))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner)
        | st.frozensets(st.text() | st.integers())
    ),
    max_leaves=10,
)


@given(values, values)
def test_as_their_texts(one: Any, other: Any) -> None:
    """Plain values without sets have one fingerprint exactly if they read alike."""
    alike = repr(one) == repr(other)
    if "set(" not in repr((one, other)):
        assert (value_fingerprint(one) == value_fingerprint(other)) is alike


PROGRAM = """
import dataclasses, enum, functools, threading
from dotflow.model.fingerprint import inputs_fingerprint, code_fingerprint

class Names(set):
    pass

class Knot:
    def __init__(self):
        self.me = self
        self.names = Names("pqrs")
        self.lock = threading.Lock()

    def run(self, rate=frozenset("xyz")):
        return rate in {"a", "b", "c"}

def step(x={1: {"u", "v", "w"}}):
    return [n for n in "abc" if n in ("a", frozenset("pqr"))]

values = [{"u", "v", "w"}, Names("abcd"), Knot(), Knot, step, Knot().run, object(),
          threading.Lock(), (i for i in ()), functools.partial(step, x={1}), {(1, "a"): 2}]
for value in values:
    print(inputs_fingerprint([value]))
for value in (step, Knot, functools.partial(step, 1), lambda: {"a", "b"} | {1}):
    print(code_fingerprint(value))
"""


def test_the_same_in_every_process(run_program: Any) -> None:
    """Hash seeds and memory addresses have no part in it."""
    ran = [run_program(PROGRAM, PYTHONHASHSEED=seed) for seed in ("1", "2", "3")]
    assert len(ran[0].stdout.splitlines()) == 15, ran[0].stderr
    assert ran[0].stdout == ran[1].stdout == ran[2].stdout


@pytest.mark.parametrize(
    "make",
    [
        lambda: iter_nothing(),
        threading.Lock,
        lambda: [threading.Lock()],
        lambda: map(str, iter_nothing()),
        lambda: closing_over(iter_nothing()),
    ],
)
def test_what_cannot_be_told_apart_is_refused_by_name(make: Any) -> None:
    """A generator and a lock have no state to compare."""
    with pytest.raises(
        TypeError, match=r"type .*(generator|lock|TextIOWrapper) has no"
    ):
        value_fingerprint(make())


def test_a_step_may_close_over_a_lock() -> None:
    """A lock holds no value that its result could depend on; a generator does."""
    assert code_fingerprint(closing_over(threading.Lock()))
    with pytest.raises(TypeError, match="generator"):
        code_fingerprint(closing_over(iter_nothing()))
    assert code_fingerprint(closing_over(iter_nothing()), any_object=True)


class Unhashable(type):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError


class Hostile(metaclass=Unhashable):
    __qualname__ = "Hostile"

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError

    def __reduce_ex__(self, _protocol: Any) -> Any:
        raise SystemExit

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_value_that_raises_ends_nothing() -> None:
    """Whatever a value does where it is asked for its state, it counts by its type."""
    assert inputs_fingerprint([Hostile()]) == inputs_fingerprint([[Hostile()][0]])
    assert inputs_fingerprint([{Hostile(): Hostile()}])
    with pytest.raises(TypeError, match="Hostile has no state"):
        value_fingerprint([Hostile()])


def test_a_record_is_compared_by_its_own_rule() -> None:
    """Inputs recorded by an earlier version match what they matched then."""
    given_before = [None, {"a": (1, 2)}]
    assert same_inputs(fingerprint_of(given_before), [None, {"a": [1, 2]}])
    assert not same_inputs(fingerprint_of(given_before), [None, {"a": [1, 3]}])
    assert same_inputs(inputs_fingerprint(given_before), given_before)
    assert not same_inputs(inputs_fingerprint(given_before), [None, {"a": [1, 2]}])


def test_a_run_of_the_version_before_is_resumed(tmp_path: Any) -> None:
    """Its record of the inputs has the former rule; the same inputs are not refused."""
    storage = StorageSQLite(tmp_path / "runs.db")

    def start(value: Any, **options: Any) -> Any:
        workflow = DotFlow(Config(storage=storage), "nightly")
        workflow.task.add(action(lambda initial_context: 1), initial_context=value)
        workflow.start(**options)
        return workflow.result_task()[0]

    start({"a": (1, 2)})
    record = storage.get("nightly-~run")
    record.storage = {
        **{name: record.storage[name] for name in ("run_id", "start", "finished")},
        "inputs": fingerprint_of([{"a": (1, 2)}]),
    }
    storage.post("nightly-~run", record)
    policy = {"resume": True, "on_input_change": "raise"}
    for _ in range(2):
        assert start({"a": (1, 2)}, **policy).restored
    with pytest.raises(InputChangedError):
        start({"a": (1, 3)}, **policy)
