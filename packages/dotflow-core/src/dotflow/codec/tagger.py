"""The writing side: a value to a structure of plain JSON types and tags."""

from __future__ import annotations

import sys
from binascii import b2a_base64
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from dotflow.base.coroutines import AsyncList
from dotflow.base.guard import is_a, type_name
from dotflow.codec.classes import (
    class_path,
    instance_state,
    is_dataclass,
    is_namedtuple,
)
from dotflow.codec.plain import LEAVES, MAX_DEPTH, TAG, TooDeepError
from dotflow.errors import EncodeError
from dotflow.model.context import Context

OPTION_PICKLE = (
    'Make plain data of it, or allow pickling with codec="pickle" where you trust'
    " everyone who can write to the storage."
)
# Above it, int() of the digits may be refused (PYTHONINTMAXSTRDIGITS, at least 640).
_INT_BITS = 2000


class NeedsPickleError(Exception):
    """The value as a whole must be pickled."""


class Tagger:
    """Turns one value into its stored form.

    Args:
        pickle: Whether what JSON has no form for may be pickled.
        careful: Whether to look into numbers and texts too: NaN, huge integers and lone
            surrogates have no strict JSON form. It is slow, and rarely needed.
    """

    def __init__(self, *, pickle: bool, careful: bool) -> None:
        self._pickle = pickle
        self._careful = careful
        self._pickled = 0

    def tag(self, value: Any, depth: int = 0) -> Any:
        """Return the stored form of a value.

        Raises:
            EncodeError: It has none.
            TooDeepError: It nests too deep.
            NeedsPickleError: Pickle must take it as a whole.
        """
        kind = type(value)
        if kind in LEAVES:
            return self._leaf(value) if self._careful else value
        if depth > MAX_DEPTH:
            raise TooDeepError
        writer = _WRITERS.get(kind)
        form = (
            writer(self, value, depth + 1)
            if writer
            else self._instance(value, kind, depth + 1)
        )
        return self._pickle_part(value) if form is None else form

    def items(self, values: Any, depth: int) -> list[Any]:
        """Return the stored forms of the items of a container."""
        if self._careful:
            return [self.tag(item, depth) for item in values]
        return [
            item if type(item) in LEAVES else self.tag(item, depth) for item in values
        ]

    def _leaf(self, value: Any) -> Any:
        kind = type(value)
        if kind is float and (value != value or value in (_INFINITY, -_INFINITY)):
            return {TAG: "float", "v": repr(value)}
        if kind is int and value.bit_length() > _INT_BITS:
            return {TAG: "int", "v": hex(value)}
        if kind is str and _has_surrogate(value):
            return {TAG: "str", "v": value.encode("utf-8", "surrogatepass").hex()}
        return value

    def mapping(self, value: dict[Any, Any], depth: int) -> Any:
        """Return the form of a dict: as it is, or as pairs where JSON has no such keys."""
        odd = TAG in value or any(
            type(key) is not str or (self._careful and _has_surrogate(key))
            for key in value
        )
        forms = self.items(value.values(), depth)
        if not odd:
            return dict(zip(value, forms, strict=True))
        keys = self.items(value, depth)
        pairs = [[key, form] for key, form in zip(keys, forms, strict=True)]
        return {TAG: "dict", "v": pairs}

    def _instance(self, value: Any, kind: type, depth: int) -> Any:
        """Return the form of an instance of a user's class, None if it has none."""
        if is_a(value, Enum):
            # A combination of flags has no name of its own.
            member = value.value if is_a(value, Flag) else value.name
            if type(member) in (str, int) and (path := class_path(kind)):
                return {TAG: "enum", "c": path, "v": member}
        elif is_namedtuple(kind):
            if not getattr(value, "__dict__", None) and (path := class_path(kind)):
                return {TAG: "namedtuple", "c": path, "v": self.items(value, depth)}
        elif is_dataclass(kind):
            state = instance_state(value)
            if state is not None and (path := class_path(kind)):
                content = dict(
                    zip(state, self.items(state.values(), depth), strict=True)
                )
                return {TAG: "dataclass", "c": path, "v": content}
        return None

    def zoned(self, value: datetime | time, tag: str) -> Any:
        """Return the form of a moment, None where its time zone has none."""
        form: dict[str, Any] = {TAG: tag, "v": value.replace(tzinfo=None).isoformat()}
        zone = value.tzinfo
        if zone is not None:
            written = _zone(zone)
            if written is None:
                return None
            form.update(written)
        if value.fold:
            form["fold"] = 1
        return form

    def context(self, value: Context, depth: int) -> Any:
        """Return the form of a context, whose time stays a float where it is one."""
        fields = (
            value.storage,
            value.task_id,
            value.workflow_id,
            value.kept_time,  # `time` would make a datetime of it
            value.run_id,
        )
        return {TAG: "context", "v": self.items(fields, depth)}

    def _pickle_part(self, value: Any) -> dict[str, Any]:
        if not self._pickle:
            raise EncodeError(type_name(value), OPTION_PICKLE)
        if self._pickled:
            # Objects may share parts, and one pickle keeps them shared and small.
            raise NeedsPickleError
        self._pickled += 1
        return pickled(value)


def pickled(value: Any) -> dict[str, Any]:
    """Return the pickle tag of a value.

    Raises:
        EncodeError: It cannot be pickled either, or not be read back.
    """
    from dotflow.codec.pickles import pickle_data

    return {TAG: "pickle", "v": _base64(pickle_data(value))}


_INFINITY = float("inf")


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _base64(data: bytes | bytearray) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def _zone(zone: tzinfo) -> dict[str, Any] | None:
    if type(zone) is timezone:
        offset, *name = zone.__getinitargs__()  # type: ignore[attr-defined]
        return {"offset": [offset.days, offset.seconds, offset.microseconds, *name]}
    zoneinfo: Any = sys.modules.get("zoneinfo")
    key = getattr(zone, "key", None)
    if key and zoneinfo and type(zone) is zoneinfo.ZoneInfo:
        return {"zone": key}
    return None


def _number(value: complex) -> list[Any]:
    return [value.real, value.imag]


_WRITERS: dict[type, Any] = {
    list: Tagger.items,
    dict: Tagger.mapping,
    tuple: lambda t, v, d: {TAG: "tuple", "v": t.items(v, d)},
    set: lambda t, v, d: {TAG: "set", "v": t.items(v, d)},
    frozenset: lambda t, v, d: {TAG: "frozenset", "v": t.items(v, d)},
    bytes: lambda _t, v, _d: {TAG: "bytes", "v": _base64(v)},
    bytearray: lambda _t, v, _d: {TAG: "bytearray", "v": _base64(v)},
    complex: lambda t, v, d: {TAG: "complex", "v": t.items(_number(v), d)},
    range: lambda t, v, d: {TAG: "range", "v": t.items((v.start, v.stop, v.step), d)},
    datetime: lambda t, v, _d: t.zoned(v, "datetime"),
    date: lambda _t, v, _d: {TAG: "date", "v": v.isoformat()},
    time: lambda t, v, _d: t.zoned(v, "time"),
    timedelta: lambda _t, v, _d: {
        TAG: "timedelta",
        "v": [v.days, v.seconds, v.microseconds],
    },
    Decimal: lambda _t, v, _d: {TAG: "decimal", "v": str(v)},
    UUID: lambda _t, v, _d: {TAG: "uuid", "v": v.hex},
    # The record of a Path made on Windows is read as a Path elsewhere.
    type(Path()): lambda t, v, d: {TAG: "path", "v": t.tag(str(v), d)},
    PurePosixPath: lambda t, v, d: {TAG: "posixpath", "v": t.tag(str(v), d)},
    PureWindowsPath: lambda t, v, d: {TAG: "windowspath", "v": t.tag(str(v), d)},
    AsyncList: lambda t, v, d: {TAG: "async list", "v": t.items(v, d)},
    Context: Tagger.context,
}
