"""The rooms of the gateway: budgets and limits, calls as they go, the playground and its code."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import SMALL, Visit
from tests.e2e.test_screens import faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def test_an_admin_bounds_what_calls_may_cost_and_how_many_there_are(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Budgets and limits")
    await expect(page.get_by_text("No budgets")).to_be_visible()
    await page.get_by_role("button", name="New budget").first.click()
    await page.get_by_label("Dollars").fill("25")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Make the budget").click()
    await expect(page.get_by_role("heading", name="The whole workspace")).to_be_visible()
    await expect(page.get_by_text("of $25.00")).to_be_visible()
    await page.get_by_role("button", name="Change: The whole workspace").click()
    await page.get_by_label("Dollars").fill("30")
    await page.get_by_label("In force").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("of $30.00")).to_be_visible()
    await expect(page.get_by_text("off", exact=True)).to_be_visible()

    await page.get_by_role("button", name="New limit").first.click()
    await page.get_by_label("Binds").select_option("model")
    await page.get_by_label("Model", exact=True).fill(SMALL)
    await page.get_by_label("At most").fill("40")
    await page.get_by_role("button", name="Make the limit").click()
    row = page.get_by_role("row").filter(has_text=SMALL)
    await expect(row).to_contain_text("40 requests a minute")
    assert await faults_of(page) == []
    for name, heading in ((f"Delete: Everyone, {SMALL}", "limit"), ("Delete: The whole workspace", "budget")):
        await page.get_by_role("button", name=name).click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_text(f"The {heading} is deleted.")).to_be_visible()
    await expect(page.get_by_text("No budgets")).to_be_visible()


async def test_a_question_of_the_playground_is_answered_shown_as_code_and_listed_as_a_call(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Playground")
    await page.get_by_label("Model", exact=True).select_option(SMALL)
    await page.get_by_label("Message 1", exact=True).fill("Say 'yes'.")
    await page.get_by_label("At most, in tokens").fill("12")
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_text("first word")).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("Headers")).to_be_visible(timeout=60_000)
    assert await faults_of(page) == []
    for language, says in (
        ("Python", "stream=True"),
        ("JavaScript", "new OpenAI("),
        ("Go", "http.NewRequest"),
        ("curl", "Say '\\''yes'\\''."),
    ):
        await page.get_by_role("tab", name=language).click()
        await expect(page.get_by_text(says).first).to_be_visible()

    await page.get_by_role("navigation", name="Settings").get_by_role("link", name="Calls").click()
    row = page.get_by_role("row").filter(has_text=SMALL).first
    await expect(row).to_contain_text("answered")
    await row.get_by_role("button").click()
    await expect(page.get_by_text("openai, chat, streamed")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Close").click()
    await page.get_by_label("Model", exact=True).fill("no-such-model")
    await expect(page.get_by_text("No calls")).to_be_visible()
