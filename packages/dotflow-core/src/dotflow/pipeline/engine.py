"""The former place and name of `Dags`."""

from __future__ import annotations

from dotflow.pipeline.dags import Dags as Engine
from dotflow.pipeline.dags import build_default_engine

__all__ = ["Engine", "build_default_engine"]
