"""The queries of a history; each has an index that gives its rows in their order.

Several statuses, or a name that may be an id, are several queries of a few rows each,
merged here: of one with OR SQLite would read and sort every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from dotflow.abc.history import FailureGroup, RunDuration, RunFailure, RunPage
from dotflow.base.liveness import has_died
from dotflow.history.failures import PARAMETER, TAG
from dotflow.history.fold import UNTOLD
from dotflow.history.rows import stored_text
from dotflow.history.summaries import COLUMNS, exact_moment, run_summary
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.abc.fact_tests import FactTest
    from dotflow.abc.history import RunQuery, RunSummary
    from dotflow.history.rows import CountsRow, EventRow

_ORDER = "ORDER BY started DESC, run_id DESC"
NO_LIMIT = 2**62  # a number, which every database takes
_OPEN = WorkflowStatus.IN_PROGRESS
_BY_ID = "workflow_id = ? AND workflow_id <> workflow"
_OPEN_STATUSES = (WorkflowStatus.CRASHED, WorkflowStatus.IN_PROGRESS)
_EVERY = (
    WorkflowStatus.COMPLETED,
    WorkflowStatus.FAILED,
    WorkflowStatus.CANCELLED,
    WorkflowStatus.SKIPPED,
    WorkflowStatus.NEW,
    WorkflowStatus.IN_PROGRESS,
)
_FEW = 2000
_WITH_TEXT = (
    "SELECT run FROM failures WHERE message LIKE ? ESCAPE '\\'"
    " UNION ALL SELECT run FROM facts WHERE name = ? AND value LIKE ? ESCAPE '\\'"
)
_FACTS = "SELECT run FROM facts WHERE name = ? AND"
# An operator of a `FactTest` in SQL: nothing of a query's own text goes into one.
_SQL = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class SQLConnection(Protocol):
    """What statements go to, in a transaction; parameters are question marks.

    They are what SQLite and PostgreSQL both take: what differs is in the tables.
    """

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Any:
        """Run a statement, and return its rows."""

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement with each of several rows of values."""


class Where:
    """A condition in SQL, and its parameters.

    Args:
        *terms: Texts, each followed by the values of its question marks.
    """

    def __init__(self, *terms: Any) -> None:
        self.terms: list[str] = []
        self.values: list[Any] = []
        if terms:
            self.add(*terms)

    def add(self, term: str, *values: Any) -> None:
        """Narrow it."""
        self.terms.append(term)
        self.values += values

    def within(self, column: str, query: RunQuery) -> None:
        """Narrow it to a query's time, in which a column has to be."""
        if query.since is not None:
            self.add(f"{column} >= ?", query.since)
        if query.until is not None:
            self.add(f"{column} < ?", query.until)

    def __add__(self, other: Where) -> Where:
        both = Where()
        both.terms, both.values = self.terms + other.terms, self.values + other.values
        return both

    def __str__(self) -> str:
        return " AND ".join(self.terms) or "TRUE"


def page(connection: SQLConnection, query: RunQuery) -> RunPage:
    """Answer `History.page`."""
    common = _narrowed(query)
    for numbers, *values in _memberships(query):
        common.add(*_within(connection, numbers, *values))
    if query.before is not None:
        common.add("(started, run_id) < (?, ?)", *query.before)
    found: list[tuple[float, str, RunSummary]] = []
    for workflow in _workflows(query):
        for status in _statuses(query, by_status=bool(workflow.terms)):
            found += _listed(connection, query, workflow + status + common)
    found.sort(key=itemgetter(0, 1), reverse=True)
    # What is kept of a time is finer than a datetime: the next page begins where it is.
    return RunPage.cut(
        [told for _, _, told in found],
        query.limit,
        [(started, run_id) for started, run_id, _ in found],
    )


def _listed(
    connection: SQLConnection, query: RunQuery, where: Where
) -> list[tuple[float, str, RunSummary]]:
    """Return the first runs that fit a condition, by what they are listed by."""
    bound = NO_LIMIT if query.limit is None else query.limit + 1
    rows = connection.execute(
        f"SELECT {COLUMNS}, started FROM runs"  # noqa: S608 - fixed texts
        f" WHERE {where} {_ORDER} LIMIT ?",
        # Whether a run has crashed is only known once its process was looked for.
        (*where.values, NO_LIMIT if _OPEN in where.values else bound),
    )
    found: list[tuple[float, str, RunSummary]] = []
    for *columns, started in rows:
        told = run_summary(columns)
        if not query.statuses or told.status in query.statuses:
            found.append((started, told.run_id, told))
            if len(found) == bound:
                break
    return found


def count(connection: SQLConnection, query: RunQuery) -> dict[str, int]:
    """Answer `History.count`."""
    counts: dict[str, int] = {}
    for workflow in _workflows(query):
        where = workflow + _narrowed(query)
        rows = []
        for ended in _stored_statuses(connection, workflow):
            each = where + ended
            number = connection.execute(
                f"SELECT count(*) FROM runs WHERE {each}",  # noqa: S608 - fixed texts
                each.values,
            ).fetchone()[0]
            rows.append((ended.values[0], number))
        where.add("status = ?", _OPEN)
        processes = connection.execute(
            f"SELECT process, heartbeat FROM runs WHERE {where}",  # noqa: S608 - what is put in are names of ours; values are bound
            where.values,
        ).fetchall()
        crashed = sum(has_died(*process) for process in processes)
        rows += [(_OPEN, len(processes) - crashed), (WorkflowStatus.CRASHED, crashed)]
        for status, number in rows:
            counts[status] = counts.get(status, 0) + number
    return {status: number for status, number in counts.items() if number}


def _stored_statuses(connection: SQLConnection, workflow: Where) -> list[Where]:
    """Return a condition for each status in which a run has ended.

    Each is a step in an index; GROUP BY would compare the status of every run.
    """
    found: list[Where] = []
    status = ""
    while True:
        where = workflow + _ended(bool(workflow.terms)) + Where("status > ?", status)
        status = connection.execute(
            f"SELECT min(status) FROM runs WHERE {where}",  # noqa: S608 - fixed texts
            where.values,
        ).fetchone()[0]
        if status is None:
            return found
        if status != _OPEN:
            one = Where("status = ?", status) + _ended(bool(workflow.terms))
            found.append(one)


def times(connection: SQLConnection, query: RunQuery) -> list[RunDuration]:
    """Answer `History.times`."""
    found: list[Any] = []
    for workflow in _workflows(query):
        for status in _statuses(query, by_status=True):
            if _OPEN not in status.values:
                where = workflow + status + _narrowed(query)
                found += connection.execute(
                    "SELECT started, run_id, duration, status"  # noqa: S608 - what is put in are names of ours; values are bound
                    f" FROM runs WHERE {where} {_ORDER} LIMIT ?",
                    (*where.values, NO_LIMIT if query.limit is None else query.limit),
                )
    found.sort(reverse=True)
    return [
        RunDuration(run_id, exact_moment(started), duration, status)
        for started, run_id, duration, status in found[: query.limit]
    ]


def groups(connection: SQLConnection, query: RunQuery) -> list[FailureGroup]:
    """Answer `History.groups`."""
    where = Where()
    if query.workflow is not None:
        where.add("workflow = ?", query.workflow)
    where.within("time", query)
    rows = connection.execute(
        "SELECT workflow, task, error, shape, count(*), min(time),"  # noqa: S608 - what is put in are names of ours; values are bound
        f" max(time) AS last FROM failures WHERE {where}"
        " GROUP BY workflow, task, error, shape ORDER BY last DESC LIMIT ?",
        (*where.values, NO_LIMIT if query.limit is None else query.limit),
    ).fetchall()
    found = []
    for *group, number, first, last in rows:
        run_id, message = connection.execute(
            "SELECT run_id, message FROM failures JOIN runs ON runs.id = failures.run"
            " WHERE failures.workflow = ? AND task = ? AND error = ? AND shape = ?"
            " AND time = ? LIMIT 1",
            (*group, last),
        ).fetchone()
        when = exact_moment(first), exact_moment(last)
        told: list[Any] = [*group, number, *when, run_id, message]
        found.append(FailureGroup(*told))
    return found


def first_failures(
    connection: SQLConnection, run_ids: Sequence[str]
) -> dict[str, RunFailure]:
    """Answer `History.first_failures`; each is the first row of an index."""
    found = {}
    for run_id in run_ids:
        row = connection.execute(
            "SELECT task, error, message FROM failures"
            " WHERE run = (SELECT id FROM runs WHERE run_id = ?) ORDER BY seq LIMIT 1",
            (run_id,),
        ).fetchone()
        if row is not None:
            found[run_id] = RunFailure(*row)
    return found


def workflows(connection: SQLConnection) -> list[str]:
    """Answer `History.workflows`: a step in an index for each, and those that go on."""
    found: set[str] = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT workflow FROM runs WHERE status = ?", (_OPEN,)
        ).fetchall()
    }
    last = ""
    while True:
        (name,) = connection.execute(
            "SELECT min(workflow) FROM runs WHERE finished IS NOT NULL"
            " AND workflow > ?",
            (last,),
        ).fetchone()
        if name is None:
            return sorted(found - {""})
        found.add(name)
        last = name


def task_rows(
    connection: SQLConnection, run_ids: Sequence[str], task: str
) -> dict[str, tuple[str, list[EventRow], list[CountsRow]]]:
    """Return the graph of each run, and what its rows tell of a task."""
    runs = connection.execute(
        "SELECT id, run_id, graph FROM runs"  # noqa: S608 - question marks
        f" WHERE run_id IN ({', '.join('?' * len(run_ids)) or 'NULL'})",
        tuple(run_ids),
    ).fetchall()
    found: dict[str, tuple[str, list[EventRow], list[CountsRow]]] = {
        run_id: (graph, [], []) for _, run_id, graph in runs
    }
    by_number = {number: found[run_id] for number, run_id, _ in runs}
    where = Where(
        f"run IN ({', '.join('?' * len(by_number)) or 'NULL'}) AND task = ?",
        *by_number,
        stored_text(task),
    )
    events = connection.execute(
        f"SELECT * FROM events WHERE {where}"  # noqa: S608 - fixed texts
        " AND event NOT IN (?, ?) ORDER BY run, seq",
        (*where.values, *UNTOLD),
    )
    for row in events:
        by_number[row[0]][1].append(row)
    counts = connection.execute(
        f"SELECT * FROM maps WHERE {where}",  # noqa: S608 - fixed texts
        where.values,
    )
    for row in counts:
        by_number[row[0]][2].append(row)
    return found


def summaries(connection: SQLConnection) -> Iterator[tuple[int, RunSummary]]:
    """Yield all runs with their numbers, newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS}, id FROM runs {_ORDER}"  # noqa: S608 - fixed texts
    )
    for *columns, number in rows:
        yield number, run_summary(columns)


def _workflows(query: RunQuery) -> list[Where]:
    """Return conditions for the workflow; no run fits two of them."""
    found = [Where()]
    if query.workflow is not None:
        named = Where("workflow = ?", query.workflow)
        found = [named, Where(_BY_ID, query.workflow)]
    if query.workflow_id is not None:
        one_id = query.workflow_id
        same = Where("workflow = ? AND workflow_id = ?", one_id, one_id)
        ids = [same, Where(_BY_ID, one_id)]
        found = [one + other for one in found for other in ids]
    return found


def _statuses(query: RunQuery, by_status: bool) -> list[Where]:
    """Return conditions for the status; no run fits two of them.

    Args:
        query: What is asked for.
        by_status: Whether the index leads through the status, also where all are wanted.
    """
    wanted = query.statuses or (_EVERY if by_status else ())
    if not wanted:
        return [Where()]
    # Those that have crashed are among those that go on, as far as is written.
    stored = [_OPEN if status in _OPEN_STATUSES else status for status in wanted]
    return [
        Where("status = ?", status) + _ended(by_status and status != _OPEN)
        for status in dict.fromkeys(stored)
    ]


def _ended(by_workflow: bool) -> Where:
    """Return what an index by the workflow needs, which has those alone that have ended."""
    return Where("finished IS NOT NULL") if by_workflow else Where()


def _narrowed(query: RunQuery) -> Where:
    where = Where()
    where.within("started", query)
    if query.parent is not None:
        where.add("parent = ?", query.parent)
    return where


def _memberships(query: RunQuery) -> Iterator[tuple[Any, ...]]:
    """Yield what selects the numbers of runs that are asked for, and its values."""
    if query.error is not None:
        yield "SELECT run FROM failures WHERE error = ?", query.error
    if query.text is not None:
        pattern = f"%{_literal(query.text)}%"
        yield _WITH_TEXT, pattern, PARAMETER, pattern
    for tag in query.tags:
        yield f"{_FACTS} value = ?", TAG, tag
    for test in query.where:
        yield _fact(test)


def _fact(test: FactTest) -> tuple[Any, ...]:
    """Return what selects the runs with a fact; each is a range of an index."""
    name, operator, number = test.name, _SQL[test.operator], test.number
    if number is None:
        kind = "" if operator in ("=", "<>") else "number IS NULL AND "
        return f"{_FACTS} {kind}value {operator} ?", name, test.text
    by_number = f"{_FACTS} number {operator} ?"
    if test.operator not in ("=", "!="):
        return by_number, name, number
    # A text of these digits is equal to it as well.
    by_text = f"{_FACTS} value {operator} ?"
    if test.operator == "=":
        return f"{by_text} UNION {by_number}", name, test.text, name, number
    # NULL for a text, which is no number at all.
    by_text = f"{by_text} AND (number IS NULL OR number <> ?)"
    return by_text, name, test.text, number


def _within(connection: SQLConnection, numbers: str, *values: Any) -> list[Any]:
    """Return a condition for runs whose numbers a statement selects, with its values.

    Few runs are looked up by their numbers. Of many a page is soon full: then the index
    gives runs in their order, which the plus holds SQLite to.
    """
    found = connection.execute(
        f"SELECT DISTINCT run FROM ({numbers}) AS found LIMIT {_FEW}",  # noqa: S608 - what is put in are names of ours; values are bound
        values,
    ).fetchall()
    if len(found) < _FEW:
        few = ", ".join(str(number) for (number,) in found)
        return [f"id IN ({few or 'NULL'})"]
    return [f"+id IN ({numbers})", *values]


def _literal(text: str) -> str:
    """Return a text that LIKE takes as it is."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return text
