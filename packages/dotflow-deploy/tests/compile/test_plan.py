"""What is read of a workflow: safe names, retries, timeouts, blocks, and refusals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile
from dotflow_deploy.compile import (
    NotCompilable,
    argo,
    asl,
    github_jobs,
    google_workflows,
    read_plan,
)
from dotflow_deploy.compile.blocks import Parallel, Series, as_blocks, extra_waits
from dotflow_deploy.compile.steps import Step, safe_ids

SHOP = {"name": "shop", "workflow": "shop.workflow:build"}


@action
def nothing():
    raise AssertionError("compiling runs no task")


def flow_of(*steps, **options):
    flow = DotFlow(**options)
    for place, step in enumerate(steps):
        flow.task.add(step, name=f"t{place}", depends_on=[])
    return flow


def compiled(flow):
    """Compile for every engine."""
    return (
        asl(flow),
        google_workflows(flow),
        argo(flow, **SHOP, image="i"),
        github_jobs(flow, **SHOP),
    )


@given(st.lists(st.text(max_size=70), unique=True, max_size=20))
def test_ids_are_safe_and_different(names):
    """Whatever tasks are called, each has an id of its own that every platform takes."""
    ids = safe_ids(names)
    assert len(set(ids)) == len(names)
    for made in ids:
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?", made)
    assert len({made.replace("-", "_") for made in ids}) == len(names)


def test_policies_of_a_step_are_those_of_the_platform():
    """Attempts, delays, backoff and their bound are the platform's own."""

    @action(retry=4, retry_delay=3, backoff=True, max_delay=20, timeout=7.5, jitter=1)
    def careful():
        raise AssertionError("compiling runs no task")

    machine, google, manifest, jobs = compiled(flow_of(careful))
    state = machine["States"]["t0"]
    assert state["TimeoutSeconds"] == 8 + 60
    assert state["Retry"][-1] == {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 3,
        "MaxAttempts": 3,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    }
    step = google["main"]["steps"][1]["step_t0"]
    assert step["retry"]["max_retries"] == 3
    assert step["retry"]["backoff"] == {
        "initial_delay": 3,
        "max_delay": 12,
        "multiplier": 2,
    }
    assert step["try"]["args"]["timeout"] == 68
    template = manifest["spec"]["templates"][1]
    assert template["activeDeadlineSeconds"] == 8 + 300
    assert template["retryStrategy"]["limit"] == "3"
    assert template["retryStrategy"]["backoff"] == {
        "duration": "3s",
        "factor": "2",
        "cap": "20s",
    }
    job = jobs["t0"]
    # Four attempts of 68 seconds and 21 seconds between them, then what comes before.
    assert job["timeout-minutes"] == 5 + 15
    assert "delays=(3 6 12)" in job["steps"][-1]["run"]
    assert "timeout --kill-after=30 68 dotflow start" in job["steps"][-1]["run"]


def test_mapped_task_is_one_step():
    """The items of a mapped task have their attempts inside it, not by the platform."""

    @action(retry=3, timeout=1)
    def each(item):
        return item

    flow = flow_of(nothing)
    flow.task.add(each, map_over="t0")
    plan = read_plan(flow)
    assert plan.steps[1] == Step("each", "each", ("t0",), explicit=True, mapped=True)
    assert "one step" in plan.notes[0]


def test_forks_and_joins_lose_no_concurrency():
    """Of a graph of forks and joins nothing waits for more than its own upstream."""
    steps = [
        Step("a", "a"),
        Step("b", "b", ("a",)),
        Step("c", "c", ("b",)),
        Step("d", "d", ("a",)),
        Step("e", "e", ("c", "d")),
        Step("f", "f"),
    ]
    a, b, c, d, e, f = steps
    blocks = as_blocks(steps)
    assert blocks == Parallel((Series((a, Parallel((Series((b, c)), d)), e)), f))
    assert extra_waits(steps, blocks) == 0


def test_what_is_lost_of_other_graphs_is_counted():
    """A step that waits for more than it must is a pair that is told."""
    steps = [
        Step("a", "a"),
        Step("b", "b"),
        Step("c", "c", ("a",)),
        Step("d", "d", ("a", "b")),
    ]
    a, b, c, d = steps
    blocks = as_blocks(steps)
    assert blocks == Series((Parallel((a, b)), Parallel((c, d))))
    assert extra_waits(steps, blocks) == 1, "c waits for b"


@given(
    st.lists(st.sets(st.integers(0, 11)), min_size=1, max_size=12), st.integers(0, 4)
)
def test_blocks_keep_every_dependency(edges, depth):
    """In blocks every step comes once, and after all that it depends on."""
    steps = [
        Step(f"s{n}", f"s{n}", tuple(f"s{up}" for up in sorted(ups) if up < n))
        for n, ups in enumerate(edges)
    ]

    def walk(block, before, level):
        """Return what has ended after the block."""
        if isinstance(block, Step):
            assert set(block.upstream) <= before
            assert block.id not in before
            return before | {block.id}
        if isinstance(block, Series):
            for one in block.blocks:
                before = walk(one, before, level)
            return before
        assert level < depth
        ends = [walk(one, before, level + 1) for one in block.blocks]
        return set().union(*ends)

    blocks = as_blocks(steps, depth)
    assert walk(blocks, set(), 0) == {step.id for step in steps}
    assert extra_waits(steps, blocks) >= 0


def test_large_graphs_are_compiled():
    """A workflow of a thousand tasks, layer upon layer, is no problem."""
    flow = DotFlow()
    for place in range(1000):
        above = [f"t{up}" for up in range(place - place % 10 - 10, place - place % 10)]
        flow.task.add(
            nothing,
            name=f"t{place}",
            depends_on=above[place % 3 :: 3] if place >= 10 else [],
        )
    assert len(asl(flow)["States"]) > 0
    assert len(argo(flow, **SHOP, image="i")["spec"]["templates"][0]["dag"]["tasks"])


def test_local_storage_is_refused(tmp_path):
    """Steps on machines of their own cannot share a folder, and that is said at once."""
    flow = flow_of(nothing, config=Config(storage=StorageFile(path=str(tmp_path))))
    for target in (asl, google_workflows):
        with pytest.raises(NotCompilable, match=r"StorageFile keeps.*DOTFLOW_STORAGE"):
            target(flow)
    with pytest.raises(NotCompilable, match="StorageFile"):
        github_jobs(flow, **SHOP)
    with pytest.raises(NotCompilable, match="StorageFile"):
        argo(flow, **SHOP, image="i")
    mounts = argo(flow, **SHOP, image="i", volume="results")["spec"]["templates"][1][
        "container"
    ]["volumeMounts"]
    assert {"name": "results", "mountPath": "/var/lib/dotflow"} in mounts


def test_what_is_too_much_for_a_platform_is_refused():
    """Limits of platforms are told before anything is deployed, with what to do."""
    many = flow_of(*[nothing] * 257)
    with pytest.raises(NotCompilable, match=r"number of jobs would be 257.*256"):
        github_jobs(many, **SHOP)
    with pytest.raises(NotCompilable, match="definition in bytes"):
        google_workflows(flow_of(*[nothing] * 1200))
    with pytest.raises(NotCompilable, match="in bytes"):
        asl(flow_of(*[nothing] * 2500))

    @action(timeout=3600, retry=8)
    def long():
        raise AssertionError("compiling runs no task")

    with pytest.raises(NotCompilable, match="'t0' may take 3600 s, and Lambda"):
        asl(flow_of(long))
    with pytest.raises(NotCompilable, match="'t0' may take 3600 s, and a request"):
        google_workflows(flow_of(long))
    with pytest.raises(NotCompilable, match="GitHub ends a job after 360"):
        github_jobs(flow_of(long), **SHOP)

    @action(retry=2000)
    def stubborn():
        raise AssertionError("compiling runs no task")

    with pytest.raises(NotCompilable, match="2000 times"):
        github_jobs(flow_of(stubborn), **SHOP)
    with pytest.raises(NotCompilable, match="it has no tasks"):
        read_plan(DotFlow())


def test_names_are_no_code_anywhere():
    """A task's name is data: no engine takes a part of it for an expression."""
    flow = DotFlow()
    flow.task.add(nothing, name="${{ secrets.TOKEN }} ${sys} $(HOME)")
    machine, google, manifest, jobs = compiled_but_argo_braces(flow)
    (state,) = machine["States"].values()
    assert state["Parameters"]["Payload"]["task"] == flow.task[0].name
    (job,) = jobs.values()
    told = job["steps"][-1]["env"]["DOTFLOW_TASK"]
    assert told == "${{ '${{' }} secrets.TOKEN }} ${sys} $(HOME)"
    body = google["main"]["steps"][1].popitem()[1]["args"]["body"]
    assert eval(body["task"][2:-1]) == flow.task[0].name
    assert manifest is None

    flow.task[0].name = "$(HOME)"
    task = argo(flow, **SHOP, image="i")["spec"]["templates"][0]["dag"]["tasks"][0]
    assert task["arguments"]["parameters"][0]["value"] == "$$(HOME)"


def compiled_but_argo_braces(flow):
    with pytest.raises(NotCompilable, match=r"take the \{\{ in the name"):
        argo(flow, **SHOP, image="i")
    return asl(flow), google_workflows(flow), None, github_jobs(flow, **SHOP)


def test_names_of_tasks_never_meet_those_of_states(
    asl_engine, google_engine, argo_engine, github_engine
):
    """Whatever tasks are called, no two steps of a definition have one name."""
    flow = DotFlow()
    names = ["a", "a failed", "A", "Begin", "outcome", "Parallel 1", "failed step a"]
    for name in [
        *names,
        "completed",
        "again",
        "main",
        "on",
        "true",
        "chain step a",
        "é",
    ]:
        flow.task.add(nothing, name=name, depends_on=[])
    for keep_going in (False, True):
        asl_engine.check(asl(flow, keep_going=keep_going))
        google_engine.check(google_workflows(flow, keep_going=keep_going))
        argo_engine.check(argo(flow, **SHOP, image="i", keep_going=keep_going))
        github_engine.check(github_jobs(flow, **SHOP, keep_going=keep_going))
