"""All that needs a cluster, in one test: each process of a test run would start its own."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import ray

from dotflow import DotFlow, action
from dotflow.errors import GraphError, VersionMismatch
from dotflow.testing import ExecutorContract, kill_at_random
from dotflow.testing import executor_steps as steps
from dotflow_ray import RayExecutor
from dotflow_ray.held import RayHeld

SIZE = 1_000_000
# Ray leaves its processes to themselves, which end with the cluster.
pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class OnRay(ExecutorContract):
    """The whole contract of executors, and what this one promises beside it."""

    def mode(self) -> Any:
        return RayExecutor()

    def test_large_values_stay_in_the_object_store(self) -> None:
        """No large value comes to the driver before somebody looks at it."""
        flow = DotFlow()
        flow.task.add(steps.large, initial_context=SIZE)
        flow.task.add(steps.changed, depends_on=["large"])
        flow.task.add(steps.length, depends_on=["changed"])
        with patch.object(RayHeld, "get", side_effect=AssertionError):
            report = flow.start(mode="ray").report()
            assert flow.result_task()[2].current_context.storage == SIZE
        result = report.tasks[1].result
        assert result is not None
        assert (result.type, result.size) == ("bytes", SIZE)
        assert flow.result_task()[1].current_context.storage == b"y" * SIZE

    def test_what_no_node_has_is_refused(self) -> None:
        """Resources that no node ever has are refused before anything runs."""
        flow = DotFlow()
        flow.task.add(action(resources={"gpus": 1})(steps.one.func))
        with pytest.raises(GraphError, match=r"needs GPU=1, .* there is GPU=0"):
            flow.start(mode="ray")

    def test_other_versions_are_refused(self) -> None:
        """A worker with another version is refused, and both are named."""
        flow = DotFlow()
        flow.task.add(steps.one)
        here = "dotflow.engine.executors.likeness.__version__"
        refused = pytest.raises(VersionMismatch, match=r"core 2.*, this process 1\.0")
        with patch(here, "1.0"), refused:
            flow.start(mode="ray")


@pytest.fixture(params=[100])
def cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=request.param * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    yield
    ray.shutdown()
    gc.collect()  # what Ray has left is told of here, and not at the end of all tests


def test_every_promise_on_a_cluster(cluster: None, subtests: pytest.Subtests) -> None:
    """The contract of executors holds on a cluster of two processors."""
    for name in promises():
        with subtests.test(name):
            getattr(OnRay(), name)()
    with subtests.test("killed at random"):
        kill_on_cluster(2)


@pytest.mark.soak
@pytest.mark.parametrize("cluster", [1500], indirect=True)  # in MB
def test_much(cluster: None, subtests: pytest.Subtests) -> None:
    """It holds with many items, with large values, and after a hundred kills."""
    contract = OnRay()
    contract.items, contract.size = 10_000, 200_000_000
    for name in ("test_a_map_and_what_follows_it", "test_large_values", "test_resume"):
        with subtests.test(name):
            getattr(contract, name)()
    with subtests.test("killed at random"):
        kill_on_cluster(100)


def promises() -> list[str]:
    return [n for n in sorted(vars(OnRay) | vars(ExecutorContract)) if n[:5] == "test_"]


def kill_on_cluster(count: int) -> None:
    """Whoever is killed, nothing stored is made again, nothing is lost or left running."""
    address = ray.get_runtime_context().gcs_address
    done = kill_at_random("ray", count, address=address, seed=10)
    assert done["driver"] + done["worker"] == count
