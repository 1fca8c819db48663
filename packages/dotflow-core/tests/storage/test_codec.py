"""The codec: round trips, refusals, and texts that somebody else wrote."""

from __future__ import annotations

import json
import math
import sys
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import Enum, Flag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.codec import Codec
from dotflow.codec.codec import is_plain, read_header
from dotflow.codec.plain import MAX_DEPTH
from dotflow.errors import DecodeError, EncodeError, StorageError
from dotflow.model.context import Context
from dotflow.testing.storage_types import (
    SAMPLES,
    Access,
    Colour,
    Flight,
    Order,
    Place,
    assert_same,
)

SAFE = Codec()
TRUSTING = Codec(pickle=True)
BOTH = pytest.mark.parametrize("codec", [SAFE, TRUSTING], ids=["json", "pickle"])


class Custom:
    """An object that only pickle can take."""

    def __init__(self, parts=()):
        self.parts = list(parts)

    def __eq__(self, other):
        return type(other) is Custom

    __hash__ = None


class Whole(int):
    """A subclass of a plain type."""


class Named(dict):
    """A subclass of a container."""


@dataclass
class Locked:
    """A dataclass that says itself how it is copied."""

    name: str

    def __post_init__(self):
        self.lock = threading.Lock()

    def __getstate__(self):
        return self.name

    def __setstate__(self, state):
        self.__init__(state)


@dataclass
class Node:
    """A dataclass that can contain itself."""

    children: list


class Zone(tzinfo):
    """A time zone of one's own."""

    def utcoffset(self, _moment):
        return timedelta(hours=1)

    def dst(self, _moment):
        return timedelta(0)


class Answering(Enum):
    YES = 1

    @classmethod
    def _missing_(cls, value):
        raise SystemExit("a stored text ran this")


keys = st.one_of(
    st.text(st.characters(codec=None)),
    st.integers(),
    st.none(),
    st.booleans(),
    st.dates(),
    st.tuples(st.integers(), st.text()),
    st.just("$"),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(codec=None)),
    st.binary(),
    st.binary().map(bytearray),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.datetimes(
        timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
    ),
    st.times(),
    st.dates(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.complex_numbers(allow_nan=False),
    st.sampled_from([*Colour, *Access, Access(3)]),
    st.builds(Flight, st.text(), st.dates()),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.sets(keys),
        st.frozensets(keys),
        st.builds(Order, inner, st.lists(inner)),
        st.builds(Place, inner, inner),
    ),
    max_leaves=20,
)


@given(values)
def test_any_nesting_survives(value):
    """Whatever is built of the known types comes back, without pickle."""
    text = SAFE.encode(value)
    assert_same(SAFE.decode(text), value)
    assert "\n" not in text
    text.encode()


@given(values)
def test_text_is_strict_json(value):
    """The text is JSON for every parser, NaN and infinity not among it."""

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(SAFE.encode(value), parse_constant=refuse)


@given(st.text(st.characters(codec=None)))
def test_any_text_survives(text):
    """A text comes back code point by code point, lone surrogates and pairs of them."""
    assert SAFE.decode(SAFE.encode(text)) == text
    assert SAFE.decode(SAFE.encode({text: text})) == {text: text}


@BOTH
@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_survive(codec, kind):
    """Every type of the contract comes back under both codecs."""
    for value in SAMPLES[kind]:
        text = codec.encode(value)
        assert '"pickle","v":"' not in text.replace('"gASVAAAA"', "")
        assert_same(codec.decode(text), value)


def test_plain_value_is_plain_json():
    """What JSON can express is written as anybody would write it."""
    assert SAFE.encode({"rows": 123}) == '{"rows":123}'
    assert SAFE.encode(["é", None, 1.5, True]) == '["é",null,1.5,true]'


def test_nan_survives():
    """NaN comes back as NaN, though JSON has no form for it."""
    assert math.isnan(SAFE.decode(SAFE.encode([math.nan]))[0])


def test_huge_integers_survive():
    """Integers of any length come back, whatever limit Python has for digits."""
    for bits in (1999, 2000, 2001, 14_000, 100_000):
        assert SAFE.decode(SAFE.encode([2**bits, -(2**bits)])) == [2**bits, -(2**bits)]


@pytest.mark.parametrize(
    "value",
    [
        Whole(1),
        Named(a=1),
        OrderedDict(a=1),
        defaultdict(list),
        Custom(),
        int,
        len,
        datetime(2013, 1, 1, tzinfo=Zone()),
        Locked("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_types_need_pickle(value):
    """A subclass is never flattened: it is pickled, or refused with a hint."""
    with pytest.raises(EncodeError, match='codec="pickle"') as caught:
        SAFE.encode({"deep": [value]})
    assert caught.value.type_name.endswith(type(value).__qualname__)
    found = TRUSTING.decode(TRUSTING.encode({"deep": [value]}))["deep"][0]
    assert type(found) is type(value)


@BOTH
@pytest.mark.parametrize(
    "value", [threading.Lock(), (n for n in "ab"), lambda: None, memoryview(b"x")]
)
def test_unstorable_is_refused(codec, value):
    """What cannot be stored at all names its type, and is a `StorageError`."""
    with pytest.raises(EncodeError) as caught:
        codec.encode([1, {"x": value}])
    assert isinstance(caught.value, StorageError)
    assert caught.value.type_name in str(caught.value)
    assert caught.value.option in str(caught.value)


def test_local_classes_are_refused():
    """A class that nothing can find again is refused, not stored in vain."""

    @dataclass
    class Local:
        x: int

    class Hidden(Enum):
        A = 1

    for value in (Local(1), Hidden.A):
        for codec in (SAFE, TRUSTING):
            with pytest.raises(EncodeError, match="test_local_classes"):
                codec.encode(value)


def test_shared_objects_stay_shared():
    """Objects that only pickle can take are pickled together, and stay the same one."""
    shared = Custom()
    found = TRUSTING.decode(TRUSTING.encode([shared, shared, Custom([shared])]))
    assert found[0] is found[1] is found[2].parts[0]


def test_one_object_leaves_the_rest_readable():
    """A single pickled part leaves the value around it in JSON."""
    text = TRUSTING.encode({"rows": 3, "model": Custom()})
    assert json.loads(text)["rows"] == 3


def test_value_that_contains_itself():
    """A cycle comes back as a cycle under pickle, and is a clear error without."""
    cycle = [1]
    cycle.append({"again": cycle})
    found = TRUSTING.decode(TRUSTING.encode(cycle))
    assert found[1]["again"] is found
    node = Node([])
    node.children.append(node)
    found = TRUSTING.decode(TRUSTING.encode(node))
    assert found.children[0] is found
    for value in (cycle, node):
        with pytest.raises(EncodeError, match="contains itself"):
            SAFE.encode(value)


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}, lambda v: (v,)])
def test_too_deep_is_an_error(wrap):
    """Endless nesting is an `EncodeError`, never a `RecursionError`."""
    value = 1
    for _ in range(100_000):
        value = wrap(value)
    for codec in (SAFE, TRUSTING):
        with pytest.raises(EncodeError):
            codec.encode(value)
    while not isinstance(value, int):  # freed level by level
        value = value["k"] if isinstance(value, dict) else value[0]


@pytest.mark.parametrize(
    "wrap", [lambda v: [v], lambda v: {1: v}, lambda v: (v,), lambda v: Node(v)]
)
def test_what_is_written_can_be_read(wrap):
    """At the deepest nesting that is written, reading works."""
    value = 1
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    found = SAFE.decode(SAFE.encode(value))
    assert type(found) is type(value)


def test_dataclass_state():
    """All attributes of a dataclass come back, `__init__` and `__post_init__` unrun."""
    order = Order(7)
    order.note = "added later"
    del order.lines
    found = SAFE.decode(SAFE.encode(order))
    assert vars(found) == {"number": 7, "note": "added later"}


def test_frozen_slots_dataclass():
    """A frozen dataclass with slots comes back, and stays frozen."""
    found = SAFE.decode(SAFE.encode(Place("Oslo", (59.9, 10.8))))
    assert found == Place("Oslo", (59.9, 10.8))
    with pytest.raises(AttributeError):
        found.name = "Rome"


def test_pickle_is_refused_by_the_safe_codec():
    """A text with a pickle runs nothing, and the error names the option."""
    text = TRUSTING.encode(Custom())
    with pytest.raises(DecodeError, match='codec="pickle"'):
        SAFE.decode(text)


@pytest.mark.parametrize(
    "path",
    [
        "os:system",
        "subprocess:Popen",
        "builtins:eval",
        "builtins:dict",
        "this:s",
        "no_such_module:X",
        "dotflow.core.context:Context",
        "dotflow.codec.codec:Codec.named",
        "",
        None,
        7,
        ["os"],
    ],
)
@pytest.mark.parametrize("tag", ["dataclass", "enum", "namedtuple"])
def test_foreign_paths_run_nothing(tag, path):
    """A class path in a text leads to a class of the right kind, or to an error."""
    content = {"dataclass": {"a": 1}, "enum": "A", "namedtuple": [1]}[tag]
    text = json.dumps({"$": tag, "c": path, "v": content})
    with pytest.raises(DecodeError):
        SAFE.decode(text)
    assert "this" not in sys.modules


def test_enum_lookup_runs_no_hook():
    """A stored member that is not there is an error; the class's hook is not asked."""
    text = SAFE.encode(Answering.YES)
    assert SAFE.decode(text) is Answering.YES
    for forged in ('"NO"', "2", "null"):
        with pytest.raises(DecodeError, match="no member"):
            SAFE.decode(text.replace('"YES"', forged))


def test_flags_combine():
    """A combination of flags comes back, and a number that is none is an error."""
    both = Access.READ | Access.WRITE
    text = SAFE.encode(both)
    assert SAFE.decode(text) is both
    with pytest.raises(DecodeError):
        SAFE.decode(text.replace("3", "64"))
    assert issubclass(Access, Flag)


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":',
        "\x00",
        "[" * 100_000,
        '{"$":"unheard of","v":1}',
        '{"$":"tuple"}',
        '{"$":["tuple"],"v":1}',
        '{"$":"date","v":"yesterday"}',
        '{"$":"datetime","v":"2013-01-01T00:00:00","zone":"No/Where"}',
        '{"$":"bytes","v":"?"}',
        '{"$":"set","v":[[]]}',
        '{"$":"decimal","v":"x"}',
        '{"$":"context","v":[1]}',
        '{"$":"pickle","v":"AAAA"}',
        b"\xff\xfe",
    ],
)
def test_damaged_text_is_a_decode_error(codec, text):
    """A damaged text is a `DecodeError`, whatever is wrong with it."""
    with pytest.raises(DecodeError):
        codec.decode(text)


def test_class_that_is_gone():
    """A class that was renamed since is named in the error."""
    text = SAFE.encode(Order(1)).replace(":Order", ":Bestellung")
    for codec in (SAFE, TRUSTING):
        with pytest.raises(DecodeError, match="Bestellung"):
            codec.decode(text)


def test_trusting_codec_imports(tmp_path, monkeypatch):
    """The trusting codec imports a class's module; the other one asks for it."""
    (tmp_path / "shop_models.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Item:\n    n: int\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = '{"$":"dataclass","c":"shop_models:Item","v":{"n":1}}'
    with pytest.raises(DecodeError, match="shop_models:Item"):
        SAFE.decode(text)
    found = TRUSTING.decode(text)
    monkeypatch.delitem(sys.modules, "shop_models")
    assert found.n == 1


def test_context_record():
    """A context's record is one JSON object with a version and readable ids."""
    context = Context((1, 2), "01JTASK", "wf")
    context.run_id = "01JRUN"
    text = SAFE.encode_context(context, {"key": "wf-a", "expires_at": None})
    record = json.loads(text)
    assert record["v"] == 1
    assert (record["task_id"], record["workflow_id"]) == ("01JTASK", "wf")
    assert record["run_id"] == "01JRUN"
    assert (record["key"], record["expires_at"]) == ("wf-a", None)
    assert read_header(text)["key"] == "wf-a"
    assert read_header(text.encode())["workflow_id"] == "wf"
    found = SAFE.decode_context(text)
    assert found.storage == (1, 2)
    assert found.time == context.time


@pytest.mark.parametrize(
    "when",
    [
        1.5e9,
        datetime(2013, 1, 1, 5, 30, 0, 123456),
        datetime(2013, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_context_time(when):
    """The time of a context comes back, with its zone if it had one."""
    context = Context(1)
    context.time = when
    found = SAFE.decode_context(SAFE.encode_context(context))
    assert found.time == context.time
    assert found.time.tzinfo == context.time.tzinfo


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "1",
        '{"v":0,\n"value":1}',
        '{"v":1,\n"value":1}',
        '["{\\"a\\": 1}"]',
        '{"v":1,"task_id":"x","workflow_id":7,"run_id":null,"time":1.0,\n"value":1}',
    ],
)
def test_no_record_is_a_decode_error(text):
    """A text that is no context's record is a `DecodeError`."""
    with pytest.raises(DecodeError):
        SAFE.decode_context(text)


def test_newer_record_asks_for_an_upgrade():
    """A record of a later version says that dotflow must be upgraded."""
    text = SAFE.encode_context(Context(1)).replace('"v":1', '"v":2', 1)
    with pytest.raises(DecodeError, match="upgrade"):
        SAFE.decode_context(text)
    with pytest.raises(DecodeError, match="upgrade"):
        read_header(text)


def test_codec_names():
    """A codec is chosen by name, and a wrong name lists the right ones."""
    assert Codec.named("json").pickle is False
    assert Codec.named("pickle").pickle is True
    with pytest.raises(ValueError, match="'json', 'pickle'"):
        Codec.named("yaml")


def test_plain_check_looks_at_exact_types():
    """Only exact JSON types are plain, and only without the tag key."""
    assert is_plain({"a": [1, {"b": [None]}]})
    for value in (Whole(1), [Whole(1)], {"a": Named()}, {1: 2}, {"$": 1}, (1,)):
        assert not is_plain(value)
    assert not is_plain({"d": [date(2013, 1, 1)]})
