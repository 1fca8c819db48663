"""Tests of a history: what is known of each run, while it goes on and afterwards."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dotflow.abc.history import RunNotFound
from dotflow.history.stored_run import StoredRun
from dotflow.history.transfer import written
from dotflow.history.written import WrittenHistory
from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.testing.history_base import HOSTILE, HistorySuite, fail, one, run
from dotflow.testing.storage_base import raises, skip_unless, wait_until

if TYPE_CHECKING:
    from dotflow.abc.history import History, HistoryEvent
    from dotflow.types import ModeName

_LONG = 40_000  # characters of a message, of which several fill any one record


class HistoryRunTests(HistorySuite):
    """Part of `HistoryContract`."""

    def test_the_runs_own_report(self) -> None:
        """The history gives the very report that the run itself gives, in every mode."""
        storage, history = self.history()
        modes: list[ModeName] = ["sequential", "threads", "async"]
        for mode in modes:
            made = run(storage, one, fail, one, names=("a", "b", "c"), mode=mode)
            assert history.run(made.run_id) == made.report(), mode
            assert not history.goes_on(made.run_id)

    def test_events_in_their_order(self) -> None:
        """Events have numbers without gaps, and reading goes on after any of them."""
        storage, history = self.history()
        run_id = run(
            storage, one, Action(fail, retry=2, retry_delay=0), names=("a", "b")
        ).run_id
        events = history.events(run_id)
        assert [event.event for event in events] == [
            "RunStarted",
            "TaskStarted",
            "TaskCompleted",
            "TaskStarted",
            "TaskRetried",
            "TaskStarted",
            "TaskFailed",
            "RunFinished",
        ]
        _check_order(events)
        for event in events:
            assert history.events(run_id, after=event.seq) == events[event.seq :]
        assert history.events(run_id, after=1, limit=2) == events[1:3]
        assert list(history.follow(run_id, after=5)) == events[5:]
        started = [event for event in events if event.event == "TaskStarted"]
        assert history.events(run_id, kinds=["TaskStarted"]) == started
        assert history.events(run_id, kinds=["TaskStarted"], limit=1) == started[:1]
        assert history.events(run_id, task="b") == events[3:7]
        assert (events[4].attempt, events[4].detail["message"]) == (
            1,
            "no luck with 42",
        )

    def test_events_of_any_size(self) -> None:
        """A run whose events fill many records is told whole, from any of them on."""
        storage, history = self.history()

        def fail_at_length() -> None:
            raise ValueError("x" * _LONG)

        made = run(
            storage, Action(fail_at_length, retry=6, retry_delay=0), names=("a",)
        )
        events = history.events(made.run_id)
        _check_order(events)
        assert len(events) == 14
        for after in range(len(events)):
            assert history.events(made.run_id, after) == events[after:]
        assert [len(e.detail.get("message", "")) for e in events[2::2][:6]] == [
            _LONG
        ] * 6
        assert history.run(made.run_id) == made.report()

    def test_graphs_of_any_size(self) -> None:
        """The report of a run of many tasks has them all, and forgetting leaves nothing."""
        storage, history = self.history()
        names = tuple(f"task-{number}" for number in range(120))
        made = run(storage, *[one] * len(names), names=names)
        assert history.run(made.run_id) == made.report()
        assert history.delete(made.run_id) is True
        assert [key for key in storage.list_keys() if made.run_id in key] == []

    def test_hostile_texts(self) -> None:
        """Texts that are no Unicode, or that terminals obey, are kept, and read again."""
        storage, history = self.history()

        def odd() -> None:
            raise ValueError(HOSTILE)

        made = run(storage, odd, names=(f"t{HOSTILE}",), name=f"n{HOSTILE}")
        (event,) = history.events(made.run_id, kinds=["TaskFailed"])
        assert event.detail["message"] == HOSTILE
        report = history.run(made.run_id)
        (task,) = report.tasks
        assert task.error is not None
        assert task.error.message == HOSTILE
        shown = [report.name or "", task.name, event.task or ""]
        assert [text[1] for text in shown] == ["a", "a", "a"]
        assert "\udc80" not in "".join(shown)
        assert [told.run_id for told in history.runs(status="Failed")] == [made.run_id]

    def test_seen_while_it_goes_on(self) -> None:
        """A slow task is seen as running, and a run that goes on is not forgotten."""
        storage = self.make_storage()
        other = (self.make_second_storage() or storage).history
        assert other is not None
        ready, seen = threading.Event(), threading.Event()

        def slow() -> None:
            ready.set()
            seen.wait()

        made = run(storage, one, slow, mode="background")
        try:
            ready.wait()
            run_id = made.run_id
            for event in other.follow(run_id, poll=0.01):
                if (event.event, event.task) == ("TaskStarted", "slow"):
                    break
            states = [task.state for task in other.run(run_id)]
            assert states == ["Completed", "In progress"]
            assert other.goes_on(run_id)
            (told,) = other.runs(status="In progress")
            assert told.run_id == run_id
            assert other.delete(run_id) is False
            assert other.prunable(keep=0) == []
            assert other.prune(keep=0) == 0
        finally:
            seen.set()
            made.wait()
        assert list(other.follow(run_id))[-1].event == "RunFinished"

    def test_a_silent_run_elsewhere_has_crashed(self) -> None:
        """Of a run in another container or host its heartbeat alone tells if it lives."""
        storage, history = self.history()
        seen, told = threading.Event(), threading.Event()

        def slow() -> None:
            told.set()
            seen.wait()

        with patch("dotflow.history.rows.process_token", _elsewhere):
            made = run(storage, slow, mode="background")
            told.wait()
        try:
            assert history.goes_on(made.run_id)
            with patch("dotflow.base.liveness.SILENCE_SECONDS", -1.0):
                assert [one.status for one in history.runs()] == ["Crashed"]
                assert history.run(made.run_id).tasks[0].state in (
                    "Crashed",
                    "Not started",
                )
                assert not history.goes_on(made.run_id)
            before = time.time()
            with patch("dotflow.history.journal.BEAT_SECONDS", 0.01):
                # Silent since before now, until its heart beats.
                wait_until(lambda: _alive_since(history, made.run_id, before), "a beat")
        finally:
            seen.set()
            made.wait()

    def test_forgetting(self) -> None:
        """What is to be forgotten is told before, and the number of it after."""
        storage, history = self.history()
        ids = [run(storage, one, workflow_id="w").run_id for _ in range(5)]
        assert [told.run_id for told in history.prunable(keep=3)] == ids[1::-1]
        assert history.prune(keep=3) == 2
        assert history.prunable(older_than=3600) == []
        assert history.delete(ids[4]) is True
        assert history.delete(ids[4]) is False
        assert [told.run_id for told in history.runs()] == [ids[3], ids[2]]
        assert history.prune(older_than=0) == 2
        assert history.runs() == []
        # It forgets runs, not results.
        assert (
            run(storage, one, workflow_id="w", resume=True).report().tasks[0].restored
        )

    def test_taken_out_and_put_back(self) -> None:
        """A run that is taken out and put back tells the same, and is there once."""
        storage, history = self.history()
        skip_unless(isinstance(history, WrittenHistory), "it keeps no whole runs")
        kept = written(history)
        run_id = run(storage, one, fail, workflow_id="w").run_id
        report, events = history.run(run_id), history.events(run_id)
        stored = StoredRun.from_json(kept.stored(run_id).to_json())
        assert kept.restore(stored) is False
        assert history.delete(run_id) is True
        raises(RunNotFound, lambda: kept.stored(run_id))
        assert kept.restore(stored) is True
        assert history.run(run_id) == report
        assert history.events(run_id) == events
        assert [told.run_id for told in history.runs("Failed")] == [run_id]

    def test_unknown_runs(self) -> None:
        """A run that there is not is refused by its id, hostile ones too."""
        _, history = self.history()
        for run_id in ("nope", "", "../../etc/passwd", "%", "\0", "\udc80"):
            for read in (history.run, history.events, history.goes_on, history.find):
                error = raises(RunNotFound, lambda: read(run_id))  # noqa: B023 - called before the next turn
                assert "no run" in str(error)
            assert history.delete(run_id) is False

    def test_keeping_no_history(self) -> None:
        """`keep_runs=0` keeps none, and the newest runs alone are kept otherwise."""
        storage, history = self.history()
        retention = getattr(storage, "retention", None)
        skip_unless(retention is not None, "no retention")
        assert retention is not None
        with patch.object(retention, "keep_runs", 0):
            run(storage, one)
        assert history.runs() == []
        with patch.object(retention, "keep_runs", 2):
            ids = [run(storage, one).run_id for _ in range(4)]
        assert [told.run_id for told in history.runs()] == ids[:1:-1]

    def test_reading_makes_nothing(self) -> None:
        """Reading what is not there tells of no runs, and leaves no trace."""
        storage, history = self.history()
        assert (history.runs(), history.ids(), history.prunable(keep=0)) == ([], [], [])
        assert storage.list_keys() == []

    def test_results_beside_it(self) -> None:
        """A workflow's results can be listed, cleared and read as without a history."""
        storage, history = self.history()
        made = run(storage, one, workflow_id="w")
        assert storage.get(storage.key(made.tasks[0])).storage == 1
        storage.clear("w")
        assert storage.list_keys("w-") == []
        assert [told.run_id for told in history.runs()] == [made.run_id]
        storage.post("k", Context(1, task_id="t"))
        assert storage.list_keys("k") == ["k"]


def _check_order(events: list[HistoryEvent]) -> None:
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def _elsewhere(*_: Any) -> str:
    return "elsewhere/1/2@12345678:90"


def _alive_since(history: History, run_id: str, moment: float) -> bool:
    """Tell whether a run elsewhere has shown after a moment that it goes on."""
    silence = time.time() - moment
    with patch("dotflow.base.liveness.SILENCE_SECONDS", silence):
        return history.goes_on(run_id)
