"""Try several settings of a model on a Ray cluster; one of them never comes to an end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from random import Random

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault
from dotflow_ray import RayExecutor


@action
def rates(initial_context: Context) -> list[float]:
    """Return what to try."""
    return list(initial_context.storage)


# On a cluster with GPUs: resources={"gpus": 1, "memory": "8GiB"}.
@action(resources={"cpus": 1}, timeout=5)
def train(item: float) -> tuple[float, int]:
    """Fit a line through noisy points; return its slope, and how many steps it took."""
    draw = Random(0)
    points = [(x / 50, 3 * x / 50 + draw.gauss(0, 0.1)) for x in range(50)]
    slope, change, steps = 0.0, 1.0, 0
    while abs(change) > 1e-6:  # too large a rate never gets there
        change = sum((slope * x - y) * x for x, y in points) / len(points)
        slope = max(min(slope - item * change * 4, 1e6), -1e6)
        steps += 1
    return round(slope, 2), steps


def build(tried: Sequence[float] = (0.01, 0.1, 0.5)) -> DotFlow:
    """Return the workflow, which `rayjob.yaml` starts."""
    workflow = DotFlow(Config(log=LogDefault(output="file", path="flow.log")))
    workflow.task.add(rates, initial_context=list(tried))
    workflow.task.add(train, map_over=rates)
    return workflow


def main() -> None:
    """Run it on this computer; with `RayExecutor("ray-head:6379")` on a cluster."""
    workflow = build((0.01, 0.1, 0.5, 2.5))
    quiet = RayExecutor(logging_level=logging.ERROR)
    workflow.start(mode=quiet, keep_going=True)
    train_task = workflow.task["train"]
    found = [one for one in train_task.current_context.storage if one is not None]
    print("found:", len(found), "stopped:", train_task.errors[-1].exception)
    print("slope:", min(found, key=lambda one: one[1])[0])


if __name__ == "__main__":
    main()
