"""`input_fingerprint`: equal inputs, equal fingerprint, in every process."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import hashlib
import json
import threading
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from valued import Colour, Point

from dotflow.model.context import Context
from dotflow.model.fingerprint import input_fingerprint


def of(*values: Any) -> str:
    return input_fingerprint(
        SimpleNamespace(initial_context=Context(value)) for value in values
    )


PROGRAM = """
import dataclasses, datetime, decimal, enum, functools, threading, uuid
from types import SimpleNamespace
from dotflow.core.context import Context
from dotflow.core.fingerprint import input_fingerprint

class Colour(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int = 1
    tags: set = dataclasses.field(default_factory=lambda: {"a", "b", "c", "d"})

class Knot:
    def __init__(self):
        self.me = self
        self.names = {"p", "q", "r", "s"}

class Slotted:
    __slots__ = ("a", "lock")
    def __init__(self):
        self.a = frozenset("xyz")
        self.lock = threading.Lock()

values = [
    None, 1, "a", {"b": 1, "a": [2]}, {1: 2, "a": 3}, {(1, 2): {"x", "y", "z"}},
    {"u", "v", "w"}, b"bytes", datetime.datetime(2013, 1, 31), decimal.Decimal("1.0"),
    uuid.UUID(int=3), Colour.RED, Point(), Knot(), Slotted(), object(), lambda x: x,
    functools.partial(int, base=2), threading.Lock(), (i for i in ()), [].append, Knot,
    Knot().__init__, float("nan"), Context({"k", "l", "m"}),
]
for value in values:
    print(input_fingerprint([SimpleNamespace(initial_context=Context(value))]))
"""


def test_the_same_in_every_process(run_program: Any) -> None:
    """Hash seeds and memory addresses have no part in it, whatever the value."""
    ran = [run_program(PROGRAM, PYTHONHASHSEED=seed) for seed in ("1", "2", "3")]
    assert len(ran[0].stdout.splitlines()) == 25, ran[0].stderr
    assert ran[0].stdout == ran[1].stdout == ran[2].stdout


def test_json_values_are_hashed_as_json() -> None:
    """For values that JSON can hold it is the SHA-256 of their sorted JSON."""
    values = [{"b": [1, None], "a": "x"}, None]
    text = json.dumps(values, sort_keys=True)
    assert of(*values) == hashlib.sha256(text.encode()).hexdigest()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner)
        | st.frozensets(st.text() | st.integers())
    ),
    max_leaves=10,
)


@given(values)
def test_any_value_has_one(value: Any) -> None:
    """Nested values of any kind have a fingerprint, the same the second time."""
    assert of(value) == of(value)
    assert len(of(value)) == 64


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_count(value: dict[str, int]) -> None:
    """A dictionary that was filled in another order is the same input."""
    assert of(value) == of(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ("1", 1),
        (None, ""),
        ([1], [1, 1]),
        ({1}, {2}),
        (b"a", b"b"),
        (Point(1), Point(2)),
        (Colour.RED, Colour.BLUE),
        (dt.date(2013, 1, 1), dt.date(2013, 1, 2)),
        (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        (PurePosixPath("a"), PurePosixPath("b")),
        (functools.partial(int, base=2), functools.partial(int, base=3)),
        (Context(1), Context(2)),
        (Point, Colour),
    ],
)
def test_another_value_has_another(one: Any, other: Any) -> None:
    """A changed input is noticed, also inside containers and objects."""
    assert of(one) != of(other)
    assert of({"k": [one]}) != of({"k": [other]})
    assert of(SimpleNamespace(v=one)) != of(SimpleNamespace(v=other))


def test_order_and_number_of_tasks_count() -> None:
    """The inputs belong to their tasks."""
    assert len({of(), of(None), of(None, None), of(1, 2), of(2, 1)}) == 5


def test_when_a_context_was_made_does_not_count() -> None:
    """A list of contexts is hashed by their values."""
    first, second = Context([Context(1)]), Context([Context(1)])
    assert first.storage[0].time is not second.storage[0].time
    assert of(first) == of(second)


def test_what_cannot_be_pickled_is_its_type() -> None:
    """A lock, or an object that holds one, is no obstacle."""
    assert of(threading.Lock()) == of(threading.Lock())
    holder = SimpleNamespace(lock=threading.Lock(), x=1)
    assert of(holder) == of(SimpleNamespace(lock=threading.Lock(), x=1))


def test_deep_and_circular_values_end() -> None:
    """A value that contains itself, or is nested without end, has a fingerprint."""
    circular: list[Any] = []
    circular.append(circular)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len({of(circular), of(deep)}) == 2
