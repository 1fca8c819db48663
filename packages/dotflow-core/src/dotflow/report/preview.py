"""A value as a short text: for people, who look at what a step got and gave.

It is made while a run goes on, so it costs the same for ten items as for ten million, runs
as little of the value's own code as it can, and never raises.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from itertools import islice
from types import MemberDescriptorType
from typing import Any

from dotflow.base.guard import guarded, has, is_a, name_of, type_name
from dotflow.base.masking import HIDDEN, looks_secret, mask, mask_pairs

LENGTH = 200
_ITEMS = 10
_DEPTH = 3
_LARGE = 1 << 600
_CUT = "…"

_SIMPLE = frozenset({int, float, bool, type(None), complex})
# What their repr tells is short, and none of it is a user's code.
_SHORT_MODULES = frozenset(
    {"datetime", "decimal", "fractions", "ipaddress", "pathlib", "uuid", "zoneinfo"}
)
_SHORT = (range, slice, type(Ellipsis))
_ARRAY_MODULES = frozenset(
    {"dask", "jax", "jaxlib", "numpy", "pandas", "polars", "pyarrow", "scipy", "torch"}
)
_NOTHING: list[Any] = []
_NUMBERS = frozenset("biufc")
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
}
_items_of: Callable[[Any], Iterable[tuple[Any, Any]]] = dict.items
_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__


def preview(value: Any, name: str = "") -> str:
    """Return the beginning of what a value looks like.

    What its own names say is secret is hidden, and so are passwords in addresses.

    Args:
        value: Any value.
        name: What it is called, which may say that it is secret.
    """
    if name and looks_secret(name):
        return HIDDEN
    text = guarded(lambda: _show(value, LENGTH, _DEPTH), f"<{name_of(type(value))}>")
    return text if len(text) <= LENGTH else text[:LENGTH] + _CUT


def _text(value: str, left: int) -> str:
    head = value[:left]
    # The patterns of secrets need one of these.
    if ":" in head or "=" in head:
        head = mask_pairs(head)
    return repr(head) + (_CUT if len(value) > left else "")


def _show(value: Any, left: int, depth: int) -> str:
    """Return a text of about `left` characters."""
    kind = type(value)
    # What most values are comes first.
    if kind in _SIMPLE:
        if kind is int and not -_LARGE < value < _LARGE:
            return f"<int of {value.bit_length()} bits>"
        return repr(value)
    if kind is str:
        return _text(value, left)
    if depth:
        if kind is dict:
            return f"{{{_pairs(value.items(), len(value), left, depth)}}}"
        if kind in _BRACKETS:
            return _sequence(value, kind, left, depth)
    return _show_other(value, kind, left, depth)


def _show_other(value: Any, kind: type, left: int, depth: int) -> str:
    """Return what a value looks like that is of no plain type of Python's own."""
    if is_a(value, type):
        return f"<class {name_of(value)}>"
    if _is_secret(kind) or has(value, "get_secret_value"):
        return f"{name_of(kind)}({HIDDEN})"
    if is_a(value, Enum):
        return f"{name_of(kind)}.{value._name_}"
    module = type_name(value).partition(".")[0]
    if module in _ARRAY_MODULES:
        return _array(value, kind)
    if module in _SHORT_MODULES or kind in _SHORT:
        return mask(repr(value))
    if is_a(value, (str, bytes, bytearray)):
        return _subtext(value, left)
    if not depth:
        return f"<{name_of(kind)}>"
    return _subclass(value, kind, left, depth) or _object(value, kind, left, depth)


def _subtext(value: Any, left: int) -> str:
    if is_a(value, str):
        return _text(str.__str__(value), left)
    plain: Any = bytes if is_a(value, bytes) else bytearray
    head = bytes(plain.__getitem__(value, slice(left)))
    shown = repr(head)
    if b":" in head or b"=" in head:
        shown = mask_pairs(shown)
    return shown + (_CUT if plain.__len__(value) > left else "")


def _is_secret(kind: type) -> bool:
    """Say whether a class is made to hide what it holds, as pydantic's `SecretStr`."""
    names = [name_of(base) for base in _mro_of(kind)]
    return any(name.startswith("Secret") or name.endswith("Secret") for name in names)


def _sequence(value: Any, plain: type, left: int, depth: int) -> str:
    """Return the first items of a value of one of the kinds that have brackets."""
    opens, closes = _BRACKETS[plain]
    parts: list[str] = []
    size = plain.__len__(value)  # type: ignore[attr-defined]
    iterate: Any = plain.__iter__  # type: ignore[attr-defined]
    named = False
    for item in islice(iterate(value), _ITEMS):
        if left <= 0:
            break
        parts.append(HIDDEN if named else _show(item, left, depth - 1))
        # As `("password", "…")` among the pairs of a header or a form.
        named = size == 2 and _is_name(item) and looks_secret(parts[-1])
        left -= len(parts[-1]) + 2
    if not size and plain is set:
        return "set()"
    alone = "," if size == 1 and plain is tuple else ""
    return f"{opens}{', '.join(parts)}{_rest(size, len(parts))}{alone}{closes}"


def _subclass(value: Any, kind: type, left: int, depth: int) -> str:
    """Return what is in a container of a class of its own; `""` if it is none.

    It is read past all code of that class.
    """
    name = name_of(kind)
    if is_a(value, dict):
        return (
            f"{name}({{{_pairs(_items_of(value), dict.__len__(value), left, depth)}}})"
        )
    if is_a(value, tuple) and has(value, "_fields"):
        names: Any = kind._fields  # type: ignore[attr-defined]
        fields = dict(zip(names, tuple.__iter__(value), strict=False))
        return f"{name}({_fields(fields, left, depth)})"
    for plain in _BRACKETS:
        if is_a(value, plain):
            return f"{name}({_sequence(value, plain, left, depth)})"
    return ""


def _is_name(key: Any) -> bool:
    return is_a(key, str) or is_a(key, bytes)


def _rest(size: int, shown: int) -> str:
    return f", {_CUT} {size - shown} more" if size > shown else ""


def _pairs(pairs: Iterable[tuple[Any, Any]], size: int, left: int, depth: int) -> str:
    parts: list[str] = []
    for key, value in islice(pairs, _ITEMS):
        if left <= 0:
            break
        shown = _show(key, left, depth - 1)
        hidden = _is_name(key) and looks_secret(shown)
        parts.append(f"{shown}: {HIDDEN if hidden else _show(value, left, depth - 1)}")
        left -= len(parts[-1]) + 2
    return ", ".join(parts) + _rest(size, len(parts))


def _fields(fields: Mapping[str, Any], left: int, depth: int) -> str:
    parts: list[str] = []
    for name, value in islice(fields.items(), _ITEMS):
        if left <= 0:
            break
        shown = HIDDEN if looks_secret(name) else _show(value, left, depth - 1)
        parts.append(f"{name}={shown}")
        left -= len(parts[-1]) + 2
    return ", ".join(parts) + _rest(len(fields), len(parts))


def _object(value: Any, kind: type, left: int, depth: int) -> str:
    """Return what an object of a user's class looks like.

    Its own repr is asked only where that cannot be long or tell a secret. Else its
    attributes are looked at, which no code of it can hold up.
    """
    if is_a(value, BaseException):
        return (
            f"{name_of(kind)}({_show(value.args, left, depth - 1)[1:-1].rstrip(',')})"
        )
    fields = dict(_attributes(value, kind))
    if (
        fields
        and _has_own_repr(kind)
        and all(_is_small(n, v) for n, v in fields.items())
    ):
        text = guarded(lambda: repr(value), "")
        if type(text) is str and text:
            return mask(text[:left]) + (_CUT if len(text) > left else "")
    public = {name: v for name, v in fields.items() if not name.startswith("_")}
    if public:
        return f"{name_of(kind)}({_fields(public, left, depth)})"
    return f"<{name_of(kind)}>"


def _attributes(value: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that an object itself has, past all code of its class."""
    found = guarded(lambda: object.__getattribute__(value, "__dict__"), None)
    if type(found) is dict:
        yield from islice(list(found.items()), 10 * _ITEMS)
    for base in _mro_of(kind):
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if type(slots) is str else tuple(slots):
            slot = base.__dict__.get(name)
            if type(slot) is MemberDescriptorType:
                held: list[Any] = guarded(partial(_held, slot, value), _NOTHING)
                for one in held:
                    yield name, one


def _held(slot: Any, value: Any) -> list[Any]:
    return [slot.__get__(value)]


def _has_own_repr(kind: type) -> bool:
    for base in _mro_of(kind):
        if "__repr__" in base.__dict__:
            return base is not object
    return False


def _is_small(name: str, value: Any) -> bool:
    """Say whether an attribute makes no repr long, and is no secret."""
    kind = type(value)
    if looks_secret(name):
        return False
    if kind in (list, tuple, set, frozenset):
        return len(value) <= _ITEMS and all(_is_plain(one) for one in value)
    if kind is dict:
        pairs = value.items()
        return len(value) <= _ITEMS and all(
            type(k) is str and not looks_secret(k) and _is_plain(v) for k, v in pairs
        )
    return _is_plain(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) <= LENGTH
    if kind is int:
        return bool(-_LARGE < value < _LARGE)
    return kind in _SIMPLE or type_name(value).partition(".")[0] in _SHORT_MODULES


def _array(value: Any, kind: type) -> str:
    """Return the shape of an array or a table, and the first numbers of a small one."""
    told: list[str] = []
    for name in ("shape", "dtype"):
        found = guarded(partial(_told, value, name), "")
        if found:
            told.append(f"{name}={found[:50]}")
    columns = guarded(partial(_columns, value), _NOTHING)
    if columns and name_of(kind) in ("DataFrame", "LazyFrame"):
        told.append(f"columns={columns}")
    if not told:
        return f"<{name_of(kind)}>" if has(value, "__len__") else repr(value)
    numbers = guarded(partial(_numbers, value), _NOTHING)
    if "shape=()" in told and numbers:
        return f"{name_of(kind)}({numbers[0]})"
    return f"{name_of(kind)}({', '.join([*told, *numbers])})"


def _columns(value: Any) -> list[str]:
    return [str(column) for column in islice(value.columns, _ITEMS)]


def _told(value: Any, name: str) -> str:
    return str(getattr(value, name))


def _numbers(value: Any) -> list[str]:
    if value.dtype.kind not in _NUMBERS:
        return []
    if not value.shape:
        return [repr(value.item())]
    items = ", ".join(repr(one.item()) for one in islice(value.flat, _ITEMS))
    return [f"[{items}{_rest(value.size, min(value.size, _ITEMS))}]"]
