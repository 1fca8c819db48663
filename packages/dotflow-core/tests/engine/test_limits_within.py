"""Limits that several runs share: beside each other, and one within another."""

from __future__ import annotations

import threading
import time

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.errors import GraphError, InvalidTask
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

STORAGES = {
    "memory": lambda path: StorageDefault(),
    "sqlite": lambda path: StorageSQLite(path / "runs.db"),
    "file": lambda path: StorageFile(path / "runs"),
}


@pytest.fixture(params=list(STORAGES))
def config(request, tmp_path):
    return Config(storage=STORAGES[request.param](tmp_path))


def flow_of(config, *steps):
    flow = DotFlow(config)
    flow.task.add(list(steps))
    return flow


def user_of(gauge):
    """Return a step that holds a slot for a while, which the gauge sees."""

    @action(limit="db")
    def use():
        with gauge:
            time.sleep(0.01)

    return use


def test_runs_of_one_storage_share_its_limits(config, gauge):
    """However many threads start runs, no more attempts hold a limit than it allows."""

    @action(limit="db")
    def use():
        with gauge:
            time.sleep(0.02)

    threads = [
        threading.Thread(target=flow_of(config, use, use).start) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gauge.most == 1


def test_a_pipeline_shares_the_limits_of_its_storage(config, gauge):
    """A pipeline and a workflow on one storage share its limits."""

    @action(limit="db")
    def use():
        with gauge:
            time.sleep(0.02)

    pipeline = Pipeline("p", config=config)
    for name in "abc":
        pipeline.task(name, limit="db")(use.func)
    other = threading.Thread(target=flow_of(config, use, use, use).start)
    other.start()
    report = pipeline.run()
    other.join()
    assert report["status"] == "SUCCESS"
    assert gauge.most == 1


def test_another_storage_has_limits_of_its_own():
    """Runs on two storages in memory do not wait for each other."""
    barrier = threading.Barrier(2, timeout=30)

    @action(limit="db")
    def meet():
        barrier.wait()

    flows = [flow_of(Config(storage=StorageDefault()), meet) for _ in range(2)]
    threads = [threading.Thread(target=flow.start) for flow in flows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {flow.task["meet"].status for flow in flows} == {"Completed"}


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel", "threads"])
@pytest.mark.parametrize("inner_mode", ["sequential", "threads", "async"])
@pytest.mark.sampled
def test_a_run_within_a_step_that_holds_its_limit(config, gauge, mode, inner_mode):
    """It uses the slot of that step, with one attempt at a time, and goes on."""
    use = user_of(gauge)

    @action(limit="db")
    def outer():
        inner = flow_of(config, use, use, use)
        inner.start(mode=inner_mode)
        return [task.status for task in inner.result_task()], gauge.most

    flow = flow_of(config, outer)
    flow.start(mode=mode, deadline=60).wait()
    assert flow.task["outer"].current_context.storage == (["Completed"] * 3, 1)


@pytest.mark.parametrize("asynchronous", [True, False])
def test_three_runs_within_each_other(config, asynchronous):
    """A pipeline within a workflow within a workflow may all want one limit."""

    def pipe():
        pipeline = Pipeline("p", config=config)
        pipeline.task("a", limit="db")(lambda: 1)
        return pipeline

    @action(limit="db")
    async def in_loop():
        run_id = await (pipeline := pipe()).run_once()
        return pipeline.get_run_report(run_id)["status"]

    @action(limit="db")
    def plain():
        return pipe().run()["status"]

    @action(limit="db")
    def outer():
        inner = flow_of(config, in_loop if asynchronous else plain)
        inner.start(mode="async" if asynchronous else "sequential")
        return inner.result_storage()

    flow = flow_of(config, outer)
    flow.start(deadline=60)
    assert flow.result_storage() == [["SUCCESS"]]


def test_a_slot_that_was_lent_is_free_again(config, gauge):
    """After such a run the limit bounds whoever comes next as before."""
    use = user_of(gauge)

    @action(limit="db")
    def outer():
        flow_of(config, use).start()

    flow_of(config, outer, outer).start(deadline=60)
    later = flow_of(config, use, use, use)
    later.start(mode="threads", deadline=60)
    assert {task.status for task in later.result_task()} == {"Completed"}
    assert gauge.most == 1


def test_a_misspelt_limit(config):
    """The name of a limit that no step has is refused before anything runs."""
    ran = []
    flow = flow_of(config, action(lambda: ran.append(1), limit="db"))
    with pytest.raises(InvalidTask, match=r"'dbb'.*Did you mean 'db'"):
        flow.start(limits={"db": 2, "dbb": 3})
    with pytest.raises(InvalidTask, match="There are: none"):
        flow_of(config, action(lambda: ran.append(1))).start(limits={"db": 3})

    pipeline = Pipeline("p", config=config)
    pipeline.task("a", limit="db")(lambda: ran.append(1))
    pipeline.task("b")(lambda: 2)
    with pytest.raises(InvalidTask, match="Did you mean 'db'"):
        pipeline.run(limits={"dbb": 3})
    assert not ran
    # A part of the pipeline may be run with what is for the whole.
    report = pipeline.run(targets=["b"], limits={"db": 2})
    assert report["status"] == "SUCCESS"


def test_a_circle_that_the_order_of_the_tasks_closes():
    """A forward depends_on says which task waits only since it was added later."""
    flow = DotFlow()
    flow.task.add(action(lambda: 1), name="a", depends_on="c")
    flow.task.add(action(lambda: 1), name="b", depends_on=[])
    flow.task.add(action(lambda: 1), name="c")
    flow.start()
    circle = DotFlow()
    circle.task.add(action(lambda: 1), name="a", depends_on="b")
    circle.task.add(action(lambda: 1), name="b")
    with pytest.raises(GraphError, match=r"a -> b -> a.*'b' has no depends_on"):
        circle.start()
    circle = DotFlow()
    circle.task.add(action(lambda: 1), name="a", depends_on="b")
    circle.task.add(action(lambda: 1), name="b", depends_on="a")
    with pytest.raises(GraphError, match=r"cycle: .*a\.$"):
        circle.start()
