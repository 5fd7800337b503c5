"""Every screen, on a desktop in light and on a phone in dark: no accessibility fault, no sideways scroll, no flash."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ROOMS = [
    "profile",
    "keys",
    "usage",
    "metrics",
    "calls",
    "budgets",
    "playground",
    "models",
    "routing",
    "tools",
    "providers",
    "members",
    "groups",
    "service-accounts",
    "sso",
    "aws-credentials",
    "policies",
    "logs",
    "errors",
    "audit",
    "tenants",
]
AXE = AXE_FILE_PATH.read_text()


async def faults_of(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, and a page wider than its window."""
    # A thing that is still fading in has not the colours that a person reads.
    await page.evaluate(
        "Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().iterations < 9)"
        ".map(a => a.finished.catch(() => null))).then(() => null)"
    )
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run()")
    faults = [
        f"{finding['id']} at {finding['nodes'][0]['target']}: {finding['nodes'][0].get('failureSummary', '')}"
        for finding in found["violations"]
        if finding["impact"] in ("serious", "critical")
    ]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth || innerWidth > screen.width"):
        faults.append("the page scrolls sideways")
    return faults


@pytest.mark.parametrize(
    ("scheme", "device"),
    [
        pytest.param("light", DESKTOP, id="light-desktop"),
        pytest.param("dark", PHONE, id="dark-phone"),
        pytest.param("dark", DESKTOP, id="dark-desktop", marks=pytest.mark.long),
        pytest.param("light", PHONE, id="light-phone", marks=pytest.mark.long),
    ],
)
async def test_no_screen_has_a_serious_fault(open_visit: Callable[..., Any], scheme: str, device: dict[str, Any]):
    guest = await open_visit(signed_in=False, color_scheme=scheme, **device)
    await guest.page.get_by_label("E-mail").wait_for()
    faults = {"sign-in": await faults_of(guest.page)}

    visit: Visit = await open_visit(color_scheme=scheme, **device)
    page = visit.page
    await page.get_by_label("Your message").wait_for()
    faults["new chat"] = await faults_of(page)
    await page.locator("header").get_by_role("button", name="Model:").click()
    await page.locator("button[data-model]").first.wait_for()
    faults["picker"] = await faults_of(page)
    await page.keyboard.press("Escape")
    if device is PHONE:
        await page.get_by_role("button", name="Open menu").click()
        await page.get_by_role("link", name="New chat").wait_for()
        faults["drawer"] = await faults_of(page)
        await page.keyboard.press("Escape")
    chat = await visit.call("POST", "/api/chats", {"title": "Screens", "model": "smollm2-135m-instruct"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.page.get_by_label("Your message").fill("Say hi.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("[data-figures]").last).to_be_visible(timeout=60_000)
    faults["chat"] = await faults_of(page)
    for room in ROOMS:
        await page.goto(f"{visit.url}/settings/{room}")
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.locator(".animate-pulse")).to_have_count(0)
        faults[room] = await faults_of(page)
    assert {screen: found for screen, found in faults.items() if found} == {}


async def test_the_theme_is_kept_and_there_before_the_first_paint(visit: Visit):
    page = visit.page
    await page.get_by_role("button", name="Account:").click()
    await page.get_by_role("menuitemradio", name="Dark").click()
    assert await page.evaluate("document.documentElement.classList.contains('dark')")
    # theme.js alone decides: the page is dark though the application never runs.
    await page.route("**/assets/*.js", lambda route: route.abort())
    await page.reload(wait_until="domcontentloaded")
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


async def test_a_strict_policy_comes_with_the_page(visit: Visit):
    answer = await visit.http.get(visit.url)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    # An inline script that got into the page all the same does not run.
    ran = await visit.page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.head.append(s); return window.ran })()"
    )
    assert ran is None
    visit.complaints.clear()


async def test_the_page_says_so_when_the_server_is_away(visit: Visit):
    await visit.page.route("**/api/**", lambda route: route.abort())
    await visit.page.reload()
    await expect(visit.page.get_by_role("heading", name="RADIANT does not answer")).to_be_visible(timeout=15_000)
    await visit.page.unroute("**/api/**")
    await visit.page.get_by_role("button", name="Try again").click()
    await expect(visit.page.get_by_label("Your message")).to_be_visible()
