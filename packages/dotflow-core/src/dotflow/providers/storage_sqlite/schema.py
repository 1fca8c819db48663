"""The tables of a dotflow database, and how an older file becomes a newer one."""

from __future__ import annotations

APPLICATION_ID = 0x446F7446
"""Marks a file as dotflow's (`PRAGMA application_id`): the text "DotF"."""

# A workflow without a name was called as its host is.
_FORMER_WORKFLOW = """
    CASE WHEN name IS NULL OR substr(process, 1, length(name) + 1) = name || '/'
    THEN coalesce(workflow_id, '') ELSE name END
"""
_FORMER_FAILURES = """
    SELECT
        events.run,
        events.seq,
        events.time,
        {workflow} AS workflow,
        events.task,
        coalesce(json_extract(events.detail, '$.exception'), '') AS error,
        message_shape(json_extract(events.detail, '$.message')) AS shape,
        substr(coalesce(json_extract(events.detail, '$.message'), ''), 1, 1000)
            AS message
    FROM main.runs CROSS JOIN main.events ON events.run = runs.id
    WHERE {where} AND events.event IN ('TaskFailed', 'ItemFailed')
        AND events.task IS NOT NULL
        AND json_extract(events.detail, '$.by_items') IS NULL
"""

# Most runs have failed in nothing, and their events need not be read.
_FAILURES_OF_RUNS = _FORMER_FAILURES.format(
    workflow="runs.workflow", where="runs.status <> 'Completed'"
)


def _attempts(more: str = "") -> str:
    """Return what makes the view of attempts, of those events that `more` lets in."""
    return f"""
        CREATE VIEW attempts AS
        SELECT
            runs.run_id,
            events.task,
            events.attempt AS number,
            min(CASE events.event WHEN 'TaskStarted' THEN events.time
                ELSE events.began END) AS started,
            max(CASE events.event WHEN 'TaskStarted' THEN NULL ELSE events.time END)
                AS finished,
            max(CASE events.event WHEN 'TaskStarted' THEN NULL
                WHEN 'TaskCompleted' THEN 'Completed'
                ELSE json_extract(events.detail, '$.outcome') END) AS outcome,
            max(json_extract(events.detail, '$.message')) AS message
        FROM events JOIN runs ON runs.id = events.run
        WHERE events.attempt IS NOT NULL{more}
        GROUP BY events.run, events.task, events.attempt
        """  # noqa: S608 - fixed texts


MIGRATIONS: list[tuple[str, ...]] = [
    (
        # A table with rowids, since a record may be far larger than a page.
        """
        CREATE TABLE checkpoints (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            workflow_id TEXT,
            expires_at REAL,
            fingerprint TEXT,
            record TEXT NOT NULL
        )
        """,
        """
        CREATE INDEX checkpoints_by_expiry ON checkpoints (expires_at)
        WHERE expires_at IS NOT NULL
        """,
    ),
    (
        """
        CREATE TABLE pipeline_runs (
            run_id TEXT PRIMARY KEY,
            dag_name TEXT NOT NULL,
            metadata NOT NULL,
            created_at REAL NOT NULL,
            finished_at REAL,
            status TEXT NOT NULL,
            owner TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE INDEX pipeline_runs_unfinished ON pipeline_runs (created_at)
        WHERE finished_at IS NULL
        """,
        """
        CREATE TABLE pipeline_tasks (
            id INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            started_at REAL,
            finished_at REAL,
            error TEXT,
            result,
            UNIQUE (run_id, name)
        )
        """,
    ),
    (
        # Ids are never used again: a run that was forgotten may still be told of.
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id TEXT NOT NULL UNIQUE,
            workflow_id TEXT,
            name TEXT,
            mode TEXT NOT NULL,
            status TEXT NOT NULL,
            started REAL NOT NULL,
            finished REAL,
            duration REAL,
            resumed_from TEXT,
            tasks INTEGER NOT NULL,
            process TEXT NOT NULL,
            heartbeat REAL NOT NULL,
            metadata TEXT NOT NULL,
            graph TEXT NOT NULL
        )
        """,
        "CREATE INDEX runs_by_workflow ON runs (workflow_id, id)",
        "CREATE INDEX runs_open ON runs (id) WHERE finished IS NULL",
        """
        CREATE TABLE events (
            run INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            time REAL NOT NULL,
            event TEXT NOT NULL,
            task TEXT,
            attempt INTEGER,
            detail TEXT,
            began REAL,
            PRIMARY KEY (run, seq)
        ) WITHOUT ROWID
        """,
        # Made of the events, so that a chain of fast tasks writes nothing twice.
        _attempts(),
    ),
    (
        # A row for each mapped task, however many items it has.
        """
        CREATE TABLE maps (
            run INTEGER NOT NULL,
            task TEXT NOT NULL,
            completed INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            restored INTEGER NOT NULL,
            retried INTEGER NOT NULL,
            total INTEGER,
            PRIMARY KEY (run, task)
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE pipeline_items (
            id INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL,
            name TEXT NOT NULL,
            item INTEGER NOT NULL,
            result,
            UNIQUE (run_id, name, item)
        )
        """,
    ),
    ("ALTER TABLE pipeline_tasks ADD COLUMN lineage TEXT",),
    (
        # What is asked for in lists and counts, each with an index that answers in
        # order. In one transaction: a kill leaves the version before, and the next
        # writer begins this one again.
        "ALTER TABLE runs ADD COLUMN workflow TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN parent TEXT",
        "ALTER TABLE runs ADD COLUMN identity TEXT NOT NULL DEFAULT '{}'",
        f"UPDATE runs SET workflow = {_FORMER_WORKFLOW}",  # noqa: S608 - fixed texts
        "DROP INDEX runs_by_workflow",
        "DROP INDEX runs_open",
        "CREATE INDEX runs_by_start ON runs (started, run_id)",
        "CREATE INDEX runs_by_status ON runs (status, started, run_id)",
        # Entered once, when a run has ended: those that go on are few, and have a status.
        """
        CREATE INDEX runs_by_workflow ON runs (workflow, status, started, run_id)
        WHERE finished IS NOT NULL
        """,
        # Most have a workflow id that is the name, or none that anybody asks for.
        """
        CREATE INDEX runs_by_workflow_id ON runs (workflow_id, status, started, run_id)
        WHERE finished IS NOT NULL AND workflow_id <> workflow
        """,
        """
        CREATE INDEX runs_by_parent ON runs (parent, started, run_id)
        WHERE parent IS NOT NULL
        """,
        """
        CREATE TABLE failures (
            run INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            time REAL NOT NULL,
            workflow TEXT NOT NULL,
            task TEXT NOT NULL,
            error TEXT NOT NULL,
            shape TEXT NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY (run, seq)
        ) WITHOUT ROWID
        """,
        f"INSERT INTO failures {_FAILURES_OF_RUNS}",
        """
        CREATE INDEX failures_by_group
        ON failures (workflow, task, error, shape, time)
        """,
        "CREATE INDEX failures_by_error ON failures (error, run)",
        """
        CREATE TABLE facts (
            run INTEGER NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            number REAL,
            PRIMARY KEY (run, name, value)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX facts_by_value ON facts (name, value, run)",
        """
        CREATE INDEX facts_by_number ON facts (name, number, run)
        WHERE number IS NOT NULL
        """,
        # Without what steps tell, which has no part in when an attempt ended.
        "DROP VIEW attempts",
        _attempts(
            """ AND events.event IN (
            'TaskStarted', 'TaskCompleted', 'TaskRetried', 'TaskFailed', 'TaskCancelled'
        )"""
        ),
    ),
]
"""The statements of each version: element 0 leads from an empty file to version 1.

The version is `PRAGMA user_version`. A published element never changes; append one.
"""

_FORMER_RUNS = f"""
    CREATE TEMP VIEW runs AS SELECT *, {_FORMER_WORKFLOW} AS workflow, NULL AS parent,
        '{{}}' AS identity FROM main.runs
"""  # noqa: S608 - fixed texts


def _none(table: str, columns: str) -> str:
    """Return a view with no rows, in place of a table that a file has not."""
    nulls = ", ".join(f"NULL AS {column}" for column in columns.split())
    return f"CREATE TEMP VIEW {table} AS SELECT {nulls} WHERE 0"


_NO_RUNS = _none(
    "runs",
    "id run_id workflow_id name mode status started finished duration resumed_from tasks"
    " process heartbeat metadata graph workflow parent identity",
)
_NO_EVENTS = _none("events", "run seq time event task attempt detail began")
_NO_MAPS = _none("maps", "run task completed failed restored retried total")
_NO_FAILURES = _none("failures", "run seq time workflow task error shape message")
_NO_FACTS = _none("facts", "run name value number")


def former_views(version: int) -> list[str]:
    """Return what lets an older file be read as one of this version, unchanged.

    Args:
        version: That of the file.
    """
    if version >= 7:
        return []
    failures = _FORMER_FAILURES.format(workflow=_FORMER_WORKFLOW, where="1")
    views = [_FORMER_RUNS, f"CREATE TEMP VIEW failures AS {failures}", _NO_FACTS]
    if version < 3:
        return [_NO_RUNS, _NO_EVENTS, _NO_MAPS, _NO_FAILURES, _NO_FACTS]
    return views if version > 3 else [*views, _NO_MAPS]
