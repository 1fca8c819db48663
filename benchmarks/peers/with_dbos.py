"""DBOS, every step of which is durable.

On SQLite, of which it takes 3.42 or newer; or in the PostgreSQL database of the variable
`BENCH_POSTGRES`, `postgresql://…`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dbos import DBOS
from workload import CHAIN, FAN, measure

_folder = Path(tempfile.mkdtemp())
DBOS(
    config={
        "name": "bench",
        "system_database_url": os.environ.get("BENCH_POSTGRES")
        or f"sqlite:///{_folder / 'dbos.sqlite'}",
        "log_level": "ERROR",
        "run_admin_server": False,
    }
)


@DBOS.step()
def add_one(value: int) -> int:
    """Add one."""
    return value + 1


@DBOS.workflow()
def number(n: int) -> int:
    """Return what it was given; what is to run at once is a workflow of its own."""
    return n


@DBOS.workflow()
def _chain_workflow() -> int:
    value = 0
    for _ in range(CHAIN):
        value = add_one(value)
    return value


@DBOS.workflow()
def _fan_workflow() -> int:
    handles = [DBOS.start_workflow(number, n) for n in range(FAN)]
    return sum(handle.get_result() for handle in handles)


DBOS.launch()
measure(
    chain=_chain_workflow, fan=_fan_workflow, durable=lambda _folder: _chain_workflow()
)
