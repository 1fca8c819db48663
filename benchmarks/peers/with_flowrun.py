"""flowrun."""

from __future__ import annotations

import asyncio

from flowrun import build_default_engine
from workload import CHAIN, FAN, measure


def _run(engine, last: str) -> int:
    async def run():
        async with engine:
            run_id = await engine.run_once("bench")
            return engine.get_run_report(run_id)["tasks"][last]["result"]

    return asyncio.run(run())


def _chain() -> int:
    engine = build_default_engine(max_parallel=1000)
    dag = engine.dag("bench")

    def declare(n: int) -> None:
        async def add_one(upstream):
            return upstream[f"t{n - 1}"] + 1 if n else 1

        async def first():
            return 1

        deps = [f"t{n - 1}"] if n else None
        dag.task(name=f"t{n}", deps=deps)(add_one if n else first)

    for n in range(CHAIN):
        declare(n)
    return _run(engine, f"t{CHAIN - 1}")


def _fan() -> int:
    engine = build_default_engine(max_parallel=1000)
    dag = engine.dag("bench")

    def declare(n: int) -> None:
        async def number():
            return n

        dag.task(name=f"t{n}")(number)

    for n in range(FAN):
        declare(n)

    async def total(upstream):
        return sum(upstream.values())

    dag.task(name="total", deps=[f"t{n}" for n in range(FAN)])(total)
    return _run(engine, "total")


measure(chain=_chain, fan=_fan)
