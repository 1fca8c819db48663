"""A real browser on a real dashboard over runs of real processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from shops import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
"""How long anything on a page is waited for, in milliseconds: a busy machine is slow."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless.

    Of one module: while Playwright goes on the thread of the tests has a running event
    loop, in which no other test can start one.
    """
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES])
        yield started
        started.close()


@pytest.fixture(scope="module")
def shop(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in which a workflow has failed, one has completed and one has said much."""
    found = Shop(tmp_path_factory.mktemp("shop"))
    found.open()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def address(shop: Shop) -> str:
    """Where `dotflow ui` is, with the secret that opens it once."""
    return shop.serve("ui", "runs.db", "--port", "0", "--no-open")[1]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser with a session of the dashboard."""
    url = address.split("/#")[0]
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("heading", name="Now").wait_for()
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    """A new tab, on which nothing may be refused or raised."""
    tab = signed_in.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "console",
        lambda told: complaints.append(told.text) if told.type == "error" else None,
    )
    yield tab
    tab.close()
    assert complaints == []
