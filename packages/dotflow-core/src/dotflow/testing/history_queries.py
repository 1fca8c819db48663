"""Tests of a history: listing runs, and the questions that not each can answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotflow.abc.history import (
    AmbiguousRun,
    HistoryQuery,
    QueryNotSupported,
    RunNotFound,
)
from dotflow.base.starting import started_by
from dotflow.testing.history_base import HistorySuite, fail, one, run
from dotflow.testing.storage_base import raises

if TYPE_CHECKING:
    from dotflow.abc.history import History


class HistoryQueryTests(HistorySuite):
    """Part of `HistoryContract`."""

    def test_listing(self) -> None:
        """Runs are listed newest first, by status, workflow and time, and in pages."""
        storage, history = self.history()
        first = run(storage, one, workflow_id="one").run_id
        failed = run(storage, fail, workflow_id="two", name="nightly").run_id
        moment = datetime.now(UTC)
        last = run(storage, one, workflow_id="three").run_id

        def ids(**asked: Any) -> list[str]:
            return [told.run_id for told in history.runs(**asked)]

        every = [last, failed, first]
        assert ids() == every
        assert ids(status="Failed") == [failed]
        assert ids(status=["Failed", "Completed"]) == every
        assert ids(status=["Crashed", "In progress", "Cancelled"]) == []
        assert ids(workflow_id="one") == [first]
        assert ids(workflow="three") == [last]
        assert ids(since=moment) == [last]
        assert ids(until=moment) == [failed, first]
        assert ids(status="Completed", until=moment, workflow="one") == [first]
        page = history.runs(limit=2)
        assert [told.run_id for told in page] == every[:2]
        assert page.cursor is not None
        rest = history.runs(limit=2, cursor=page.cursor)
        assert ([told.run_id for told in rest], rest.cursor) == ([first], None)
        assert history.runs(limit=3).cursor is None
        told = history.runs()[0]
        assert told.started <= (told.finished or told.started)
        assert (told.workflow_id, told.status, told.tasks) == ("three", "Completed", 1)

    def test_a_task_over_runs(self) -> None:
        """How a task did is told of each of the last runs that had it, newest first."""
        storage, history = self.history()
        first = run(storage, one, name="nightly").run_id
        failed = run(storage, fail, name="nightly").run_id
        last = run(storage, one, name="nightly").run_id
        run(storage, one, name="other")
        told = history.task("one", "nightly")
        assert list(told) == [last, first]
        assert told == {run_id: history.run(run_id)["one"] for run_id in told}
        assert history.task("one", "nightly", limit=2) == {last: told[last]}
        assert history.task("fail", "nightly")[failed].status == "Failed"
        assert history.task("none", "nightly") == history.task("one", "none") == {}

    def test_finding(self) -> None:
        """A run is found by the beginning of its id, in small letters too."""
        storage, history = self.history()
        ids = sorted(run(storage, one).run_id for _ in range(2))
        assert history.ids(ids[0][:4]) == ids
        assert history.ids(end=ids[1][-9:]) == [ids[1]]
        assert history.ids(limit=1) == ids[:1]
        assert history.find(ids[1]) == ids[1]
        assert history.find(ids[0].lower()) == ids[0]
        assert ids[0] in str(raises(AmbiguousRun, lambda: history.find(ids[0][:3])))
        raises(RunNotFound, lambda: history.find("ZZZ"))

    def test_each_query_is_answered_or_refused(self) -> None:
        """What a history cannot answer it refuses by a type, never by an empty answer."""
        storage, history = self.history()
        completed = run(storage, one, workflow_id="w").run_id
        failed = run(storage, fail, workflow_id="w").run_id
        with started_by("command", params={"wish": "Luck with all"}):
            given = run(storage, one).run_id
        answers: dict[HistoryQuery, tuple[Any, Any]] = {
            HistoryQuery.TEXT: (
                lambda: _ids(history, text="LUCK WITH"),
                [given, failed],
            ),
            HistoryQuery.ERROR: (lambda: _ids(history, error="ValueError"), [failed]),
            HistoryQuery.PARENT: (lambda: _ids(history, parent=completed), []),
            HistoryQuery.TAGS: (lambda: _ids(history, tags="none"), []),
            HistoryQuery.FACTS: (lambda: _ids(history, where={"rows": 1}), []),
            HistoryQuery.COUNTS: (history.counts, {"Completed": 2, "Failed": 1}),
            HistoryQuery.DURATIONS: (
                lambda: [told.run_id for told in history.durations("w", status=None)],
                [failed, completed],
            ),
            HistoryQuery.FAILURES: (
                lambda: [(told.error, told.count) for told in history.failures()],
                [("ValueError", 1)],
            ),
        }
        assert set(answers) == set(HistoryQuery)
        for query, (ask, answer) in answers.items():
            if query in history.capabilities:
                assert ask() == answer, query
            else:
                error = raises(QueryNotSupported, ask)
                assert getattr(error, "query", None) is query

    def test_failures_are_grouped(self) -> None:
        """Failures that differ in numbers are one group, with the newest of them."""
        storage, history = self.history()
        if HistoryQuery.FAILURES not in history.capabilities:
            return
        numbers = iter((1, 22))

        def lose() -> None:
            raise KeyError(f"row {next(numbers)} is missing")

        run(storage, lose, workflow_id="w")
        last = run(storage, lose, workflow_id="w").run_id
        run(storage, fail, workflow_id="w")
        other, group = history.failures()
        assert (other.error, other.count) == ("ValueError", 1)
        assert (group.error, group.count, group.run_id) == ("KeyError", 2, last)
        assert "22" in group.message


def _ids(history: History, **asked: Any) -> list[str]:
    return [told.run_id for told in history.runs(**asked)]
