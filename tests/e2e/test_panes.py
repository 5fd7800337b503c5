"""Panes: several models side by side, in a real browser before a real server, with a scripted provider."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import DESKTOP, PHONE, faults_of
from tests.kit.upstream import FailMidway, Refuse, Say, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

FOUR = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-6-luna"]


@pytest.fixture
async def rooms(visit: Visit, scripted: Upstream) -> AsyncIterator[Callable[..., Any]]:
    """Opens a new room with these models; tells its session."""
    made: list[str] = []

    async def room(*models: str, mode: str = "broadcast", layout: str = "horizontal") -> Any:
        session = await visit.call(
            "POST", "/api/concurrent-chat/sessions",
            {"panes": [{"model": model} for model in models], "sync_mode": mode, "layout": {"type": layout},
             "max_panes": max(4, len(models)), "name": "A room"},
        )  # fmt: skip
        made.append(session["id"])
        await visit.page.goto(f"{visit.url}/panes/{session['id']}")
        await expect(visit.page.locator("[data-pane]")).to_have_count(len(models))
        return session

    yield room
    del scripted
    for session_id in made:
        # A test may have deleted it itself.
        await visit.http.delete(
            f"{visit.url}/api/concurrent-chat/sessions/{session_id}", headers={"X-CSRF-Token": visit.csrf}
        )


def pane(page: Page, number: int) -> Locator:
    """A pane by its place, from 1."""
    return page.get_by_role("region", name=re.compile(rf"^Pane {number}: "))


def answer(of: Locator) -> Locator:
    """The newest answer's text in a pane."""
    return of.locator("[data-answer] .prose").last


async def finished(page: Page, panes: int, timeout: float = 60_000) -> None:
    """Until so many panes have answered and none is writing."""
    for number in range(1, panes + 1):
        await expect(pane(page, number).locator("[data-figures]").last).to_be_visible(timeout=timeout)
    await expect(page.locator("[data-pane] [aria-busy=true]")).to_have_count(0)


async def width(of: Locator) -> float:
    """In CSS pixels."""
    box = await of.bounding_box()
    assert box
    return box["width"]


async def test_f19_6_a_divider_follows_the_pointer_to_the_pixel_and_is_kept(
    visit: Visit, rooms: Callable[..., Any], open_visit: Callable[..., Any]
):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    divider = page.get_by_role("separator")
    box = await divider.bounding_box()
    assert box
    before = await width(pane(page, 1))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    # Twelve pixels beside its middle is still the divider: 24 px take a hold of it.
    await page.mouse.move(x + 11, y)
    await page.mouse.down()
    for step in range(1, 12):
        await page.mouse.move(x + 11 + step * 15.5, y + step)
        assert abs(await width(pane(page, 1)) - before - step * 15.5) <= 2
    async with page.expect_response(lambda answer: answer.request.method == "PATCH" and answer.ok):
        await page.mouse.up()
    dragged = await width(pane(page, 1))
    assert abs(dragged - before - 170.5) <= 2
    await page.reload()
    await expect(divider).to_be_visible()
    assert abs(await width(pane(page, 1)) - dragged) <= 2
    elsewhere = await open_visit(path=f"/panes/{page.url.rsplit('/', 1)[1]}")
    await expect(pane(elsewhere.page, 2)).to_be_visible()
    assert abs(await width(pane(elsewhere.page, 1)) - dragged) <= 2

    # A finger does the same, and the other browser follows.
    box = await divider.bounding_box()
    assert box
    cdp = await visit.context.new_cdp_session(page)
    at = {"x": box["x"] + 5, "y": y}
    await cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    for step in range(1, 9):
        await cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at | {"x": at["x"] - step * 20}]})  # fmt: skip
    await cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert abs(await width(pane(page, 1)) - dragged + 160) <= 3
    await elsewhere.page.wait_for_function(
        "wanted => Math.abs(document.querySelector('[data-pane]').getBoundingClientRect().width - wanted) <= 2",
        arg=await width(pane(page, 1)),
    )


async def test_f19_6_dividers_and_panes_are_reached_by_the_keyboard(visit: Visit, rooms: Callable[..., Any]):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini", "gpt-4.1")
    divider = page.get_by_role("separator").first
    await divider.focus()
    for name in ("aria-valuenow", "aria-valuemin", "aria-valuemax", "aria-controls", "aria-orientation", "aria-label"):
        assert await divider.get_attribute(name), name
    before = await width(pane(page, 1))
    await page.keyboard.press("ArrowRight")
    moved = await width(pane(page, 1))
    assert moved > before
    await page.keyboard.press("ArrowLeft")
    assert abs(await width(pane(page, 1)) - before) <= 2
    await page.keyboard.press("End")
    assert await width(pane(page, 1)) > moved
    await page.keyboard.press("Home")
    await expect(divider).to_have_attribute("aria-valuenow", re.compile(r"^0"))
    await page.keyboard.press("Enter")
    assert await width(pane(page, 1)) > 100
    await page.keyboard.press("Enter")
    await expect(divider).to_have_attribute("aria-valuenow", re.compile(r"^0"))
    await page.keyboard.press("Enter")
    focused = "document.activeElement.closest('[data-pane]')?.getAttribute('aria-label')"
    seen: list[str] = []
    for _ in range(4):
        await page.keyboard.press("F6")
        seen.append(await page.evaluate(focused))
    assert [re.sub(":.*", "", name) for name in seen] == ["Pane 1", "Pane 2", "Pane 3", "Pane 1"]
    await page.keyboard.press("Shift+F6")
    assert (await page.evaluate(focused)).startswith("Pane 3")
    await page.keyboard.press("Alt+2")
    assert (await page.evaluate(focused)).startswith("Pane 2")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next pane")


async def test_f19_7_a_question_goes_to_four_panes_and_their_answers_stay(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    for number, model in enumerate(FOUR, start=1):
        scripted.by_model[model] = Say(f"I am number {number}.", gap=0.02)
    await rooms(*FOUR, layout="grid")
    await page.get_by_label("Your message").fill("Who are you?")
    await page.keyboard.press("Enter")
    await finished(page, 4)
    for number in range(1, 5):
        await expect(answer(pane(page, number))).to_have_text(f"I am number {number}.")
        figures = pane(page, number).locator("[data-figures]")
        await expect(figures).to_contain_text(re.compile(r"GPT.* · 12 in, 5 out · \$.* · first word .* · .* tok/s"))
    await page.reload()
    await finished(page, 4)
    await expect(answer(pane(page, 3))).to_have_text("I am number 3.")
    # The models are the catalogue's, with price and context.
    await pane(page, 1).get_by_role("button", name="Model:").click()
    row = page.locator("button[data-model='gpt-4o']")
    await expect(row).to_contain_text("context")
    await expect(row).to_contain_text("per million")
    await page.keyboard.press("Escape")
    # Two of them are asked, the other two are not.
    for name in ("GPT-4o", "GPT-4.1"):
        await (
            page.get_by_role("group", name="Panes that are asked").get_by_role("button", name=name, exact=True).click()
        )
    await page.get_by_label("Your message").fill("And now?")
    await page.keyboard.press("Enter")
    await expect(pane(page, 2).get_by_role("article", name="You")).to_have_count(2)
    await finished(page, 4)
    await expect(pane(page, 4).get_by_role("article", name="You")).to_have_count(2)
    await expect(pane(page, 1).get_by_role("article", name="You")).to_have_count(1)
    await expect(pane(page, 3).get_by_role("article", name="You")).to_have_count(1)


async def test_a_reload_in_mid_stream_shows_the_same_text_and_goes_on(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    texts = {model: " ".join(f"{model}-{number}" for number in range(1300)) for model in FOUR}
    # However long the reloads take, the answers are not at their end before.
    reloaded = asyncio.Event()
    for model, text in texts.items():
        scripted.by_model[model] = Say(text, gap=0.025, held=reloaded)
    await rooms(*FOUR, layout="grid")
    await page.get_by_label("Your message").fill("Count.")
    await page.keyboard.press("Enter")
    await expect(answer(pane(page, 4))).to_contain_text("-3")
    chance = random.Random(7)
    for reloads in range(12):
        await page.wait_for_timeout(chance.randrange(20, 500))
        before = [len(await answer(pane(page, number)).inner_text()) for number in range(1, 5)]
        await page.reload()
        for number, model in enumerate(FOUR, start=1):
            await expect(answer(pane(page, number))).to_have_text(re.compile(rf"^[\s\S]{{{before[number - 1]},}}$"), use_inner_text=True)  # fmt: skip
            shown = await answer(pane(page, number)).inner_text()
            assert texts[model].startswith(shown), (reloads, model, shown[-80:])
    reloaded.set()
    await finished(page, 4)
    for number, model in enumerate(FOUR, start=1):
        assert await answer(pane(page, number)).inner_text() == texts[model]


async def test_a_second_tab_stays_in_step_and_stop_ends_one_pane_or_all(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    long = " ".join(f"word{number}" for number in range(3000))
    scripted.default = Say(long, gap=0.03)
    await rooms("gpt-4o", "gpt-4o-mini", "gpt-4.1")
    other = await visit.context.new_page()
    await other.goto(page.url)
    await expect(pane(other, 3)).to_be_visible()
    await page.get_by_label("Your message").fill("Go on and on.")
    await page.keyboard.press("Enter")
    for number in (1, 2, 3):
        await expect(answer(pane(other, number))).to_contain_text("word5")
    await pane(page, 2).get_by_role("button", name="Stop").first.click()
    for tab in (page, other):
        await expect(pane(tab, 2).get_by_text("Stopped.")).to_be_visible()
        await expect(pane(tab, 1).locator("[aria-busy=true]")).to_have_count(1)
    # A connection that breaks is told, mended, and nothing is lost.
    await visit.context.set_offline(True)
    await page.wait_for_timeout(400)
    await visit.context.set_offline(False)
    here = len(await answer(pane(page, 1)).inner_text())
    await expect(answer(pane(page, 1))).to_have_text(re.compile(rf"^[\s\S]{{{here + 20},}}$"), use_inner_text=True)
    assert long.startswith(await answer(pane(page, 1)).inner_text())
    await page.keyboard.press("Escape")
    for tab in (page, other):
        await expect(tab.get_by_text("Stopped.")).to_have_count(3)
    assert await answer(pane(page, 3)).inner_text() == await answer(pane(other, 3)).inner_text()
    await expect(page.locator("p[role=status].sr-only")).to_contain_text(re.compile("finished|stopped"))
    await other.close()


async def test_answers_are_asked_again_and_questions_edited_into_branches(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    scripted.plan(Say("First."), Say("First."))
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_label("Your message").fill("Say something.")
    await page.keyboard.press("Enter")
    await finished(page, 2)
    first = pane(page, 1)
    scripted.plan(Say("Second."))
    await first.get_by_role("button", name="Ask again").click()
    await expect(answer(first)).to_have_text("Second.")
    await expect(first.get_by_role("group", name="Versions of this answer")).to_contain_text("2/2")
    scripted.plan(Say("Third, of another."))
    await first.get_by_role("button", name="Ask another model").click()
    await page.locator("button[data-model='gpt-4.1']").click()
    await expect(answer(first)).to_have_text("Third, of another.")
    await expect(first.locator("[data-figures]")).to_contain_text("GPT-4.1")
    await first.get_by_role("button", name="Previous answer").click()
    await expect(answer(first)).to_have_text("Second.")
    await first.get_by_role("article", name="You").hover()
    await first.get_by_role("button", name="Edit question").click()
    await first.get_by_label("Question", exact=True).fill("Say something else.")
    scripted.plan(Say("Something else."))
    await page.keyboard.press("Control+Enter")
    await expect(answer(first)).to_have_text("Something else.")
    versions = first.get_by_role("group", name="Versions of this question")
    await expect(versions).to_contain_text("2/2")
    await versions.get_by_role("button", name="Previous question").click()
    # Its newest answer is shown.
    await expect(answer(first)).to_have_text("Third, of another.")
    await expect(answer(pane(page, 2))).to_have_text("First.")
    await page.reload()
    await expect(answer(first)).to_have_text("Third, of another.")


async def test_a_pane_that_fails_says_why_and_offers_the_next_best_model(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    scripted.by_model["gpt-4o"] = FailMidway("Half of it")
    scripted.by_model["gpt-4o-mini"] = Say("All is well.")
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_label("Your message").fill("Tell me all.")
    await page.keyboard.press("Enter")
    failure = pane(page, 1).get_by_role("alert")
    await expect(failure.get_by_role("button", name="Try again")).to_be_visible()
    await expect(answer(pane(page, 2))).to_have_text("All is well.")
    await page.reload()
    offer = failure.get_by_role("button", name=re.compile("^Ask "))
    await expect(offer).to_be_visible()
    scripted.default = Say("Here I am.")
    await offer.click()
    await expect(pane(page, 1).get_by_role("alert")).to_have_count(0)
    await expect(pane(page, 1).locator("[data-figures]")).to_be_visible(timeout=60_000)


async def test_a_pane_that_cannot_start_keeps_no_other_from_it(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    scripted.by_model["gpt-4o-mini"] = Say("I can.")
    scripted.by_model["gpt-4o"] = Refuse(400, message="no such thing")
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_label("Your message").fill("Who can?")
    await page.keyboard.press("Enter")
    await expect(answer(pane(page, 2))).to_have_text("I can.")
    await expect(pane(page, 1).get_by_role("alert")).to_be_visible()


async def test_answers_are_compared_and_judged(visit: Visit, rooms: Callable[..., Any], scripted: Upstream):
    page = visit.page
    scripted.by_model["gpt-4o"] = Say("Paris is the capital. It has 2 million people.")
    scripted.by_model["gpt-4o-mini"] = Say("Paris is the capital. It has 3 million people. It is old.")
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_label("Your message").fill("Tell me of Paris.")
    await page.keyboard.press("Enter")
    await finished(page, 2)
    await pane(page, 1).get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare answers")
    await expect(dialog).to_contain_text("33 % of the sentences are the same")
    assert await dialog.locator("del").all_inner_texts() == ["2"]
    assert await dialog.locator("ins").all_inner_texts() == ["3", "It is old."]
    assert await faults_of(page) == []
    await page.keyboard.press("Escape")
    async with page.expect_response("**/feedback") as told:
        await pane(page, 1).get_by_role("button", name="Good answer").click()
    assert (await told.value).ok, await (await told.value).text()
    await expect(pane(page, 1).get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    async with page.expect_response("**/best") as told:
        await pane(page, 2).get_by_role("button", name="Best of these").click()
    assert (await (await told.value).json())["preferred_to"] == 1
    await expect(pane(page, 2).get_by_role("button", name="Best of these")).to_have_attribute("aria-pressed", "true")


async def test_f19_5_in_synchronized_mode_one_answer_becomes_the_history_of_all(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    scripted.by_model["gpt-4o"] = Say("The red one.")
    scripted.by_model["gpt-4o-mini"] = Say("The blue one.")
    await rooms("gpt-4o", "gpt-4o-mini", mode="synchronized")
    box = page.get_by_label("Your message")
    await box.fill("Which?")
    await page.keyboard.press("Enter")
    await finished(page, 2)
    await expect(page.get_by_text("Choose the answer to go on from")).to_be_visible()
    await box.fill("Why?")
    await page.keyboard.press("Enter")
    # Nothing is chosen silently: the words stay, and it is said what to do.
    await expect(page.get_by_role("alert").first).to_contain_text("choose one")
    await expect(box).to_have_value("Why?")
    async with page.expect_response("**/common") as told:
        await pane(page, 2).get_by_role("button", name="Use for all").click()
    assert (await told.value).ok, await (await told.value).text()
    for number in (1, 2):
        await expect(answer(pane(page, number))).to_have_text("The blue one.")
    scripted.requests.clear()
    await box.press("Enter")
    await expect(box).to_have_value("")
    for number in (1, 2):
        await expect(pane(page, number).get_by_role("article", name="You")).to_have_count(2)
        await expect(pane(page, number).locator("[data-figures]")).to_have_count(2)
    histories = [request.body["messages"] for request in scripted.requests if request.body.get("messages")]
    assert len(histories) == 2
    assert all("The blue one." in json.dumps(history) for history in histories)


async def test_answers_of_panes_are_merged_by_one_button_and_the_result_goes_on_in_all(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream, tmp_path: Path
):
    page = visit.page
    for model, said in {"gpt-4o": "3 * 4 = 12. The answer is 12.", "gpt-4o-mini": "It is 12.", "gpt-4.1": "It is 13."}.items():  # fmt: skip
        scripted.by_model[model] = Say(said)
    await rooms("gpt-4o", "gpt-4o-mini", "gpt-4.1", mode="synchronized")
    box = page.get_by_label("Your message")
    dialog = page.get_by_role("dialog", name="Merge the answers")
    await page.get_by_role("button", name="Merge the answers").click()
    await expect(dialog.get_by_text("Ask two panes the same question first")).to_be_visible()
    await page.keyboard.press("Escape")
    await box.fill("How many apples are there in 3 bags of 4 apples?")
    await page.keyboard.press("Enter")
    await finished(page, 3)
    await page.get_by_role("button", name="Merge the answers").click()
    await expect(dialog.get_by_label("Merge 3 answers by")).to_have_value("consensus")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(dialog.get_by_role("heading", name="What they say")).to_be_visible()
    # What the answers cost was paid by the panes, and is told.
    await expect(dialog.get_by_text(re.compile(r"^\$0\.0\d+$")).first).to_be_visible()
    assert await faults_of(page) == []
    await page.screenshot(path=str(tmp_path / "merge.png"))
    async with page.expect_response("**/common") as told:
        await dialog.get_by_role("button", name="Use this").click()
    assert (await told.value).ok, await (await told.value).text()
    for number in (1, 2, 3):
        await expect(answer(pane(page, number))).to_contain_text("12")
    scripted.requests.clear()
    await box.fill("And in 5 bags?")
    await page.keyboard.press("Enter")
    for number in (1, 2, 3):
        await expect(pane(page, number).get_by_role("article", name="You")).to_have_count(2)
    histories: list[Any] = []
    for _ in range(200):
        histories = [request.body["messages"] for request in scripted.requests if request.body.get("messages")]
        if len(histories) == 3:
            break
        await page.wait_for_timeout(50)
    assert len(histories) == 3
    assert not any("It is 13." in json.dumps(history) for history in histories)


async def test_the_mode_the_shared_context_and_a_pane_are_set_up_on_the_page(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_role("button", name="Sync mode:").click()
    await page.get_by_label("Shared context").fill("We write for children.")
    await page.get_by_role("button", name="Save the context").click()
    await page.get_by_role("radio", name="Independent").click()
    await expect(page.get_by_label("Your message to GPT-4o", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await pane(page, 1).get_by_role("button", name="Settings of").click()
    await page.get_by_label("System prompt").fill("Answer in rhymes.")
    await page.get_by_label("Temperature").fill("0.25")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_label("Your message to GPT-4o", exact=True).fill("Hello.")
    await page.keyboard.press("Enter")
    await expect(pane(page, 1).locator("[data-figures]")).to_be_visible()
    sent = scripted.requests[-1].body
    assert sent["temperature"] == 0.25
    assert "We write for children." in json.dumps(sent["messages"])
    assert "Answer in rhymes." in json.dumps(sent["messages"])
    await expect(pane(page, 2).get_by_role("article", name="You")).to_have_count(0)
    # Ctrl+Enter goes farther than Enter.
    await page.get_by_label("Your message to GPT-4o mini").fill("All of you.")
    await page.keyboard.press("Control+Enter")
    await expect(pane(page, 1).get_by_role("article", name="You")).to_have_count(2)
    await expect(pane(page, 2).get_by_role("article", name="You")).to_have_count(1)


async def test_panes_come_go_are_brought_back_and_change_places(visit: Visit, rooms: Callable[..., Any]):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_role("button", name="Add a pane").click()
    await expect(page.locator("[data-pane]")).to_have_count(3)
    await pane(page, 1).get_by_role("button", name="Menu of").click()
    await page.get_by_role("menuitem", name="Move after").click()
    await expect(pane(page, 2)).to_have_attribute("aria-label", "Pane 2: GPT-4o")
    await pane(page, 2).get_by_role("button", name="Menu of").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await expect(page.locator("[data-pane]")).to_have_count(2)
    await page.get_by_role("button", name="Undo").click()
    await expect(pane(page, 2)).to_have_attribute("aria-label", "Pane 2: GPT-4o")
    await page.get_by_role("radio", name="One above the other").click()
    await expect(page.get_by_role("separator").first).to_have_attribute("aria-orientation", "horizontal")
    await page.get_by_role("radio", name="Grid").click()
    await expect(page.get_by_role("separator")).to_have_count(2)
    await page.reload()
    await expect(page.get_by_role("radio", name="Grid")).to_be_checked()


async def test_f19_9_a_room_takes_as_many_panes_as_it_says_and_says_so(visit: Visit, rooms: Callable[..., Any]):
    page = visit.page
    await rooms(*(["gpt-4o"] * 6), layout="grid")
    await page.get_by_role("button", name="Add a pane").click()
    await page.get_by_label("At most").fill("7")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("button", name="Add a pane").click()
    await expect(page.locator("[data-pane]")).to_have_count(7)


async def test_f19_9_an_error_is_told_and_not_taken_for_panes(visit: Visit, rooms: Callable[..., Any]):
    page = visit.page
    session = await rooms("gpt-4o", "gpt-4o-mini")
    problem = {
        "type": "https://radiant.dev/problems/away",
        "title": "Away",
        "status": 503,
        "detail": "the database is away",
    }
    pattern = f"**/api/concurrent-chat/sessions/{session['id']}"
    await page.route(pattern, lambda route: route.fulfill(status=503, json=problem))
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("The database is away")
    await page.unroute(pattern)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("[data-pane]")).to_have_count(2)
    # One that was deleted elsewhere is told too, and leads back.
    await visit.call("DELETE", f"/api/concurrent-chat/sessions/{session['id']}")
    await expect(page.get_by_text("These panes are not here")).to_be_visible()
    await page.get_by_role("link", name="All panes").click()
    await expect(page.get_by_role("heading", name="Panes", level=1)).to_be_visible()


async def test_f19_9_enter_in_an_input_method_does_not_send_and_drafts_are_kept(
    visit: Visit, rooms: Callable[..., Any]
):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    box = page.get_by_label("Your message")
    await box.fill("かんじ")
    await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})
    await box.press("Shift+Enter")
    await expect(box).to_have_value("かんじ\n")
    await expect(page.get_by_role("article", name="You")).to_have_count(0)
    await page.reload()
    await expect(box).to_have_value("かんじ\n")
    await box.fill("")


async def test_formulas_and_diagrams_are_drawn_and_hostile_ones_are_not_trusted(
    visit: Visit, rooms: Callable[..., Any], scripted: Upstream
):
    page = visit.page
    good = (
        "Energy is \\(E = mc^2\\), it costs $5 and $10.\n\n\\[\n\\int_0^1 x\\,dx = \\frac12\n\\]\n\n"
        "```mermaid\nflowchart LR\n  A[Ask] --> B{Agree?}\n  B -->|yes| C[Done]\n```\n"
    )
    hostile = (
        "<script>window.taken = 1</script> <img src=x onerror='window.taken = 1'> $\\href{javascript:window.taken=1}{x}$"
        " $\\includegraphics{https://evil.example/p.png}$\n\n"
        '```mermaid\n%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%\nflowchart LR\n'
        "  A[\"<img src='https://evil.example/q.png' onerror='window.taken=1'>\"] --> B\n"
        '  click A href "javascript:window.taken=1"\n'
        "  style B fill:url(https://evil.example/r.png)\n```\n\n```mermaid\nno diagram at all {{{\n```\n"
    )
    scripted.by_model["gpt-4o"], scripted.by_model["gpt-4o-mini"] = Say(good), Say(hostile)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # The page's policy lets nobody fetch a blob: what becomes a picture is noted on its way.
    await page.add_init_script(
        "window.blobs = {}; const make = URL.createObjectURL;"
        " URL.createObjectURL = (blob) => { const url = make(blob); window.blobs[url] = blob; return url }"
    )
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_label("Your message").fill("Draw.")
    await page.keyboard.press("Enter")
    await finished(page, 2)
    first, second = pane(page, 1), pane(page, 2)
    await expect(first.locator("math")).to_have_count(2)
    await expect(first.locator("[data-answer]")).to_contain_text("it costs $5 and $10.")
    picture = first.get_by_alt_text("Diagram drawn from the source beside it")
    await expect(picture).to_be_visible(timeout=60_000)
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    svg = await page.evaluate("url => window.blobs[url].text()", await picture.get_attribute("src"))
    assert "Agree?" in svg
    await expect(second.locator("[data-answer]")).to_contain_text("<script>window.taken = 1</script>")
    await expect(second.get_by_role("region", name="Code, mermaid").last).to_contain_text("no diagram at all")
    for drawn in await second.get_by_alt_text("Diagram drawn from the source beside it").all():
        svg = await page.evaluate("url => window.blobs[url].text()", await drawn.get_attribute("src"))
        assert not re.search(
            r"<(script|image|foreignObject|a)\b|href=|onerror=\"|url\(\"?https?:", svg, re.IGNORECASE
        ), svg
    assert await page.locator("[data-answer] a[href^='javascript']").count() == 0
    assert await page.evaluate("window.taken") is None
    assert [url for url in asked if not url.startswith((visit.url, "blob:", "data:"))] == []
    # What the frame's policy has kept from running is told in the console.
    assert all("inline event handler" in complaint for complaint in visit.complaints)
    visit.complaints.clear()


async def test_pictures_go_to_models_that_see(visit: Visit, rooms: Callable[..., Any], scripted: Upstream):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    dot = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
        "18dd8db00000000049454e44ae426082"
    )
    await page.locator("input[type=file]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": dot})
    await expect(page.get_by_role("button", name="Send")).to_be_enabled()
    await page.get_by_role("button", name="Send").click()
    await finished(page, 2)
    await expect(page.get_by_alt_text("Attached")).to_have_count(2)
    kinds = [part["type"] for request in scripted.requests[-2:] for part in request.body["messages"][-1]["content"]]
    assert kinds.count("image_url") == 2


async def test_rooms_are_found_renamed_and_deleted(visit: Visit, rooms: Callable[..., Any]):
    page = visit.page
    await rooms("gpt-4o", "gpt-4o-mini")
    await page.get_by_role("link", name="Panes", exact=True).click()
    await page.get_by_label("Search panes").fill("a room")
    listed = page.get_by_role("region", name="Earlier rooms")
    await expect(listed.get_by_role("link").first).to_contain_text("GPT-4o")
    await listed.get_by_role("button", name="Menu of A room").first.click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_label("Name", exact=True).fill("Of birds")
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("Search panes").fill("birds")
    await expect(listed.get_by_role("link")).to_have_count(1)
    await page.get_by_role("button", name="Open the panes").click()
    await expect(page.locator("[data-pane]")).to_have_count(2)
    await page.get_by_role("button", name="Menu of these panes").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page).to_have_url(f"{visit.url}/panes")
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("side by side")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Panes", level=1)).to_be_visible()


async def test_a_chat_is_filed_exported_shared_and_taken_back(
    visit: Visit, scripted: Upstream, open_visit: Callable[..., Any]
):
    page = visit.page
    scripted.default = Say("**Bold** words of a model.")
    chat = await visit.call("POST", "/api/chats", {"model": "gpt-4o", "title": "To be shared"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.ask("What is to be shared?")
    await expect(page.locator("[data-figures]")).to_be_visible()
    chats = page.get_by_role("navigation", name="Chats")
    await chats.get_by_role("button", name="Menu of To be shared").click()
    await page.get_by_role("menuitem", name="Move to a folder").click()
    await page.get_by_role("combobox", name="Folder").fill("Trips")
    await page.get_by_role("button", name="Move", exact=True).click()
    await page.get_by_role("group", name="Folders").get_by_role("button", name="Trips").click()
    await expect(chats.get_by_role("link")).to_have_count(1)

    await page.get_by_role("button", name="Chat menu").click()
    await page.get_by_role("menuitem", name="Share or export").click()
    dialog = page.get_by_role("dialog", name="Share or export")
    async with page.expect_download() as download:
        await dialog.get_by_role("link", name="Markdown").click()
    assert "**Bold** words" in Path(await (await download.value).path()).read_text()
    async with page.expect_download() as download:
        await dialog.get_by_role("link", name="JSON").click()
    assert json.loads(Path(await (await download.value).path()).read_text())
    await dialog.get_by_role("button", name="Make a link").click()
    link = (await dialog.get_by_role("region", name="Link").inner_text()).strip()
    guest = await open_visit(signed_in=False, path=re.sub("^https?://[^/]+", "", link))
    await expect(guest.page.get_by_role("heading", name="To be shared")).to_be_visible()
    await expect(guest.page.locator("strong")).to_have_text("Bold")
    assert await faults_of(guest.page) == []
    await dialog.get_by_role("button", name="Take it back").click()
    await expect(dialog.get_by_role("button", name="Make a link")).to_be_visible()
    await guest.page.reload()
    await expect(guest.page.get_by_role("alert")).to_contain_text("leads nowhere")


async def test_on_a_phone_panes_are_tabs_that_a_swipe_turns(
    open_visit: Callable[..., Any], scripted: Upstream, visit: Visit
):
    scripted.default = Say("Small but clear.")
    session = await visit.call(
        "POST", "/api/concurrent-chat/sessions",
        {"panes": [{"model": model} for model in FOUR[:3]], "sync_mode": "broadcast"},
    )  # fmt: skip
    phone = await open_visit(path=f"/panes/{session['id']}", **PHONE)
    page = phone.page
    tabs = page.get_by_role("tab")
    await expect(tabs).to_have_count(3)
    await page.get_by_label("Your message").fill("Are you there?")
    await page.get_by_role("button", name="Send").click()
    await expect(answer(pane(page, 1))).to_have_text("Small but clear.")
    cdp = await phone.context.new_cdp_session(page)
    await cdp.send("Input.synthesizeScrollGesture", {"x": 300, "y": 400, "xDistance": -330, "yDistance": 0, "speed": 1200})  # fmt: skip
    await expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    await expect(answer(pane(page, 2))).to_be_in_viewport()
    await tabs.nth(2).click()
    await expect(answer(pane(page, 3))).to_be_in_viewport()
    assert await faults_of(page) == []
    await visit.call("DELETE", f"/api/concurrent-chat/sessions/{session['id']}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_panes_have_no_serious_fault(
    open_visit: Callable[..., Any], scripted: Upstream, visit: Visit, scheme: str
):
    scripted.default = Say("# Title\n\nWords, `code`, and\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```")
    session = await visit.call(
        "POST", "/api/concurrent-chat/sessions",
        {"panes": [{"model": model} for model in FOUR], "sync_mode": "broadcast", "layout": {"type": "grid"}},
    )  # fmt: skip
    for device in (DESKTOP, PHONE):
        opened = await open_visit(path="/panes", color_scheme=scheme, **device)
        page = opened.page
        faults: dict[str, list[str]] = {}
        await page.get_by_role("button", name="Open the panes").wait_for()
        faults["list"] = await faults_of(page)
        await page.goto(f"{visit.url}/panes/{session['id']}")
        await expect(page.locator("[data-pane]")).to_have_count(4)
        if device is DESKTOP:
            await page.get_by_label("Your message").fill("Show all.")
            await page.keyboard.press("Enter")
            await finished(page, 4)
        faults["room"] = await faults_of(page)
        await page.get_by_role("button", name="Sync mode:").click()
        faults["modes"] = await faults_of(page)
        await page.keyboard.press("Escape")
        assert {screen: found for screen, found in faults.items() if found} == {}
    await visit.call("DELETE", f"/api/concurrent-chat/sessions/{session['id']}")
