"""What a value looks like in a few words, whatever its own code does."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import pathlib
import types

import pytest

from dotflow.base.masking import looks_secret, mask_pairs, masked_arguments
from dotflow.report.preview import LENGTH, preview


class Point:
    def __init__(self, x=1):
        self.x = x

    def __repr__(self):
        return f"Point<{self.x}>"


class Hostile:
    def __repr__(self):
        raise SystemExit(1)

    __str__ = __len__ = __iter__ = __getattr__ = __repr__


class Big:
    def __init__(self):
        self.items = list(range(1_000_000))
        self.password = "hunter2"

    def __repr__(self):
        raise AssertionError("its repr would be large")


class SecretStr:
    def __init__(self):
        self.value = "hunter2"

    def __repr__(self):
        return self.value


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Login:
    user: str
    api_key: str


class Slots:
    __slots__ = ("left", "unset")

    def __init__(self):
        self.left = 1


class Angry(type):
    def __getattribute__(cls, name):
        raise RuntimeError(name)


class Anger(metaclass=Angry):
    pass


class OwnList(list):
    def __iter__(self):
        raise SystemExit(1)

    __len__ = __repr__ = __iter__


Pair = collections.namedtuple("Pair", "a token")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (10**5000, "<int of 16610 bits>"),
        ("text", "'text'"),
        ("\x1b[31m\0", "'\\x1b[31m\\x00'"),
        ("postgresql://me:hunter2@db/x", "'postgresql://me:***@db/x'"),
        (b"ab", "b'ab'"),
        (b"redis://me:hunter2@h", "b'redis://me:***@h'"),
        ('{"password": "hunter2", "a": 1}', """'{"password": ***, "a": 1}'"""),
        ("Authorization: Bearer hunter2", "'Authorization: ***'"),
        ("at 12:30: it's", '"at 12:30: it\'s"'),
        ([("token", "hunter2"), ("a", "b")], "[('token', ***), ('a', 'b')]"),
        ({b"password": b"hunter2"}, "{b'password': ***}"),
        (pathlib.PurePosixPath("a?token=hunter2"), "PurePosixPath('a?token=***"),
        ([], "[]"),
        ((1,), "(1,)"),
        (set(), "set()"),
        ({1}, "{1}"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 990 more]"),
        ({"user": "me", "password": "hunter2"}, "{'user': 'me', 'password': ***}"),
        ({"a": {"apiToken": [1]}}, "{'a': {'apiToken': ***}}"),
        ([[[[1]]]], "[[[<list>]]]"),
        (Pair(1, "hunter2"), "Pair(a=1, token=***)"),
        (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (collections.deque([1]), "deque([1])"),
        (OwnList([1]), "OwnList([1])"),
        (Point(), "Point<1>"),
        (Point("x" * 1000), "Point(x='xxx"),
        (
            Big(),
            "Big(items=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 999990 more], password=***)",
        ),
        (SecretStr(), "SecretStr(***)"),
        (Login("me", "hunter2"), "Login(user='me', api_key=***)"),
        (Slots(), "Slots(left=1)"),
        (types.SimpleNamespace(a=1), "namespace(a=1)"),
        (Colour.RED, "Colour.RED"),
        (ValueError("no", 1), "ValueError('no', 1)"),
        (dt.date(2026, 1, 31), "datetime.date(2026, 1, 31)"),
        (Point, "<class Point>"),
        (len, "<builtin_function_or_method>"),
    ],
    ids=lambda value: type.__dict__["__name__"].__get__(type(value)),
)
def test_previews(value, text):
    """A value is shown by its beginning, without secrets, its code or its size in the way."""
    shown = preview(value)
    assert shown.rstrip("…").startswith(text.rstrip("…")), shown
    assert len(shown) <= LENGTH + 1
    assert "hunter2" not in shown


def test_hostile_values():
    """A value whose own code raises, even an exit, is shown by its class."""
    shown = [preview(value) for value in (Hostile(), Anger(), Anger, [Hostile()])]
    assert shown == [
        "<Hostile>",
        "<Anger>",
        "<class Anger>",
        "[<Hostile>]",
    ]


def test_a_name_that_says_secret():
    """What is called like a secret is hidden as a whole."""
    assert preview({"a": 1}, "access_token") == "***"
    assert preview(1, "rows") == "1"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("DB_PASSWD", True),
        ("api_key", True),
        ("apiKey", True),
        ("accessToken", True),
        ("client_secret", True),
        ("auth", True),
        ("author", False),
        ("tokenizer", False),
        ("key", False),
        ("rows", False),
    ],
)
def test_names(name, secret):
    """Names of passwords, tokens and keys are known in any spelling, and no others."""
    assert looks_secret(name) is secret


def test_arguments():
    """Passwords of a command line are hidden, beside their option or behind it."""
    words = ["run", "--password", "x", "--api-key=y", "-o", "pg://u:z@h", "--rows", "3"]
    shown = masked_arguments(words)
    assert shown == [
        "run",
        "--password",
        "***",
        "--api-key=***",
        "-o",
        "pg://u:***@h",
        "--rows",
        "3",
    ]


def test_arrays():
    """Of an array the shape, the type and the first numbers are shown."""
    numpy = pytest.importorskip("numpy")
    shown = preview(numpy.arange(1000, dtype="int64").reshape(10, 100))
    assert shown.startswith("ndarray(shape=(10, 100), dtype=int64, [0, 1, 2")
    assert preview(numpy.float64(1.5)) == "float64(1.5)"
    assert "hunter2" not in preview(numpy.array(["hunter2"], dtype=object))


def test_tables():
    """Of a table the shape and the columns are shown."""
    pandas = pytest.importorskip("pandas")
    shown = preview(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert shown == "DataFrame(shape=(2, 2), columns=['a', 'b'])"


def test_long_texts_are_masked_at_once():
    """A long word, as of base64 or hex, takes no longer to mask than to read."""
    for part in ("a", "a.", "a1-"):
        text = part * 200_000
        assert mask_pairs(f"{text} token: x y") == f"{text} token: ***"
    assert mask_pairs("-http://key@h 1http://me:pass@h") == (
        "-http://***@h 1http://me:***@h"
    )
