"""The room of routing: rules that are tried, made and put in order; a prompt's scores; what was decided and how good
it was; how models do; and what other weights would have come to."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import SMALL, Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings
from tests.kit.upstream import Say, Upstream, openai_upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


@pytest.fixture
async def upstream(visit: Visit) -> AsyncIterator[Upstream]:
    """xAI, as far as this installation knows: models other than the one on this machine."""
    async with openai_upstream() as running:
        running.key = "sk-routing"
        running.default = Say("Sorted.", input_tokens=20, output_tokens=8)
        await visit.call("PUT", "/api/providers/xai", {"api_key": "sk-routing", "base_url": running.url})
        yield running
        await visit.call("DELETE", "/api/providers/xai")


@pytest.fixture(autouse=True)
async def no_rules_are_left(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too."""
    yield
    for rule in (await visit.call("GET", "/api/routing/rules"))["items"]:
        await visit.call("DELETE", f"/api/routing/rules/{rule['id']}")
    await visit.call("PUT", "/api/routing/settings", {})


async def make(visit: Visit, name: str, target: str = SMALL, **conditions: Any) -> None:
    """A rule, without the page."""
    await visit.call("POST", "/api/routing/rules", {"name": name, "target_model": target, "conditions": conditions})


async def view(page: Page, name: str) -> None:
    """Another view of the room."""
    await page.get_by_role("tab", name=name).click()
    await expect(page.get_by_role("tab", name=name, selected=True)).to_be_visible()


async def test_a_rule_is_tried_on_a_prompt_refused_where_it_is_wrong_and_made(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Routing")
    await expect(page.get_by_text("No rules yet")).to_be_visible()
    await page.get_by_text("How rules work").click()
    await expect(page.get_by_text("So a rule prefers and forbids nothing.")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="New rule").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("Refunds")
    for kind in ("Words in the prompt", "Length of the prompt", "Day and hour", "Language", "Who asks", "Task"):
        await dialog.get_by_label("Add a condition").select_option(kind)
    await dialog.get_by_label("Pattern").fill("(refund")
    await dialog.get_by_label("At most, in tokens").fill("8000")
    await dialog.get_by_label("From").fill("00:00")
    await dialog.get_by_label("Until").fill("00:00")
    for day in ("Sat", "Sun"):
        await dialog.get_by_label(day).check()
    await dialog.get_by_label("Where").fill("Europe/Berlin")
    await dialog.get_by_label("Add a language").select_option("English")
    await dialog.get_by_label("Add somebody").select_option(index=1)
    await dialog.get_by_label("chat").check()
    await dialog.get_by_label("Model", exact=True).fill("no-such-model")
    await dialog.get_by_label("Try it on a prompt").fill("I want a refund for my order. Whom do I write to?")
    assert await faults_of(page) == []

    await dialog.get_by_role("button", name="Make the rule").click()
    await expect(dialog.get_by_label("Pattern")).to_have_attribute("aria-invalid", "true")
    await dialog.get_by_label("Pattern").fill("(?i)refund")
    await dialog.get_by_role("button", name="Test").click()
    await expect(dialog.get_by_text("no chat model 'no-such-model'")).to_be_visible()
    await expect(dialog.get_by_label("Model", exact=True)).to_have_attribute("aria-invalid", "true")
    await dialog.get_by_label("Model", exact=True).fill(SMALL)
    await dialog.get_by_role("button", name="Take out: Task").click()
    await dialog.get_by_role("button", name="Test").click()
    await expect(dialog.get_by_text("This rule decides.")).to_be_visible()
    await dialog.get_by_label("Try it on a prompt").fill("Where is the station, and when does the train leave?")
    await dialog.get_by_role("button", name="Test").click()
    await expect(dialog.get_by_text("the pattern is not found")).to_be_visible()
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Make the rule").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("heading", name="Refunds")).to_be_visible()
    for said in ("at most 8,000 tokens", "English", "every day, all day, Europe/Berlin", "(?i)refund"):
        await expect(page.get_by_text(said)).to_be_visible()

    await page.get_by_role("button", name="Change Refunds").click()
    await expect(dialog.get_by_label("Pattern")).to_have_value("(?i)refund")
    await dialog.get_by_role("button", name="Take out: Day and hour").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Europe/Berlin")).to_have_count(0)
    await page.get_by_role("switch", name="Refunds is in force").click()
    await expect(page.get_by_text("off", exact=True)).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Delete Refunds").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("No rules yet")).to_be_visible()


async def test_rules_are_put_in_order_by_dragging_and_by_keyboard(visit: Visit) -> None:
    page = visit.page
    for name in ("One", "Two", "Three"):
        await make(visit, name)
    await visit.call("POST", "/api/routing/rules", {"name": "For all", "target_model": SMALL, "scope": "platform"})
    await open_settings(page, "Routing")
    await expect(page.get_by_role("heading", name="The platform’s rules")).to_be_visible()
    await expect(page.locator("ol h3")).to_have_text(["One", "Two", "Three", "For all"])
    await page.get_by_role("button", name="Ask Three earlier").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Three is now 2 of 3.")).to_be_attached()
    # The same button goes on: the row takes its focus along.
    await expect(page.locator("ol h3").nth(1)).to_have_text("Three")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Three is now 1 of 3.")).to_be_attached()
    await expect(page.locator("ol h3")).to_have_text(["Three", "One", "Two", "For all"])
    assert await faults_of(page) == []

    handle, last = page.locator("[data-drag='Three']"), page.get_by_role("heading", name="Two")
    start, end = await handle.bounding_box(), await last.bounding_box()
    assert start is not None
    assert end is not None
    await page.mouse.move(start["x"] + 10, start["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 10, end["y"] + 60, steps=8)
    await page.mouse.up()
    await expect(page.get_by_text("Three is now 3 of 3.")).to_be_attached()
    await expect(page.locator("ol h3")).to_have_text(["One", "Two", "Three", "For all"])
    # Saved, though nobody waited for it.
    for _ in range(50):
        kept = [rule["name"] for rule in (await visit.call("GET", "/api/routing/rules"))["items"]]
        if kept == ["One", "Two", "Three", "For all"]:
            break
        await page.wait_for_timeout(100)
    await page.reload()
    await expect(page.get_by_role("heading", name="Three")).to_be_visible()
    await expect(page.locator("ol h3")).to_have_text(["One", "Two", "Three", "For all"])


async def test_a_prompts_candidates_are_shown_with_every_term_of_their_scores(visit: Visit, upstream: Upstream) -> None:
    page = visit.page
    await page.goto(f"{visit.url}/settings/routing?view=try")
    await page.get_by_label("Prompt", exact=True).fill("Sort this list of numbers in Python, please.")
    await page.get_by_role("button", name="Choose a model").click()
    await expect(page.get_by_role("heading", name="The choice")).to_be_visible()
    for fact in ("Confidence", "Read as", "If it fails"):
        await expect(page.get_by_text(fact).first).to_be_visible()
    bars = page.locator("[data-candidate]")
    assert await bars.count() >= 2
    await expect(bars.first).to_contain_text("chosen")
    for term in ("Cost", "Latency", "Quality", "Reliability"):
        await expect(bars.first.get_by_role("term").filter(has_text=term)).to_be_visible()
    await expect(page.get_by_role("heading", name="Not considered")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_label("Time at most (s)").fill("0.001")
    await page.get_by_role("button", name="Choose a model").click()
    await expect(page.get_by_text("No model can take this call.")).to_be_visible()
    assert await faults_of(page) == []


async def test_a_call_of_auto_is_in_the_history_and_its_asker_says_how_good_it_was(
    visit: Visit, upstream: Upstream, open_visit: Callable[..., Any]
) -> None:
    page = visit.page
    grok = next(m["id"] for m in (await visit.call("GET", "/api/models"))["items"] if m["provider"] == "xai")
    await make(visit, "To xAI", grok)
    said = {"role": "user", "content": "Sort this list in Python: 3, 1, 2"}
    await visit.call("POST", "/v1/chat/completions", {"model": "auto", "messages": [said]})
    assert upstream.requests
    await page.goto(f"{visit.url}/settings/routing?view=history")
    row = page.get_by_role("listitem").filter(has_text="To xAI")
    await expect(row).to_contain_text("succeeded")
    await expect(row).to_contain_text("20 → 8")
    await row.get_by_role("button", name="Good choice").click()
    await expect(row.get_by_role("button", name="Good choice")).to_have_attribute("aria-pressed", "true")
    assert await faults_of(page) == []
    await row.get_by_role("button", name="details").click()
    await expect(page.get_by_role("dialog")).to_contain_text("the rule To xAI")
    await page.get_by_role("button", name="Close").click()
    await page.get_by_label("Outcome").select_option("Failed")
    await expect(row).to_have_count(0)
    await page.get_by_label("Outcome").select_option("Any outcome")
    await page.get_by_label("Chosen by").select_option("To xAI")
    await page.get_by_label("Time", exact=True).select_option("In the last hour")
    await expect(row.get_by_role("button", name="Good choice")).to_have_attribute("aria-pressed", "true")

    await view(page, "Models")
    for chart in ("Quality", "Reliability", "Time", "Cost"):
        await expect(page.get_by_role("heading", name=chart)).to_be_visible()
    await page.get_by_label("Model", exact=True).select_option(grok)
    await expect(page.get_by_text("1 calls").first).to_be_visible()
    assert await faults_of(page) == []

    phone: Visit = await open_visit(path="/settings/routing", color_scheme="dark", **PHONE)
    for name in ("Rules", "Try a prompt", "History", "Models", "Settings"):
        await view(phone.page, name)
        await expect(phone.page.locator(".animate-pulse")).to_have_count(0)
        assert await faults_of(phone.page) == []


async def test_the_fall_backs_of_a_rule_are_put_in_another_order_by_keyboard(visit: Visit, upstream: Upstream) -> None:
    page = visit.page
    names = [model["id"] for model in (await visit.call("GET", "/v1/models"))["data"] if model["id"].startswith("grok")]
    first, second, *_ = names
    rule = {"name": "In turn", "target_model": SMALL, "fallback_models": [first, second], "conditions": {}}
    made = await visit.call("POST", "/api/routing/rules", rule)
    await open_settings(page, "Routing")
    await page.get_by_role("button", name="Change In turn").click()
    later = page.get_by_role("button", name="Ask fall-back 1 later")
    await later.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("If that cannot")).to_have_value(second)
    await expect(page.get_by_label("and then")).to_have_value(first)
    # The focus went with the model, and it is said where that is now.
    await expect(page.get_by_role("button", name="Ask fall-back 2 later")).to_be_focused()
    await expect(page.get_by_text(f"{first} is now 2 of 2.")).to_be_attached()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The rule is saved.")).to_be_visible()
    kept = await visit.call("GET", f"/api/routing/rules/{made['id']}")
    assert kept["fallback_models"] == [second, first]


async def test_calls_that_named_their_model_are_shown_and_that_nothing_was_refitted_yet(
    visit: Visit, upstream: Upstream
) -> None:
    page = visit.page
    names = [model["id"] for model in (await visit.call("GET", "/v1/models"))["data"] if model["id"].startswith("grok")]
    said = {"model": names[0], "messages": [{"role": "user", "content": "Sort these"}]}
    await visit.call("POST", "/v1/chat/completions", said)
    await open_settings(page, "Routing")
    await view(page, "Models")
    await page.get_by_label("Task", exact=True).select_option("not known: it was named")
    await expect(page.get_by_text("1 calls").or_(page.get_by_text("1 call")).first).to_be_visible(timeout=20_000)
    await expect(page.get_by_role("heading", name="Quality")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Refits")).to_be_visible()
    await expect(page.get_by_text("There is none yet")).to_be_visible()
    assert await faults_of(page) == []


async def test_settings_are_changed_and_put_back_and_a_replay_says_why_it_says_nothing(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Routing")
    await view(page, "Settings")
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.get_by_label("Cost").fill("0.9")
    await page.get_by_label("Exploration (%)").fill("3")
    await page.get_by_label("A conversation keeps its model").uncheck()
    assert await faults_of(page) == []
    await page.get_by_label("Days").fill("1")
    await page.get_by_role("button", name="Replay").click()
    await expect(
        page.get_by_text("decisions would be others")
        .or_(page.get_by_text("says nothing"))
        .or_(page.get_by_text("No decision of this time"))
    ).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The settings are saved.")).to_be_visible()
    kept = await visit.call("GET", "/api/routing/settings")
    assert (kept["exploration"], kept["sticky"]) == (0.03, False)
    assert kept["weights"]["cost"] == pytest.approx(0.9 / 1.65, abs=0.01)
    await page.get_by_role("button", name="As the installation has it").click()
    await expect(page.get_by_label("Exploration (%)")).to_have_value("1.5")


async def test_a_viewer_sees_and_changes_nothing(visit: Visit, open_visit: Callable[..., Any]) -> None:
    await make(visit, "Everything", task_types=["chat"])
    made = await visit.call("POST", "/api/users", {"email": "vera@example.com", "name": "Vera", "role": "viewer"})
    vera: Visit = await open_visit(signed_in=False)
    said = {"email": "vera@example.com", "password": made["one_time_password"]}
    session = await (await vera.http.post(f"{visit.url}/api/session", data=said)).json()
    vera.csrf = session["csrf_token"]
    password = {"current_password": made["one_time_password"], "new_password": "lighthouses at noon"}
    await vera.call("PUT", "/api/profile/password", password)
    page = vera.page
    await page.goto(f"{visit.url}/settings/routing")
    await expect(page.get_by_role("heading", name="Everything")).to_be_visible()
    assert await page.get_by_role("tab").all_inner_texts() == ["Rules", "History", "Models", "Settings"]
    for name in ("New rule", "Change Everything", "Delete Everything"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.get_by_role("switch")).to_have_count(0)
    await view(page, "History")
    await expect(page.get_by_text("Nothing was routed yet")).to_be_visible()
    await view(page, "Models")
    await expect(page.get_by_role("heading", name="Reliability")).to_be_visible()
    await view(page, "Settings")
    await expect(page.get_by_label("Exploration (%)")).to_be_disabled()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Replay")).to_have_count(0)
    assert await faults_of(page) == []
