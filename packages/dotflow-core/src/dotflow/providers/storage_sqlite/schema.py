"""The tables of a dotflow database, and how an older file becomes a newer one."""

from __future__ import annotations

APPLICATION_ID = 0x446F7446
"""Marks a file as dotflow's (`PRAGMA application_id`): the text "DotF"."""

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
        """
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
        WHERE events.attempt IS NOT NULL
        GROUP BY events.run, events.task, events.attempt
        """,
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
]
"""The statements of each version: element 0 leads from an empty file to version 1.

The version is `PRAGMA user_version`. A published element never changes; append one.
"""
