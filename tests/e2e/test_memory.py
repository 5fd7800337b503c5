"""What RADIANT knows: memories that are added, found, corrected and forgotten; preferences that are weighed; all of it a
person's own, paused and deleted by them."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.upstream import Say, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def forget_all(visit: Visit) -> None:
    """Of both engines."""
    await visit.call("POST", "/api/personalization/forget", {"everything": True})
    await visit.call("POST", "/api/memory/forget", {"all": True})


@pytest.fixture(autouse=True)
async def nothing_is_left(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too."""
    await forget_all(visit)
    yield
    await forget_all(visit)
    await visit.call("PUT", "/api/personalization/settings", {"learning_enabled": True, "recall_enabled": True})


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"memory-{name}.png", full_page=True)


async def view(page: Page, name: str) -> None:
    """Another view of the page."""
    await page.get_by_role("tab", name=name).click()
    await expect(page.get_by_role("tab", name=name, selected=True)).to_be_visible()


async def remember(visit: Visit, content: str, **more: Any) -> dict[str, Any]:
    """A memory, without the page."""
    return (await visit.call("POST", "/api/memory/memories", {"content": content, **more}))["memory"]


async def prefer(visit: Visit, key: str, value: str) -> None:
    """A preference that was set once and is learned again since."""
    await visit.call("PUT", f"/api/personalization/preferences/{key}", {"value": value})
    await visit.call("POST", f"/api/personalization/preferences/{key}/unlock")


def cards(page: Page) -> Locator:
    """The memories that are listed."""
    return page.get_by_role("list", name="Memories").get_by_role("listitem")


async def act(page: Page, content: str, action: str) -> None:
    """Choose from the menu of a memory."""
    await cards(page).filter(has_text=content).get_by_role("button", name="Actions for").click()
    await page.get_by_role("menuitem", name=action).click()


async def test_a_memory_is_added_found_corrected_pinned_and_its_history_told(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("link", name="Memory").click()
    await expect(page.get_by_role("heading", name="What RADIANT knows")).to_be_visible()
    await expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "empty")
    await page.get_by_role("button", name="Add a memory").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What to remember").fill("My sister Ada keeps bees in Ghent.")
    await dialog.get_by_label("Kind").select_option("person")
    assert await faults_of(page) == []
    await shoot(page, "add")
    await dialog.get_by_role("button", name="Remember").click()
    await expect(page.get_by_text("It is remembered.")).to_be_visible()
    await expect(cards(page)).to_have_count(1)
    await remember(visit, "The quarterly report is due on Friday.", type="event")
    await remember(visit, "I moved to Lisbon in May.")

    await page.get_by_label("Search memories").fill("bees of Ada")
    await expect(cards(page)).to_have_count(1)
    await expect(cards(page)).to_contain_text("Found by")
    assert await faults_of(page) == []
    await shoot(page, "found")
    await page.get_by_label("Search memories").fill("xylophone quantum")
    await expect(page.get_by_text("None fits")).to_be_visible()
    await page.get_by_label("Search memories").fill("")
    await expect(cards(page)).to_have_count(3)
    await page.get_by_label("Of which kind").select_option("event")
    await expect(cards(page)).to_have_count(1)
    await page.get_by_label("Of which kind").select_option("")

    await act(page, "Ada keeps bees", "Correct")
    await dialog.get_by_label("What to remember").fill("My sister Ada keeps bees in Bruges.")
    await dialog.get_by_role("button", name="Save").click()
    await expect(cards(page).filter(has_text="Bruges")).to_be_visible()
    await page.get_by_role("button", name="Pin “My sister Ada").click()
    await expect(cards(page).filter(has_text="Bruges")).to_contain_text("Pinned")
    await act(page, "Bruges", "Source and history")
    history = dialog.get_by_role("list", name="History")
    await expect(history).to_contain_text("My sister Ada keeps bees in Ghent.")
    assert await faults_of(page) == []
    await shoot(page, "history")
    await page.keyboard.press("Escape")

    await view(page, "Timeline")
    timeline = page.get_by_role("list", name="Timeline")
    await expect(timeline.get_by_role("listitem").first).to_contain_text("Bruges")
    assert await faults_of(page) == []
    await shoot(page, "timeline")


async def test_a_memory_is_forgotten_after_some_seconds_or_not_at_all(visit: Visit) -> None:
    page = visit.page
    first = await remember(visit, "I play the cello.")
    second = await remember(visit, "My car is an old van.")
    await page.goto(f"{visit.url}/memory")
    await act(page, "cello", "Forget")
    await expect(cards(page)).to_have_count(1)
    assert (await visit.call("GET", f"/api/memory/memories/{first['id']}"))["state"] == "current"
    await page.get_by_role("button", name="Undo").click()
    await expect(cards(page)).to_have_count(2)
    await act(page, "cello", "Forget")
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    await gone(visit, first["id"])
    # Whoever leaves the page before the seconds are over has forgotten all the same.
    await act(page, "old van", "Forget")
    await expect(cards(page)).to_have_count(0)
    await page.goto(f"{visit.url}/")
    await gone(visit, second["id"])


async def gone(visit: Visit, memory_id: str) -> None:
    """Until the server knows nothing of it."""
    for _ in range(100):
        if (await visit.http.get(f"{visit.url}/api/memory/memories/{memory_id}")).status == 404:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it is still there")


async def test_a_refused_change_is_taken_back(visit: Visit) -> None:
    page = visit.page
    await remember(visit, "I play the cello.")
    await page.goto(f"{visit.url}/memory")
    await page.route("**/api/memory/memories/*", lambda route: route.fulfill(status=503, json={"detail": "it rests"}))
    await page.get_by_role("button", name="Pin “I play").click()
    await expect(page.get_by_text("It rests")).to_be_visible()
    await expect(cards(page)).not_to_contain_text("Pinned")
    await page.unroute("**/api/memory/memories/*")
    await page.route("**/api/memory/memories?*", lambda route: route.fulfill(status=503, json={"detail": "it rests"}))
    await page.reload()
    await expect(page.get_by_role("button", name="Try again").first).to_be_visible()
    await page.unroute("**/api/memory/memories?*")
    await page.get_by_role("button", name="Try again").first.click()
    await expect(cards(page)).to_have_count(1)


async def test_two_that_say_the_same_become_one_and_links_are_drawn(visit: Visit) -> None:
    page = visit.page
    one = await remember(visit, "Ada keeps bees.")
    other = await remember(visit, "My sister keeps some hives of bees.")
    honey = await remember(visit, "Ada sells honey at the market.")
    await visit.call(
        "POST",
        f"/api/memory/memories/{one['id']}/relationships",
        {"target_memory_id": honey["id"], "relationship_type": "leads_to", "strength": 0.8},
    )
    await page.goto(f"{visit.url}/memory")
    await act(page, "Ada keeps bees", "Merge with another")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("The other").fill("hives of bees")
    await dialog.get_by_label(other["content"]).check()
    await dialog.get_by_label("What the one says").fill("My sister Ada keeps bees.")
    assert await faults_of(page) == []
    await shoot(page, "merge")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(cards(page).filter(has_text="My sister Ada keeps bees.")).to_be_visible()
    await expect(cards(page).filter(has_text="hives")).to_have_count(0)
    await view(page, "Graph")
    links = page.get_by_role("list", name="Links")
    await expect(links).to_contain_text("leads to")
    assert await faults_of(page) == []
    await shoot(page, "graph")
    await links.get_by_role("button", name="Ada sells honey").press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Ada sells honey at the market.")


async def test_what_contradicts_is_shown_beside_what_is_known(visit: Visit) -> None:
    page = visit.page
    slot = {"subject": "me", "attribute": "home"}
    said = {"said_at": "2026-05-01T10:00:00Z"}
    await remember(visit, "I live in Ghent.", slot=slot | {"value": "Ghent"}, **said)
    await remember(visit, "My home is in Bruges.", slot=slot | {"value": "Bruges"}, **said)
    await page.goto(f"{visit.url}/memory")
    await expect(page.get_by_role("heading", name="These need your word")).to_be_visible()
    assert await faults_of(page) == []
    await expect(page.get_by_text("Known", exact=True)).to_be_visible()
    await shoot(page, "review")
    await page.get_by_role("button", name="It is so").click()
    await expect(page.get_by_role("heading", name="These need your word")).to_have_count(0)


async def test_preferences_show_how_sure_they_are_and_are_confirmed_corrected_and_unlocked(visit: Visit) -> None:
    page = visit.page
    await page.goto(f"{visit.url}/memory?view=preferences")
    await expect(page.get_by_text("No preferences yet")).to_be_visible()
    assert await faults_of(page) == []
    await prefer(visit, "answer_length", "short")
    await prefer(visit, "name", "Ada")
    await page.reload()
    listed = page.get_by_role("list", name="Preferences").get_by_role("listitem")
    await expect(listed.first).to_contain_text("between")
    await page.get_by_role("button", name=re.compile("^What .* rests on$")).first.click()
    await expect(page.get_by_role("list", name="What it rests on").first).to_contain_text("You set it")
    assert await faults_of(page) == []
    await shoot(page, "preferences")
    await page.get_by_role("button", name="Confirm").first.click()
    await expect(page.get_by_text("Confirmed.")).to_be_visible()
    await expect(listed.first).to_contain_text("Used")
    await page.get_by_role("button", name="Correct").first.click()
    await page.get_by_role("dialog").get_by_label("What is right").fill("in two sentences")
    await page.get_by_role("dialog").get_by_role("button", name="Set").click()
    await expect(page.get_by_text("Set by you")).to_be_visible()
    await expect(page.get_by_role("list", name="Preferences")).to_contain_text("in two sentences")
    await page.get_by_role("button", name="Unlock").click()
    await expect(page.get_by_text("Set by you")).to_have_count(0)
    forgets = page.get_by_role("button", name=re.compile("^Forget "))
    await expect(forgets).to_have_count(2)
    await page.get_by_role("button", name="Forget").first.click()
    await expect(forgets).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(forgets).to_have_count(2)
    await view(page, "Timeline")
    await expect(page.get_by_role("list", name="Timeline")).to_contain_text("Corrected by you")
    await view(page, "Patterns")
    await expect(page.get_by_role("heading", name="Patterns")).to_be_visible()
    assert await faults_of(page) == []


async def test_learning_is_paused_all_is_taken_away_brought_back_and_forgotten(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    await remember(visit, "I play the cello.")
    await page.goto(f"{visit.url}/memory?view=settings")
    await page.get_by_label("Learn from my chats").click()
    await expect(page.get_by_text("Paused: nothing new is learned.")).to_be_visible()
    await page.get_by_label("Use what is known in answers").click()
    await expect(page.get_by_text("Paused: no model is told anything")).to_be_visible()
    assert await faults_of(page) == []
    await page.reload()
    await expect(page.get_by_label("Learn from my chats")).not_to_be_checked()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download memories").click()
    file = tmp_path / "memories.jsonl"
    await (await downloading.value).save_as(file)
    assert "I play the cello." in file.read_text()

    await page.get_by_role("button", name="Forget everything").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Forget everything")).to_be_disabled()
    await dialog.get_by_label("Your confirmation").fill("forget everything")
    assert await faults_of(page) == []
    await shoot(page, "forget-everything")
    await dialog.get_by_role("button", name="Forget everything").click()
    await expect(page.get_by_text("Everything is forgotten.")).to_be_visible()
    assert (await visit.call("GET", "/api/memory/memories"))["items"] == []

    await page.get_by_label("File of memories").set_input_files(file)
    await expect(page.get_by_text("1 memory imported.")).to_be_visible()
    await view(page, "Memories")
    await expect(cards(page)).to_contain_text("I play the cello.")


async def test_the_other_person_of_the_workspace_sees_none(visit: Visit, open_person: Callable[..., Any]) -> None:
    mine = await remember(visit, "I play the cello.")
    await prefer(visit, "answer_length", "short")
    grace: Visit = await open_person("Grace", role="admin")
    await grace.page.goto(f"{visit.url}/memory?memory={mine['id']}")
    await expect(grace.page.get_by_text("Nothing is remembered yet")).to_be_visible()
    await expect(grace.page.get_by_role("dialog")).not_to_contain_text("cello")
    await grace.page.keyboard.press("Escape")
    await grace.page.get_by_label("Search memories").fill("cello")
    await expect(grace.page.get_by_text("None fits")).to_be_visible()
    await view(grace.page, "Preferences")
    await expect(grace.page.get_by_text("No preferences yet")).to_be_visible()


async def test_a_chat_uses_memory_or_not_and_says_what_it_used(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    await prefer(visit, "answer_length", "short")
    scripted.default = Say("In Ghent.")
    chat = await visit.call("POST", "/api/chats", {"title": "Bees", "model": "gpt-4o"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.ask("Where does my sister Ada keep her bees?")
    await page.get_by_role("button", name="Used 1 memory").click()
    used = page.get_by_label("What was used")
    await expect(used).to_contain_text("answer length: short")
    assert await faults_of(page) == []
    await shoot(page, "used")
    await used.get_by_role("link", name="Correct").click()
    await expect(page.get_by_role("list", name="Preferences")).to_contain_text("Answer length")
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await page.get_by_role("button", name="Chat menu").click()
    await page.get_by_role("menuitemcheckbox", name="Use memory in this chat", checked=True).click()
    await page.get_by_role("button", name="Chat menu").click()
    await expect(page.get_by_role("menuitemcheckbox", name="Use memory in this chat", checked=False)).to_be_visible()
    assert (await visit.call("GET", f"/api/chats/{chat['id']}"))["memory"] is False


async def test_a_memory_leads_to_the_words_and_the_message_of_the_chat_that_it_came_from(
    visit: Visit, scripted: Upstream
) -> None:
    page = visit.page
    scripted.default = Say("Noted.")
    chat = await visit.call("POST", "/api/chats", {"title": "Moving", "model": "gpt-4o"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.ask("🐝 Hello there. I live in Ghent. I prefer short answers.")
    await expect(page.locator("[data-figures]")).to_be_visible()
    said = (await visit.call("GET", f"/api/chats/{chat['id']}"))["messages"][0]
    words = {"id": said["id"], "role": "user", "content": said["content"][0]["text"]}
    await visit.call("POST", "/api/personalization/learn", {"chat_id": chat["id"], "messages": [words]})
    await page.goto(f"{visit.url}/memory")
    await act(page, "Ghent", "Source and history")
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("blockquote")).to_contain_text("I live in Ghent")
    assert "Hello there" not in await dialog.locator("blockquote").inner_text()
    assert await faults_of(page) == []
    await shoot(page, "source")
    await dialog.get_by_role("link", name="To the chat “Moving”").click()
    await expect(page).to_have_url(f"{visit.url}/chat/{chat['id']}#{said['id']}")
    await expect(page.locator(f"[id='{said['id']}']")).to_be_in_viewport()

    await page.goto(f"{visit.url}/memory?view=preferences")
    await page.get_by_role("button", name=re.compile("^What .* rests on$")).first.click()
    rests = page.get_by_role("list", name="What it rests on")
    await expect(rests.locator("q")).to_contain_text("I prefer short answers")
    await expect(rests).to_contain_text("You said it")
    await visit.call("DELETE", f"/api/chats/{chat['id']}")
    await page.goto(f"{visit.url}/memory")
    await act(page, "Ghent", "Source and history")
    await expect(dialog).to_contain_text("The chat that it came from is deleted.")


async def test_what_is_done_often_enough_is_shown_as_a_pattern_and_forgotten(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    scripted.default = Say("So.")
    # Twice as many as are needed: the hour may end in the midst of them.
    for _ in range(10):
        chat = await visit.call("POST", "/api/chats", {"model": "gpt-4o"})
        question = [{"type": "text", "text": "How does this work?"}]
        await visit.call("POST", f"/api/chats/{chat['id']}/turns", {"content": question})
    await visit.call("POST", "/api/personalization/learn", {"messages": [{"role": "user", "content": "I love tea."}]})
    await page.goto(f"{visit.url}/memory?view=patterns")
    listed = page.get_by_role("list", name="Patterns")
    await expect(listed).to_contain_text("You often write on")
    await expect(listed).to_contain_text("times (")
    assert await faults_of(page) == []
    await shoot(page, "patterns")
    await page.get_by_role("button", name="Forget: You often write on").first.click()
    await expect(page.get_by_text("Forgotten.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Forget: You often write on")).to_have_count(0)


@pytest.mark.parametrize(
    ("scheme", "device"),
    [pytest.param("dark", {}, id="dark-desktop"), pytest.param("light", PHONE, id="light-phone")],
)
async def test_no_view_has_a_serious_fault(
    open_visit: Callable[..., Any], visit: Visit, scheme: str, device: dict[str, Any]
) -> None:
    one = await remember(visit, "My sister Ada keeps bees in Ghent.", pinned=True, importance=0.9)
    other = await remember(visit, "The quarterly report is due on Friday, and it is a very long one.", type="event")
    await visit.call(
        "POST",
        f"/api/memory/memories/{one['id']}/relationships",
        {"target_memory_id": other["id"], "relationship_type": "same_week"},
    )
    await prefer(visit, "answer_length", "short")
    await prefer(visit, "name", "Ada")
    seen: Visit = await open_visit(color_scheme=scheme, **device)
    faults: dict[str, list[str]] = {}
    for name in ("memories", "preferences", "patterns", "timeline", "graph", "settings"):
        await seen.page.goto(f"{visit.url}/memory?view={name}")
        await seen.page.get_by_role("heading", level=2).first.wait_for()
        await expect(seen.page.locator(".animate-pulse")).to_have_count(0)
        faults[name] = await faults_of(seen.page)
        await shoot(seen.page, f"{scheme}-{'phone' if device else 'desktop'}-{name}")
    assert {name: found for name, found in faults.items() if found} == {}


async def test_a_group_has_a_memory_in_common_that_is_chosen_on_the_page(visit: Visit) -> None:
    page = visit.page
    me = await visit.call("GET", "/api/session")
    group = await visit.call("POST", "/api/groups", {"name": "Herons"})
    await visit.call("PUT", f"/api/groups/{group['id']}/members/{me['user']['id']}", {})
    try:
        await page.goto(f"{visit.url}/memory")
        await expect(page.get_by_role("heading", name="What RADIANT knows")).to_be_visible()
        await expect(page.get_by_label("Whose memory")).to_have_count(0)
        await page.goto(f"{visit.url}/settings/groups")
        await page.get_by_role("button", name="Memory of Herons").click()
        dialog = page.get_by_role("dialog", name="Memory of Herons")
        await dialog.get_by_role("button", name="Give it a memory").click()
        await expect(page.get_by_text("Herons has a memory now.")).to_be_visible()
        await page.goto(f"{visit.url}/memory")
        await page.get_by_label("Whose memory").select_option("Herons")
        await expect(page.get_by_role("tab", name="Preferences")).to_have_count(0)
        await page.get_by_role("button", name="Add a memory").first.click()
        form = page.get_by_role("dialog", name="Add a memory")
        await form.get_by_label("What to remember").fill("Herons deploy on Mondays.")
        await form.get_by_role("button", name="Remember").click()
        await expect(cards(page)).to_have_count(1)
        assert await faults_of(page) == []
        await shoot(page, "group")
        await act(page, "Herons deploy on Mondays.", "Source and history")
        await expect(page.get_by_role("dialog", name="Source and history")).to_contain_text("Herons deploy on Mondays.")
        await page.keyboard.press("Escape")
        await page.get_by_label("Whose memory").select_option("My own")
        await expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
        await page.goto(f"{visit.url}/settings/groups")
        await page.get_by_role("button", name="Memory of Herons").click()
        await dialog.get_by_role("button", name="Take it away").click()
        await page.get_by_role("button", name="Forget it").click()
        await expect(page.get_by_text("It is forgotten.")).to_be_visible()
        assert (await visit.call("GET", "/api/memory/groups"))["items"] == []
    finally:
        await visit.call("DELETE", f"/api/groups/{group['id']}")
