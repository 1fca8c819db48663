"""The queue of reports: bounded, in order, and it keeps what matters most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dotflow.delivery.message import Call, Message
from dotflow.delivery.outbox import Outbox


def message(subject: str | None, size: int = 1) -> Message:
    return Call("PATCH", "/", {"text": "x" * size}, subject)


subjects = st.lists(st.sampled_from([None, "a", "b", "c"]))


@given(subjects)
def test_without_a_limit_nothing_is_lost(all_of: list[str | None]) -> None:
    """Messages come out as they went in."""
    outbox = Outbox(1000, 1000)
    messages = [message(subject) for subject in all_of]
    assert sum(outbox.put(one) for one in messages) == 0
    assert [outbox.pop() for _ in range(len(outbox))] == messages


@given(subjects, st.integers(1, 5))
def test_the_limit_holds(all_of: list[str | None], limit: int) -> None:
    """There are never more messages than allowed; every loss is counted."""
    outbox = Outbox(limit, 1000)
    lost = 0
    for subject in all_of:
        lost += outbox.put(message(subject))
        assert len(outbox) <= limit
    assert lost == len(all_of) - len(outbox)


@given(subjects)
def test_the_last_states_survive(all_of: list[str | None]) -> None:
    """With room for them, no task's last state is lost to an older one's sake."""
    outbox = Outbox(3, 1000)
    last: dict[str, Message] = {}
    for subject in all_of:
        if subject is not None:
            last[subject] = message(subject)
            outbox.put(last[subject])
    left = [outbox.pop() for _ in range(len(outbox))]
    assert set(last.values()) <= set(left)


@given(st.lists(st.integers(0, 30)))
def test_the_weight_is_bounded(sizes: list[int]) -> None:
    """The texts together stay below the limit, unless one alone is over it."""
    outbox = Outbox(1000, 20)
    for size in sizes:
        outbox.put(message(None, size))
        left = [outbox.pop() for _ in range(len(outbox))]
        assert sum(one.weight for one in left) <= 20 or len(left) == 1
        for one in left:
            outbox.put(one)


@given(subjects)
def test_only_last_states_after_dropping_the_obsolete(all_of: list[str | None]) -> None:
    """What a later state made obsolete can be dropped at once; the rest stays."""
    outbox = Outbox(1000, 1000)
    for subject in all_of:
        outbox.put(message(subject))
    outbox.drop_obsolete()
    left = [outbox.pop().subject for _ in range(len(outbox))]
    states = [subject for subject in left if subject is not None]
    assert sorted(states) == sorted({*filter(None, all_of)})
    assert left.count(None) == all_of.count(None)
