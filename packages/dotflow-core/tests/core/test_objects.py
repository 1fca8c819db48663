"""Any Python value goes from task to task as it is."""

from __future__ import annotations

import dataclasses
import enum
from collections import namedtuple
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from dotflow import Context, DotFlow, action

pytestmark = pytest.mark.start_methods


@dataclasses.dataclass
class Flight:
    carrier: str
    delays: list[int]


class Colour(enum.Enum):
    RED = 1


class Custom:
    def __init__(self, value=0):
        self.value = value


class Touchy:
    """An object that objects to everything but being passed on."""

    def __bool__(self):
        raise ValueError("no truth value")

    def __eq__(self, other):
        raise ValueError("no comparison")

    __hash__ = None

    def __len__(self):
        raise ValueError("no length")

    def __iter__(self):
        raise ValueError("no iteration")

    def __repr__(self):
        raise ValueError("no text")

    @property
    def value(self):
        raise ValueError("no value")


class Anything:
    """An object that answers to every name."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


class Meta(type):
    def __eq__(cls, other):
        raise ValueError("classes are not compared")

    __hash__ = None


class OfUnhashableClass(metaclass=Meta):
    pass


Pair = namedtuple("Pair", "left right")

OBJECTS = {
    "none": None,
    "zero": 0,
    "empty text": "",
    "empty list": [],
    "empty dict": {},
    "false": False,
    "tuple": (1, (2, 3)),
    "set": {1, 2},
    "frozenset": frozenset({1}),
    "bytes": b"\x00",
    "datetime": datetime(2013, 1, 31),
    "decimal": Decimal("1.10"),
    "path": Path("a/b"),
    "uuid": uuid4(),
    "int keys": {1: "a", None: "b"},
    "dataclass": Flight("UA", [1, 2]),
    "enum": Colour.RED,
    "named tuple": Pair(1, 2),
    "custom": Custom(3),
    "touchy": Touchy(),
    "anything": Anything(),
    "unhashable class": OfUnhashableClass(),
    "class": Custom,
    "touchy class": OfUnhashableClass,
    "function": len,
    "lambda": lambda: 1,
    "method": [].append,
    "module": dataclasses,
    "exception": ValueError("as a value"),
    "contexts": [Context(1), Context(2)],
    "action": action(len),
}


@pytest.fixture(params=OBJECTS, ids=list(OBJECTS))
def value(request):
    return OBJECTS[request.param]


def test_results_arrive_as_they_are(value):
    """What a step returns is what the next one gets, the very object."""
    seen = []

    @action
    def produce():
        return value

    @action
    def consume(previous_context):
        seen.append(previous_context.storage)

    workflow = DotFlow()
    workflow.task.add([produce, consume])
    workflow.start()
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
    assert seen[0] is value
    assert workflow.result_storage()[0] is value


def test_initial_contexts_arrive_as_they_are(value):
    """What is given as `initial_context` is what the step gets, the very object."""
    seen = []

    @action
    def consume(initial_context):
        seen.append(initial_context.storage)

    workflow = DotFlow()
    workflow.task.add(consume, initial_context=value)
    workflow.start()
    assert seen[0] is value


def test_inputs_by_name_arrive_as_they_are(value):
    """What an explicit upstream returned is what the parameter of its name gets."""
    seen = []

    @action
    def produce():
        return value

    @action
    def consume(produce):
        seen.append(produce)

    workflow = DotFlow()
    workflow.task.add(produce).add(consume, depends_on="produce")
    workflow.start()
    assert seen[0] is value


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "zero",
        "empty text",
        "empty list",
        "false",
        "tuple",
        "set",
        "bytes",
        "datetime",
        "decimal",
        "path",
        "int keys",
        "dataclass",
        "enum",
        "named tuple",
    ],
)
@pytest.mark.parametrize("mode", ["parallel", "sequential_group"])
def test_results_come_back_from_other_processes(name, mode):
    """A result made in another process is equal and of the same type in the parent."""
    value = OBJECTS[name]
    workflow = DotFlow()
    workflow.task.add(action(lambda: value))
    workflow.start(mode=mode)
    found = workflow.result_storage()[0]
    assert found == value
    assert type(found) is type(value)


def test_a_generator():
    """A generator is passed on unconsumed, to be consumed by the next task."""

    @action
    def produce():
        return (n * n for n in range(4))

    @action
    def consume(previous_context):
        return list(previous_context.storage)

    workflow = DotFlow()
    workflow.task.add([produce, consume])
    workflow.start()
    assert workflow.result_storage()[1] == [0, 1, 4, 9]


def test_a_returned_class_is_not_instantiated():
    """A class that a step returns is the result, even one with `@action` methods."""
    made = []

    class Steps:
        def __init__(self):
            made.append(self)

        @action
        def run(self):
            raise NotImplementedError

    workflow = DotFlow()
    workflow.task.add(action(lambda: Steps))
    workflow.start()
    assert workflow.result_storage() == [Steps]
    assert made == []


def test_a_data_frame():
    """A pandas DataFrame goes through a chain, and into a report."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})

    @action
    def extract(initial_context):
        return initial_context.storage

    @action
    def transform(previous_context):
        return previous_context.storage.assign(c=3)

    workflow = DotFlow()
    workflow.task.add([extract, transform], initial_context=frame)
    workflow.start()
    assert workflow.result_storage()[0] is frame
    assert list(workflow.result_storage()[1].columns) == ["a", "b", "c"]
    assert workflow.result()["tasks"][1]["status"] == "Completed"


def test_objects_are_not_copied_between_tasks():
    """In one process two tasks see one object, so nothing large is duplicated."""
    workflow = DotFlow()
    payload = bytearray(1_000)
    workflow.task.add(action(lambda: payload))
    workflow.task.add(action(lambda previous_context: id(previous_context.storage)))
    workflow.start()
    assert workflow.result_storage()[1] == id(payload)
