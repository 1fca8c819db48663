from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dotflow.testing import ExecutorContract, kill_at_random
from dotflow_dask import DaskExecutor

if TYPE_CHECKING:
    from distributed import Client, LocalCluster


class TestDask(ExecutorContract):
    """The whole contract of executors, on a cluster of two workers."""

    @pytest.fixture(autouse=True)
    def connected(self, client: Client) -> None:
        self._client = client

    def mode(self) -> Any:
        return DaskExecutor(self._client)


@pytest.mark.soak
@pytest.mark.parametrize(
    "name", ["test_a_map_and_what_follows_it", "test_large_values", "test_resume"]
)
def test_much(client: Client, name: str) -> None:
    """The contract holds with many items and with large values."""
    contract = TestDask()
    contract._client = client
    contract.items, contract.size = 10_000, 200_000_000
    getattr(contract, name)()


@pytest.mark.parametrize("count", [2, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_at_random(cluster: LocalCluster, count: int) -> None:
    """Whoever is killed, nothing stored is made again, nothing is lost or left running."""
    address = cluster.scheduler_address
    done = kill_at_random("dask", count, address=address, seed=10)
    assert done["driver"] + done["worker"] == count
