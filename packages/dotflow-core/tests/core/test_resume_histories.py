"""Whatever a run went through, each result is made from what stands beside it.

Random sequences of starts, resumes under each policy, failures, kills and edited graphs.
A step returns what it was given and a token of its own, so that a value tells which
execution made it, and from which: the test needs no rule of dotflow's to judge.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import uuid
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotflow import Config, DotFlow, Pipeline, RunContext, action
from dotflow.errors import InputChangedError
from dotflow.pipeline.state_storage import StorageStateStore
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite
from dotflow.types import TypeStatus


class Killed(SystemExit):
    """Ends a run as a kill would: nothing is stored after it."""


class Kills:
    """A storage that stops at its n-th write, before or after it."""

    def __init__(self, storage):
        self.storage, self._post = storage, storage.post
        storage.post = self
        self.left, self.after = 0, False

    def arm(self, left, after):
        self.left, self.after = left, after

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left == 0 and not self.after:
            self.left = 1  # a dead process writes no more
            raise Killed
        self._post(*args, **kwargs)
        if self.left == 0:
            self.left, self.after = 1, False
            raise Killed


FAILS: set[str] = set()
MODES = ["sequential", "threads", "async"]


def made(name, own, *upstream):
    """Return a value that names its step, its input, its origin and its execution."""
    if name in FAILS:
        raise ValueError(name)
    return [name, own, list(upstream), uuid.uuid4().hex]


def plain(name):
    @action
    def step(initial_context, previous_context):
        return made(name, initial_context.storage, previous_context.storage)

    return step


def source(name):
    @action
    def step(initial_context, previous_context):
        first = made(name, initial_context.storage, previous_context.storage)
        return [first, made(name, *first[1:2], *first[2])]

    return step


def mapped(name):
    @action
    def step(item, index):
        return made(f"{name}{index}", None, item)

    return step


# A task: its kind and name, whether the one before it is what it depends on, its group.
TASKS = st.lists(
    st.tuples(
        st.sampled_from("ppps"),
        st.sampled_from("abcd"),
        st.sampled_from([None, None, "first", "none"]),
        st.sampled_from(["default", "default", "other"]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda task: task[:2],
)
STARTS = st.lists(
    st.fixed_dictionaries(
        {
            "tasks": st.integers(0, 2),
            "value": st.sampled_from([1, 1, 1, 2]),
            "resume": st.sampled_from([True, True, True, False]),
            "policy": st.sampled_from(["reuse", "reuse", "reset", "raise"]),
            "fails": st.sets(
                st.sampled_from(["a", "b", "c", "d", "m0", "m1"]), max_size=2
            ),
            "keep_going": st.booleans(),
            "kill": st.one_of(st.none(), st.none(), st.integers(1, 6)),
            "after": st.booleans(),
        }
    ),
    min_size=2,
    max_size=7,
)


def flow_of(tasks, storage, value):
    flow = DotFlow(Config(storage=storage), workflow_id="shop")
    first = None
    for kind, letter, upstream, group in tasks:
        depends_on = {"first": [first] if first else [], "none": []}.get(upstream)
        name = f"{kind}{letter}"
        step = {"p": plain, "s": source}[kind](letter)
        options = {"depends_on": depends_on, "group_name": group}
        flow.task.add(step, initial_context=value, name=name, **options)
        first = first or name
        if kind == "s":
            flow.task.add(mapped("m"), name=f"m{name}", map_over=name, group_name=group)
    return flow


def origins(flow, graph):
    """Yield each result with what it should have been made from."""
    for node, task in enumerate(graph.tasks):
        if task.status != TypeStatus.COMPLETED:
            continue
        before = [
            graph.tasks[up].current_context.storage for up in graph.upstream[node]
        ]
        value = task.current_context.storage
        if task.expansion is not None:
            for item, origin in zip(value, before[0], strict=True):
                yield task, item, origin
        else:
            for each in value if task.name.startswith("s") else [value]:
                yield task, each, before[0] if before else None


def stored_inputs(flow):
    """Return the inputs that the stored results of a flow's tasks came from."""
    storage = flow.config.storage
    run = storage.get("shop-~run").storage
    run_id = run["run_id"] if isinstance(run, dict) else None
    for task in flow.task.queue:
        found = storage.get(storage.key(task))
        if (
            found.run_id is not None
            and found.run_id == run_id
            and task.expansion is None
        ):
            value = found.storage
            yield value[0][1] if task.name.startswith("s") else value[1]


def histories(most, modes):
    """Draw what a test is given: three graphs in turn, how each is started, and where."""

    def drawn(test):
        test = given(
            graphs=st.lists(TASKS, min_size=3, max_size=3),
            starts=STARTS,
            mode=st.sampled_from(modes),
            edited=st.booleans(),
        )(test)
        slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        return settings(
            max_examples=most,
            deadline=None,
            derandomize=True,
            suppress_health_check=slow,
        )(test)

    return drawn


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite"])
@histories(30, MODES)
def test_results_come_from_those_beside_them(
    tmp_path_factory, kind, graphs, starts, mode, edited
):
    """A result was made from the very results that its task depends on now."""
    folder = tmp_path_factory.mktemp("kept")
    _follow(folder, kind, graphs, starts, mode, edited)


@pytest.mark.skipif(
    multiprocessing.get_all_start_methods()[0] != "fork",
    reason="the steps have no pickle",
)
@histories(12, ["parallel", "sequential_group"])
def test_results_of_processes_come_from_those_beside_them(
    tmp_path_factory, graphs, starts, mode, edited
):
    """The same holds in parallel and in groups, whose steps run in processes."""
    folder = tmp_path_factory.mktemp("kept")
    _follow(folder, "sqlite", graphs, starts, mode, edited)


@pytest.mark.parametrize("kind", ["file", "sqlite"])
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    graphs=st.lists(TASKS, min_size=3, max_size=3),
    starts=STARTS,
    of=st.lists(st.integers(0, 6), min_size=7, max_size=7),
    mode=st.sampled_from(MODES),
    edited=st.booleans(),
)
def test_results_of_any_former_run(
    tmp_path_factory, kind, graphs, starts, of, mode, edited
):
    """The same holds for resumes of any run and not just of the newest."""
    folder = tmp_path_factory.mktemp("kept")
    starts = [{**start, "policy": "reuse"} for start in starts]
    _follow(folder, kind, graphs, starts, mode, edited, of)


def _follow(folder, kind, graphs, starts, mode, edited, of=()):
    """Start again and again, and look at the results after each start.

    Each start that is a resume goes on from a run whose number is in `of`, or else from
    the newest.
    """
    runs = []
    storage = {
        "memory": StorageDefault,
        "file": lambda: StorageFile(path=folder),
        "sqlite": lambda: StorageSQLite(folder / "runs.db", synchronous="OFF"),
    }[kind]()
    kills, given_so_far = Kills(storage), set()
    for number, start in enumerate(starts):
        tasks = graphs[start["tasks"] if edited else 0]
        if mode == "sequential":  # without a process for each group
            tasks = [(*task[:3], "default") for task in tasks]
        flow = flow_of(tasks, storage, start["value"])
        graph = _graph(flow, mode)
        FAILS.clear()
        FAILS.update(start["fails"])
        # In memory there has to be something to go on from.
        begun = storage.get("shop-~run").storage is not None
        resume, policy = start["resume"] and begun, start["policy"]
        kills.arm(0, after=False)
        before = set(stored_inputs(flow)) if resume else set()
        stale = before - {start["value"]}
        kills.arm(start["kill"] or 0, start["after"])
        options = {"keep_going": start["keep_going"], "on_input_change": policy}
        if resume and of and runs:
            resume = runs[of[number] % len(runs)]
        try:
            run = flow.start(mode=mode, resume=resume, **options)
            run.wait()
            runs.append(run.run_id)
        except InputChangedError:
            assert policy == "raise"
            assert stale or given_so_far != {start["value"]} or edited
            continue
        except Killed:
            given_so_far.add(start["value"])
            continue
        finally:
            kills.arm(0, after=False)
        if not resume:
            given_so_far.clear()
        given_so_far.add(start["value"])
        assert not (stale and policy == "raise" and resume)
        for task, value, origin in origins(flow, graph):
            assert value[2] == [origin], f"{task.name} was made from something else"
            if task.expansion is None and (policy != "reuse" or not task.restored):
                assert value[1] == start["value"], f"{task.name} has an old input"
    with suppress(Exception):
        storage.close()


def _graph(flow, mode):
    from dotflow.engine.modes import find_mode

    return find_mode(mode, flow.task.queue).compile(flow.task.queue)


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "tasks": st.integers(0, 2),
            "value": st.sampled_from([1, 1, 2]),
            "policy": st.sampled_from(["new", "reuse", "reuse", "reset", "raise"]),
            "fails": st.sets(st.sampled_from("abcd"), max_size=2),
        }
    ),
    min_size=2,
    max_size=6,
)
# For each of the tasks a, b, c, d: which of those before it it depends on.
EDGES = st.tuples(
    *(st.sets(st.sampled_from("abcd"[:place] or "-"), max_size=2) for place in range(4))
)


def pipeline_of(edges, store):
    pipeline = Pipeline("shop", state_store=store)

    def make(name, takes):
        async def step(upstream, context: RunContext = None):
            return made(name, context.deps if takes else None, *upstream.values())

        async def without(upstream):
            return made(name, None, *upstream.values())

        return step if takes else without

    for name, deps in zip("abcd", edges, strict=True):
        known = sorted(dep for dep in deps if dep != "-")
        pipeline.task(name=name, deps=known)(make(name, name in "ac"))
    return pipeline


@settings(max_examples=40, deadline=None, derandomize=True)
@given(graphs=st.lists(EDGES, min_size=3, max_size=3), runs=RUNS, edited=st.booleans())
def test_results_of_a_pipeline_come_from_those_beside_them(graphs, runs, edited):
    """The same holds for a pipeline: edges, contexts and policies of its resumes."""
    store, run_id = StorageStateStore(StorageDefault()), None
    for run in runs:
        edges = graphs[run["tasks"] if edited else 0]
        pipeline = pipeline_of(edges, store)
        FAILS.clear()
        FAILS.update(run["fails"])
        context, policy = RunContext(run["value"]), run["policy"]
        fresh = run_id is None or policy == "new"
        kept = {} if fresh else pipeline.get_run_report(run_id)["tasks"]
        inputs = {
            task["result"][1]
            for name, task in kept.items()
            if task["status"] == "SUCCESS" and name in "ac"
        }
        stale = inputs - {run["value"]}
        try:
            run_id = asyncio.run(
                pipeline.run_once(context)
                if fresh
                else pipeline.resume(run_id, context=context, on_input_change=policy)
            )
        except InputChangedError:
            assert policy == "raise"
            assert stale or edited
            continue
        assert not (stale and policy == "raise")
        tasks = pipeline.get_run_report(run_id)["tasks"]
        for name, deps in zip("abcd", edges, strict=True):
            if tasks[name]["status"] != "SUCCESS":
                continue
            value = tasks[name]["result"]
            known = sorted(dep for dep in deps if dep != "-")
            assert value[2] == [tasks[dep]["result"] for dep in known]
            old = kept.get(name, {}).get("result") == value
            if name in "ac" and not (policy == "reuse" and old):
                assert value[1] == run["value"]
