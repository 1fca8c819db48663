"""`RayExecutor`: runs workflows on a Ray cluster, `start(mode="ray")`."""

from __future__ import annotations

from dotflow_ray.executor import RayExecutor

__all__ = ["RayExecutor"]
