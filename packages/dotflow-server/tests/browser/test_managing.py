"""What somebody manages from the pages: schedules, tokens, terminals, the server itself."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from dashboards import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page
    from shops import Shop

HERE, THERE = "Europe/Lisbon", "Asia/Tokyo"
DATABASE = ("--database", "team.db")


@pytest.fixture(scope="module")
def base(shop: Shop) -> str:
    """Where the server of a team is that forgets runs after 90 days."""
    address = shop.serve("server", "--port", "0", "--retention", "90d", *DATABASE)[1]
    return address.rstrip("/")


@pytest.fixture(scope="module")
def admin(browser: Browser, shop: Shop, base: str) -> Iterator[BrowserContext]:
    """A browser of who administers it."""
    words = ("token", "create", "ada", "--scope", "admin", *DATABASE)
    token = shop.start("server", *words).communicate(timeout=60)[0].split()[-1]
    context = browser.new_context(base_url=base)
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    tab.goto("/")
    tab.get_by_role("textbox", name="Token").fill(token)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Now").wait_for()
    tab.close()
    yield context
    context.close()


@pytest.fixture
def tab(admin: BrowserContext) -> Iterator[Page]:
    """A new tab of theirs."""
    found = admin.new_page()
    yield found
    found.close()


def test_a_schedule_is_paused_resumed_and_run_now(
    browser: Browser, signed_in: BrowserContext, shop: Shop, address: str
) -> None:
    """A schedule tells its next times in both zones, and does what its buttons say."""
    shop.start(
        *("schedule", "-w", "shop:invoices", "--name", "letters"),
        *("--cron", "0 6 * * *", "--timezone", THERE),
    )
    context = browser.new_context(
        base_url=address.split("/#")[0],
        storage_state=signed_in.storage_state(),
        timezone_id=HERE,
        locale="en-GB",
    )
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto("/schedules")
    card = page.locator(".schedule", has_text="letters")
    card.locator(".times li").first.wait_for()

    [row] = page.request.get("/api/v1/schedules").json()["schedules"]
    lines = card.locator(".times li").all_inner_texts()
    assert len(lines) == len(row["next"]) > 1
    for line, moment in zip(lines, row["next"], strict=True):
        at = datetime.fromisoformat(moment)
        assert f"{at.astimezone(ZoneInfo(HERE)):%H:%M}" in line
        assert f"06:00 {THERE}" in " ".join(line.split())

    card.get_by_role("button", name="Pause").click()
    card.locator(".state", has_text="Paused").wait_for()
    card.get_by_role("button", name="Resume").wait_for()
    assert card.locator(".times").count() == 0
    listed = shop.start("schedules", "--json", "-o", "sqlite:runs.db")
    [told] = json.loads(listed.communicate(timeout=60)[0])
    assert told["status"] == "Paused"

    card.get_by_role("button", name="Resume").click()
    card.locator(".times li").first.wait_for()
    card.get_by_role("button", name="Run now").click()
    card.locator(".last-run", has_text="Completed").click()
    page.locator(".run-head .state", has_text="Completed").wait_for()
    page.get_by_role("heading", name="invoices").wait_for()
    context.close()


def test_a_token_is_shown_once_and_revoked(tab: Page, base: str) -> None:
    """A token that is made here works, cannot be read again, and ends when it is revoked."""
    tab.goto("/admin")
    tab.get_by_role("textbox", name="Name of a new token").fill("runners")
    tab.get_by_role("checkbox", name="read").uncheck()
    tab.get_by_role("checkbox", name="ingest").check()
    tab.get_by_role("button", name="Make a token").click()
    token = tab.locator(".made code").inner_text()
    row = tab.get_by_role("row", name="runners")
    assert "ingest" in row.inner_text()
    assert "read" not in row.locator(".tag").all_inner_texts()

    def asked() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{base}/api/v1/protocol", headers=headers).status_code

    assert asked() == 200
    tab.reload()
    row.wait_for()
    assert token not in tab.content()
    row.get_by_role("button", name="Revoke").click()
    tab.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    row.get_by_text("revoked").wait_for()
    assert asked() == 401
    tab.get_by_text("revoke token").wait_for()


def test_a_terminal_is_let_in(tab: Page, shop: Shop, base: str) -> None:
    """`dotflow login` waits for a click on its code, and then its runs are told here."""
    words = ("--base-url", f"{base}/api/v1", "--no-browser")
    login = shop.start("login", *words)
    assert login.stdout is not None
    first, second = login.stdout.readline(), login.stdout.readline()
    code = second.split()[-1]
    tab.goto(first.split()[-1])
    tab.get_by_text(f"Does it show the code {code}?").wait_for()
    assert login.poll() is None
    tab.get_by_role("button", name="Let it send runs").click()
    tab.get_by_text("Go back to the terminal").wait_for()
    assert "Signed in." in login.communicate(timeout=60)[0]
    assert login.returncode == 0

    shop.run("invoices", "--tag", "told")
    tab.goto("/runs?tag=told")
    tab.locator(".run-link", has_text="invoices").first.wait_for()
    shop.start("logout").communicate(timeout=60)
    tab.goto(first.split()[-1])
    tab.get_by_role("button", name="Let it send runs").click()
    tab.get_by_text("No terminal waits with this code").wait_for()


def test_admin_tells_how_the_server_is(tab: Page) -> None:
    """Its page has the store and its size, for how long runs are kept, and its health."""
    tab.goto("/admin")
    store = tab.locator("section", has=tab.get_by_role("heading", name="Store"))
    store.get_by_text("90 days").wait_for()
    assert re.search(r"size\s+[\d.]+ [kM]B", store.inner_text())
    health = tab.locator("section", has=tab.get_by_role("heading", name="Health"))
    assert "are free" in health.inner_text()
    assert health.locator(".state").count() == 2


@pytest.mark.parametrize("width", [1440, 390])
def test_its_pages_are_accessible_and_fit(
    browser: Browser, admin: BrowserContext, base: str, width: int
) -> None:
    """Tokens, a terminal that asks and the sign-in break no rule of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = {}
    for path, shown, known in (
        ("/admin", "Make a token", True),
        ("/device?code=BBBB-BBBB", "Let it send runs", True),
        ("/runs", "Sign in with a token", False),
    ):
        context = browser.new_context(
            base_url=base,
            storage_state=admin.storage_state() if known else None,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if width == 390 else "light",
            bypass_csp=True,  # axe-core is put into the page
        )
        tab = context.new_page()
        tab.goto(path)
        tab.get_by_text(shown).first.wait_for()
        broken = axe.run(tab, options=rules).response["violations"]
        if broken:
            found[path] = [
                (rule["id"], rule["nodes"][0]["html"][:200]) for rule in broken
            ]
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        context.close()
    assert found == {}
