"""What a worker of a cluster keeps of the steps that it was sent."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from dotflow import Context, DotFlow, action
from dotflow.abc.remote import Packing, run_packed
from dotflow.base.starting import current_run
from dotflow.model.task import Attempt

if TYPE_CHECKING:
    import pytest

    from dotflow.abc.remote import PackedAttempt

heard: list[str | None] = []


@action
def starts() -> None:
    heard.append(current_run.get())


def test_a_run_within_is_of_the_run_that_was_sent() -> None:
    """Also in another thread than the one that has loaded the step."""
    flow = DotFlow()
    flow.task.add([starts, starts])
    sent: list[PackedAttempt] = []
    for run in ("first", "second"):
        before = current_run.set(run)
        packing = Packing(flow.task.queue)
        current_run.reset(before)
        tasks = flow.task.queue
        sent += [packing.attempt(Attempt(0, task, 1, Context())) for task in tasks]
    heard.clear()
    for packed in [*sent, *sent]:
        thread = Thread(target=run_packed, args=(packed, (Context(), None)))
        thread.start()
        thread.join()
    assert heard == ["first", "first", "second", "second"] * 2


def test_steps_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tasks of a step bring the same bytes of it, which a worker loads once."""
    flow = DotFlow()
    for number in range(5):
        flow.task.add(starts, name=f"t{number}")
    packing = Packing(flow.task.queue)
    loaded: list[bytes] = []

    class Known(dict[bytes, object]):
        def __setitem__(self, key: bytes, value: object) -> None:
            loaded.append(key)
            super().__setitem__(key, value)

    monkeypatch.setattr("dotflow.engine.executors.remote._known", Known())
    for task in flow.task.queue:
        run_packed(packing.attempt(Attempt(0, task, 1, Context())), (Context(), None))
    assert len(loaded) == 1
