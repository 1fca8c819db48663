"""Runs are found by the facts that their steps have told."""

from __future__ import annotations

import pytest

from dotflow import action
from dotflow.abc.fact_tests import InvalidFactTest
from dotflow.engine.telling import tell
from dotflow.model.events import FactSet


@pytest.fixture
def runs(quiet, storage):
    """Three runs with facts; the ids of those that a question finds, as numbers."""

    def start(number, **facts):
        @action
        def tells():
            for name, value in facts.items():
                tell(FactSet, {"name": name, "value": "former"})
                tell(FactSet, {"name": name, "value": value})

        flow = quiet(storage)
        flow.task.add(tells)
        return flow.start().run_id

    every = (
        {"rows": 5, "customer": "acme", "day": "2026-01-05", "ok": True},
        {"rows": 12, "customer": "Ümlaut & co", "day": "2026-02-01", "ok": False},
        {"rows": 12.5, "customer": "12", "size": 10**400},
    )
    ids = {start(number, **facts): number for number, facts in enumerate(every)}

    def find(where):
        return sorted(ids[run.run_id] for run in storage.history.runs(where=where))

    return find


def test_runs_are_found_by_facts(runs):
    """A number compares with numbers, a text with texts, and the last value counts."""
    expected = {
        "rows>10": [1, 2],
        "rows >= 12": [1, 2],
        "rows<12": [0],
        "rows<=12": [0, 1],
        "rows=12": [1],
        "rows==12.0": [1],
        "rows!=12": [0, 2],
        "customer=acme": [0],
        "customer=12": [2],
        "customer!=acme": [1, 2],
        "customer=former": [],
        "customer=Ümlaut & co": [1],
        "day>=2026-02": [1],
        "ok=true": [0],
        "rows>acme": [],
        "customer>5": [],
        "absent=1": [],
        "customer='; DROP TABLE runs": [],
    }
    assert {where: runs(where) for where in expected} == expected
    assert runs(["rows>10", "customer=12"]) == [2]
    assert runs({"rows": 12}) == [1]
    assert runs({"ok": True, "customer": "acme"}) == [0]
    assert runs({"size": 10**400}) == [2]


@pytest.mark.parametrize("where", ["rows", "", ">10", "rows~10", ["rows>1", "x"]])
def test_what_asks_nothing_is_refused(storage, where):
    """A text that is no test of a fact is refused with how to write one."""
    with pytest.raises(InvalidFactTest, match="rows>10"):
        storage.history.runs(where=where)


def test_facts_have_indexes(storage):
    """Each question about facts is answered from an index."""
    from dotflow.abc.fact_tests import OPERATORS, fact_tests
    from dotflow.abc.history import RunQuery
    from dotflow.history import sql_queries as queries

    storage.history.runs()
    for value in ("10", "text"):
        for operator in OPERATORS:
            statements = []
            with storage.database.transaction() as connection:
                connection.set_trace_callback(statements.append)
                asked = tuple(fact_tests(f"rows{operator}{value}"))
                queries.page(connection, RunQuery(where=asked, limit=20))
                connection.set_trace_callback(None)
                (asked_of,) = [s for s in statements if "facts" in s]
                plan = connection.execute(f"EXPLAIN QUERY PLAN {asked_of}").fetchall()
            steps = [step[3] for step in plan]
            assert any("SEARCH facts USING" in step for step in steps), steps
            assert not any("SCAN facts" in step for step in steps), steps
