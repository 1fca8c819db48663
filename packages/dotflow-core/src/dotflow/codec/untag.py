"""The reading side: tagged objects to the values that they stand for.

`json` calls the hook for the innermost object first, so every content is already
restored when its tag is read, and there is no recursion here.
"""

from __future__ import annotations

from binascii import a2b_base64
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from dotflow.base.coroutines import AsyncList
from dotflow.base.guard import STOPS, told
from dotflow.codec.classes import build_dataclass, build_enum, build_namedtuple
from dotflow.codec.plain import TAG
from dotflow.errors import DecodeError
from dotflow.model.context import Context


def untag_trusted(form: dict[str, Any]) -> Any:
    """Restore an object of a text whose writers are trusted: pickles are loaded."""
    return _untag(form, trusted=True) if TAG in form else form


def untag_untrusted(form: dict[str, Any]) -> Any:
    """Restore an object of any text, without running code that it names."""
    return _untag(form, trusted=False) if TAG in form else form


def _untag(form: dict[str, Any], *, trusted: bool) -> Any:
    tag = form[TAG]
    try:
        reader = _READERS.get(tag)
        if reader is not None:
            return reader(form["v"])
        zoned = _ZONED.get(tag)
        if zoned is not None:
            return _zoned(zoned.fromisoformat(form["v"]), form)
        build = _BUILDERS.get(tag)
        if build is not None:
            return build(form["c"], form["v"], trusted=trusted)
        if tag == "pickle":
            return _unpickle(form["v"], trusted=trusted)
    except DecodeError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise DecodeError(
            f"The stored value with the tag {tag!r} is damaged:"
            f" {type(error).__name__}: {error}"
        ) from error
    raise DecodeError(
        f"The stored value has the unknown tag {tag!r}: a newer dotflow may have"
        " written it."
    )


def _unpickle(text: str, *, trusted: bool) -> Any:
    if not trusted:
        raise DecodeError(
            "The stored value is a pickle, which can run code when it is read. If you"
            ' trust everyone who can write to the storage, pass codec="pickle".'
        )
    import pickle

    # Outside: a damaged text is told as such, not as a class that cannot be loaded.
    data = _bytes(text)
    try:
        return pickle.loads(data)
    except STOPS:
        raise
    except (
        BaseException
    ) as error:  # unpickling runs user code, which may raise anything
        raise DecodeError(
            f"The stored pickle cannot be loaded: {told(error)}"
        ) from error


def _bytes(text: str) -> bytes:
    # Strict: what is damaged must be an error, not other bytes.
    return a2b_base64(text, strict_mode=True)


def _zoned(value: Any, form: dict[str, Any]) -> Any:
    if "zone" in form:
        from zoneinfo import ZoneInfo

        value = value.replace(tzinfo=ZoneInfo(form["zone"]))
    elif "offset" in form:
        days, seconds, microseconds, *name = form["offset"]
        offset = timedelta(days, seconds, microseconds)
        value = value.replace(tzinfo=timezone(offset, *name))
    return value.replace(fold=1) if form.get("fold") else value


def _context(fields: list[Any]) -> Context:
    storage, task_id, workflow_id, when, run_id = fields
    return Context.of_task(storage, task_id, workflow_id, when, run_id)


_ZONED: dict[Any, Any] = {"datetime": datetime, "time": time}

_BUILDERS: dict[Any, Any] = {
    "enum": build_enum,
    "namedtuple": build_namedtuple,
    "dataclass": build_dataclass,
}

_READERS: dict[Any, Any] = {
    "str": lambda v: bytes.fromhex(v).decode("utf-8", "surrogatepass"),
    "int": lambda v: int(v, 16),
    "float": float,
    "dict": dict,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytes": _bytes,
    "bytearray": lambda v: bytearray(_bytes(v)),
    "complex": lambda v: complex(*v),
    "range": lambda v: range(*v),
    "date": date.fromisoformat,
    "timedelta": lambda v: timedelta(*v),
    "decimal": Decimal,
    "uuid": lambda v: UUID(hex=v),
    "path": Path,
    "posixpath": PurePosixPath,
    "windowspath": PureWindowsPath,
    "async list": AsyncList,
    "context": _context,
}
