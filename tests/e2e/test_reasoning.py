"""Think Tank on the page: a problem is written, planned, watched, steered, solved, and what it rests on can be seen."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.upstream import Say, Upstream
from tests.workspace.reasoning.kit import answer, asked, derived, form_of, plan, script, tool_results, use
from tests.workspace.reasoning.test_sessions import FARM, FARM_SCRIPT, by_itself, farm

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

SESSIONS = "/api/reasoning/sessions"
ENDED = ("completed", "partial", "failed", "cancelled")


@pytest.fixture(autouse=True)
async def no_sessions_are_left(visit: Visit, scripted: Upstream) -> AsyncIterator[None]:
    yield
    for session in (await visit.call("GET", SESSIONS))["items"]:
        if session["status"] not in ENDED:
            await visit.call("POST", f"{SESSIONS}/{session['id']}/cancel")
            await _until(visit, session["id"], *ENDED)
        await visit.call("DELETE", f"{SESSIONS}/{session['id']}")


async def _until(visit: Visit, session_id: str, *statuses: str) -> dict[str, Any]:
    session: dict[str, Any] = {}
    for _ in range(300):
        session = await visit.call("GET", f"{SESSIONS}/{session_id}")
        if session["status"] in statuses:
            return session
        await asyncio.sleep(0.1)
    raise AssertionError(f"{session['status']}, not {statuses}: {session['error']}")


async def begin(visit: Visit, problem: str = FARM, **options: Any) -> str:
    """A session without the page, by a model that is scripted."""
    return (await visit.call("POST", SESSIONS, {"problem": problem, "model": "gpt-4o", **options}))["id"]


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"think-{name}.png", full_page=True)


async def write(visit: Visit, problem: str) -> None:
    """A problem on the page, to be solved by a model that is scripted."""
    page = visit.page
    await page.goto(f"{visit.url}/think")
    await page.get_by_role("button", name="Options").click()
    await page.get_by_role("button", name="Model: Auto").click()
    await page.get_by_label("Search models").fill("gpt-4o")
    await page.locator("button[data-model='gpt-4o']").click()
    await expect(page.get_by_role("button", name="Model: GPT-4o")).to_be_visible()
    await page.get_by_label("The problem").fill(problem)


async def test_a_problem_is_solved_and_shows_what_it_rests_on(visit: Visit, scripted: Upstream) -> None:
    script(scripted, FARM_SCRIPT)
    page = visit.page
    await page.get_by_role("link", name="Think Tank").click()
    await expect(page.get_by_text("Nothing was thought about yet")).to_be_visible()
    await page.get_by_role("list", name="Examples").get_by_role("button").nth(1).click()
    await expect(page.get_by_label("The problem")).to_have_value(re.compile("4, 7, 8 and 8"))
    await expect(page.get_by_label("Made of the numbers")).to_have_value("4 7 8 8")
    assert await faults_of(page) == []
    await write(visit, FARM)
    assert await faults_of(page) == []
    await shoot(page, "options")
    await page.get_by_label("The problem").press("Enter")
    await page.wait_for_url("**/think/*-*")
    await expect(page.get_by_role("heading", name="Solution", level=2)).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("Solved", exact=True)).to_be_visible()
    await expect(page.get_by_text("All 3 steps are verified.").first).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "solved")
    # A node, by mouse in the drawing, and its evidence.
    await page.get_by_role("button", name="n1: Verified").click()
    panel = page.get_by_role("complementary", name="Step n1")
    await expect(panel.get_by_text("Verified by an independent derivation.")).to_be_visible()
    await expect(panel.get_by_text("The model says of itself").first).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("region", name="How it is solved").scroll_into_view_if_needed()
    await shoot(page, "node")
    # The same by keyboard in the list.
    await page.get_by_role("radio", name="List").click()
    row = page.get_by_role("list", name="Steps of the plan").get_by_role("button", name=re.compile("^n3 "))
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Step n3")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("radio", name="Steps").click()
    await expect(page.get_by_role("list", name="Steps", exact=True).get_by_role("article").first).to_be_visible()
    assert await faults_of(page) == []
    # What is kept is there after a reload: the view, and what was said of it.
    await page.get_by_role("button", name="The solution is right").click()
    await expect(page.get_by_role("button", name="The solution is right")).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(page.get_by_role("button", name="The solution is right")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_role("radio", name="Steps")).to_be_checked()


def _of_any_form(told: dict[str, Any], body: Any) -> Any:
    """A vote asks the problem as a whole."""
    if "question" in told:
        return farm(told, body) if form_of(body) == "answer" else by_itself(told, body)
    return answer("17", "3 * 4 + 5 = 17") if form_of(body) == "answer" else derived("17")


async def test_a_report_a_chat_and_another_run_come_of_it_and_two_are_compared(
    visit: Visit, scripted: Upstream
) -> None:
    script(scripted, FARM_SCRIPT | {"answer": _of_any_form, "derived": _of_any_form})
    page = visit.page
    first = await begin(visit)
    await _until(visit, first, "completed")
    await page.goto(f"{visit.url}/think/{first}")
    for words, ending, begins in (("As PDF", ".pdf", b"%PDF"), ("As Markdown", ".md", b"# A farm has 3 barns")):
        await page.get_by_role("button", name="Report").click()
        async with page.expect_download() as downloading:
            await page.get_by_role("menuitem", name=words).click()
        file = await (await downloading.value).path()
        assert (await downloading.value).suggested_filename.endswith(ending)
        assert Path(file).read_bytes().startswith(begins)
    await page.get_by_role("link", name="Run again").click()
    await expect(page.get_by_label("The problem")).to_have_value(FARM)
    await expect(page.get_by_role("button", name="Model: GPT-4o")).to_be_visible()
    await page.get_by_label("Strategy", exact=True).select_option("Vote")
    await page.get_by_label("Answers to vote").fill("3")
    await page.get_by_role("button", name="Solve", exact=True).click()
    await page.wait_for_url(lambda url: "/think/" in url and first not in url)
    await expect(page.get_by_role("button", name="Report")).to_be_visible(timeout=60_000)
    await page.get_by_role("link", name="Compare").click()
    await page.get_by_role("region", name="Compare with").get_by_role("button", name="A farm has").click()
    await expect(page.get_by_role("heading", name="Side by side", exact=True)).to_be_visible()
    figures = page.get_by_role("region", name="Figures of both")
    await expect(figures.get_by_role("row", name="Strategy")).to_contain_text("Step by step")
    await expect(figures.get_by_role("row", name="Strategy")).to_contain_text("Vote")
    assert await faults_of(page) == []
    await shoot(page, "compared")
    await page.get_by_role("link", name="No comparison").click()
    await page.get_by_role("button", name="Go on in a chat").click()
    await page.wait_for_url("**/chat/*")
    await expect(page.get_by_text(FARM).first).to_be_visible()
    await visit.call("DELETE", f"/api/chats/{page.url.rpartition('/')[2]}")
    # The list: found by words and by state, gone with an undo.
    await page.goto(f"{visit.url}/think")
    rows = page.get_by_role("list", name="Problems").get_by_role("listitem")
    await expect(rows).to_have_count(2)
    assert await faults_of(page) == []
    await page.get_by_label("Of the state").select_option("Failed")
    await expect(page.get_by_text("None fits")).to_be_visible()
    await page.get_by_label("Of the state").select_option("every state")
    await page.get_by_label("Search problems").fill("barns")
    await expect(rows).to_have_count(2)
    await rows.first.get_by_role("button", name="Delete").click()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(2)


async def test_a_plan_is_looked_at_changed_and_approved(visit: Visit, scripted: Upstream) -> None:
    script(scripted, FARM_SCRIPT)
    page = visit.page
    await write(visit, FARM)
    await page.get_by_label("Look at the plan first").check()
    await page.get_by_role("button", name="Solve", exact=True).click()
    await page.wait_for_url("**/think/*-*")
    await expect(page.get_by_text("nothing of it runs before you approve it")).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("Waits for you", exact=True).first).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Edit it").click()
    dialog = page.get_by_role("dialog", name="Edit the plan")
    await expect(dialog.get_by_role("region", name="Step n1").get_by_label("n3")).to_be_disabled()
    await dialog.get_by_role("button", name="Add a step").click()
    added = dialog.get_by_role("region", name="Step n4")
    await expect(dialog.get_by_text("Step n4 asks nothing.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Save the plan")).to_be_disabled()
    await added.get_by_label("Question").fill("How many animals are there with the two dogs, in total?")
    await added.get_by_label("n3").check()
    assert await faults_of(page) == []
    await shoot(page, "editor")
    await dialog.get_by_role("button", name="Save the plan").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("It has 4 steps")).to_be_visible()
    assert not [body for body in _bodies(scripted) if form_of(body) == "answer"], "nothing ran before it was approved"
    await page.get_by_label("Add a condition").fill("Count only what is alive.")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("“Count only what is alive.”")).to_be_visible()
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("button", name="Report")).to_be_visible(timeout=60_000)
    await page.get_by_role("radio", name="List").click()
    await expect(
        page.get_by_role("list", name="Steps of the plan").get_by_role("button", name=re.compile("^n4 "))
    ).to_be_visible()
    questions = [asked(body)["question"] for body in _bodies(scripted) if form_of(body) == "answer"]
    assert any("two dogs" in question for question in questions)


def _bodies(upstream: Upstream) -> list[Any]:
    return [request.body for request in upstream.requests if request.path.endswith("/chat/completions")]


async def test_a_run_is_watched_in_two_tabs_paused_and_cancelled(visit: Visit, scripted: Upstream) -> None:
    held = asyncio.Event()

    def slowly(told: dict[str, Any], body: Any) -> Any:
        if "cows" in told["question"]:
            return Say("word " * 50, held=held)
        return farm(told, body)

    script(scripted, FARM_SCRIPT | {"answer": slowly})
    page = visit.page
    session = await begin(visit)
    await page.goto(f"{visit.url}/think/{session}")
    await expect(page.locator("[data-now]")).to_have_text("asking GPT-4o for n2", timeout=30_000)
    await expect(page.get_by_text("1 of 3 steps done")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "running")
    other = await visit.context.new_page()
    await other.goto(page.url)
    await expect(other.locator("[data-now]")).to_have_text("asking GPT-4o for n2")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Cancel").click()
    for tab in (page, other):
        await expect(tab.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=30_000)
        await expect(tab.get_by_text("it can go on from there")).to_be_visible()
    held.set()
    # It goes on, and both tabs hear of it.
    script(scripted, FARM_SCRIPT)
    await page.get_by_role("form", name="Go on").get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("Solved", exact=True)).to_be_visible(timeout=60_000)
    await other.close()


async def test_a_budget_that_is_used_up_says_so_and_more_of_it_goes_on(
    visit: Visit, scripted: Upstream, open_visit: Callable[..., Any]
) -> None:
    script(scripted, FARM_SCRIPT)
    session = await begin(visit, budget={"steps": 2})
    await _until(visit, session, "partial")
    phone: Visit = await open_visit(color_scheme="dark", path=f"/think/{session}", **PHONE)
    page = phone.page
    await expect(page.get_by_text("Solved in part", exact=True)).to_be_visible()
    await expect(page.get_by_text("The budget of steps is used up")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "partial-phone")
    await page.get_by_role("list", name="Steps of the plan").get_by_role("button", name=re.compile("^n1 ")).click()
    await expect(page.get_by_role("dialog", name="Step n1")).to_be_visible()
    assert await faults_of(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_label("Steps in all").fill("100")
    await page.get_by_role("form", name="Go on").get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("Solved", exact=True)).to_be_visible(timeout=60_000)
    await page.goto(f"{phone.url}/think")
    await expect(page.get_by_role("list", name="Problems").get_by_role("listitem")).to_have_count(1)
    assert await faults_of(page) == []


async def test_a_call_that_is_asked_about_is_shown_whole_and_allowed_or_refused(
    visit: Visit, scripted: Upstream
) -> None:
    sum_ = "What is twice 3 to the 11th?"
    one = plan(("a", sum_, [], "easy", ["calculator"]), complexity="low")

    def with_tool(told: dict[str, Any], body: Any) -> Any:
        results = tool_results(body)
        return answer("354294", results[0]) if results else use("calculator", expression="2 * 3**11")

    script(scripted, {"draft": one, "answer": with_tool, "derived": derived("354294")})
    listed = (await visit.call("GET", "/api/tools"))["items"]
    settings = next(tool["settings"] for tool in listed if tool["name"] == "calculator")
    await visit.call("PUT", "/api/tools/calculator/settings", settings | {"ask_first": True})
    try:
        page = visit.page
        for decision in ("Allow this call", "Refuse"):
            session = await begin(visit, sum_)
            await page.goto(f"{visit.url}/think/{session}")
            await expect(page.get_by_text("May calculator be called?")).to_be_visible(timeout=30_000)
            await expect(page.get_by_role("group", name="Arguments of calculator")).to_contain_text(
                '"expression": "2 * 3**11"'
            )
            assert await faults_of(page) == []
            await shoot(page, "asked")
            await page.get_by_role("button", name=decision).click()
            await expect(page.get_by_role("button", name="Report")).to_be_visible(timeout=30_000)
            await page.get_by_role("radio", name="Steps").click()
            call = page.get_by_role("group", name="Result of calculator")
            await expect(call).to_have_count(1 if decision == "Allow this call" else 0)
            await expect(page.get_by_text("no result", exact=True)).to_have_count(
                0 if decision == "Allow this call" else 1
            )
    finally:
        await visit.call("PUT", "/api/tools/calculator/settings", settings)


async def test_what_nothing_confirms_is_called_so_and_a_step_is_solved_anew(visit: Visit, scripted: Upstream) -> None:
    why = "Because of the sea breeze that comes in every afternoon, when the land is warm, and cools the coast down."
    one = plan(("a", "Why is the coast cooler?"), complexity="low")
    script(scripted, {"draft": one, "answer": answer(why, "Sea breeze.", self_confidence=1.0)})
    session = await begin(visit, "Why is the coast cooler?")
    await _until(visit, session, "completed")
    page = visit.page
    await page.goto(f"{visit.url}/think/{session}")
    await expect(page.get_by_text("Answered, not proven", exact=True)).to_be_visible()
    await expect(page.get_by_text("This is not proven. Take it for a proposal.")).to_be_visible()
    await expect(page.get_by_text("step n1 rests on the model’s word").first).to_be_visible()
    await page.get_by_role("button", name="n1: Not verified").click()
    panel = page.get_by_role("complementary", name="Step n1")
    await expect(panel.get_by_text("The model says of itself: 100%.")).to_be_visible()
    asked_before = len(_bodies(scripted))
    await panel.get_by_role("button", name="Solve anew").click()
    await expect(page.get_by_text("Answered, not proven", exact=True)).to_be_visible(timeout=30_000)
    await _until(visit, session, "completed")
    assert len(_bodies(scripted)) > asked_before
