"""`RunContext` by itself."""

from __future__ import annotations

import copy
import pickle
import threading
from dataclasses import FrozenInstanceError, dataclass

import pytest

from dotflow import RunCancelledError, RunContext


@dataclass
class Deps:
    base: str = "b"

    @property
    def broken(self):
        raise AttributeError("the property's own")


def test_metadata_accumulates():
    """`with_metadata` returns a copy with more, from a mapping and by keyword."""
    context = RunContext(1, {"a": 0})
    more = context.with_metadata({"a": 1, "not a word": 2}, b=3)
    assert more.metadata == {"a": 1, "not a word": 2, "b": 3}
    assert context.metadata == {"a": 0}
    assert more.deps == 1


def test_it_is_frozen():
    """Nobody can change a context that others share."""
    with pytest.raises(FrozenInstanceError):
        RunContext(1).deps = 2


def test_attributes_are_those_of_the_dependencies():
    """What a context does not have itself is asked of its dependencies."""
    assert RunContext(Deps()).base == "b"
    assert RunContext({"key": 1, "items": 2}).key == 1
    assert RunContext({"key": 1, "items": 2}).items == 2
    for context in (RunContext(Deps()), RunContext({})):
        with pytest.raises(AttributeError, match="absent"):
            _ = context.absent
    with pytest.raises(AttributeError, match="the property's own"):
        _ = RunContext(Deps()).broken


def test_deadlines():
    """A deadline counts down to 0, and then the context counts as cancelled."""
    context = RunContext(None)
    assert not context.has_deadline()
    assert context.time_remaining_s() is None
    assert not context.deadline_exceeded()
    ahead = context.with_deadline_s(1000)
    assert ahead.has_deadline()
    assert 0 < ahead.time_remaining_s() <= 1000
    ahead.raise_if_cancelled()
    over = context.with_deadline_s(0)
    assert over.time_remaining_s() == 0
    assert over.deadline_exceeded()
    with pytest.raises(TimeoutError):
        over.raise_if_cancelled()
    assert over.cancelled()
    assert not ahead.cancelled()
    assert over.with_deadline_s(None) is over


def test_the_earlier_deadline_counts():
    """A deadline can be brought forward, and never put off."""
    context = RunContext(None).with_deadline_s(100)
    assert context.with_deadline_s(1000).time_remaining_s() <= 100
    assert context.with_deadline_s(1).time_remaining_s() <= 1
    assert context.with_deadline_s(-1).time_remaining_s() == 0


def test_cancellation():
    """Once its event is set, a context is cancelled."""
    event = threading.Event()
    context = RunContext(None).with_cancel_event(event)
    assert not context.cancelled()
    context.raise_if_cancelled()
    event.set()
    assert context.cancelled()
    with pytest.raises(RunCancelledError):
        context.raise_if_cancelled()
    assert not context.with_cancel_event(None).cancelled()


def test_it_can_be_pickled_and_copied():
    """A context travels to other processes, without its event."""
    event = threading.Event()
    event.set()
    context = RunContext(Deps(), {"a": 1}).with_deadline_s(1000)
    for copied in (
        pickle.loads(pickle.dumps(context.with_cancel_event(event))),
        copy.deepcopy(context),
    ):
        assert copied.deps == Deps()
        assert copied.metadata == {"a": 1}
        assert copied.has_deadline()
        assert not copied.cancelled()


def test_its_text_shows_what_the_user_gave():
    """The text of a context shows dependencies and metadata."""
    assert repr(RunContext(1, {"a": 2})) == "RunContext(deps=1, metadata={'a': 2})"
