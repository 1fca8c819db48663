"""A cluster whose workers are jobs, as those of SLURM: dask-jobqueue on this computer."""

from __future__ import annotations

import gc
import logging
import os

import pytest

from dotflow import DotFlow, action


@action
def numbers() -> list[int]:
    return [1, 2, 3]


@action
def squared_in(item: int) -> tuple[int, int]:
    return item * item, os.getpid()


# It leaves the jobs that it has killed to themselves.
@pytest.mark.filterwarnings("ignore:subprocess .* is still:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_jobs_are_started_for_a_run() -> None:
    """Workers come as there is work for them, and the run needs no more than the cluster."""
    # Here, since workers import this module, and in a thread it cannot be imported.
    local = pytest.importorskip("dask_jobqueue.local")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    flow = DotFlow()
    flow.task.add(numbers)
    flow.task.add(squared_in, map_over=numbers)
    with local.LocalCluster(  # in place of SLURMCluster, PBSCluster and others
        cores=1,
        memory="1GB",
        scheduler_options={"dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"},
        silence_logs=False,
    ) as cluster:
        cluster.adapt(maximum_jobs=2)
        run = flow.start(mode="dask", address=cluster)
    gc.collect()  # else they are told of in another test
    squares, processes = zip(*flow.result_storage()[-1], strict=True)
    assert (run.status, squares) == ("Completed", (1, 4, 9))
    assert os.getpid() not in processes
