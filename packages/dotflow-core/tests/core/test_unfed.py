"""A mode that chains nothing says which steps it leaves without a previous context."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dotflow import DotFlow, action

if TYPE_CHECKING:
    from dotflow import Context


@action
def first() -> int:
    return 1


@action
def double(previous_context: Context) -> int | None:
    value = previous_context.storage
    return None if value is None else value * 2


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("WARNING", "dotflow")
    return caplog


@pytest.mark.parametrize("mode", ["threads", "async", "parallel", "futures"])
def test_a_step_left_without_is_named(
    warned: pytest.LogCaptureFixture, mode: str
) -> None:
    """Once a run, with what to do; the values stay those of the mode."""
    workflow = DotFlow()
    workflow.task.add([first, double, double])
    pool = {"executor": lambda: ThreadPoolExecutor(2)} if mode == "futures" else {}
    workflow.start(mode=mode, **pool)
    assert workflow.result_storage() == [1, None, None]
    [told] = warned.messages
    assert told.startswith(f"mode={mode!r} ")
    assert "is empty for 'double', 'double#2'." in told
    assert "depends_on=" in told


def test_of_many_some_are_named(warned: pytest.LogCaptureFixture) -> None:
    """The warning stays a line."""
    workflow = DotFlow()
    workflow.task.add([double] * 20)
    workflow.start(mode="threads")
    [told] = warned.messages
    assert "'double#6' and 14 more" in told


@pytest.mark.parametrize("mode", ["sequential", "threads"])
def test_nothing_is_said_of_what_is_well_defined(
    warned: pytest.LogCaptureFixture, mode: str
) -> None:
    """Not in a chain, not of the first of a group, and not where edges are given."""
    workflow = DotFlow()
    workflow.task.add(double, name="root")
    workflow.task.add(first, name="one", depends_on=[])
    workflow.task.add(double, name="two", depends_on="one")
    workflow.task.add(double, name="alone", depends_on=[])
    workflow.task.add(double, name="each", map_over="two")
    workflow.start(mode=mode)
    assert not [told for told in warned.messages if "side by side" in told]
