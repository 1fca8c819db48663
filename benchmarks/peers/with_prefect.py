"""Prefect, with a server on this computer whose start is no part of what is measured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

with socket.socket() as _socket:
    _socket.bind(("127.0.0.1", 0))
    _port = _socket.getsockname()[1]
os.environ.setdefault("PREFECT_API_URL", f"http://127.0.0.1:{_port}/api")
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp())
os.environ.update(
    PREFECT_LOGGING_LEVEL="ERROR",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    DO_NOT_TRACK="1",
)

from prefect import flow, task
from prefect.task_runners import (
    ProcessPoolTaskRunner,
    ThreadPoolTaskRunner,
)
from workload import CHAIN, FAN, SPINS, measure, spin

if TYPE_CHECKING:
    from pathlib import Path


@task
def add_one(value):
    """Add one."""
    return value + 1


@task
def number(n):
    """Return what it was given."""
    return n


@task
def total(values):
    """Add up."""
    return sum(values)


@task
def spin_once():
    """Use the processor for 20 ms."""
    return spin()


@flow
def _chain_flow(step):
    value = 0
    for _ in range(CHAIN):
        value = step(value)
    return value


@flow(task_runner=ThreadPoolTaskRunner())
def _fan_flow():
    return total.submit([number.submit(n) for n in range(FAN)]).result()


@flow(task_runner=ProcessPoolTaskRunner(max_workers=len(os.sched_getaffinity(0))))
def _spins_flow():
    futures = [spin_once.submit() for _ in range(SPINS)]
    return sum(future.result() > 0 for future in futures)


def _durable(folder: Path) -> int:
    os.environ["PREFECT_LOCAL_STORAGE_PATH"] = str(folder)
    return _chain_flow(add_one.with_options(persist_result=True))


def _begin_server() -> None:
    """Start a server, which ends with the session of this process, and wait for it."""
    command = ["-m", "prefect", "server", "start", "--no-ui", "--host", "127.0.0.1"]
    subprocess.Popen(
        [sys.executable, *command, "--port", str(_port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = HTTPConnection("127.0.0.1", _port)
    while True:
        try:
            connection.request("GET", "/api/health")
            connection.getresponse().read()
            return
        except OSError:
            connection.close()
            time.sleep(0.2)


if __name__ == "__main__":  # its processes import this file
    _begin_server()
    measure(
        chain=lambda: _chain_flow(add_one),
        fan=_fan_flow,
        durable=_durable,
        spins=_spins_flow,
    )
