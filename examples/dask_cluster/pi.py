"""Pi by random points, on the workers of a Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
from array import array
from pathlib import Path
from random import Random

from distributed import LocalCluster

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite

BATCHES, POINTS = 6, 50_000


@action
def seeds() -> list[int]:
    """Return what each batch is drawn from."""
    return list(range(BATCHES))


@action(retry=2)
def distances(item: int, initial_context: Context) -> array[float]:
    """Return how far random points are from a corner: 400 KB, which stay on the worker."""
    trouble = Path(initial_context.storage, "trouble")
    if item == 3 and not trouble.exists():
        trouble.touch()
        os.kill(os.getpid(), signal.SIGTERM)  # as the system does when memory is short
    draw = Random(item)
    return array("d", (draw.random() ** 2 + draw.random() ** 2 for _ in range(POINTS)))


@action
def pi(previous_context: Context) -> float:
    """Return four times the part that lies within the circle."""
    within: int = sum(one <= 1 for batch in previous_context.storage for one in batch)
    return 4 * within / (BATCHES * POINTS)


def main() -> None:
    """Run it on two workers, of which one dies."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        # Workers write it themselves, so that nothing is lost with one of them.
        storage = StorageSQLite(path=Path(folder, "runs.db"))
        quiet = LogDefault(level="ERROR")
        workflow = DotFlow(Config(storage=storage, log=quiet), workflow_id="pi")
        workflow.task.add(seeds)
        workflow.task.add(distances, map_over=seeds, initial_context=folder)
        workflow.task.add(pi, depends_on=["distances"])
        # In its place: SLURMCluster(…), coiled.Cluster(…), KubeCluster(…), "tcp://…:8786".
        run = workflow.start(mode="dask", address=cluster)
        task, values = workflow.task["distances"], workflow.result_storage()
        print(run.status, round(values[-1], 2))
        print(len(values[1]), "batches, retried:", task.retry_count)
        storage.close()


if __name__ == "__main__":
    main()
