"""Tests of a storage: values come back with the types they had."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum, auto
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from uuid import UUID

from dotflow.model.context import Context
from dotflow.testing.storage_base import StorageSuite, context, skip_unless


class Colour(Enum):
    """An Enum whose values are no plain data."""

    RED = (255, 0, 0)
    BLACK = (0, 0, 0)


class Level(IntEnum):
    """An Enum that JSON would take for a number."""

    LOW = 1


class Unit(StrEnum):
    """An Enum that JSON would take for a text."""

    KM = "km"


class Access(Flag):
    """An Enum whose members combine."""

    READ = auto()
    WRITE = auto()


@dataclass
class Order:
    """A dataclass with a default and a field that `__init__` does not take."""

    number: int
    lines: list[Decimal] = field(default_factory=list)
    total: Decimal = field(init=False, default=Decimal(0))


@dataclass(frozen=True, slots=True)
class Place:
    """A dataclass that cannot be changed and has no `__dict__`."""

    name: str
    at: tuple[float, float]


class Flight(NamedTuple):
    """A named tuple with types."""

    carrier: str
    day: date


Pair = namedtuple("Pair", "left right")

_MOMENT = datetime(2013, 1, 31, 5, 17, 59, 1)

SAMPLES: dict[str, list[Any]] = {
    "text": ["", "é键😀", "\x00\x1f\u2028", '"$"', "\ud800", "\ud83d\ude00", "\n"],
    "number": [2**53 + 1, -(10**40), 10**5000, 0.1, -0.0, 5e-324, math.inf, -math.inf],
    "tuple": [(), (1,), (1, (2, [3]))],
    "set": [set(), {1, "a", (2, 3)}, frozenset(), frozenset({frozenset({1})})],
    "bytes": [b"", bytes(range(256)), bytearray(b"\x00\xff")],
    "datetime": [
        _MOMENT,
        _MOMENT.replace(tzinfo=UTC),
        _MOMENT.replace(tzinfo=timezone(timedelta(hours=-5, seconds=1))),
        _MOMENT.replace(tzinfo=timezone(timedelta(hours=1), "CET")),
        _MOMENT.replace(fold=1),
        datetime.min,
    ],
    "date and time": [
        date(2013, 1, 31),
        time(5, 17),
        time(5, 17, tzinfo=UTC),
        timedelta(days=-1, microseconds=1),
        timedelta.max,
    ],
    "decimal": [Decimal("1.10"), Decimal("-0"), Decimal("1E+400"), Decimal("Infinity")],
    "uuid": [UUID(int=0), UUID("123e4567-e89b-12d3-a456-426614174000")],
    "path": [Path("a/b"), PurePosixPath("/x"), PureWindowsPath("C:\\x")],
    "enum": [Colour.RED, Level.LOW, Unit.KM, Access.READ, Access.READ | Access.WRITE],
    "dataclass": [Order(1, [Decimal("2.50")]), Place("Oslo", (59.9, 10.8))],
    "named tuple": [Flight("UA", date(2013, 1, 1)), Pair(1, [2])],
    "complex and range": [complex(1, -0.0), range(5), range(9, 0, -2)],
    "dict": [
        {},
        {1: "a", "1": "b", None: "c", 2.5: "d"},
        {True: "e"},
        {(1, 2): {"x": (3,)}, b"k": set()},
        {"$": "tuple", "v": [1]},
        {"$": 1, "nested": {"$": "pickle", "v": "gASVAAAA"}},
        {Level.LOW: 1, date(2013, 1, 1): 2},
        {Unit.KM: 1, "mile": 2},
    ],
    "nested": [
        {"a": [{"b": (1, {2, 3}, [Place("x", (0.0, 1.0))])}], "c": {"d": _MOMENT}},
        [[[[[[(None,)]]]]]],
    ],
}
"""Values by kind, each of a type that must survive being stored."""


class StorageTypeTests(StorageSuite):
    """Part of `StorageContract`."""

    def test_types_survive(self) -> None:
        """Every type of the codec comes back as it was, at any nesting."""
        skip_unless(self.keeps_types, "does not keep types")
        storage = self.make_storage()
        for kind, values in SAMPLES.items():
            for number, value in enumerate(values):
                storage.post(f"{kind}-{number}", context(value))
        for kind, values in SAMPLES.items():
            for number, value in enumerate(values):
                assert_same(storage.get(f"{kind}-{number}").storage, value)

    def test_not_a_number_survives(self) -> None:
        """NaN comes back, alone and inside of a value."""
        skip_unless(self.keeps_types, "does not keep types")
        storage = self.make_storage()
        storage.post("k", context({"x": [math.nan, 1.0]}))
        found = storage.get("k").storage["x"]
        assert math.isnan(found[0])
        assert found[1] == 1.0

    def test_zone_survives(self) -> None:
        """A time zone comes back by its name."""
        skip_unless(self.keeps_types, "does not keep types")
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            zone = ZoneInfo("Europe/Rome")
        except ZoneInfoNotFoundError:
            skip_unless(False, "this system has no time zones")
        storage = self.make_storage()
        moment = datetime(2013, 10, 27, 2, 30, tzinfo=zone, fold=1)
        storage.post("k", context(moment))
        found = storage.get("k").storage
        assert_same(found, moment)
        assert found.tzinfo is zone
        assert found.utcoffset() == moment.utcoffset()

    def test_list_of_contexts_survives(self) -> None:
        """What a class-based step leaves, a list of contexts, comes back whole."""
        skip_unless(self.keeps_types, "does not keep types")
        storage = self.make_storage()
        parts = [context((1, 2), "01JA", workflow_id="wf"), Context(storage=None)]
        storage.post("k", context(parts))
        found = storage.get("k").storage
        assert [type(part) for part in found] == [Context, Context]
        assert found[0].storage == (1, 2)
        assert found[0].task_id == "01JA"
        assert found[0].workflow_id == "wf"
        assert found[0].time == parts[0].time
        assert found[1].storage is None

    def test_large_value_survives(self) -> None:
        """A value of megabytes comes back whole."""
        storage = self.make_storage()
        rows = [{"number": n, "text": "é" * 20} for n in range(20_000)]
        storage.post("k", context(rows))
        assert storage.get("k").storage == rows


def assert_same(found: Any, stored: Any) -> None:
    """Fail unless two values are equal and of one type, all the way down."""
    assert type(found) is type(stored), f"{found!r} for {stored!r}"
    assert found == stored
    if isinstance(stored, (float, complex, Decimal)):
        assert repr(found) == repr(stored)  # -0.0 == 0.0
    elif isinstance(stored, (list, tuple)):
        for one, other in zip(found, stored, strict=True):
            assert_same(one, other)
    elif isinstance(stored, dict):
        assert_same(list(found), list(stored))
        assert_same(list(found.values()), list(stored.values()))
    elif isinstance(stored, datetime):
        assert found.fold == stored.fold
        assert type(found.tzinfo) is type(stored.tzinfo)
