"""Merges on the page: several models are asked, the result shows what it rests on, rivals where there is no consensus."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.upstream import Say, Upstream, openai_upstream
from tests.workspace.merging.kit import script, user_text

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

TOWER = "Tell me about the Eiffel Tower: how tall it is, and when it was finished."
ANSWERS = {
    "gpt-4o": "The Eiffel Tower is 330 metres tall. It was finished in 1889.",
    "gpt-4o-mini": "The Eiffel Tower stands 330 metres tall. Gustave Eiffel's company built it.",
    "gpt-4.1": "The tower of Eiffel is 300 metres tall. It was finished in 1889.",
}
NAMES = {"gpt-4o": "GPT-4o", "gpt-4o-mini": "GPT-4o mini", "gpt-4.1": "GPT-4.1"}


@pytest.fixture
async def upstream(visit: Visit) -> AsyncIterator[Upstream]:
    """OpenAI, as far as this installation knows."""
    async with openai_upstream() as running:
        running.key = "sk-merging"
        await visit.call("PUT", "/api/providers/openai", {"api_key": "sk-merging", "base_url": running.url})
        yield running
        await visit.call("DELETE", "/api/providers/openai")


@pytest.fixture(autouse=True)
async def no_merges_are_left(visit: Visit) -> AsyncIterator[None]:
    yield
    for merge in (await visit.call("GET", "/api/merging"))["items"]:
        await visit.call("DELETE", f"/api/merging/{merge['id']}")


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"merging-{name}.png", full_page=True)


async def fill(page: Page, prompt: str, strategy: str) -> None:
    """The form, with all three models."""
    await page.get_by_label("Prompt").fill(prompt)
    for name in NAMES.values():
        await page.get_by_role("group", name="Models").get_by_text(name, exact=True).click()
    await page.get_by_label("Strategy", exact=True).select_option(strategy)


async def test_several_models_are_asked_and_what_they_agree_on_is_shown(visit: Visit, upstream: Upstream) -> None:
    script(
        upstream,
        {
            "gpt-4o": Say("3 * 4 = 12. The answer is 12.", before=0.5),
            "gpt-4o-mini": "It is 12.",
            "gpt-4.1": "It is 13.",
        },
    )
    page = visit.page
    await page.reload()  # the provider was connected after the page had read its models
    await page.get_by_role("link", name="Merges").click()
    await expect(page.get_by_text("No merges yet")).to_be_visible()
    assert await faults_of(page) == []
    await fill(page, "How many apples are there in 3 bags of 4 apples?", "consensus")
    assert await faults_of(page) == []
    await shoot(page, "form")
    await page.get_by_role("button", name="Ask and merge").click()
    await expect(page.get_by_role("status").filter(has_text="have answered")).to_be_visible()
    await expect(page.get_by_text("3 * 4 = 12. The answer is 12.").first).to_be_visible()
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name="What they say")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "consensus")
    await page.get_by_role("button", name="The result is right").click()
    await expect(page.get_by_role("button", name="The result is right")).to_have_attribute("aria-pressed", "true")
    merge = page.url
    await page.get_by_role("button", name="Go on in a chat").click()
    await page.wait_for_url("**/chat/*")
    await expect(page.get_by_text("3 * 4 = 12. The answer is 12.")).to_be_visible()
    await visit.call("DELETE", f"/api/chats/{page.url.rpartition('/')[2]}")
    await page.goto(merge)
    await page.get_by_role("link", name="All merges").click()
    await page.get_by_label("Search merges").fill("apples")
    await expect(page.get_by_role("link", name="How many apples")).to_be_visible()
    await page.get_by_label("Search merges").fill("pears")
    await expect(page.get_by_text("None fits")).to_be_visible()


def _writer(body: Any) -> str:
    text = user_text(body)
    if "table of claims begins" not in text:
        return (
            ANSWERS["gpt-4o"]
            if "first answer begins" not in text
            else json.dumps({"winner": "tie", "reason": "Both are right."})
        )
    rows = json.loads(text.split("table of claims begins]\n")[1].split("\n[")[0])
    tall = [row["id"] for row in rows if "330" in row["claim"]]
    done = [row["id"] for row in rows if "1889" in row["claim"]]
    return json.dumps(
        {
            "sentences": [
                {"text": "The Eiffel Tower is 330 metres tall.", "claims": tall},
                {"text": "It was finished in 1889.", "claims": done},
                {"text": "It is painted pink.", "claims": done},
            ]
        }
    )


async def test_each_sentence_shows_what_it_rests_on_by_mouse_and_keyboard(visit: Visit, upstream: Upstream) -> None:
    models = ["gpt-4.1", "gpt-6-luna", "gpt-6.1-terra", "gpt-6.2-sol", "gpt-6.2-astra"]
    script(
        upstream,
        dict.fromkeys(models, _writer) | {"gpt-4o": _writer} | {k: v for k, v in ANSWERS.items() if k != "gpt-4o"},
    )
    page = visit.page
    await page.goto(f"{visit.url}/merges")
    await fill(page, TOWER, "synthesize")
    await page.get_by_role("button", name="Ask and merge").click()
    tall = page.get_by_role("button", name="The Eiffel Tower is 330 metres tall.")
    await tall.hover()
    rests = page.locator("#rests-on")
    await expect(rests).to_contain_text("GPT-4o")
    await expect(rests).to_contain_text("against it GPT-4.1")
    await tall.focus()
    await page.keyboard.press("Tab")
    await expect(rests).to_contain_text("It was finished in 1889.")
    await expect(page.get_by_role("button", name="It is painted pink.")).to_contain_text("taken out")
    await expect(page.get_by_role("heading", name="Verdicts")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "light")
    await page.emulate_media(color_scheme="dark")
    assert await faults_of(page) == []
    await page.set_viewport_size(PHONE["viewport"])
    assert await faults_of(page) == []
    await shoot(page, "dark-phone")


async def test_rivals_are_shown_where_there_is_no_consensus_and_a_merge_is_cancelled(
    visit: Visit, upstream: Upstream
) -> None:
    script(upstream, {"gpt-4o": "It is 11.", "gpt-4o-mini": "It is 12.", "gpt-4.1": "It is 13."})
    page = visit.page
    await page.goto(f"{visit.url}/merges")
    await fill(page, "How many are there, in all?", "debate")
    await page.get_by_label("Strategy", exact=True).select_option("consensus")
    await page.get_by_role("button", name="Ask and merge").click()
    await expect(page.get_by_text("The answers do not agree enough")).to_be_visible()
    await expect(page.get_by_role("heading", name="Rival answers")).to_be_visible()
    await shoot(page, "rivals")
    await page.get_by_label("Merge the same answers again by").select_option("Best of")
    await expect(page.get_by_text("In the words of")).to_be_visible()
    script(
        upstream,
        {"gpt-4o": Say("word " * 400, held=asyncio.Event()), "gpt-4o-mini": "It is 12.", "gpt-4.1": "It is 13."},
    )
    await page.goto(f"{visit.url}/merges")
    await fill(page, "How many are there now?", "consensus")
    await page.get_by_role("button", name="Ask and merge").click()
    await expect(page.get_by_text("2 of 3 models have answered")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "running")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Cancelled")).to_be_visible()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Merges", exact=True)).to_be_visible()


async def test_answers_from_elsewhere_are_merged_in_place(visit: Visit, upstream: Upstream) -> None:
    page = visit.page
    await page.goto(f"{visit.url}/merges")
    await page.get_by_text("Merge answers that you have").click()
    await page.get_by_label("What was asked").fill("How many apples are there in all?")
    await page.get_by_role("button", name="One more answer").click()
    for number, said in enumerate(("It is 12.", "It is 12.", "12"), 1):
        await page.get_by_label(f"Model {number}").fill(f"model-{number}")
        await page.get_by_label(f"Answer {number}").fill(said)
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Merge", exact=True).click()
    await expect(page.get_by_text("model-2 and model-3 say the same.")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "panel")
    await visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Use this").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "It is 12."
    assert not any(request.path.endswith("/chat/completions") for request in upstream.requests)
