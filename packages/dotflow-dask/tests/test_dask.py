from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import dask
import pytest
from distributed import LocalCluster

from dotflow import DotFlow, action
from dotflow.errors import ClusterUnavailable, GraphError, VersionMismatch
from dotflow.testing import executor_steps as steps
from dotflow_dask import DaskExecutor
from dotflow_dask.held import DaskHeld

if TYPE_CHECKING:
    from pathlib import Path

    from distributed import Client


SIZE = 1_000_000


def until(condition: Any, what: str) -> None:
    """Wait for a condition."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_large_values_stay_on_the_workers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No large value comes to the driver before somebody looks at it."""
    fetched: list[Any] = []
    get = DaskHeld.get

    def counted(held: Any) -> Any:
        fetched.append(held)
        return get(held)

    monkeypatch.setattr(DaskHeld, "get", counted)
    flow = DotFlow()
    flow.task.add(steps.large, initial_context=SIZE)
    flow.task.add(steps.changed, depends_on=["large"])
    flow.task.add(steps.length, depends_on=["changed"])
    report = flow.start(mode=DaskExecutor(client)).report()
    assert flow.result_task()[2].current_context.storage == SIZE
    result = report.tasks[1].result
    assert result is not None
    assert (result.type, result.size, len(fetched)) == ("bytes", SIZE, 0)
    assert flow.result_task()[1].current_context.storage == b"y" * SIZE
    assert len(fetched) == 1


def test_a_result_lost_with_its_worker(client: Client, tmp_path: Path) -> None:
    """Where no storage has it, its loss is told: nothing makes it again unseen."""
    flow, place = DotFlow(), str(tmp_path)
    flow.task.add(steps.made, initial_context=place)
    flow.task.add(steps.kills_first, initial_context=place, depends_on=["made"])
    flow.start(mode=DaskExecutor(client))
    assert steps.marks(place, "made") == 1
    last = flow.result_task()[1]
    if last.outcome != "Completed":  # else it ran on the other worker
        assert last.outcome == "Crashed"
        assert "lost with its Dask worker" in last.errors[-1].message


def test_what_no_worker_has_is_refused(client: Client) -> None:
    """Resources that no worker ever has are refused before anything runs."""
    flow = DotFlow()
    flow.task.add(action(resources={"gpus": 1})(steps.one.func))
    with pytest.raises(GraphError, match="GPU=1"):
        flow.start(mode=DaskExecutor(client))


def test_other_versions_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker with another version is refused, and both are named."""
    monkeypatch.setattr("dotflow.engine.executors.likeness.__version__", "1.0.0")
    flow = DotFlow()
    flow.task.add(steps.one)
    with pytest.raises(
        VersionMismatch, match=r"dotflow-core 2.*, this process 1\.0\.0"
    ):
        flow.start(mode=DaskExecutor(client))


def test_no_cluster_there() -> None:
    """An address without a scheduler is an error that names it."""
    flow = DotFlow()
    flow.task.add(steps.one)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ClusterUnavailable, match=r"127\.0\.0\.1:9"),
    ):
        flow.start(mode="dask", address="tcp://127.0.0.1:9")


@pytest.mark.soak
def test_a_cluster_that_adapts() -> None:
    """One that has no workers before there is work starts them for a run."""
    flow = DotFlow()
    flow.task.add(steps.one)
    quiet = {"dashboard_address": "127.0.0.1:0"}
    with LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs=quiet,
        silence_logs=False,
    ) as adaptive:
        adaptive.adapt(minimum=0, maximum=1)
        flow.start(mode="dask", address=adaptive)
    assert flow.result_storage() == [1]


SCRIPT = """
import sys
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite
from dotflow.testing import executor_steps as steps

class Here:
    def __init__(self, value):
        self.value = value

@action
def first(initial_context):
    steps.mark(initial_context.storage, "first")
    return Here(3)

@action
def second(previous_context):
    return Here(previous_context.storage.value + 1)

if __name__ == "__main__":
    address, place, resume = sys.argv[1:]
    storage = StorageSQLite(path=place + "/runs.db", codec="pickle")
    flow = DotFlow(Config(storage=storage), workflow_id="driver")
    flow.task.add(first, initial_context=place)
    flow.task.add(second, depends_on=["first"])
    if resume != "by-value":
        step = steps.beats if resume == "first" else steps.waits
        flow.task.add(step, name="last", initial_context=place, depends_on=["second"])
    flow.start(mode="dask", address=address, resume=resume == "again")
    values = flow.result_storage()
    print(type(values[1]) is Here, values[1].value)
"""


def run_script(tmp_path: Path, cluster: LocalCluster, resume: str) -> Any:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, script, cluster.scheduler_address, tmp_path, resume],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.soak  # so are those of a driver that is killed
def test_steps_of_a_script_travel_by_value(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    """What `__main__` defines runs on workers, and comes back as what it is here."""
    said, _ = run_script(tmp_path, cluster, "by-value").communicate(timeout=60)
    assert said == "True 4\n"


def test_a_killed_driver(cluster: LocalCluster, tmp_path: Path) -> None:
    """What it had running stops, and a resumed run repeats nothing that was completed."""
    place = str(tmp_path)
    driver = run_script(tmp_path, cluster, "first")
    until(lambda: steps.marks(place, "beats"), "the step has not begun")
    driver.kill()
    driver.communicate()

    def silent() -> bool:
        seen = steps.marks(place, "beats")
        time.sleep(0.5)
        return steps.marks(place, "beats") == seen

    until(silent, "the step goes on")
    said, _ = run_script(tmp_path, cluster, "again").communicate(timeout=60)
    assert said == "True 4\n"
    assert steps.marks(place, "first") == 1


@pytest.mark.soak
def test_a_cluster_for_the_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address there is a cluster for the run, whose values outlive it."""
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    flow = DotFlow()
    flow.task.add(steps.large, initial_context=SIZE)
    flow.start(mode=DaskExecutor(n_workers=1))
    assert flow.result_storage() == [b"x" * SIZE]
