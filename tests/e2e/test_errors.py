"""The room of errors: groups gone through by keyboard, one looked at whole, projects and their DSNs, settings; and what
the page itself fails at."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


@pytest.fixture(autouse=True)
async def no_errors_are_left(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too: what was told is resolved, what was made is deleted."""
    yield
    groups = (await visit.call("GET", "/api/errors/groups?limit=200"))["items"]
    if groups:
        ids = [group["id"] for group in groups]
        await visit.call("POST", "/api/errors/groups/triage", {"groups": ids, "action": "resolve"})
    for project in (await visit.call("GET", "/api/errors/projects"))["items"]:
        await visit.call("DELETE", f"/api/errors/projects/{project['id']}")
    await visit.call("PUT", "/api/errors/settings", {})


async def tell(visit: Visit, message: str, times: int = 1, **more: Any) -> None:
    for number in range(times):
        frames = [
            {"function": "main", "module": "shop.app", "file": "shop/app.py", "number": 4, "line": "checkout(cart)"},
            {
                "function": "checkout",
                "module": "shop.cart",
                "file": "shop/cart.py",
                "number": 21,
                "line": f"raise {message!r}",
            },
        ]
        body = {
            "message": message, "type": "PaymentError", "frames": frames, "user": f"u{number}", "release": "shop@1.0",
            "environment": "production", "tags": {"provider": "openai"}, "context": {"cart": {"items": 3}},
        }  # fmt: skip
        await visit.call("POST", "/api/errors", body | more)


async def test_groups_are_gone_through_by_keyboard(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Errors")
    await expect(page.get_by_text("No unresolved errors")).to_be_visible()
    assert await faults_of(page) == []
    name = f"n{uuid4().hex[:6]}"
    for kind, severity, times in (("Card", "critical", 3), ("Stock", "error", 1), ("Mail", "warning", 2)):
        await tell(
            visit, f"{kind} of {name} failed", times, type=f"{kind}Error", severity=severity, fingerprint=[kind, name]
        )
    await page.reload()
    rows = page.locator("a[data-group]")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("CardError")
    await expect(page.get_by_text("3 users")).to_be_visible()
    assert await faults_of(page) == []
    await page.keyboard.press("j")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("x")
    await expect(page.get_by_text("1 group selected")).to_be_visible()
    await page.keyboard.press("i")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("For how long").select_option("For a day")
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Ignore").click()
    await expect(rows).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await dialog.get_by_role("button", name="Assign").click()
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("k")
    await page.keyboard.press("r")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(2)
    await page.get_by_label("Show", exact=True).select_option("Ignored")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("StockError")
    await page.get_by_label("Search errors").fill("nothing like it")
    await expect(page.get_by_text("None fits the filter")).to_be_visible()


async def test_a_group_shows_its_stack_users_tags_and_likes_and_is_resolved_with_notes(visit: Visit) -> None:
    page = visit.page
    name = f"n{uuid4().hex[:6]}"
    trace = uuid4().hex
    await tell(visit, f"could not reach the payment service for {name}", 2, fingerprint=["a", name], trace_id=trace)
    await tell(visit, f"could not reach the shipping service for {name}", fingerprint=["b", name], trace_id=trace)
    await open_settings(page, "Errors")
    await page.locator("a[data-group]", has_text="shipping").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="PaymentError")).to_be_visible()
    await expect(page.get_by_text("shop/cart.py:21")).to_be_visible()
    await expect(page.get_by_text("production", exact=True).first).to_be_visible()
    await expect(page.get_by_role("heading", name="Similar groups")).to_be_visible()
    await expect(page.get_by_role("heading", name="In the same trace")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name=re.compile("Merge.*payment")).click()
    await expect(page.get_by_role("heading", name="Put together of")).to_be_visible()
    await expect(page.get_by_role("heading", name="All errors")).to_be_visible()
    await page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Notes").fill("the cable was loose")
    await dialog.get_by_role("button", name="Resolve").click()
    await expect(page.get_by_text("the cable was loose")).to_be_visible()
    await page.get_by_role("button", name="Reopen").click()
    await page.get_by_role("button", name=re.compile("Split off")).click()
    await expect(page.get_by_role("heading", name="Put together of")).to_be_hidden()
    await page.get_by_label("Enabled for this group").check()
    await page.get_by_role("button", name="Save").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("tab", name="Inbox")).to_be_visible()


async def test_a_project_is_made_and_its_dsn_and_snippets_are_there(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Errors")
    await page.get_by_role("tab", name="Projects").click()
    await expect(page.get_by_text("No projects yet")).to_be_visible()
    await page.get_by_role("button", name="New project").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Web shop")
    await dialog.get_by_role("button", name="Make the project").click()
    dsn = page.get_by_role("region", name="DSN of Web shop")
    await expect(dsn).to_contain_text("@")
    before = await dsn.inner_text()
    await page.get_by_text("How to send").click()
    await page.get_by_role("tab", name="Node.js").click()
    await expect(page.get_by_role("region", name="Node.js example")).to_contain_text("@sentry/node")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="New DSN").click()
    await dialog.get_by_role("button", name="Make a new DSN").click()
    await expect(dsn).not_to_have_text(before)


async def test_settings_are_saved_and_what_is_wrong_is_said(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Errors")
    await page.get_by_role("tab", name="Settings").click()
    await page.get_by_label("Patterns").fill("(")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").first).to_contain_text("not a pattern")
    await page.get_by_label("Patterns").fill(r"KD-\d+")
    await page.get_by_label("By a webhook").fill("https://hooks.example.org/errors")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("region", name="Signing secret")).to_contain_text("whsec_")
    assert await faults_of(page) == []
    assert (await visit.call("GET", "/api/errors/settings"))["scrub_patterns"] == [r"KD-\d+"]


async def test_what_the_page_fails_at_reaches_the_operator(visit: Visit) -> None:
    page = visit.page
    name = f"n{uuid4().hex[:6]}"
    async with page.expect_request("**/api/errors/page") as sent:
        await page.evaluate(f"setTimeout(() => {{ throw new TypeError('{name} is not a function') }})")
    assert (await (await sent.value).response()).status == 202  # type: ignore[union-attr]
    visit.complaints.clear()
    await open_settings(page, "Errors")
    await page.get_by_label("Whose errors").select_option("The platform")
    await page.get_by_label("Search errors").fill("is not a function")
    await expect(page.locator("a[data-group]").first).to_contain_text("TypeError")


async def test_it_can_be_used_on_a_phone_and_in_the_dark(open_visit: Callable[..., Any], visit: Visit) -> None:
    await tell(visit, f"a long text without an end {'and another word ' * 20}", severity="critical")
    phone = await open_visit(path="/settings/errors", color_scheme="dark", **PHONE)
    row = phone.page.locator("a[data-group]").first
    await expect(row).to_be_visible()
    assert await faults_of(phone.page) == []
    await row.click()
    await expect(phone.page.get_by_role("heading", name="PaymentError")).to_be_visible()
    assert await faults_of(phone.page) == []
    wide = await phone.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
