"""Runs of every kind in a store, for whoever works on the dashboard.

    python -m benchmarks.demo_runs runs.db
    dotflow ui runs.db

`--rounds` has each of them several times; `--live` then runs one after the other until
Ctrl-C, slowly enough to watch.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow import Config, DotFlow, action, artifact, fact, progress
from dotflow.base.liveness import process_token
from dotflow.base.starting import started_by
from dotflow.history.schedules import ScheduleFacts, Schedules
from dotflow.providers import LogDefault
from dotflow.providers.storage_url import storage_from_url
from dotflow.types import StartedBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.storage import Storage

_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc00000000301010018dd8db0"
    "0000000049454e44ae426082"
)
_PACE = float(os.environ.get("DEMO_PACE", "0"))


def _work(seconds: float) -> None:
    time.sleep(seconds * random.uniform(0.5, 1.5) * (_PACE or 0.02))


@action
def extract() -> list[dict[str, Any]]:
    """Tell a progress, lines of all kinds, facts and artifacts."""
    rows = [
        {"id": number, "city": city} for number, city in enumerate(["Oslo", "Ürümqi"])
    ]
    for _ in progress(range(20), name="pages"):
        _work(0.2)
    print("plain, then \x1b[31mred\x1b[0m, then \x1b[1;32mbold green\x1b[0m")
    print(
        "<b>no markup</b> <script>alert('never')</script> &amp; \u202e4321 dcba\u202c"
    )
    print("a long line: " + "0123456789" * 60)
    print("this goes to standard error", file=sys.stderr)
    logging.getLogger("shop.extract").warning("the source was slow: %d ms", 1830)
    fact("customer", "acme")
    fact("rows", len(rows) * 60)
    artifact("sample", rows)
    artifact("notes", "# Extracted\n\n- **2** rows\n- [source](https://example.org)")
    artifact("dashboard", "https://example.org/report/17", kind="link")
    artifact("pixel", _PIXEL)
    artifact("quality", 0.93)
    return rows


@action
def transform(previous_context: Any) -> dict[str, Any]:
    """Pass on."""
    _work(2)
    return {"rows": previous_context.storage, "token": "s3cret-token-nobody-sees"}


@action
def load() -> int:
    """Pass on."""
    _work(1)
    return 120


_tries = {"number": 0}


@action(retry=4, retry_delay=0.05, backoff=True)
def flaky() -> str:
    """Fail twice, then not."""
    _tries["number"] += 1
    _work(0.5)
    if _tries["number"] % 3:
        raise ConnectionError(f"db-{_tries['number']}.example.org:5432 refused")
    return "at last"


@action
def broken() -> None:
    """Fail with a message that differs from run to run."""
    _work(0.5)
    print("about to look up the price")
    _price({"id": random.randint(1, 10_000)})


def _price(row: dict[str, int]) -> float:
    prices: dict[int, float] = {}
    return prices[row["id"]]


@action(timeout=0.2)
def hangs() -> None:
    """Run out of its time."""
    time.sleep(30)


@action
def numbers() -> list[int]:
    """Give the items of a map."""
    return list(range(60))


@action(retry=2, retry_delay=0)
def divide(item: int) -> float:
    """Fail for some items."""
    _work(0.1)
    if item % 19 == 7:
        raise ValueError(f"item {item} is no good: '{'x' * (item % 5)}'")
    return 8 / (item + 1)


@action
def pick(item: int) -> int:
    """Fail for no item."""
    _work(0.05)
    return item


@action
def add_up() -> int:
    """Pass on."""
    return 42


def _nightly(flow: DotFlow) -> None:
    for step in (extract, transform, load):
        flow.task.add(step)


def _failing(flow: DotFlow) -> None:
    for step in (extract, broken, load, add_up):
        flow.task.add(step)


def _retrying(flow: DotFlow) -> None:
    flow.task.add(flaky)
    flow.task.add(load)


def _late(flow: DotFlow) -> None:
    flow.task.add(hangs)
    flow.task.add(load)


def _mapped(flow: DotFlow) -> None:
    flow.task.add(numbers)
    flow.task.add(pick, map_over=numbers)
    flow.task.add(add_up, depends_on=pick)


def _mapped_failing(flow: DotFlow) -> None:
    flow.task.add(numbers)
    flow.task.add(divide, map_over=numbers)
    flow.task.add(add_up, depends_on=divide)


def _nested(flow: DotFlow) -> None:
    clean = DotFlow(name="clean")
    _nightly(clean)
    flow.task.add(flaky)
    flow.task.add(clean, name="clean")
    flow.task.add(add_up)


def _diamond(flow: DotFlow) -> None:
    flow.task.add(numbers, name="source")
    for name in ("users", "orders", "stock", "prices"):
        flow.task.add(load, name=name, depends_on="source", group_name=name)
    flow.task.add(
        add_up, name="join", depends_on=["users", "orders", "stock", "prices"]
    )
    flow.task.add(broken, name="report", depends_on="join")
    flow.task.add(load, name="mail", depends_on="report")


def _parents(flow: DotFlow) -> None:
    storage = flow.config.storage

    @action
    def start_another() -> str:
        inner = _flow(storage, "regional", _nightly)
        inner.start()
        return str(inner.workflow_id)

    flow.task.add(start_another, name="start_another")


def _wide(flow: DotFlow) -> None:
    for number in range(100):
        before = [f"t{number // 3 - 1}"] if number >= 3 else []
        flow.task.add(load, name=f"t{number}", depends_on=before)


KINDS: dict[str, tuple[Callable[[DotFlow], None], str]] = {
    "nightly": (_nightly, "sequential"),
    "prices": (_failing, "sequential"),
    "import": (_retrying, "sequential"),
    "scrape": (_late, "sequential"),
    "count": (_mapped, "threads"),
    "divide": (_mapped_failing, "threads"),
    "regions": (_nested, "sequential"),
    "warehouse": (_diamond, "threads"),
    "umbrella": (_parents, "sequential"),
    "wide": (_wide, "threads"),
}


def _flow(storage: Storage, name: str, fill: Callable[[DotFlow], None]) -> DotFlow:
    log = LogDefault(level="ERROR", output="file", path=os.devnull)
    flow = DotFlow(Config(storage=storage, log=log), name=name)
    fill(flow)
    return flow


def run(storage: Storage, name: str) -> None:
    """Run one of `KINDS` in a store."""
    fill, mode = KINDS[name]
    day = random.randint(1, 28)
    started = {"workflow": name, "params": {"day": day, "password": "hidden-anyway"}}
    tags = ("demo", "nightly") if name == "nightly" else ("demo",)
    with started_by(StartedBy.COMMAND, tags=tags, **started):
        _flow(storage, name, fill).start(mode=mode, keep_going=name == "divide")


def crash(storage: Storage) -> None:
    """Leave a run whose process was killed."""

    @action
    def killed() -> None:
        print("the last words", flush=True)
        time.sleep(0.4)  # the history is written meanwhile
        os.kill(os.getpid(), signal.SIGKILL)

    def die() -> None:
        _flow(storage, "unlucky", lambda flow: flow.task.add([extract, killed])).start()

    process = multiprocessing.get_context("fork").Process(target=die)
    process.start()
    process.join()


def schedule(storage: Storage) -> None:
    """Leave schedules: one that lives, one that is paused, one that has missed a run."""
    schedules = Schedules(storage)
    now = time.time()
    lives = ScheduleFacts(
        process_token(),
        "nightly",
        cron="0 3 * * *",
        timezone="Europe/Oslo",
        triggers=True,
        next=[now + 3600 * hours for hours in (2, 26, 50, 74, 98)],
    )
    schedules.register("nightly", "demo", lives)
    last = {"status": "Completed", "started": now - 7200, "finished": now - 7100}
    schedules.note("nightly", "demo", lives, last)
    paused = ScheduleFacts(
        process_token(), "prices", cron="*/5 * * * *", next=[now + 60]
    )
    schedules.register("prices", "demo", paused)
    schedules.pause("prices")
    missed = ScheduleFacts("nowhere/1/1", "import", cron="0 * * * *", next=[now - 1800])
    schedules.register("import", "demo", missed)


def main() -> None:
    """Fill a store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", help="a SQLite file, or the address of a storage")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--live", action="store_true")
    given = parser.parse_args()
    plain = ":" not in given.store
    if plain:
        Path(given.store).parent.mkdir(parents=True, exist_ok=True)
    storage = storage_from_url(f"sqlite:{given.store}" if plain else given.store)
    logging.disable(logging.ERROR)
    schedule(storage)
    for number in range(given.rounds):
        for name in KINDS:
            run(storage, name)
        if number == 0:
            crash(storage)
    while given.live:
        global _PACE  # what runs now is watched
        _PACE = 1.0
        for name in KINDS:
            print(name)
            run(storage, name)
    storage.close()


if __name__ == "__main__":
    main()
