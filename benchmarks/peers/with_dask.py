"""Dask: delayed functions, in threads and in processes of this machine."""

from __future__ import annotations

import os

import dask
from workload import CHAIN, FAN, SPINS, measure, spin


def _add_one(value):
    return value + 1


def _number(n):
    return n


def _chain() -> int:
    value = 0
    for _ in range(CHAIN):
        value = dask.delayed(_add_one, pure=False)(value)
    return value.compute(scheduler="synchronous")


def _fan() -> int:
    numbers = [dask.delayed(_number, pure=False)(n) for n in range(FAN)]
    return dask.delayed(sum)(numbers).compute(scheduler="threads")


def _spins() -> int:
    spins = [dask.delayed(spin, pure=False)() for _ in range(SPINS)]
    workers = len(os.sched_getaffinity(0))
    found = dask.compute(*spins, scheduler="processes", num_workers=workers)
    return sum(value > 0 for value in found)


if __name__ == "__main__":  # its processes import this file
    measure(chain=_chain, fan=_fan, spins=_spins)
