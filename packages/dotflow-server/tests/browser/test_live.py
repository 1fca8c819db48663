"""What changes on open pages by itself, and what somebody can do there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Request
    from shops import Shop


@pytest.fixture
def gated(shop: Shop) -> Iterator[Shop]:
    """The shop with its gates closed."""
    for gate in ("gate1", "gate2"):
        (shop.folder / gate).unlink(missing_ok=True)
    yield shop
    for gate in ("gate1", "gate2"):
        shop.open_gate(gate)


def test_states_change_without_a_reload_until_somebody_cancels(
    page: Page, gated: Shop
) -> None:
    """A run appears, its task completes, and a click ends it, on pages that stay open."""
    page.goto("/")
    page.evaluate("window.stays = 1")
    run = gated.begin("stock")
    page.get_by_role("link", name="stock_sync").first.click()
    graph = page.locator(".graph")
    graph.locator("[data-task=first_gate][data-state=Running]").wait_for()
    gated.open_gate("gate1")
    graph.locator("[data-task=first_gate][data-state=Completed]").wait_for()
    graph.locator("[data-task=second_gate][data-state=Running]").wait_for()
    page.get_by_role("tab", name="Output").click()
    page.get_by_text("through the first gate").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the run").click()
    page.locator(".run-head .state", has_text="Cancelled").wait_for()
    run.communicate(timeout=60)
    graph.locator("[data-task=second_gate][data-state=Cancelled]").wait_for()
    assert page.evaluate("window.stays") == 1


MODES = (
    *("sequential", "sequential_group", "background"),
    *("parallel", "threads", "async"),
)


def test_runs_of_each_mode_are_seen_as_they_go(page: Page, gated: Shop) -> None:
    """A list that is open tells of runs in whichever mode, and of their ends."""
    page.goto("/runs?tag=modes")
    page.get_by_text("Live").wait_for()
    page.evaluate("window.stays = 1")
    options = ("--tag", "modes", "--workflow-id")
    runs = [gated.begin("stock", *options, mode, "--mode", mode) for mode in MODES]
    rows = page.locator(".run-link")
    rows.filter(has_text="Running").nth(len(MODES) - 1).wait_for()
    gated.open_gate("gate1")
    gated.open_gate("gate2")
    rows.filter(has_text="Completed").nth(len(MODES) - 1).wait_for()
    assert page.evaluate("window.stays") == 1
    for run in runs:
        run.communicate(timeout=60)
    told = page.request.get("/api/v1/runs?tag=modes").json()["runs"]
    assert {run["mode"] for run in told} == {*MODES}


def test_a_run_is_retried_from_a_task(page: Page, shop: Shop) -> None:
    """Retrying from the task that failed leads to a run that completes, and keeps the rest."""
    shop.run("orders", "--mode", "threads", "--tag", "mended")
    shop.open_gate("repaired")
    page.goto("/runs?tag=mended")
    page.locator(".run-link").first.click()
    old = page.url
    page.get_by_role("button", name="Retry from transform").click()
    page.wait_for_url(lambda url: url.split("?")[0] != old.split("?")[0])
    page.locator(".run-head .state", has_text="Completed").wait_for()
    page.locator(".graph [data-task=report][data-state=Completed]").wait_for()
    (shop.folder / "repaired").unlink()


def test_runs_are_cancelled_in_bulk(page: Page, gated: Shop) -> None:
    """What is selected in the list of runs is cancelled together."""
    runs = [gated.begin(name, "--tag", "bulk") for name in ("stock", "prices")]
    page.goto("/runs?tag=bulk&status=In+progress")
    page.locator(".run-line input").nth(1).wait_for()
    for box in page.locator(".run-line input").all():
        box.check()
    page.get_by_role("toolbar").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel them").click()
    page.get_by_text("2 runs: asked to end.").wait_for()
    for run in runs:
        run.communicate(timeout=60)
    page.goto("/runs?tag=bulk")
    for place in range(2):
        state = page.locator(".run-line .state").nth(place)
        state.filter(has_text="Cancelled").wait_for()


def test_failures_are_grouped_retried_together_and_compared(
    page: Page, shop: Shop
) -> None:
    """Failures that look alike are one; who retries them sees how the next one differs."""
    for _ in range(2):
        shop.run("orders", "--mode", "threads", "--tag", "alike")
    page.goto("/runs?view=failures")
    group = page.locator(".group", has_text="KeyError")
    assert "in transform" in group.inner_text()
    assert int(group.locator(".group-count strong").inner_text().split()[0]) >= 2
    assert "since" in group.inner_text()

    page.goto("/runs?tag=alike&status=Failed")
    page.locator(".run-line input").nth(1).wait_for()
    for box in page.locator(".run-line input").all():
        box.check()
    shop.open_gate("repaired")
    page.get_by_role("toolbar").get_by_role("button", name="Retry").click()
    page.get_by_role("button", name="Retry them").click()
    page.get_by_text("2 runs: started again.").wait_for()
    page.goto("/runs?status=Completed&tag=alike")
    page.locator(".run-link", has_text="nightly_orders").nth(1).wait_for()
    (shop.folder / "repaired").unlink()

    shop.run("orders", "--mode", "threads", "--tag", "worse")
    page.goto("/runs?tag=worse")
    page.locator(".run-link", has_text="Failed").click()
    since = page.locator(".since")
    assert re.search(r"Last success: .+ (shorter|longer)", since.inner_text())
    since.get_by_role("link", name="Compare").click()
    page.get_by_role("row", name="transform").wait_for()
    states = page.locator(".side-card .state").all_inner_texts()
    assert [" ".join(state.split()) for state in states] == ["Completed", "Failed"]
    row = page.get_by_role("row", name="transform").inner_text()
    assert "Completed" in row
    assert "Failed" in row


def test_seven_tabs_share_one_stream(signed_in: BrowserContext, gated: Shop) -> None:
    """Seven open tabs hear of a run through one stream, also after its tab is closed."""
    streams: list[Request] = []
    signed_in.on(
        "request",
        lambda request: streams.append(request) if "/stream" in request.url else None,
    )
    tabs = [signed_in.new_page() for _ in range(7)]
    for tab in tabs:
        tab.goto("/runs?tag=seven")
        tab.get_by_text("Live").wait_for()
    assert len(streams) == 1
    tabs.pop(0).close()
    run = gated.begin("stock", "--tag", "seven")
    for tab in tabs:
        tab.locator(".run-link", has_text="stock_sync").first.wait_for()
    assert len(streams) == 2
    gated.open_gate("gate1")
    gated.open_gate("gate2")
    run.communicate(timeout=60)
    for tab in tabs:
        tab.locator(".run-link", has_text="Completed").first.wait_for()
        tab.close()


def test_a_browser_without_locks_is_live_too(
    signed_in: BrowserContext, gated: Shop
) -> None:
    """Where tabs cannot agree on one, as on plain HTTP elsewhere, each has its stream."""
    tab = signed_in.new_page()
    tab.add_init_script(
        "Object.defineProperty(navigator, 'locks', { value: undefined })"
    )
    tab.goto("/runs?tag=alone")
    tab.get_by_text("Live").wait_for()
    run = gated.begin("stock", "--tag", "alone")
    tab.locator(".run-link", has_text="stock_sync").first.wait_for()
    for gate in ("gate1", "gate2"):
        gated.open_gate(gate)
    tab.locator(".run-link", has_text="Completed").first.wait_for()
    run.communicate(timeout=60)
    tab.close()


def test_pages_go_on_after_the_server_was_killed(browser: Browser, shop: Shop) -> None:
    """A page says that the server is away, and is live again once it is back."""
    database = ("--database", "team.db")
    scope = ("--scope", "operate")
    made = shop.start("server", "token", "create", "ada", *scope, *database)
    token = made.communicate(timeout=60)[0].split()[-1]
    server, address = shop.serve("server", "--port", "0", *database)
    context = browser.new_context(base_url=address.rstrip("/"))
    tab = context.new_page()
    tab.goto("/runs")
    field = tab.get_by_role("textbox", name="Token")
    field.fill("wrong")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("not known here").wait_for()
    field.fill(token)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("No runs yet").wait_for()
    tab.get_by_text("Live").wait_for()
    tab.evaluate("window.stays = 1")
    server.kill()
    tab.get_by_text("Reconnecting").wait_for()
    port = address.rstrip("/").rsplit(":", 1)[1]
    shop.serve("server", "--port", port, *database)
    tab.get_by_text("Live").wait_for()
    tab.get_by_role("link", name="Workflows").click()
    tab.get_by_text("No workflows yet").wait_for()
    assert tab.evaluate("window.stays") == 1
    context.close()


def test_pages_go_on_with_the_next_dotflow_ui(browser: Browser, gated: Shop) -> None:
    """After a kill and a restart each open page is live again; the secret opens no other."""
    ui = ("ui", "runs.db", "--no-open", "--port")
    server, address = gated.serve(*ui, "0")
    base = address.split("/#")[0]
    context = browser.new_context(base_url=base)
    tabs = [context.new_page(), context.new_page()]
    tabs[0].goto(address)
    tabs[0].get_by_text("Live").wait_for()
    tabs[1].goto("/runs?tag=after")
    for tab in tabs:
        tab.get_by_text("Live").wait_for()
        tab.evaluate("window.stays = 1")
    cookies = context.cookies()
    server.kill()
    for tab in tabs:
        tab.get_by_text("Reconnecting").wait_for()
    gated.serve(*ui, base.rsplit(":", 1)[1])
    for tab in tabs:
        tab.get_by_text("Live").wait_for()
    run = gated.begin("stock", "--tag", "after")
    tabs[1].locator(".run-link", has_text="stock_sync").first.click()
    gated.open_gate("gate1")
    gated.open_gate("gate2")
    tabs[1].locator(".run-head .state", has_text="Completed").wait_for()
    run.communicate(timeout=60)
    tabs[0].get_by_role("link", name="Admin").click()
    tabs[0].get_by_role("heading", name="Health").wait_for()
    for tab in tabs:
        assert tab.evaluate("window.stays") == 1
    context.close()

    # What a stranger may have: the cookie of the process before, or the used secret.
    stranger = browser.new_context(base_url=base)
    stranger.add_cookies(cookies)  # type: ignore[arg-type]
    tab = stranger.new_page()
    tab.goto(address)
    tab.get_by_text("Sign in with a token").wait_for()
    stranger.close()
