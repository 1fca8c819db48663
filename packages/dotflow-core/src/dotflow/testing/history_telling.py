"""Tests of a history: what steps tell of themselves while they run."""

from __future__ import annotations

from dotflow.abc.history import HistoryQuery
from dotflow.engine.artifacts import artifact
from dotflow.engine.facts import fact
from dotflow.engine.progress import progress
from dotflow.testing.history_base import HOSTILE, HistorySuite, run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def tells() -> None:
    """Tell everything that can be told."""
    for _ in progress(range(3), name="rows"):
        pass
    artifact("table", [{"a": 1, "b": HOSTILE}, {"a": None}])
    artifact("text", HOSTILE, kind="markdown")
    artifact("image", PNG)
    artifact("number", 0.5)
    fact("rows", 1)
    fact("rows", 12)
    fact("customer", "Ünion & co")
    fact("odd", HOSTILE)
    fact("ok", True)


def tells_less() -> None:
    """Tell some of it."""
    fact("rows", 2.5)
    fact("customer", "acme")


class HistoryTellingTests(HistorySuite):
    """Part of `HistoryContract`."""

    def test_what_steps_tell_is_kept(self) -> None:
        """Progress, artifacts and facts come back as they were told, whatever is in them."""
        storage, history = self.history()
        run_id = run(storage, tells).run_id
        report = history.run(run_id)
        assert report.completed
        assert report["tells"].progress == {"rows": (3, 3)}
        assert report.facts == {
            "rows": 12,
            "customer": "Ünion & co",
            "odd": HOSTILE,
            "ok": True,
        }
        found = {one.name: one.value for one in history.artifacts(run_id)}
        assert found == {
            "table": [{"a": 1, "b": HOSTILE}, {"a": None, "b": None}],
            "text": HOSTILE,
            "image": PNG,
            "number": 0.5,
        }
        assert history.artifacts(run_id, task="other") == []
        events = history.events(run_id)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))

    def test_runs_are_found_by_facts(self) -> None:
        """Numbers compare as numbers, texts as texts, and the last value counts."""
        storage, history = self.history()
        if HistoryQuery.FACTS not in history.capabilities:
            return
        first, second = (run(storage, step).run_id for step in (tells, tells_less))
        expected = {
            "rows>10": [first],
            "rows>=2.5": [second, first],
            "rows<12": [second],
            "rows!=12": [second],
            "rows=1": [],
            "customer=acme": [second],
            "customer!=acme": [first],
            "customer>b": [first],
            "ok=true": [first],
            "none=1": [],
        }
        for where, ids in expected.items():
            assert [told.run_id for told in history.runs(where=where)] == ids, where
        both = history.runs(where=["rows>1", "customer=acme"])
        assert [told.run_id for told in both] == [second]
