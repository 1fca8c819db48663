"""What a message says, and that Discord can take it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.testing.tasks import STATUSES, FakeTask, tasks_in_every_status
from dotflow_discord.message import COLORS, compose

FENCE = "```"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def embed(task: Any, show_result: bool = False) -> dict[str, Any]:
    """Return the one embed of a message, once it keeps within the documented limits."""
    body = json.loads(json.dumps(compose(task, show_result)))
    assert body["allowed_mentions"] == {"parse": []}
    [one] = body["embeds"]
    texts = [(one["title"], 256), (one["description"], 4096)]
    for field in one.get("fields", []):
        texts += [(field["name"], 256), (field["value"], 1024)]
    for text, limit in texts:
        assert 0 < units(text.strip()) <= limit
    assert sum(units(text) for text, _ in texts) <= 6000
    return dict(one)


def block(field: dict[str, str], language: str = "") -> str:
    """Return what is in a code block, which nothing in it may end."""
    value = field["value"]
    start, end = f"{FENCE}{language}\n", f"\n{FENCE}"
    assert value.startswith(start)
    assert value.endswith(end)
    inside = value[len(start) : -len(end)]
    assert FENCE not in inside
    assert not inside.endswith("`")
    return inside


def test_a_completed_task() -> None:
    """A message names the status, the task and the workflow."""
    one = embed(FakeTask("Completed", "t1", "wf", "load", {"rows": 1}))
    assert one == {
        "title": "✅ Completed",
        "color": 0x4CAF50,
        "description": "`load`\n`wf` — Task `t1`",
    }


@pytest.mark.parametrize("status", STATUSES)
def test_colors(status: str) -> None:
    """Every status has its color."""
    assert embed(FakeTask(status))["color"] == COLORS[status]


def test_a_result() -> None:
    """A result that is asked for is JSON, marked as such."""
    value = {"text": "*a* @everyone", "none": None, "list": [1, 2.5, True]}
    [field] = embed(FakeTask(value=value), True)["fields"]
    assert field["name"] == "Result"
    assert json.loads(block(field, "json")) == value


@pytest.mark.parametrize("status", ["Failed", "Retry"])
def test_an_error(status: str) -> None:
    """A task that failed says why, literally: no Markdown is read in a code block."""
    message = "boom_*x [`~] <@1> @everyone"
    [field] = embed(FakeTask(status, message=message), True)["fields"]
    assert field["name"] == "Error"
    assert block(field) == f"ValueError: {message}"


def test_output() -> None:
    """A failure shows the last lines of its step in a field of its own."""
    task = FakeTask("Failed")
    task.errors[-1].output = "one\n``` two"
    fields = compose(task, False)["embeds"][0]["fields"]
    assert [field["name"] for field in fields] == ["Error", "Output"]
    assert "one\n" in fields[1]["value"]


def test_every_status() -> None:
    """There is a message that Discord can take for any task whatsoever."""
    for task in tasks_in_every_status():
        for show_result in (False, True):
            for field in embed(task, show_result).get("fields", []):
                block(field, "json" if field["name"] == "Result" else "")


texts = st.text() | st.text("`a\u200b")


@given(texts, texts, texts, st.integers(1, 3000), st.booleans())
def test_any_text(
    name: str, message: str, value: str, times: int, failed: bool
) -> None:
    """No text is too long, ends its block, or is read as anything but text."""
    status = "Failed" if failed else "Completed"
    task = FakeTask(status, name=name, message=message * times)
    task.current_context.storage = value * times
    one = embed(task, True)
    for field in one["fields"]:
        block(field, "json" if field["name"] == "Result" else "")
    assert one["description"].count("`") == 6
