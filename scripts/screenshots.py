"""Make the pictures of the dashboard: `hatch run screenshots`.

The shop of the browser tests runs for real. What it did is then told again as if it had
been done through a week, at the pace of a real job, and Debian's chromium looks at it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.browser import SWITCHES, served
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from dotflow.base.identity import encode_ulid
from dotflow.base.liveness import process_token
from dotflow.history.schedules import ScheduleFacts, Schedules
from dotflow.providers import StorageSQLite

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "packages" / "dotflow-server" / "tests" / "browser" / "shop.py"
TARGET = ROOT / "docs" / "images"
DOTFLOW = Path(sys.executable).with_name("dotflow")
MOST = 300_000
SLOWER = 40  # than the shop's steps, which take parts of a second
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
PICTURES = {
    "run": ("/runs?status=Failed&workflow=nightly_orders", "light", WIDE),
    "now": ("/", "dark", WIDE),
    "runs": ("/runs", "light", WIDE),
    "workflow": ("/workflows/nightly_orders", "dark", WIDE),
    "run-narrow": ("/runs?status=Failed&workflow=nightly_orders", "dark", NARROW),
    "now-narrow": ("/", "light", NARROW),
}
"""By name: the address, the colours and the size. From a list it goes to its first run."""


def main() -> None:
    """Run the shop, tell its week, and take the pictures."""
    # A name that is fit to be seen: it stands in pictures.
    folder = Path(tempfile.gettempdir()) / "shop"
    folder.mkdir()
    try:
        shutil.copy(SHOP, folder)
        lines = [*runs(folder, mended=False), *runs(folder, mended=True)]
        told = folder / "week.jsonl"
        told.write_text("".join(f"{line}\n" for line in week(lines)), "utf-8")
        dotflow(
            folder, "history", "import", str(told), "--storage", "sqlite:///runs.db"
        )
        with live(folder), served(folder / "runs.db") as address:
            look(address)
    finally:
        shutil.rmtree(folder)
    size = sum(file.stat().st_size for file in TARGET.glob("*.png"))
    print(f"{size:,} bytes in {TARGET}, at most {MOST:,}")
    if size > MOST:
        sys.exit(1)


def dotflow(folder: Path, *arguments: str) -> None:
    """Run a command of dotflow in the shop; a workflow may fail."""
    environment = {**os.environ, "SHOP_PACE": "1"}
    subprocess.run(
        [DOTFLOW, *arguments], cwd=folder, env=environment, capture_output=True
    )


def runs(folder: Path, mended: bool) -> list[str]:
    """Run each workflow into a store of its own; return what its history holds."""
    (folder / "rates").unlink(missing_ok=True)
    if mended:
        (folder / "repaired").touch()
    for workflow in ("orders", "invoices"):
        mode = ("--mode", "threads", "--progress", "none")
        dotflow(folder, "start", "-w", f"shop:{workflow}", *mode)
    dotflow(folder, "history", "export", "told.jsonl", "--storage", "sqlite:///runs.db")
    found = (folder / "told.jsonl").read_text("utf-8").splitlines()
    for file in (*folder.glob("runs.db*"), folder / "told.jsonl"):
        file.unlink()
    return found


def week(lines: list[str]) -> Iterator[str]:
    """Tell runs again and again, under several names, as of the hours of a week."""
    chosen = random.Random(4)
    by_name: dict[tuple[str, str], str] = {}
    for line in lines:
        run = json.loads(line)["run"]
        by_name[run["workflow"], run["status"]] = line
    good, bad = (
        by_name["nightly_orders", "Completed"],
        by_name["nightly_orders", "Failed"],
    )
    letters = by_name["invoices", "Completed"]
    for hour in range(6 * 24, 0, -1):
        begin = time.time() - hour * 3600 + 1800
        if hour % 4 == 1:
            line = bad if hour == 1 or chosen.random() < 0.12 else good
            yield shifted(line, begin, chosen)
        elif hour % 4 == 3:
            line = bad if chosen.random() < 0.3 else good
            name = chosen.choice(["crm_sync", "web_orders"])
            yield shifted(line.replace("nightly_orders", name), begin, chosen)
        elif hour % 4 == 2:
            yield shifted(letters, begin, chosen)


def shifted(line: str, begin: float, chosen: random.Random) -> str:
    """Return a run as if it had begun then, and been slower."""
    told: dict[str, Any] = json.loads(line)
    run = told["run"]
    first, slower = run["started"], SLOWER * chosen.uniform(0.8, 1.3)
    new_id = encode_ulid((int(begin * 1000) << 80) | chosen.getrandbits(80))

    def moved(value: Any) -> Any:
        near = isinstance(value, float) and abs(value - first) < 1e5
        return begin + (value - first) * slower if near else value

    for name in ("started", "finished", "heartbeat"):
        run[name] = moved(run[name])
    run["duration"] *= slower
    identity = json.loads(run["identity"])
    identity.update(user="ada", commit="9f1c2ab77e05")
    run["identity"] = json.dumps(identity)
    for event in told["events"]:
        event[:] = [moved(value) for value in event]
        detail = json.loads(event[5]) if event[5] else {}
        for output in detail.get("output", ()):
            output[0] = moved(output[0])
        event[5] = json.dumps(detail) if detail else None
    return json.dumps(told).replace(told["run"]["run_id"], new_id)


@contextmanager
def live(folder: Path) -> Iterator[None]:
    """Let runs go on meanwhile, and others be due."""
    schedules = Schedules(storage := StorageSQLite(folder / "runs.db"))
    for workflow, hours in (("nightly_orders", 7), ("invoices", 1), ("crm_sync", 2)):
        due = [time.time() + 3600 * hours]
        facts = ScheduleFacts(
            process_token(), workflow, cron=f"0 {hours} * * *", next=due
        )
        schedules.register(workflow, "shop", facts)
    processes = [
        subprocess.Popen(
            [DOTFLOW, "start", "-w", f"shop:{workflow}", "--progress", "none"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        for workflow in ("stock", "prices")
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
        storage.close()


def look(address: str) -> None:
    """Take each picture."""
    TARGET.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=SWITCHES
        )
        context = browser.new_context(base_url=address.split("/#", maxsplit=1)[0])
        page = context.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Now").wait_for()
        for name, (path, colours, size) in PICTURES.items():
            dark = colours == "dark"
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            take(page, path, TARGET / f"dashboard-{name}.png")
        browser.close()


def take(page: Page, path: str, target: Path) -> None:
    """Go to a page and save what one sees, in as few colours as it needs."""
    page.goto(path)
    page.locator(".run-link, .graph .node").first.wait_for()
    if path.startswith("/runs?"):
        page.locator(".run-link").first.click()
        page.locator(".graph .node, .graph .node-group").first.wait_for()
        page.locator(".failure").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    picture = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    picture.quantize(160, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
