from __future__ import annotations

from dotflow.engine.modes import find_mode
from dotflow_ray import RayExecutor


def test_the_mode_is_registered() -> None:
    """`mode="ray"` leads to the executor, wherever the distribution is installed."""
    assert find_mode("ray", []).executor is RayExecutor
