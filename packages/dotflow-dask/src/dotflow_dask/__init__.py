"""`DaskExecutor`: runs workflows on a Dask cluster, `start(mode="dask")`."""

from __future__ import annotations

from dotflow_dask.executor import DaskExecutor

__all__ = ["DaskExecutor"]
