"""What somebody sees who opens the dashboard, on real runs in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from shops import Shop

# Each page on which there is something to see, and what says that it is there.
PAGES = {
    "/": "Failed since you last looked",
    "/runs": "nightly_orders",
    "/runs?view=failures": "KeyError",
    "/runs/{orders}": "in by_customer",
    "/runs/{invoices}?tab=output": "connected to",
    "/runs/{invoices}?tab=artifacts": "post office",
    "/workflows": "invoices",
    "/workflows/nightly_orders": "Newest runs",
    "/workflows/nightly_orders/tasks/transform": "KeyError",
    "/compare?left={invoices}&right={orders}": "Tasks",
    "/schedules": "dotflow schedule",
    "/admin": "Store",
}
LOOKS: list[tuple[Literal["light", "dark"], int]] = [("light", 1440), ("dark", 390)]


def newest(page: Page, workflow: str, status: str = "Completed") -> str:
    """Return the id of the newest run of a workflow that ended so."""
    page.goto(f"/runs?status={status}")
    link = page.locator(".run-link", has_text=workflow).first
    href = link.get_attribute("href")
    assert href is not None
    return href.rsplit("/", 1)[1]


@pytest.fixture
def ids(page: Page) -> dict[str, str]:
    """The runs that the addresses of `PAGES` name."""
    return {
        "orders": newest(page, "nightly_orders", "Failed"),
        "invoices": newest(page, "invoices"),
    }


def test_a_failed_run_opens_on_what_failed_first(page: Page) -> None:
    """A row leads to the task that failed first, its error and one's own code before all."""
    page.goto("/runs?status=Failed")
    row = page.locator(".run-link", has_text="nightly_orders").first
    assert "KeyError in transform: 'customer_id'" in row.inner_text()
    row.click()
    inspector = page.get_by_role("complementary", name="Task transform")
    assert "customer_id" in inspector.locator(".failure-message").inner_text()
    first = inspector.locator(".frame").first
    assert "in by_customer" in first.inner_text()
    assert re.search(r"shop\.py:\d+", first.inner_text())
    assert "40 orders, 3 without a price" in inspector.get_by_role("log").inner_text()


def test_the_graph_shows_states_maps_and_sub_workflows(
    page: Page, ids: dict[str, str]
) -> None:
    """A task is a box with its state, a map one with a count, a sub-workflow unfolds."""
    page.goto(f"/runs/{ids['orders']}")
    graph = page.get_by_role("group", name="Graph of 7 tasks")
    for task, state in {"transform": "Failed", "load": "Skipped"}.items():
        assert graph.locator(f"[data-task={task}]").get_attribute("data-state") == state
    assert "40 / 40" in (graph.locator("[data-task=price]").text_content() or "")
    page.goto(f"/runs/{ids['invoices']}")
    page.get_by_role("button", name="Unfold letters").click()
    page.get_by_role("link", name="draw_up: Completed").click()
    page.get_by_role("complementary", name="Task letters/draw_up").wait_for()


def test_filters_stand_in_the_address(page: Page) -> None:
    """What one filters by is in the address, and an address gives the same list again."""
    page.goto("/runs")
    page.get_by_role("button", name="Failed").click()
    page.get_by_role("searchbox", name="Search runs").fill("customer_id")
    page.wait_for_url("**/runs?status=Failed&text=customer_id")
    page.reload()
    page.locator(".run-link").first.wait_for()
    assert {"nightly_orders"} == set(page.locator(".run-name").all_inner_texts())
    page.goto("/runs?status=Failed&workflow=invoices")
    page.get_by_text("No run is like that").wait_for()


def test_what_a_task_prints_is_text(page: Page) -> None:
    """Markup, marks that turn text, and orders to a terminal are shown and do nothing."""
    page.goto(f"/runs/{newest(page, 'loud')}?tab=output&task=")
    log = page.get_by_role("log")
    log.get_by_text("plain").wait_for()
    text = log.inner_text()
    assert "<script>window.pwned = 1</script>" in text
    assert "<img src=x onerror='window.pwned = 1'><b>bold</b>" in text
    assert "invoice\u27e8202E\u27e9pj.exe".replace("pj", "gpj") in text
    assert "\x1b" not in text
    assert "]0;title" not in text
    assert "2J" not in text
    assert log.locator(".tone-bad", has_text="red").count() == 1
    assert page.evaluate("window.pwned") is None
    assert page.locator("main b, main img, main script").count() == 0
    assert page.get_by_role("heading", level=1).inner_text() == "loud <b>&amp;</b>"


def test_ten_megabytes_are_scrolled_through(page: Page) -> None:
    """A task that printed ten megabytes is drawn a screen at a time, up to its end."""
    page.goto(f"/runs/{newest(page, 'loud')}?tab=output&task=")
    log = page.get_by_role("log")
    log.locator(".line").first.wait_for()
    page.get_by_placeholder("Filter lines").fill("the last of")
    log.get_by_text("the last of ten megabytes").wait_for()
    page.get_by_placeholder("Filter lines").fill("")
    assert log.locator(".line").count() < 100


def test_keys_lead_everywhere(page: Page) -> None:
    """`g r`, `j`, `k`, `Enter`, `/` and `?` do what the list of keys says."""
    page.goto("/")
    page.get_by_role("heading", name="Now").wait_for()
    page.keyboard.type("gr")
    page.locator(".run-link").first.wait_for()
    page.keyboard.type("jjk")
    href = page.locator(".run-line.chosen .run-link").get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href}")
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search runs").wait_for()
    page.locator("#search:focus").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()


@pytest.mark.parametrize("half", [0, 1])
def test_pages_are_accessible_and_fit(
    browser: Browser,
    signed_in: BrowserContext,
    address: str,
    ids: dict[str, str],
    half: int,
) -> None:
    """No page, wide and light or narrow and dark, breaks a rule of WCAG AA of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        "resultTypes": ["violations"],
    }
    context = browser.new_context(
        base_url=address.split("/#")[0],
        storage_state=signed_in.storage_state(),
        bypass_csp=True,  # axe-core is put into the page
    )
    tab = context.new_page()
    found = {}
    for path in [*PAGES][half::2]:
        for scheme, width in LOOKS:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 900})
            if scheme == "light":
                tab.goto(path.format(**ids))
                tab.get_by_text(PAGES[path]).first.wait_for(state="attached")
            broken = axe.run(tab, options=rules).response["violations"]
            if broken:
                found[path, scheme] = [
                    (rule["id"], [node["html"][:200] for node in rule["nodes"][:3]])
                    for rule in broken
                ]
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width)
    context.close()
    assert found == {}


def test_an_empty_store_says_what_fills_it(browser: Browser, shop: Shop) -> None:
    """A dashboard without runs tells the command that makes one."""
    tab = browser.new_page()
    empty = ("server", "--no-auth", "--database", "empty.db", "--port", "0")
    tab.goto(shop.serve(*empty)[1])
    tab.get_by_text("Nothing has run here yet").wait_for()
    assert "dotflow start" in tab.locator(".command").inner_text()
    tab.close()
