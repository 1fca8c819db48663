"""What a message says, and that Telegram can take it."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.testing.tasks import FakeTask, tasks_in_every_status
from dotflow_telegram.message import MAX_TEXT, compose

# The tags that the Bot API documents for HTML and that are used here.
TAG = re.compile(r'</?(?:b|pre|code)>|<code class="language-json">')


def parse(text: str) -> str:
    """Take the tags out as the Bot API does, which refuses any other `<` or `&`."""
    plain = TAG.sub("", text)
    assert "<" not in plain
    assert ">" not in plain
    assert re.fullmatch(r"(?:[^&]|&(?:lt|gt|amp);)*", plain)
    opened = re.findall(r"<(\w+)", text)
    closed = re.findall(r"</(\w+)", text)
    assert sorted(opened) == sorted(closed)
    return unescape(plain)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_completed_task() -> None:
    """A message names the status, the task and the workflow."""
    text = compose(FakeTask("Completed", "t1", "wf", "load", {"rows": 1}), False)
    assert parse(text) == "✅ Completed — load\nwf — Task t1"


def test_a_result() -> None:
    """A result that is asked for is JSON, marked as such."""
    value = {"text": "<b>&", "none": None, "list": [1, 2.5, True]}
    text = compose(FakeTask(value=value), True)
    assert '<pre><code class="language-json">' in text
    assert json.loads(parse(text).splitlines()[1]) == value


@pytest.mark.parametrize("status", ["Failed", "Retry"])
def test_an_error(status: str) -> None:
    """A task that failed says why, literally, whatever characters that has."""
    text = compose(FakeTask(status, message="boom_*x [`~] <b>&amp;"), True)
    assert "ValueError: boom_*x [`~] <b>&amp;" in parse(text)


def test_output() -> None:
    """A failure shows the last lines of its step, without colours, and only some."""
    task = FakeTask("Failed")
    task.errors[-1].output = "\n".join(
        f"\x1b[31m<{n}>\x1b[0m{'x' * 999}" for n in range(99)
    )
    lines = parse(compose(task, True)).splitlines()
    shown = [line for line in lines if line.endswith("x…")]
    assert shown[0].startswith("<91>x")
    assert len(shown) == 8


def test_every_status() -> None:
    """There is a message that Telegram can take for any task whatsoever."""
    for task in tasks_in_every_status():
        for show_result in (False, True):
            text = parse(compose(task, show_result))
            assert 0 < units(text) <= MAX_TEXT


@given(st.text(), st.text(), st.text(), st.integers(1, 3000), st.booleans())
def test_any_text(
    name: str, message: str, value: str, times: int, failed: bool
) -> None:
    """No text is too long or breaks the markup; emoji count twice, as Telegram does."""
    status = "Failed" if failed else "Completed"
    task = FakeTask(status, name=name, message=message * times, value=value * times)
    task.current_context.storage = {"value": value * times}
    text = parse(compose(task, True))
    assert units(text) <= MAX_TEXT
    text.encode()


def test_halves_of_characters() -> None:
    """Half a surrogate pair, which has no UTF-8 form, is replaced."""
    compose(FakeTask("Failed", message="\ud800"), True).encode()
