"""`Codec`: values and contexts to text and back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from dotflow.base.arguments import check_choice
from dotflow.base.guard import STOPS, told, type_name
from dotflow.codec.plain import LEAVES, MAX_DEPTH, TAG, TooDeepError
from dotflow.codec.tagger import OPTION_PICKLE, NeedsPickleError, Tagger, pickled
from dotflow.codec.untag import untag_trusted, untag_untrusted
from dotflow.errors import DecodeError, EncodeError
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSION = 1
"""The version of a context's record, its field `"v"`."""

_TOO_DEEP = "It contains itself or is nested too deep. "
_MARK = f'"{TAG}"'
_PLAIN = LEAVES | {list, dict}

_encoder = json.JSONEncoder(
    ensure_ascii=False,
    # `is_plain` and `Tagger` have a depth limit, which a cycle runs into.
    check_circular=False,
    allow_nan=False,
    separators=(",", ":"),
)


def _writer() -> Callable[[Any], str]:
    """Return what writes plain JSON.

    `JSONEncoder` makes its part in C anew for each value, which takes longer than to
    write a small one: half of what it costs to encode that.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _encoder.encode
    pieces = make(
        None,  # as `check_circular=False`
        _encoder.default,
        json.encoder.encode_basestring,
        None,
        ":",
        ",",
        False,
        False,
        False,
    )
    return lambda value: "".join(pieces(value, 0))


_write = _writer()
_write_short = json.JSONEncoder(separators=(",", ":")).encode
_quote_text = json.encoder.encode_basestring_ascii
_read_plain = json.JSONDecoder().decode


def _quote(text: str | None) -> str:
    return "null" if text is None else _quote_text(text)


class Codec:
    """Writes values as JSON text in which every type survives.

    Plain data, tuple, set, frozenset, bytes, bytearray, complex, range, the types of
    `datetime`, Decimal, UUID, paths, Enum, dataclass, named tuple and Context have a
    JSON form, at any nesting. Types are taken exactly: an instance of another subclass
    of `dict` or `int` is not made a dict or an int. A part that is referred to twice
    comes back as two equal parts, unless the whole was pickled.

    Args:
        pickle: Whether any other type is pickled, and pickles are loaded when read.
            Whoever can write a text for such a codec can run code in the reader. It
            also imports the modules of classes; the other one uses only classes whose
            modules are already imported.
    """

    def __init__(self, pickle: bool = False) -> None:
        self.pickle = pickle
        # Those of the last context and their text: a run has the same for all tasks.
        self._ids: tuple[object, object, str] = (self, self, "")
        self._read_tagged = json.JSONDecoder(
            object_hook=untag_trusted if pickle else untag_untrusted
        ).decode

    @classmethod
    def named(cls, name: str) -> Codec:
        """Return the codec that a storage's `codec` argument names.

        Args:
            name: `"json"`, or `"pickle"` for JSON that falls back to pickle.

        Raises:
            ProviderError: There is no such codec; a ValueError, too.
        """
        check_choice("Storage", "codec", name, ("json", "pickle"))
        return cls(pickle=name == "pickle")

    @property
    def name(self) -> str:
        """What a storage's `codec` argument calls it."""
        return "pickle" if self.pickle else "json"

    def __reduce__(self) -> tuple[type[Codec], tuple[bool]]:
        return (type(self), (self.pickle,))

    def encode(self, value: Any) -> str:
        """Return the text of a value: strict JSON, without line breaks.

        Raises:
            EncodeError: The value, or a part of it, has no stored form.
        """
        try:
            if value is None:  # as most steps leave nothing: 3 % of a durable task
                return "null"
            if is_plain(value):
                return self._text(value, value)
            form = Tagger(pickle=self.pickle, careful=False).tag(value)
            return self._text(value, form)
        except (TooDeepError, RecursionError) as error:
            if not self.pickle:
                option = _TOO_DEEP + OPTION_PICKLE
                raise EncodeError(type_name(value), option) from error
            return _write(pickled(value))
        except NeedsPickleError:
            return _write(pickled(value))
        except (EncodeError, *STOPS):
            raise
        except BaseException as error:  # what a value is made of may be anybody's code
            raise EncodeError(
                type_name(value),
                f"Its own code failed ({told(error)}). Return plain data.",
            ) from error

    def _text(self, value: Any, form: Any) -> str:
        try:
            text = _write(form)
            if not text.isascii():
                text.encode()
        except ValueError:
            # NaN, an integer with too many digits, or a lone surrogate.
            form = Tagger(pickle=self.pickle, careful=True).tag(value)
            text = _write(form)
        return text

    def decode(self, text: str | bytes) -> Any:
        """Return the value of a text that `encode` wrote.

        Raises:
            DecodeError: The text is damaged, names a class that is not there, or is a
                pickle that this codec may not load.
        """
        try:
            if isinstance(text, bytes):
                text = text.decode()
            # Most texts have no tag, and are read without calling Python once.
            return (self._read_tagged if _MARK in text else _read_plain)(text)
        except DecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise DecodeError(
                f"The stored text is not what was written: {error}"
            ) from error

    def encode_context(
        self, context: Context, extra: Mapping[str, Any] | None = None
    ) -> str:
        r"""Return the record of a whole context, one JSON object.

        A line break after the short fields and before `"value"` lets `read_header` do
        without the value: `{"v":1,…,\n"value":…}`.

        Args:
            context: The context.
            extra: More fields of plain JSON for the header.

        Raises:
            EncodeError: The value has no stored form.
        """
        workflow_id, run_id = context.workflow_id, context.run_id
        known = self._ids
        if known[0] is not workflow_id or known[1] is not run_id:
            owner = None if workflow_id is None else str(workflow_id)
            ids = f'"workflow_id":{_quote(owner)},"run_id":{_quote(run_id)},'
            known = self._ids = (workflow_id, run_id, ids)
        # Mostly a float, of which `time` would make a datetime for each checkpoint.
        when: Any = context.kept_time
        if type(when) is datetime and when.tzinfo is None:
            when = when.timestamp()
        lineage = context.lineage
        if extra and lineage is not None and extra.get("fingerprint", lineage) is None:
            extra = {**extra, "fingerprint": lineage}  # nobody gave another
        more = f",{_write_short(extra)[1:-1]}" if extra else ""
        if lineage is not None and (extra is None or "fingerprint" not in extra):
            more += f',"fingerprint":{_quote_text(lineage)}'
        task_id = context.task_id
        if type(task_id) is not str and task_id is not None:
            task_id = str(task_id)  # of a task that was made by hand
        # A text is written much faster by itself than in a dict.
        return (
            f'{{"v":{VERSION},"task_id":{_quote(task_id)},{known[2]}'
            f'"time":{repr(when) if type(when) is float else self.encode(when)}{more},'
            f'\n"value":{self.encode(context.storage)}}}'
        )

    def decode_context(self, text: str | bytes) -> Context:
        """Return the context of a record that `encode_context` wrote.

        Raises:
            DecodeError: As in `decode`, or the record is of a newer version.
        """
        record = check_record(self.decode(text))
        try:
            workflow_id = record["workflow_id"]
            if workflow_id is not None and len(workflow_id) == 36:
                from dotflow.base.identity import check_workflow_id

                workflow_id = check_workflow_id(workflow_id)
            return Context.of_task(
                record["value"],
                record["task_id"],
                workflow_id,
                record["time"],
                record["run_id"],
                record.get("fingerprint"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DecodeError(
                f"The stored record is damaged: {type(error).__name__}: {error}"
            ) from error


def is_plain(value: Any, depth: int = 0) -> bool:
    """Tell whether JSON gives back this very value, with the types it has.

    Raises:
        TooDeepError: It nests too deep, or contains itself.
    """
    kind = type(value)
    if kind in LEAVES:
        return True
    if depth > MAX_DEPTH:
        raise TooDeepError
    if kind is list:
        # A set of the types is several times faster than a loop over a long list.
        kinds = set(map(type, value))
        if kinds <= LEAVES:
            return True
        if not kinds <= _PLAIN:
            return False
        for item in value:
            if type(item) not in LEAVES and not is_plain(item, depth + 1):
                return False
        return True
    return kind is dict and _is_plain_dict(value, depth + 1)


def _is_plain_dict(value: dict[Any, Any], depth: int) -> bool:
    if TAG in value:
        return False
    for key, item in value.items():
        if type(key) is not str:
            return False
        if type(item) not in LEAVES and not is_plain(item, depth):
            return False
    return True


def holds(codec: Codec, record: str, value: Any) -> bool:
    """Tell whether a record's value is equal to one that it is compared with.

    Args:
        codec: What the record was written with.
        record: A text of `encode_context`.
        value: The value to compare with.
    """
    if record[record.find("\n") :].rstrip() == f'\n"value":{codec.encode(value)}}}':
        return True
    # Sets and dicts that are equal may be written in different orders.
    return same_value(codec.decode_context(record).storage, value)


def check_record(record: Any) -> dict[str, Any]:
    """Return a record that this version can read.

    Raises:
        DecodeError: It is something else.
    """
    version = record.get("v") if isinstance(record, dict) else None
    if version == VERSION:
        return record  # type: ignore[no-any-return]
    if isinstance(version, int) and version > VERSION:
        raise DecodeError(
            f"The stored record has version {version}, this dotflow reads {VERSION}:"
            " upgrade dotflow-core."
        )
    raise DecodeError("The stored text is not the record of a dotflow context.")


def read_header(text: str | bytes) -> dict[str, Any]:
    """Return the short fields of a record, without reading its value.

    Args:
        text: The record, or only its first line.

    Raises:
        DecodeError: It is not such a record.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    end = data.find(b"\n")
    try:
        header = json.loads(data[: len(data) if end < 0 else end].rstrip()[:-1] + b"}")
    except ValueError as error:
        raise DecodeError(
            f"The stored text is not the record of a dotflow context: {error}"
        ) from error
    return check_record(header)


def same_value(one: Any, other: Any) -> bool:
    """Tell whether two values are of one type and equal, whatever their `==` does."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    try:
        equal = one == other
    except (TypeError, ValueError):
        equal = NotImplemented  # arrays refuse to be compared as a whole
    if isinstance(equal, bool):
        return equal
    # A DataFrame compares cell by cell, so their stored forms have to do.
    codec = Codec(pickle=True)
    return codec.encode(one) == codec.encode(other)
