"""What messages to people say of a task, cut to size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.delivery.text import error_text, result_text, shorten, status_line
from dotflow.model.context import Context
from dotflow.testing.tasks import FakeTask


def result(value: Any, limit: int = 1000) -> str:
    task = FakeTask()
    task.current_context.storage = value
    return result_text(task, limit)


@given(st.text(st.characters(exclude_categories=[])), st.integers(1, 50))
def test_shorten(text: str, limit: int) -> None:
    """A text is cut to a number of UTF-16 units, never within a character."""
    short = shorten(text, limit)
    assert len(short.encode("utf-16-le")) <= 2 * limit
    assert "\0" not in short


def test_a_text_that_fits() -> None:
    """A text that fits is left as it is; one that does not ends with an ellipsis."""
    assert shorten("añ😀\tb\nc", 9) == "añ😀\tb\nc"
    assert shorten("abcdef", 5) == "abcd…"
    assert shorten("😀😀😀", 5) == "😀😀…"


@pytest.mark.parametrize("value", [0, False, "", [], {}, {"é": [1.5, None, True]}])
def test_a_result_is_json(value: Any) -> None:
    """A result is JSON, the falsy ones included."""
    assert json.loads(result(value)) == value


def test_nothing_is_no_result() -> None:
    """A task that has left nothing shows nothing."""
    assert result(None) == ""


def test_values_that_json_does_not_know() -> None:
    """What JSON has no form for is shown as text, without addresses in memory."""
    assert result({1, 2}) == "[1, 2]"
    assert result([Context(storage={"a": 1})]) == '[{"a": 1}]'
    assert "object>" in result(object())
    assert "0x" not in result({"value": object()})
    endless: list[Any] = []
    endless.append(endless)
    assert result(endless) == '"[[...]]"'

    class Rude:
        def __str__(self) -> str:
            raise RuntimeError

    assert "Rude object>" in result(Rude())
    assert result({(1, 2): 3}) == '"{(1, 2): 3}"'


def test_no_more_is_encoded_than_shown() -> None:
    """However large a value is, only its beginning is looked at."""

    class Watched(dict):  # type: ignore[type-arg]
        seen = 0

        def items(self) -> Any:
            for key in range(10**12):
                Watched.seen += 1
                yield str(key), key

    assert result(Watched(a=1), 100).endswith("…")
    assert Watched.seen < 100


def test_errors() -> None:
    """A task that failed or is tried again has an error, and no other."""
    assert (
        error_text(FakeTask("Failed", message="No disk"), 99) == "ValueError: No disk"
    )
    assert error_text(FakeTask("Failed", message=""), 99) == "ValueError"
    assert error_text(FakeTask("Retry"), 99).startswith("ValueError: ")
    assert error_text(FakeTask("Completed"), 99) == ""


def test_status_line() -> None:
    """A status is shown with its symbol, and an unknown one without."""
    assert status_line(FakeTask("Failed")) == "❌ Failed"
    assert status_line(FakeTask("Odd")) == "Odd"
