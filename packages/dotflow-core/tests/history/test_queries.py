"""What a history can be asked, and that an index answers."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.fact_tests import fact_tests
from dotflow.abc.history import (
    AmbiguousRun,
    HistoryQuery,
    InvalidQuery,
    QueryNotSupported,
    RunNotFound,
    RunQuery,
)
from dotflow.history import sql_queries as queries
from dotflow.history.failures import TAG, message_shape
from dotflow.providers import StorageFile, StorageSQLite
from dotflow.providers.storage_sqlite.history import SQLiteHistory

RUNS = 400
BEGIN = 1_700_000_000.0
# What a step of a plan may go through from its beginning.
FAST = ("INDEX", "subquery", "found")
STATUSES = ("Completed", "Failed", "Cancelled", "In progress")


def run_id(number):
    """Return the id of a run of `history`."""
    return f"01{number:024d}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A file with some hundred runs, and what was put there."""
    path = tmp_path_factory.mktemp("filled") / "runs.db"
    storage = StorageSQLite(path, keep_runs=None)
    chosen = random.Random(3)
    rows = []
    with storage.database.transaction() as connection:
        for number in range(1, RUNS + 1):
            row = {
                "id": number,
                "status": chosen.choice(STATUSES),
                "workflow": chosen.choice("abc"),
                "error": chosen.choice(("ValueError", "KeyError")),
                "parent": run_id(chosen.randrange(RUNS)),
            }
            rows.append(row)
            failed = row["status"] == "Failed"
            ended = row["status"] != "In progress"
            begun = BEGIN + number // 2  # two at each second
            connection.execute(
                "INSERT INTO runs VALUES (?,?,?,NULL,'sequential',?,?,?,?,NULL,1,"
                " 'elsewhere/1/2',?,'{}','[]',?,?,'{}')",
                (
                    number,
                    run_id(number),
                    f"id-{row['workflow']}",
                    row["status"],
                    begun,
                    begun + 1 if ended else None,
                    float(number) if ended else None,
                    begun,
                    row["workflow"],
                    row["parent"],
                ),
            )
            if failed:
                message = f"order {number} was refused by '{row['workflow']}' 100%"
                connection.execute(
                    "INSERT INTO failures VALUES (?,2,?,?,'load',?,?,?)",
                    (
                        number,
                        begun,
                        row["workflow"],
                        row["error"],
                        message_shape(message),
                        message,
                    ),
                )
            if number % 3 == 0:
                connection.execute(
                    "INSERT INTO facts VALUES (?,?,'x',NULL)", (number, TAG)
                )
            fact = (number, "n", str(number % 7), number % 7)
            connection.execute("INSERT INTO facts VALUES (?,?,?,?)", fact)
    yield storage, rows
    storage.close()


def ids(page):
    return [run.run_id for run in page]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({}, lambda row: True),
        ({"status": "Failed"}, lambda row: row["status"] == "Failed"),
        (
            {"status": ["Failed", "Crashed"]},
            lambda row: row["status"] in ("Failed", "In progress"),
        ),
        ({"status": "In progress"}, lambda row: False),
        ({"workflow": "a"}, lambda row: row["workflow"] == "a"),
        ({"workflow": "id-b"}, lambda row: row["workflow"] == "b"),
        ({"workflow_id": "id-b"}, lambda row: row["workflow"] == "b"),
        ({"workflow_id": "b"}, lambda row: False),
        (
            {"workflow": "c", "status": ("Cancelled", "Completed"), "tags": "x"},
            lambda row: (
                row["workflow"] == "c"
                and row["status"] in ("Cancelled", "Completed")
                and row["id"] % 3 == 0
            ),
        ),
        (
            {"error": "KeyError"},
            lambda row: row["status"] == "Failed" and row["error"] == "KeyError",
        ),
        (
            {"text": "REFUSED by 'a' 100%"},
            lambda row: row["status"] == "Failed" and row["workflow"] == "a",
        ),
        ({"text": "refused_by"}, lambda row: False),
        (
            {"since": datetime.fromtimestamp(BEGIN + 50, UTC)},
            lambda row: row["id"] // 2 >= 50,
        ),
        (
            {
                "since": datetime.fromtimestamp(BEGIN + 50, UTC),
                "until": datetime.fromtimestamp(BEGIN + 60, UTC),
                "workflow": "a",
            },
            lambda row: 50 <= row["id"] // 2 < 60 and row["workflow"] == "a",
        ),
        ({"parent": run_id(17)}, lambda row: row["parent"] == run_id(17)),
        ({"where": {"n": 3}}, lambda row: row["id"] % 7 == 3),
        (
            {"where": {"n": "3"}, "tags": ["x"]},
            lambda row: row["id"] % 7 == 3 and row["id"] % 3 == 0,
        ),
    ],
)
def test_filters(filled, monkeypatch, asked, fits):
    """Each filter finds exactly what fits, whole and in pages, newest first."""
    storage, rows = filled
    expected = [run_id(row["id"]) for row in reversed(rows) if fits(row)]
    history = storage.history
    assert ids(history.runs(limit=None, **asked)) == expected
    found, cursor = [], None
    while True:
        page = history.runs(limit=37, cursor=cursor, **asked)
        found += ids(page)
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page) == 37
    assert found == expected
    # Of many a store goes through the runs instead of looking each up.
    monkeypatch.setattr(queries, "_FEW", 0)
    assert ids(history.runs(limit=37, **asked)) == expected[:37]


def test_counts(filled):
    """Counts are those of the runs listed, the crashed among them."""
    storage, _ = filled
    counts = storage.history.counts()
    assert sum(counts.values()) == RUNS
    assert "In progress" not in counts
    assert counts["Crashed"] == len(storage.history.runs("Crashed", limit=None))
    since = datetime.fromtimestamp(BEGIN + 100, UTC)
    by_name = storage.history.counts(workflow="a", since=since)
    listed = storage.history.runs("Failed", workflow="a", since=since, limit=None)
    assert by_name["Failed"] == len(listed)
    assert storage.history.counts(workflow="none") == {}


def test_durations(filled):
    """The durations of a workflow come newest first, of those that have ended."""
    storage, rows = filled
    found = storage.history.durations("a", status=None, limit=5)
    ended = [
        row["id"]
        for row in reversed(rows)
        if row["workflow"] == "a" and row["status"] != "In progress"
    ]
    assert [one.duration for one in found] == ended[:5]
    completed = storage.history.durations("a", limit=None)
    assert {one.status for one in completed} == {"Completed"}


def test_failures(filled):
    """Failures of one workflow, task and error whose messages differ in numbers are one."""
    storage, rows = filled
    groups = storage.history.failures()
    failed = [row for row in rows if row["status"] == "Failed"]
    assert len(groups) == len({(row["workflow"], row["error"]) for row in failed})
    assert sum(group.count for group in groups) == len(failed)
    newest = groups[0]
    assert newest.run_id == run_id(failed[-1]["id"])
    assert newest.shape == "order … was refused by … …%"
    assert newest.message.startswith(f"order {failed[-1]['id']} ")
    assert newest.first <= newest.last
    [one] = storage.history.failures(workflow=newest.workflow, limit=1)
    assert one == newest


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        ("order 17 was refused", "order … was refused"),
        ("no 'key' in {\"a\"}", "no … in {…}"),
        ("at 0xFFa3 in /var/lib/x.py:3", "at … in …:…"),
        ("see https://x.org/a?b=1 now", "see … now"),
        ("job 6f9619ff-8b86-d011-b42d-00c04fc964ff", "job …"),
        ("at 2026-01-31T10:00:00Z", "at …"),
        ("first\nsecond", "first"),
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_shapes(message, shape):
    """The shape of a message leaves out what differs from one to the next."""
    assert message_shape(message) == shape


@pytest.mark.parametrize(
    ("ask", "parts"),
    [
        (queries.page, {}),
        (queries.page, {"before": (BEGIN, run_id(7))}),
        (queries.page, {"statuses": ("Failed", "Crashed")}),
        (queries.page, {"workflow": "a", "before": (BEGIN, run_id(7))}),
        (queries.page, {"workflow": "a", "statuses": ("Failed",), "since": BEGIN}),
        (queries.page, {"workflow_id": "a"}),
        (queries.page, {"since": BEGIN, "until": BEGIN + 9}),
        (queries.page, {"error": "KeyError"}),
        (queries.page, {"parent": run_id(17)}),
        (queries.page, {"tags": ("x",), "where": tuple(fact_tests(["n=1", "n>2"]))}),
        (queries.count, {}),
        (queries.count, {"workflow": "a", "since": BEGIN}),
        (queries.times, {"workflow": "a"}),
        (queries.groups, {}),
        (queries.groups, {"workflow": "a"}),
    ],
)
@pytest.mark.parametrize("few", [2000, 0])
def test_an_index_answers(filled, monkeypatch, ask, parts, few):
    """Each list and each count is answered by an index, in the order asked for."""
    storage, _ = filled
    monkeypatch.setattr(queries, "_FEW", few)
    statements = []
    connection = sqlite3.connect(storage.path)
    connection.set_trace_callback(statements.append)
    ask(connection, RunQuery(limit=10, **parts))
    connection.set_trace_callback(None)
    assert statements
    for statement in dict.fromkeys(statements):
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [
            step
            for step in plan
            if step.startswith("SCAN") and not any(word in step for word in FAST)
        ], plan
        if "GROUP BY" not in statement and " id IN (" not in statement:
            assert not any("TEMP B-TREE FOR ORDER" in step for step in plan), plan
    connection.close()


@action
def fine():
    return 1


@action
def broken():
    raise ValueError("order 17 was refused")


def test_real_runs(storage):
    """Runs that were really made are found by their error, and grouped with it."""
    one = DotFlow(Config(storage=storage), workflow_id="etl")
    one.task.add(fine).add(broken)
    failed = one.start(tags=["nightly", "nightly"]).run_id
    two = DotFlow(Config(storage=storage), workflow_id="etl", name="Orders")
    two.task.add(fine)
    two.start(tags="hourly")
    history = storage.history
    assert ids(history.runs(error="ValueError")) == [failed]
    assert ids(history.runs(text="17 was")) == [failed]
    assert ids(history.runs(tags="nightly")) == [failed]
    assert history.runs(tags=["nightly", "hourly"]) == []
    [group] = history.failures()
    assert (group.workflow, group.task, group.error) == ("etl", "broken", "ValueError")
    assert history.counts() == {"Failed": 1, "Completed": 1}
    assert history.counts(workflow="Orders") == {"Completed": 1}
    assert [event.event for event in history.events(failed, kinds=["TaskFailed"])] == [
        "TaskFailed"
    ]
    starts = history.events(failed, kinds=["TaskStarted"], limit=1)
    assert [(event.event, event.task) for event in starts] == [("TaskStarted", "fine")]
    assert history.delete(failed)
    assert history.failures() == [] == history.runs(tags="nightly")


def test_a_map_that_fails(storage):
    """Items that failed are told as failures, and the map that failed for them is not."""

    @action
    def item(item):
        if item % 2:
            raise KeyError(item)

    workflow = DotFlow(Config(storage=storage), workflow_id="map")
    workflow.task.add(action(lambda: [1, 2, 3]), name="numbers")
    workflow.task.add(item, map_over="numbers")
    workflow.start(keep_going=True)
    [group] = storage.history.failures()
    assert (group.task, group.error, group.count) == ("item", "KeyError", 2)


def test_a_prefix_finds_any_run(filled):
    """Any unique beginning of an id finds its run, in small letters, too."""
    history = filled[0].history
    assert history.find(run_id(7)) == run_id(7)
    assert history.find(f" {run_id(123)}\n".lower()) == run_id(123)
    with pytest.raises(AmbiguousRun, match="several runs"):
        history.find("01")
    for nothing in ("", "02", "zz%"):
        with pytest.raises(RunNotFound):
            history.find(nothing)
    assert history.ids(end="00123") == [run_id(123)]


def test_refused_questions(filled):
    """A question that a history cannot answer is refused by its name, never by nothing."""

    class Simple(SQLiteHistory):
        capabilities = frozenset({HistoryQuery.ERROR})

    storage, _ = filled
    history = Simple(storage.database, storage.retention)
    assert history.runs(error="KeyError")
    for ask in (
        lambda: history.runs(text="x"),
        lambda: history.runs(tags="x"),
        history.counts,
        lambda: history.durations("a"),
        history.failures,
    ):
        with pytest.raises(QueryNotSupported, match="Simple cannot answer"):
            ask()
    with pytest.raises(ValueError, match="cursor="):
        history.runs(cursor="page 2")
    history.close()


def test_what_prune_would_remove(filled):
    """What prune would remove can be looked at first."""
    history = filled[0].history
    doomed = history.prunable(keep=RUNS - 3)
    assert ids(doomed) == [run_id(3), run_id(2), run_id(1)]
    assert len(history.prunable(older_than=timedelta(days=1))) == RUNS
    assert len(history.runs(limit=None)) == RUNS


@pytest.mark.parametrize("kind", [StorageSQLite, StorageFile])
def test_questions_that_are_none(kind, tmp_path, quiet):
    """No such status, a cursor of no page or a limit below 0 is refused by every store."""
    storage = kind(tmp_path / "kept")
    flow = quiet(storage)
    flow.task.add(fine)
    flow.start()
    history = storage.history
    told = history.runs()[0]
    for asked in ({"status": "Done"}, {"limit": -1}, {"cursor": "nan:x"}):
        with pytest.raises(InvalidQuery):
            history.runs(**asked)
    for asked in ({"keep": -1}, {"older_than": -1.0}, {"older_than": float("nan")}):
        for ask in (history.prunable, history.prune):
            with pytest.raises(InvalidQuery):
                ask(**asked)
    with pytest.raises(InvalidQuery):
        history.events(told.run_id, limit=-1)
    assert history.events(told.run_id, kinds=[]) == []
    assert len(history.events(told.run_id, kinds="RunStarted")) == 1
    empty = {"text": "", "error": "", "workflow": "", "parent": ""}
    assert [one.run_id for one in history.runs(**empty)] == [told.run_id]
    # By the very time that it tells.
    assert len(history.runs(since=told.started)) == 1
    assert history.runs(until=told.started) == []
