"""Random graphs, failures and retries against a small model of what must happen."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotflow import InMemoryStateStore, Pipeline, SQLiteStateStore


@dataclass
class Node:
    """A task: what it depends on, how often it fails first, and how often it may."""

    deps: list[int]
    failures: int
    retries: int
    is_async: bool


@st.composite
def graphs(draw):
    """Draw an acyclic graph of up to 12 tasks, and the order they are declared in."""
    count = draw(st.integers(1, 12))
    nodes = []
    for number in range(count):
        before = st.integers(0, max(0, number - 1))
        deps = draw(st.lists(before, max_size=min(3, number), unique=True))
        failures = draw(st.sampled_from([0, 0, 0, 1, 2]))
        retries = draw(st.sampled_from([0, 0, 1, 2]))
        nodes.append(Node(deps, failures, retries, draw(st.booleans())))
    return nodes, draw(st.permutations(range(count)))


def expected(nodes, rounds):
    """Say each task's status after a run and `rounds` resumes, and its attempts."""
    left = [node.failures for node in nodes]
    attempts = Counter()
    status = [""] * len(nodes)
    for _ in range(rounds + 1):
        for number, node in enumerate(nodes):
            if status[number] == "SUCCESS":
                continue
            if any(status[dep] != "SUCCESS" for dep in node.deps):
                status[number] = "SKIPPED"
                continue
            made = min(left[number], node.retries + 1)
            left[number] -= made
            attempts[number] += made
            status[number] = "FAILED"
            if made <= node.retries:
                attempts[number] += 1
                status[number] = "SUCCESS"
    return status, attempts


class Execution:
    """Builds the pipeline of a graph and notes what it does."""

    def __init__(self, nodes, order, max_parallel, store):
        self.nodes = nodes
        self.left = [node.failures for node in nodes]
        self.log = []
        self.running = 0
        self.most = 0
        self.pipeline = Pipeline("p", max_parallel=max_parallel, state_store=store)
        for number in order:
            node = nodes[number]
            deps = [f"t{dep}" for dep in node.deps]
            step = self.make(number, node)
            self.pipeline.task(name=f"t{number}", deps=deps, retries=node.retries)(step)

    def make(self, number, node):
        def call(upstream):
            self.log.append(("start", number))
            if self.left[number]:
                self.left[number] -= 1
                raise ValueError(number)
            self.log.append(("done", number))
            return number, sorted(value[0] for value in upstream.values())

        async def call_async(upstream):
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0)
            self.running -= 1
            return call(upstream)

        return call_async if node.is_async else call

    def check(self, rounds, report):
        status, attempts = expected(self.nodes, rounds)
        found = report["tasks"]
        for number, node in enumerate(self.nodes):
            task = found[f"t{number}"]
            assert task["status"] == status[number]
            if status[number] == "SUCCESS":
                assert task["result"] == (number, sorted(node.deps))
        starts = Counter(number for kind, number in self.log if kind == "start")
        done = Counter(number for kind, number in self.log if kind == "done")
        assert starts == +attempts
        assert done == Counter(n for n, s in enumerate(status) if s == "SUCCESS")
        whole = "SUCCESS" if set(status) == {"SUCCESS"} else "FAILED"
        assert report["status"] == whole
        self.check_order()

    def check_order(self):
        finished = set()
        for kind, number in self.log:
            if kind == "done":
                finished.add(number)
            else:
                assert finished.issuperset(self.nodes[number].deps)


@given(graphs(), st.integers(1, 4), st.integers(0, 3))
@settings(deadline=None, max_examples=60)
def test_random_graphs(graph, max_parallel, rounds):
    """Order respects edges, each task completes once, and resumes end where one would."""
    check(graph, max_parallel, rounds, InMemoryStateStore())


@given(graphs(), st.integers(0, 3))
@settings(deadline=None, max_examples=15)
def test_random_graphs_with_a_durable_state(tmp_path_factory, graph, rounds):
    """The same holds when every step goes through a file."""
    path = tmp_path_factory.mktemp("runs") / "runs.db"
    store = SQLiteStateStore(path, synchronous="OFF")
    check(graph, 2, rounds, store)
    store.close()


def check(graph, max_parallel, rounds, store):
    nodes, order = graph
    execution = Execution(nodes, order, max_parallel, store)
    report = execution.pipeline.run()
    for done in range(rounds):
        execution.check(done, report)
        run_id = asyncio.run(execution.pipeline.resume(report["run_id"]))
        report = execution.pipeline.get_run_report(run_id)
    execution.check(rounds, report)
    assert execution.most <= max_parallel


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_random_graphs_with_cycles(data):
    """Any graph is either refused with a real cycle, or ordered along its edges."""
    count = data.draw(st.integers(1, 8))
    names = [f"t{number}" for number in range(count)]
    deps = {
        name: data.draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
        for name in names
    }
    pipeline = Pipeline("p")
    for name in names:
        pipeline.task(name=name, deps=deps[name])(lambda: None)
    try:
        order, problems = pipeline.list_tasks(), []
    except ValueError as error:
        order, problems = [], error.problems
    for problem in problems:
        path = problem.partition(": ")[2].rstrip(".").split(" -> ")
        assert path[0] == path[-1]
        assert all(before in deps[after] for before, after in pairwise(path))
    if not problems:
        assert sorted(order) == names
        place = {name: number for number, name in enumerate(order)}
        assert all(place[dep] < place[name] for name in names for dep in deps[name])


@pytest.mark.parametrize("rounds", [0, 1])
def test_the_model_itself(rounds):
    """The model says what one would say of a graph small enough to see."""
    nodes = [Node([], 1, 0, True), Node([0], 0, 0, True)]
    status, attempts = expected(nodes, rounds)
    assert status == (["FAILED", "SKIPPED"], ["SUCCESS", "SUCCESS"])[rounds]
    assert attempts == ({0: 1}, {0: 2, 1: 1})[rounds]
