"""The workflows of a small shop: what the pages show in tests and in pictures."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from dotflow import Config, DotFlow, action, artifact, progress
from dotflow.providers import StorageSQLite

RATES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.86}


def pause(seconds: float) -> None:
    """Take some time, as much as SHOP_PACE says: 1 is a picture's, 0 a test's."""
    time.sleep(seconds * float(os.environ.get("SHOP_PACE", "0")))


@action(retry=2, retry_delay=0)
def fetch_customers() -> dict[int, str]:
    """Fetch who buys."""
    print("connected to \x1b[1mshop-db\x1b[0m")
    pause(0.12)
    return {1: "ada", 2: "grace", 3: "edsger"}


@action
def fetch_orders() -> list[dict[str, Any]]:
    """Fetch what was bought."""
    for page in progress(range(4)):
        print(f"\x1b[32mINFO\x1b[0m fetched page {page + 1} of 4")
        pause(0.06)
    return [{"id": n, "customer": n % 3 + 1, "total": 20.5 + n} for n in range(40)]


@action(retry=3, retry_delay=0.05)
def fetch_rates(task: Any = None) -> dict[str, float]:
    """Fetch what money is worth, from a service that is often away."""
    pause(0.08)
    if not Path("rates").exists():
        Path("rates").touch()
        raise TimeoutError("no answer from rates.example.com within 10 s")
    return RATES


@action
def price(item: dict[str, Any]) -> float:
    """Price one order."""
    pause(0.02)
    return float(item["total"])


@action(retry=2, retry_delay=0.1)
def transform(fetch_orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join orders with customers, by a column that has been renamed."""
    print(f"\x1b[33mWARNING\x1b[0m {len(fetch_orders)} orders, 3 without a price")
    pause(0.1)
    return [by_customer(row) for row in fetch_orders]


def by_customer(row: dict[str, Any]) -> dict[str, Any]:
    """Return who has bought it, and for how much."""
    column = "customer" if Path("repaired").exists() else "customer_id"
    return {"customer": row[column], "total": row["total"]}


@action
def load(transform: list[dict[str, Any]]) -> int:
    """Load what was joined."""
    pause(0.15)
    artifact("top customers", transform[:5])
    return len(transform)


@action
def report(load: int) -> str:
    """Say how much it was."""
    print(f"{load} rows loaded", file=sys.stderr)
    return f"{load} rows"


def orders(database: str = "runs.db") -> DotFlow:
    """Return the workflow that fails until a file `repaired` is there."""
    config = Config(storage=StorageSQLite(database))
    flow = DotFlow(config, workflow_id="nightly_orders", name="nightly_orders")
    flow.task.add(fetch_customers)
    flow.task.add(fetch_orders)
    flow.task.add(fetch_rates)
    flow.task.add(price, map_over=fetch_orders, depends_on=[fetch_rates])
    flow.task.add(transform, depends_on=[fetch_customers, fetch_orders])
    flow.task.add(load, depends_on=[transform, price])
    flow.task.add(report, depends_on=load)
    return flow


def invoices(database: str = "runs.db") -> DotFlow:
    """Return a workflow that completes, with a part of its own."""
    part = DotFlow(name="part")
    part.task.add([draw_up, check])
    config = Config(storage=StorageSQLite(database))
    flow = DotFlow(config, workflow_id="invoices", name="invoices")
    flow.task.add(fetch_customers)
    flow.task.add(part, name="letters")
    flow.task.add(send)
    return flow


@action
def draw_up() -> list[str]:
    """Write letters."""
    pause(0.1)
    return ["Dear Ada", "Dear Grace"]


@action
def check(previous_context: Any) -> list[str]:
    """Look letters through."""
    pause(0.05)
    return list(previous_context.storage)


@action
def send() -> None:
    """Send letters."""
    pause(0.12)
    artifact("post office", "https://example.com/post")


def stock(database: str = "runs.db", name: str = "stock_sync") -> DotFlow:
    """Return a workflow whose steps wait for files `gate1` and `gate2`."""
    config = Config(storage=StorageSQLite(database))
    flow = DotFlow(config, workflow_id=name, name=name)
    flow.task.add([first_gate, second_gate])
    return flow


def prices() -> DotFlow:
    """Return another of that kind, which may run beside it."""
    return stock(name="price_sync")


@action
def first_gate() -> None:
    """Wait for the first file."""
    wait_for("gate1")
    print("through the first gate")


@action
def second_gate() -> None:
    """Wait for the second file."""
    wait_for("gate2")


def wait_for(name: str) -> None:
    """Wait until a file is there."""
    while not Path(name).exists():
        time.sleep(0.05)


HOSTILE = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'><b>bold</b>",
    "invoice\u202egpj.exe\u202c \u2066isolated\u2069",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[1;1Hplain",
)


def loud(database: str = "runs.db") -> DotFlow:
    """Return a workflow that prints what no page may take for its own."""
    config = Config(storage=StorageSQLite(database))
    flow = DotFlow(config, workflow_id="loud", name="loud <b>&amp;</b>")
    flow.task.add([shout, flood])
    return flow


@action
async def shout() -> str:
    """Print markup, marks that turn text, and orders to a terminal."""
    for line in HOSTILE:
        print(line)
    return HOSTILE[0]


@action
async def flood() -> None:
    """Print ten megabytes."""
    for number in range(2_000):
        print(f"{number:08} " + "x" * 4_991)
    print("the last of ten megabytes")


if __name__ == "__main__":
    orders().start(mode="threads", tags="night")
    invoices().start()
    loud().start(mode="async")
