"""Hooks: which events come, in which order, and what a broken one does."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dotflow import Pipeline, RunHook, fn_hook
from dotflow.pipeline import hooks as kinds


def failing(hooks, **options):
    """Return a pipeline with a task that succeeds, one that fails, one below that."""
    pipeline = Pipeline("p", hooks=hooks, max_parallel=1, **options)
    pipeline.task(name="a")(lambda: 1)

    @pipeline.task(retries=1)
    def b(a):
        raise ValueError("boom")

    pipeline.task(name="c")(lambda b: 2)
    return pipeline


def test_every_event_in_order():
    """Each event has its class and fields, and comes when it happens."""
    heard = []
    pipeline = failing([fn_hook(**dict.fromkeys(kinds.METHODS, heard.append))])
    run_id = pipeline.run()["run_id"]
    common = {"run_id": run_id, "dag_name": "p"}
    assert [type(event) for event in heard] == [
        kinds.DagStartEvent,
        kinds.TaskStartEvent,
        kinds.TaskSuccessEvent,
        kinds.TaskStartEvent,
        kinds.TaskFailureEvent,
        kinds.TaskRetryEvent,
        kinds.TaskStartEvent,
        kinds.TaskFailureEvent,
        kinds.TaskSkipEvent,
        kinds.DagEndEvent,
    ]
    fields = [dict(vars(event)) for event in heard]
    assert all(found.pop("duration_s", 0) >= 0 for found in fields)
    for found in (fields[4], fields[7]):
        assert found.pop("error").endswith("ValueError: boom\n")
    a, b = {**common, "task_name": "a"}, {**common, "task_name": "b"}
    assert fields == [
        common,
        {**a, "attempt": 1},
        {**a, "attempt": 1, "result": 1},
        {**b, "attempt": 1},
        {**b, "attempt": 1},
        {**b, "next_attempt": 2, "max_attempts": 2},
        {**b, "attempt": 2},
        {**b, "attempt": 2},
        {**common, "task_name": "c", "reason": "UPSTREAM_FAILED"},
        common,
    ]


def test_a_hook_as_a_class():
    """A subclass hears what it overrides; several hooks hear the same in turn."""
    heard = []

    class Ends(RunHook):
        def __init__(self, name):
            self.name = name

        def on_dag_end(self, event):
            heard.append(self.name)

    failing([Ends("first"), RunHook(), Ends("second")]).run()
    assert heard == ["first", "second"]


def test_a_broken_hook_breaks_nothing(caplog):
    """What a hook raises is logged; the run, and the next hook, do not notice."""
    heard = []

    def broken(event):
        raise RuntimeError("broken hook")

    hooks = [
        fn_hook(**dict.fromkeys(kinds.METHODS, broken)),
        fn_hook(**dict.fromkeys(kinds.METHODS, heard.append)),
    ]
    with caplog.at_level(logging.ERROR):
        report = failing(hooks).run()
    assert report["tasks"]["a"]["status"] == "SUCCESS"
    assert len(heard) == 10
    assert sum("broken hook" in (r.exc_text or "") for r in caplog.records) == 10


def test_kept_tasks_are_not_told_again():
    """A resumed run tells only of what it runs itself."""
    heard = []
    pipeline = failing([fn_hook(on_task_start=lambda e: heard.append(e.task_name))])
    run_id = pipeline.run()["run_id"]
    heard.clear()
    asyncio.run(pipeline.resume(run_id))
    assert heard == ["b", "b"]


def test_fn_hook_takes_known_names_only():
    """A misspelt event is an error, not silence."""
    with pytest.raises(TypeError):
        fn_hook(on_task_end=print)


def test_logging(caplog):
    """A logger of one's own hears starts, ends, failures and skips at their levels."""
    logger = logging.getLogger("test_hooks.own")
    with caplog.at_level(logging.DEBUG, logger.name):
        failing(None, logger=logger).run()
    lines = [(r.levelname, r.getMessage().split("  ")[0]) for r in caplog.records]
    lines = [(level, text) for level, text in lines if "Traceback" not in text]
    assert lines == [
        ("INFO", "DAG 'p' started"),
        ("DEBUG", "Task 'a' starts"),
        ("INFO", "Task 'a' succeeded"),
        ("DEBUG", "Task 'b' starts"),
        ("WARNING", "Task 'b' failed"),
        ("INFO", "Task 'b' is tried again"),
        ("DEBUG", "Task 'b' starts"),
        ("WARNING", "Task 'b' failed"),
        ("INFO", "Task 'c' is skipped"),
        ("INFO", "DAG 'p' finished"),
    ]
