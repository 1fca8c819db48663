"""Report: what the database says, as tables of plain text."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from dotflow import action

# A flight counts as late from 15 minutes on, as the airlines' own statistics have it.
TABLES = {
    "Delays by carrier": """
        SELECT airline AS "airline", count(*) AS "flights",
            round(100.0 * sum(outcome = 'cancelled') / count(*), 1) AS "cancelled %",
            round(avg(dep_delay), 1) AS "departure min",
            round(avg(arr_delay), 1) AS "arrival min",
            round(100.0 * sum(arr_delay >= 15) / count(arr_delay), 1) AS "late %"
        FROM flights GROUP BY carrier ORDER BY avg(arr_delay) DESC, carrier
    """,
    "Delays by weather at departure": """
        SELECT ifnull(conditions, '(not observed)') AS "conditions",
            count(*) AS "flights",
            round(100.0 * sum(outcome = 'cancelled') / count(*), 1) AS "cancelled %",
            round(avg(dep_delay), 1) AS "departure min",
            round(avg(arr_delay), 1) AS "arrival min",
            round(100.0 * sum(arr_delay >= 15) / count(arr_delay), 1) AS "late %"
        FROM flights GROUP BY conditions ORDER BY avg(dep_delay) DESC, conditions
    """,
    "Busiest routes": """
        SELECT origin || ' - ' || dest AS "route", dest_name AS "to",
            count(*) AS "flights", count(DISTINCT carrier) AS "airlines",
            round(avg(arr_delay), 1) AS "arrival min"
        FROM flights GROUP BY origin, dest ORDER BY count(*) DESC, origin, dest LIMIT 10
    """,
    "Put aside": """
        SELECT source AS "source", reason AS "reason", count(*) AS "rows"
        FROM rejected GROUP BY source, reason ORDER BY source, count(*) DESC, reason
    """,
    "Kept, with something missing": """
        SELECT 'aircraft is not in the register' AS "flights", count(*) AS "rows"
        FROM flights WHERE tailnum IS NOT NULL AND aircraft IS NULL
        UNION ALL SELECT 'cancelled before an aircraft was assigned', count(*)
        FROM flights WHERE tailnum IS NULL
        UNION ALL SELECT 'weather was not observed', count(*)
        FROM flights WHERE conditions IS NULL
        UNION ALL SELECT 'destination is known from airportsdata only', count(*)
        FROM flights JOIN airports ON code = dest WHERE source = 'airportsdata'
    """,
}


@action
def report(load: Path) -> str:
    """All tables of the report."""
    with closing(sqlite3.connect(load)) as database:
        parts = [heading(database)]
        for title, query in TABLES.items():
            rows = database.execute(query)
            names = [column[0] for column in rows.description]
            parts.append(f"{title}\n{table(names, rows.fetchall())}")
    return "\n\n".join(parts)


def heading(database: sqlite3.Connection) -> str:
    """Say how many flights there are, and what became of them."""
    outcomes = dict(
        database.execute("SELECT outcome, count(*) FROM flights GROUP BY outcome")
    )
    parts = (f"{outcomes.get(o, 0):,} {o}" for o in ("landed", "diverted", "cancelled"))
    return f"{sum(outcomes.values()):,} flights from New York: {', '.join(parts)}"


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Align rows under the names of their columns, numbers to the right."""
    cells = [[text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    numeric = [
        all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(names))
    ]

    def line(values: Sequence[str]) -> str:
        aligned = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        )
        return "  " + "  ".join(aligned).rstrip()

    return "\n".join([line(names), line(["-" * w for w in widths]), *map(line, cells)])


def text(value: object) -> str:
    """Write a value of a table."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
