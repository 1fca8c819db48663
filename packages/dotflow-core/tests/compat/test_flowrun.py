"""The behaviours that users of flowrun know, a test each."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from former_pipelines import Deps, broken_pipeline

import dotflow
from dotflow import (
    InMemoryStateStore,
    Pipeline,
    RunContext,
    SchedulerConfig,
    StateStore,
    TaskRegistry,
    TaskSpec,
)

NAMES = {
    "dotflow": "Pipeline RunCancelledError RunContext RunHook SchedulerConfig StateStore"
    " InMemoryStateStore TaskRegistry TaskSpec fn_hook",
    "dotflow.pipeline": "Engine DagScope InMemoryStateStore RunCancelledError RunContext"
    " RunHook SchedulerConfig StateStore TaskRegistry TaskSpec build_default_engine"
    " fn_hook DAGBuilder",
    "dotflow.pipeline.hooks": "DagStartEvent DagEndEvent TaskStartEvent TaskSuccessEvent"
    " TaskFailureEvent TaskRetryEvent TaskSkipEvent HookDispatcher RunHook fn_hook",
    "dotflow.pipeline.state": "RunRecord TaskRunRecord InMemoryStateStore StateStore",
}


@pytest.mark.parametrize(
    ("module", "name"), [(m, n) for m, names in NAMES.items() for n in names.split()]
)
def test_names_of_flowrun(module, name):
    """Each name of flowrun is in the module that the guide's table says."""
    assert getattr(importlib.import_module(module), name) is not None


# Configuration


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_max_parallel_is_a_count(value):
    """What is no whole number from 1 on is refused where it is made, by its name."""
    with pytest.raises(ValueError, match="max_parallel"):
        SchedulerConfig(max_parallel=value)
    with pytest.raises(ValueError, match="max_parallel"):
        Pipeline("p", max_parallel=value)


@pytest.mark.parametrize("value", [1, 4, None])
def test_max_parallel_that_is_right(value):
    """A count, or None for no bound, is taken."""
    assert SchedulerConfig(max_parallel=value).max_parallel == value


@pytest.mark.parametrize("value", [0, -1])
def test_max_workers_is_a_count(value):
    """A pool of no threads is refused."""
    with pytest.raises(ValueError, match="max_workers"):
        Pipeline("p", max_workers=value)


# Registry


def registry_of(*names):
    registry = TaskRegistry()
    for name in names:
        registry.register(TaskSpec(name=name, func=print))
    return registry


@pytest.mark.parametrize("find", [TaskRegistry.get, TaskRegistry.__getitem__])
def test_an_unknown_task_names_those_there_are(find):
    """The KeyError says what there is, and what was probably meant."""
    with pytest.raises(KeyError, match=r"no task 'extrakt' registered.*mean 'extract'"):
        find(registry_of("load", "extract"), "extrakt")
    with pytest.raises(KeyError, match=r"There are: extract, load"):
        find(registry_of("load", "extract"), "nope")


def test_an_empty_registry_says_that_it_is_empty():
    """There are none to name."""
    with pytest.raises(KeyError, match="There are none yet"):
        TaskRegistry().get("nope")


@pytest.mark.parametrize(
    ("names", "expected"),
    [((), "<TaskRegistry: no tasks>"), (("a", "b"), "<TaskRegistry: a, b>")],
)
def test_a_registry_shows_its_tasks(names, expected):
    """Its repr names them."""
    assert repr(registry_of(*names)) == expected


def test_a_registry_is_a_mapping_to_look_at():
    """`in`, `len`, iteration, `[]`, `get` and `task_specs` find tasks by name."""
    registry = registry_of("a", "b")
    assert "a" in registry
    assert "c" not in registry
    assert len(registry) == 2
    assert list(registry) == ["a", "b"]
    assert registry["a"] is registry.get("a") is registry.task_specs["a"]


def test_a_name_is_registered_once():
    """The second one of a name is a ValueError."""
    with pytest.raises(ValueError, match="'a'"):
        registry_of("a", "a")


def test_a_registry_can_be_cleared():
    """`clear` leaves nothing."""
    registry = registry_of("a")
    registry.clear()
    assert len(registry) == 0


# State


def store_of(status):
    store = InMemoryStateStore()
    store.create_run("r", "daily", ["load"])
    if status != "PENDING":
        store.mark_running("r", "load")
    if status == "FAILED":
        store.mark_failed("r", "load", "boom")
    if status == "SUCCESS":
        store.mark_success("r", "load", 1)
    return store


@pytest.mark.parametrize("name", ["error", "finished_at"])
def test_a_retry_clears_the_end_of_the_attempt(name):
    """After `mark_retry` the task is PENDING without error and end."""
    store = store_of("FAILED")
    store.mark_retry("r", "load")
    task = store.get_run("r").tasks["load"]
    assert (task.status, getattr(task, name)) == ("PENDING", None)


@pytest.mark.parametrize(
    ("status", "move"),
    [
        ("PENDING", lambda s: s.mark_success("r", "load", 1)),
        ("PENDING", lambda s: s.mark_failed("r", "load", "x")),
        ("PENDING", lambda s: s.mark_retry("r", "load")),
        ("RUNNING", lambda s: s.mark_retry("r", "load")),
        ("RUNNING", lambda s: s.mark_running("r", "load")),
        ("SUCCESS", lambda s: s.mark_running("r", "load")),
        ("SUCCESS", lambda s: s.mark_retry("r", "load")),
    ],
)
def test_impossible_moves_are_refused(status, move):
    """A task goes PENDING, RUNNING, SUCCESS or FAILED, and back only by a retry."""
    with pytest.raises(RuntimeError, match="load"):
        move(store_of(status))


def test_the_state_store_has_two_names():
    """`StateStore` is the one in memory."""
    assert StateStore is InMemoryStateStore


def test_an_unknown_run_is_a_key_error():
    """`get_run` of an id that nobody has given."""
    with pytest.raises(KeyError, match="nope"):
        InMemoryStateStore().get_run("nope")


# Running


def test_dependencies_are_inferred_from_parameters(pipeline):
    """A parameter that has a task's name is a dependency on it."""
    assert pipeline.dependencies == {
        "extract": [],
        "total": ["extract"],
        "text": ["total"],
    }


def test_results_come_by_name_and_as_upstream(pipeline):
    """A parameter gets the result of its task, `upstream` all of them."""
    report = pipeline.run()
    assert report["status"] == "SUCCESS"
    assert report["tasks"]["text"]["result"] == "6 in all"


@pytest.mark.parametrize(
    "key", ["run_id", "dag_name", "metadata", "created_at", "finished_at", "status"]
)
def test_a_report_has_the_keys_of_flowrun(pipeline, key):
    """The dictionary of a run is the one that flowrun gives."""
    assert key in pipeline.run()


@pytest.mark.parametrize(
    "key", ["status", "attempt", "started_at", "finished_at", "error", "result"]
)
def test_a_task_in_a_report_has_the_keys_of_flowrun(pipeline, key):
    """So is that of a task."""
    assert key in pipeline.run()["tasks"]["total"]


def test_a_failure_skips_what_depends_on_it_and_nothing_else():
    """Descendants are SKIPPED with UPSTREAM_FAILED; independent branches go on."""
    made, _ = broken_pipeline()
    tasks = made.run()["tasks"]
    assert {name: task["status"] for name, task in tasks.items()} == {
        "bad": "FAILED",
        "after": "SKIPPED",
        "apart": "SUCCESS",
    }
    assert "UPSTREAM_FAILED" in tasks["after"]["error"]
    assert "ValueError: boom" in tasks["bad"]["error"]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (3, 4)])
def test_retries_are_attempts_after_the_first(retries, attempts):
    """`retries=2` is three attempts at most."""
    made, calls = broken_pipeline(retries)
    report = made.run()
    assert len(calls) == report["tasks"]["bad"]["attempt"] == attempts


def test_a_failed_run_does_not_raise():
    """Its report says FAILED."""
    assert broken_pipeline()[0].run()["status"] == "FAILED"


def test_a_timeout_of_a_coroutine_is_a_failure_that_is_retried():
    """Each attempt has its own time."""
    made = Pipeline("p")
    calls = []

    @made.task(timeout_s=0.05, retries=1)
    async def slow():
        calls.append(1)
        await asyncio.Event().wait()

    task = made.run()["tasks"]["slow"]
    assert (task["status"], len(calls)) == ("FAILED", 2)


def test_a_subgraph_runs_targets_and_what_they_need(pipeline):
    """`run_subgraph` leaves out the rest."""
    run_id = asyncio.run(pipeline.run_subgraph(["total"]))
    assert set(pipeline.get_run_report(run_id)["tasks"]) == {"extract", "total"}


def test_a_resume_is_a_new_run_that_keeps_successes():
    """Only what did not succeed runs again."""
    made, calls = broken_pipeline()
    first = made.run()
    second = asyncio.run(made.resume(first["run_id"]))
    assert second != first["run_id"]
    assert len(calls) == 2
    assert made.get_run_report(second)["tasks"]["apart"]["status"] == "SUCCESS"


def test_a_resume_from_a_task_repeats_what_follows(pipeline):
    """`from_tasks` resets those and their descendants."""
    first = pipeline.run()
    second = asyncio.run(pipeline.resume(first["run_id"], from_tasks=["total"]))
    assert pipeline.get_run_report(second)["status"] == "SUCCESS"
    with pytest.raises(ValueError, match="nope"):
        asyncio.run(pipeline.resume(first["run_id"], from_tasks=["nope"]))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_many_runs_one_after_the_other(pipeline, asynchronous):
    """`run_many` takes contexts from any iterable, and returns an id for each."""

    async def later():
        for number in range(3):
            yield RunContext(Deps(str(number)))

    contexts = later() if asynchronous else [RunContext(Deps("a"))] * 3
    assert len(set(asyncio.run(pipeline.run_many(contexts)))) == 3


@pytest.mark.parametrize("value", [7, lambda: 7])
def test_tasks_are_overridden_for_tests(pipeline, value):
    """By a constant or a callable; the original stays as it is."""
    other = pipeline.override_tasks(total=value)
    assert other.run()["tasks"]["text"]["result"] == "7 in all"
    assert pipeline.run()["tasks"]["text"]["result"] == "6 in all"


def test_a_pipeline_is_drawn_and_listed(pipeline):
    """`display` is a tree, `list_tasks` in an order that works, `validate` is silent."""
    assert "extract" in pipeline.display()
    assert pipeline.list_tasks() == ["extract", "total", "text"]
    pipeline.validate()


def test_dotflow_exports_what_flowrun_does():
    """`from dotflow import X` stands for `from flowrun import X`."""
    assert set(NAMES["dotflow"].split()) <= set(dotflow.__all__)
