"""The statements of `SQLiteStateStore`; its tables are in `storage_sqlite.schema`."""

from __future__ import annotations

ADD_RUN = "INSERT INTO pipeline_runs VALUES (?, ?, ?, ?, NULL, 'RUNNING', ?)"
ADD_TASKS = """
    INSERT INTO pipeline_tasks (run_id, name, status, attempt, started_at, finished_at)
    VALUES (?, ?, ?, ?, ?, ?)
"""
# The results that a resumed run keeps are copied as they were written.
COPY_RESULTS = """
    UPDATE pipeline_tasks SET (result, lineage) = (
        SELECT former.result, former.lineage FROM pipeline_tasks AS former
        WHERE former.run_id = ? AND former.name = pipeline_tasks.name
    )
    WHERE run_id = ? AND status = 'SUCCESS'
"""
SET_TASK = """
    UPDATE pipeline_tasks
    SET status = ?, attempt = ?, started_at = ?, finished_at = ?, error = ?, lineage = ?
    WHERE run_id = ? AND name = ?
"""
SET_RESULT = """
    UPDATE pipeline_tasks SET status = 'SUCCESS', finished_at = ?, result = ?, lineage = ?
    WHERE run_id = ? AND name = ?
"""
CLEAR_RESULT = "UPDATE pipeline_tasks SET result = NULL WHERE run_id = ? AND name = ?"
END_RUN = "UPDATE pipeline_runs SET status = ?, finished_at = ? WHERE run_id = ?"
GET_RUN = """
    SELECT dag_name, metadata, created_at, finished_at
    FROM pipeline_runs WHERE run_id = ?
"""
GET_TASKS = """
    SELECT name, attempt, status, started_at, finished_at, error, result, lineage
    FROM pipeline_tasks WHERE run_id = ? ORDER BY id
"""
LIST = """
    SELECT run_id, dag_name, status, created_at, finished_at FROM pipeline_runs
    WHERE dag_name = coalesce(?, dag_name) AND status = coalesce(?, status)
    ORDER BY run_id DESC
"""
STATUSES = "SELECT name, status FROM pipeline_tasks WHERE run_id = ?"
CRASH = [
    f"""
    UPDATE pipeline_tasks SET status = '{becomes}', error = ?, finished_at = ?
    WHERE run_id = ? AND status = '{was}'
    """  # noqa: S608 - fixed texts
    for was, becomes in (("RUNNING", "FAILED"), ("PENDING", "SKIPPED"))
]
OWNER = "SELECT owner FROM pipeline_runs WHERE run_id = ? AND finished_at IS NULL"
UNFINISHED = "SELECT run_id, owner FROM pipeline_runs WHERE finished_at IS NULL"

# Of items: a mapped task that goes on in another run takes along what it has.
SET_ITEM = """
    INSERT INTO pipeline_items (run_id, name, item, result) VALUES (?, ?, ?, ?)
    ON CONFLICT (run_id, name, item) DO UPDATE SET result = excluded.result
"""
GET_ITEM = """
    SELECT result FROM pipeline_items WHERE run_id = ? AND name = ? AND item = ?
"""
COPY_ITEMS = """
    INSERT INTO pipeline_items (run_id, name, item, result)
    SELECT ?, name, item, result FROM pipeline_items WHERE run_id = ? AND name = ?
"""
DROP_ITEMS = "DELETE FROM pipeline_items WHERE run_id = ? AND name = ?"

# Retention. Run ids sort by time; a run that goes on is never forgotten.
SURPLUS = """
    SELECT run_id FROM pipeline_runs WHERE finished_at IS NOT NULL AND run_id IN (
        SELECT run_id FROM pipeline_runs ORDER BY run_id DESC LIMIT -1 OFFSET ?
    )
"""
OUTDATED = """
    SELECT run_id FROM pipeline_runs WHERE finished_at IS NOT NULL AND created_at < ?
"""
FORGET = [
    f"DELETE FROM {table} WHERE run_id = ?"  # noqa: S608 - fixed texts
    for table in ("pipeline_items", "pipeline_tasks", "pipeline_runs")
]
