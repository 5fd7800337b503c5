"""The room of policies: an admin makes one, changes it, and sees what it says."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def test_an_admin_makes_and_changes_a_policy(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Policies")
    await expect(page.get_by_text("No rules yet")).to_be_visible()
    await page.get_by_role("button", name="New policy").click()
    await page.get_by_label("Name", exact=True).fill("House rules")
    await page.get_by_label("Denied").fill("o3-*\n*-preview")
    await page.get_by_role("button", name="Add a name").click()
    await page.get_by_role("textbox", name="Name", exact=True).last.fill("house")
    await page.get_by_label("Models in order").fill("gpt-4o, auto")
    await page.get_by_label("Tokens of an answer, maximum").fill("900")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Make the policy").click()
    await expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    for said in ("o3-*, *-preview", "gpt-4o, then auto", "at most 900"):
        await expect(page.get_by_text(said)).to_be_visible()
    await page.get_by_role("button", name="Change House rules").click()
    await expect(page.get_by_label("Models in order")).to_have_value("gpt-4o, auto")
    await page.get_by_label("Tokens of an answer, above the maximum").select_option("refuse")
    await page.get_by_label("Keep answers").select_option("semantic")
    await page.get_by_label("How near").fill("0.9")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("at most 900 or refused")).to_be_visible()
    await expect(page.get_by_text("0, given again 0 times")).to_be_visible()
    await page.get_by_role("button", name="Change House rules").click()
    await page.get_by_label("Keep what is asked through keys, and the answers").check()
    await page.get_by_label("Admins read it too").check()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("for 30 days, read by admins too")).to_be_visible()
    await page.goto(f"{visit.url}/settings/keys")
    await expect(page.get_by_text("admins can read it")).to_be_visible()
    await page.goto(f"{visit.url}/settings/logs")
    await expect(page.get_by_text("Nothing is kept")).to_be_visible()
    assert await faults_of(page) == []
    await page.goto(f"{visit.url}/settings/policies")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Add a guardrail to House rules").click()
    await page.get_by_label("Name", exact=True).fill("No addresses")
    await page.get_by_label("What it does").select_option("pseudonymise")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Add the guardrail").click()
    await expect(page.get_by_text("puts placeholders in prompts")).to_be_visible()
    await page.get_by_role("button", name="Add a guardrail to House rules").click()
    await page.get_by_label("Name", exact=True).fill("Our hook")
    await page.get_by_label("Looks for").select_option("webhook")
    await page.get_by_role("textbox", name="Address").fill("https://guard.example.com/x")
    await page.get_by_role("button", name="Add the guardrail").click()
    await expect(page.get_by_role("region", name="Signing secret")).to_contain_text("whsec_")
    await page.get_by_role("button", name="I have copied it").click()
    await page.get_by_role("button", name="Ask Our hook earlier").click()
    await expect(page.get_by_role("button", name="Ask No addresses earlier")).to_be_visible()
    await page.get_by_role("button", name="Delete House rules").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("No rules yet")).to_be_visible()
