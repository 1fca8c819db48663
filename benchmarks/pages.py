"""What the dashboard costs a browser: a large graph, a large map, very many runs.

    python -m benchmarks.pages [--runs 100000] [--tasks 1000] [--items 10000]

Debian's chromium opens the pages of `dotflow ui` on a store that is filled first. Of the
page's main thread the longest task is told in milliseconds of processor time, which a busy
machine changes little, and of the wall; the limit is 50. To the first box of a graph it is
the time since the answer of the API, of the wall, and all that the main thread has worked
since the address was entered; the limit is 300.

On two cores that nobody else wanted:

    graph of 1,000 boxes     longest task 33 ms of the processor (77 of the wall), first box
                             after 201 ms of the wall
    list of 100,000 runs     longest task 20 ms of the processor
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.browser import SWITCHES, served
from benchmarks.history import fill
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_CATEGORIES = ["toplevel", "devtools.timeline", "blink.user_timing"]
_LAYER = 25
_PATIENCE = 120_000
# When the graph's data was there, and when its first box was drawn.
_WATCH = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.node')) return;
  observer.disconnect();
  const note = () => {
    window.drawn = performance.now();
    performance.mark('first box');
  };
  requestAnimationFrame(() => requestAnimationFrame(note));
}).observe(document, { childList: true, subtree: true });
"""


@action
def nothing() -> int:
    """Do nothing."""
    return 0


@action
def many(initial_context: Any) -> list[int]:
    """Return as many items as were asked for."""
    return list(range(initial_context.storage))


@action
def each(item: int) -> int:
    """Do nothing with an item."""
    return item


def graph(storage: StorageSQLite, tasks: int) -> None:
    """Run a workflow of many tasks in layers, each after two of the layer before."""
    workflow = DotFlow(Config(storage=storage), workflow_id="graph", name="graph")
    for number in range(tasks):
        before, place = number // _LAYER - 1, number % _LAYER
        ups = {(place * factor) % _LAYER + before * _LAYER for factor in (7, 13)}
        after = [f"t{up}" for up in ups] if before >= 0 else []
        workflow.task.add(nothing, name=f"t{number}", depends_on=after)
    workflow.start(mode="threads")


def large_map(storage: StorageSQLite, items: int) -> None:
    """Run a map over many items."""
    workflow = DotFlow(Config(storage=storage), workflow_id="map", name="map")
    workflow.task.add(many, initial_context=items)
    workflow.task.add(each, map_over=many)
    workflow.start(mode="threads")


def traced(browser: Browser, page: Page, act: Callable[[], None]) -> str:
    """Do something on a page; return what it costs the main thread."""
    browser.start_tracing(page=page, categories=_CATEGORIES)
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event
        for event in events
        if (event["pid"], event["tid"]) in main
        and event["name"] in ("RunTask", "ThreadControllerImpl::RunTask")
    ]
    processor = max((event.get("tdur", 0) for event in tasks), default=0) / 1e3
    wall = max((event.get("dur", 0) for event in tasks), default=0) / 1e3
    drawn = min(
        (event["ts"] for event in events if event["name"] == "first box"), default=0
    )
    before = sum(event.get("tdur", 0) for event in tasks if event["ts"] < drawn) / 1e3
    until = f", {before:.0f} ms of work up to the first box" if drawn else ""
    longest = (
        f"longest task {processor:.0f} ms of the processor ({wall:.0f} of the wall)"
    )
    return f"{longest}{until}"


def measure(browser: Browser, address: str) -> None:
    """Print a line for each page."""
    base = address.split("/#", maxsplit=1)[0]
    context = browser.new_context(
        base_url=base, viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(address)
    page.get_by_role("heading", name="Now").wait_for()
    for name in ("graph", "map"):
        page.goto(f"/runs?workflow={name}")
        run = page.locator(".run-link").first.get_attribute("href") or ""

        def open_run(run: str = run) -> None:
            page.goto(f"{run}?task=")
            page.locator(".node").first.wait_for()
            page.wait_for_timeout(1500)

        longest = traced(browser, page, open_run)
        boxes = page.locator(".node").count()
        print(f"{name}: {boxes} boxes, {longest}, {first_paint(page)} ms of the wall")
    print(f"runs: {traced(browser, page, lambda: scroll(page))}; {loaded(page)}")
    context.close()


def first_paint(page: Page) -> int:
    """Return how long after the answer of the API the first box was seen."""
    return int(
        page.evaluate(
            """() => window.drawn - performance.getEntriesByType('resource')
                 .find(entry => /\\/runs\\/[^/]+$/.test(entry.name)).responseEnd"""
        )
    )


def scroll(page: Page) -> None:
    """Scroll through the list of runs, a screen at a time, as far as there is something."""
    page.goto("/runs")
    page.locator(".run-link").first.wait_for()
    page.mouse.move(700, 500)
    for _ in range(150):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(30)


def loaded(page: Page) -> str:
    """Return how many runs the list has by now, and how many of them are drawn."""
    told = page.locator(".list-foot").inner_text()
    return f"{told}, {page.locator('.run-line').count()} drawn"


def main() -> None:
    """Fill a store, and measure pages on it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--items", type=int, default=10_000)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "runs.db"
        fill(store, options.runs, events=4)
        storage = StorageSQLite(store, keep_runs=None)
        graph(storage, options.tasks)
        large_map(storage, options.items)
        storage.close()
        with served(store) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=SWITCHES
            )
            measure(browser, address)
            browser.close()


if __name__ == "__main__":
    main()
