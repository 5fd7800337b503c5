"""Canvases in a real browser: seven kinds of artifact, two people at once, the keyboard, and artifacts that mean harm."""

import asyncio
import contextlib
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e import hostile
from tests.e2e.conftest import Visit
from tests.e2e.test_screens import DESKTOP, PHONE, faults_of
from tests.kit.upstream import Say, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

SEVEN: list[dict[str, Any]] = [
    {"type": "markdown", "title": "Plan", "content": "# Launch\n\nWe ship **in March**.\n"},
    {"type": "code", "title": "estimate.py", "content": "def estimate(tasks):\n    return sum(tasks) * 1.3\n", "language": "python"},
    {"type": "table", "title": "Budget", "content": 'Item,Cost\nRent,900\nFood,"1,200"\n'},
    {"type": "mermaid", "title": "Flow", "content": "flowchart LR\n  A[Idea] --> B[Done]\n"},
    {"type": "html", "title": "Widget", "content": "<h1>Hello</h1><script>document.body.append('it ran')</script>"},
    {"type": "svg", "title": "Logo", "content": '<svg viewBox="0 0 20 10"><rect width="20" height="10" fill="red"/></svg>'},
    {"type": "json", "title": "config", "content": '{\n  "port": 8080\n}\n'},
]  # fmt: skip


def placed(artifacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Side by side, three a row."""
    size = {"width": 480, "height": 320}
    return [
        one | {"position": {"x": 520 * (at % 3), "y": 360 * (at // 3)}, "size": size}
        for at, one in enumerate(artifacts)
    ]


async def picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"canvas-{name}.png")


@pytest.fixture
async def made(visit: Visit) -> AsyncIterator[Callable[..., Any]]:
    """Makes canvases with what is on them, and opens them in the visit's page."""
    ids: list[str] = []

    async def make(artifacts: list[dict[str, Any]], name: str = "A canvas", *, opened: bool = True) -> Any:
        canvas = await visit.call("POST", "/api/canvas/canvases", {"canvas_name": name, "artifacts": artifacts})
        ids.append(canvas["id"])
        if opened:
            await visit.page.goto(f"{visit.url}/canvas/{canvas['id']}")
            await ready(visit.page, len(artifacts))
        return canvas

    yield make
    for canvas_id in ids:
        await visit.call("DELETE", f"/api/canvas/canvases/{canvas_id}")


async def ready(page: Page, count: int) -> None:
    """The canvas stands there, whole and saved."""
    await expect(page.locator("[data-room-state=synced]")).to_be_visible()
    if count:
        await expect(page.locator(".react-flow__node, ol[aria-label=Artifacts] > li")).to_have_count(count)


async def share(visit: Visit, canvas: Any, other: Visit, role: str) -> None:
    """Lets them in, as the owner's page would."""
    person = (await other.call("GET", "/api/session"))["user"]["id"]
    await visit.call("PUT", f"/api/collaboration/rooms/{canvas['room_id']}/participants/{person}", {"role": role})


def artifact(page: Page, name: str) -> Locator:
    """An artifact of the board, by its title."""
    # Not by its role: behind an open dialog nothing has one.
    return page.locator(".react-flow__node").filter(has=page.locator(f'h3[title="{name}"]'))


def text_of(within: Locator) -> Locator:
    """What is written in an editor."""
    return within.locator("[data-editor] .cm-content")


async def test_all_seven_kinds_are_drawn(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed(SEVEN))
    await expect(artifact(page, "Plan").get_by_role("heading", name="Launch")).to_be_visible()
    await expect(text_of(artifact(page, "estimate.py"))).to_contain_text("def estimate")
    await expect(artifact(page, "Budget").get_by_role("gridcell", name="1,200")).to_be_visible()
    await expect(artifact(page, "Flow").locator("img")).to_be_visible(timeout=30_000)
    await expect(page.frame_locator("iframe[title=Widget]").locator("body")).to_contain_text("it ran")
    await expect(artifact(page, "Logo").locator("img")).to_be_visible()
    await expect(artifact(page, "config").get_by_text("Valid JSON")).to_be_visible()
    drawn = "() => [...document.querySelectorAll('[data-preview] img')].map(i => i.complete && i.naturalWidth > 0)"
    await page.wait_for_function(f"{drawn}.every(Boolean)")
    await picture(page, "seven")


async def test_two_people_see_each_others_words_caret_and_place(
    visit: Visit, made: Callable[..., Any], open_person: Callable[..., Any]
):
    canvas = await made(placed(SEVEN[:2]))
    alan = await open_person("Alan")
    await share(visit, canvas, alan, "editor")
    await alan.page.goto(f"{visit.url}/canvas/{canvas['id']}")
    await ready(alan.page, 2)
    mine, theirs = text_of(artifact(visit.page, "estimate.py")), text_of(artifact(alan.page, "estimate.py"))
    await theirs.click()
    await alan.page.keyboard.press("Control+End")
    await alan.page.keyboard.type("# from Alan")
    await expect(mine).to_contain_text("# from Alan")
    # His name stands at his caret, and his letters at the head of the page.
    await expect(artifact(visit.page, "estimate.py").locator("[data-caret=Alan]")).to_be_attached()
    await expect(visit.page.get_by_role("list", name="Who is here")).to_contain_text("Alan")
    await expect(artifact(visit.page, "estimate.py").locator("[data-selected-by]")).to_be_visible()
    await picture(visit.page, "two")
    await mine.click()
    await visit.page.keyboard.press("Control+Home")
    await visit.page.keyboard.type("# from me\n")
    await expect(theirs).to_contain_text("# from me")
    await expect(artifact(alan.page, "estimate.py").locator("[data-caret]")).to_be_attached()
    # Undo takes back one's own words and nobody else's.
    await visit.page.keyboard.press("Control+z")
    await expect(mine).not_to_contain_text("# from me")
    await expect(mine).to_contain_text("# from Alan")
    await expect(theirs).not_to_contain_text("# from me")
    await visit.page.keyboard.press("Control+Shift+Z")
    await expect(theirs).to_contain_text("# from me")
    # What he moves moves here.
    box = artifact(alan.page, "Plan")
    await box.focus()
    before = await artifact(visit.page, "Plan").bounding_box()
    for _ in range(3):
        await alan.page.keyboard.press("ArrowDown")
    assert before
    await visit.page.wait_for_function(
        "([y, id]) => document.querySelector(`.react-flow__node[data-id='${id}']`).getBoundingClientRect().y > y + 9",
        arg=[before["y"], await artifact(visit.page, "Plan").get_attribute("data-id")],
    )


async def test_f23_4_artifacts_are_moved_sized_renamed_and_deleted_by_the_keyboard(
    visit: Visit, made: Callable[..., Any]
):
    page = visit.page
    canvas = await made(placed(SEVEN[:3]))
    plan, code = artifact(page, "Plan"), artifact(page, "estimate.py")

    async def kept(title: str) -> Any:
        found = (await visit.call("GET", f"/api/canvas/canvases/{canvas['id']}"))["artifacts"]
        return next((one for one in found if one["title"] == title), None)

    async def until(title: str, right: Callable[[Any], bool]) -> None:
        async with asyncio.timeout(20):
            while not right(await kept(title)):
                await asyncio.sleep(0.2)

    await plan.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift+ArrowRight")
    await until("Plan", lambda one: one["position"] == {"x": 10, "y": 10} and one["size"]["width"] == 500)
    # Enter edits, Escape leaves to the artifact.
    await page.keyboard.press("Enter")
    await expect(text_of(plan)).to_be_focused()
    await page.keyboard.type("Soon. ")
    await page.keyboard.press("Escape")
    await expect(plan).to_be_focused()
    await expect(plan.get_by_text("Soon.")).to_be_visible()
    await page.keyboard.press("F2")
    await page.get_by_label("Name of the artifact").fill("The plan")
    await page.keyboard.press("Enter")
    await expect(artifact(page, "The plan")).to_be_visible()
    await code.focus()
    await page.keyboard.press("Delete")
    await expect(code).to_have_count(0)
    await until("estimate.py", lambda one: one is None)
    await page.keyboard.press("Control+z")
    await expect(code).to_be_visible()
    await expect(text_of(code)).to_contain_text("def estimate")
    # Stacking and collapsing have operations too.
    await artifact(page, "The plan").get_by_role("button", name="Collapse The plan").click()
    await until("The plan", lambda one: one["is_collapsed"])
    top = (await kept("Budget"))["z_index"]
    await code.get_by_role("button", name="Actions for estimate.py").click()
    await page.get_by_role("menuitem", name="Bring to the front").click()
    await until("estimate.py", lambda one: one["z_index"] > top)
    # Tab goes through the artifacts in the order in which they are read.
    await artifact(page, "The plan").focus()
    seen: list[str | None] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        label = await page.evaluate("document.activeElement.closest('.react-flow__node')?.getAttribute('aria-label')")
        if label not in seen:
            seen.append(label)
    assert [name for name in seen if name and "plan" not in name][:2] == ["Code: estimate.py", "Table: Budget"]


async def test_a_table_is_edited_by_cells_and_takes_a_spreadsheets(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed([SEVEN[2]]))
    grid = page.get_by_role("grid", name="Budget")
    await grid.get_by_role("gridcell", name="900").focus()
    await page.keyboard.type("950")
    await page.keyboard.press("Enter")
    await page.keyboard.type("a, b")
    await page.keyboard.press("Tab")
    await expect(grid.get_by_role("gridcell", name="950")).to_be_visible()
    await page.get_by_role("button", name="Add a row below").click()
    await expect(grid.get_by_role("row")).to_have_count(4)
    await grid.get_by_role("gridcell", name="950").focus()
    await page.evaluate(
        "() => { const data = new DataTransfer(); data.setData('text/plain', '1\\t2\\n3\\t4');"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true})) }"
    )
    await expect(grid.get_by_role("gridcell", name="4", exact=True)).to_be_visible()
    await page.get_by_role("button", name="CSV").click()
    await expect(text_of(artifact(page, "Budget"))).to_contain_text("Rent,1,2")


async def test_json_says_where_it_is_wrong_and_is_put_in_order(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed([{"type": "json", "title": "config", "content": '{"big":12345678901234567890,"a":[1]}'}]))
    box = artifact(page, "config")
    await box.get_by_role("button", name="Format").click()
    await expect(text_of(box)).to_contain_text("12345678901234567890")
    await expect(text_of(box).locator(".cm-line")).to_have_count(7)
    await text_of(box).click()
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type("x")
    await expect(box.get_by_text("Line 1, column 2")).to_be_visible()


async def test_a_viewer_reads_and_cannot_write_and_a_role_changes_at_once(
    visit: Visit, made: Callable[..., Any], open_person: Callable[..., Any]
):
    canvas = await made(placed(SEVEN[:3]))
    page = visit.page
    eve = await open_person("Eve")
    # By the owner's dialog, as a person would.
    await page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Add somebody of this workspace").fill("eve@example.com")
    await dialog.get_by_label("As", exact=True).select_option("viewer")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_label("Role of Eve")).to_have_value("viewer")
    await picture(page, "share")
    await eve.page.goto(f"{visit.url}/canvas/{canvas['id']}")
    await expect(eve.page.get_by_text("You can read")).to_be_visible()
    await expect(text_of(artifact(eve.page, "estimate.py"))).to_contain_text("def estimate")
    await expect(eve.page.get_by_role("button", name="Add", exact=True)).to_have_count(0)
    await text_of(artifact(eve.page, "estimate.py")).click()
    await eve.page.keyboard.type("mine now")
    await artifact(eve.page, "Plan").focus()
    await eve.page.keyboard.press("Delete")
    await expect(artifact(eve.page, "Plan")).to_be_visible()
    await expect(text_of(artifact(eve.page, "estimate.py"))).not_to_contain_text("mine now")
    # Let her write: her page knows without a reload.
    await dialog.get_by_label("Role of Eve").select_option("editor")
    await expect(eve.page.get_by_role("button", name="Add", exact=True)).to_be_visible(timeout=30_000)
    await text_of(artifact(eve.page, "estimate.py")).click()
    await eve.page.keyboard.press("Control+End")
    await eve.page.keyboard.type("# Eve")
    await page.keyboard.press("Escape")
    await expect(text_of(artifact(page, "estimate.py"))).to_contain_text("# Eve")
    # And out with her: the page closes to her at once.
    await page.get_by_role("button", name="Share").click()
    await page.get_by_role("button", name="Remove Eve").click()
    await expect(eve.page.get_by_text("This canvas is not open to you")).to_be_visible(timeout=30_000)


async def test_what_is_written_offline_is_kept_and_sent_later(
    visit: Visit, made: Callable[..., Any], open_visit: Callable[..., Any]
):
    canvas = await made(placed(SEVEN[1:2]))
    other = await open_visit(path=f"/canvas/{canvas['id']}")
    await ready(other.page, 1)
    page = visit.page
    await text_of(artifact(page, "estimate.py")).click()
    await page.keyboard.press("Control+End")
    await visit.context.set_offline(True)
    await expect(page.locator("[data-room-state=offline]")).to_be_visible()
    await page.keyboard.type("# written offline")
    await text_of(artifact(other.page, "estimate.py")).click()
    await other.page.keyboard.press("Control+Home")
    await other.page.keyboard.type("# meanwhile\n")
    await expect(other.page.locator("[data-room-state=synced]")).to_be_visible()
    await picture(page, "offline")
    await visit.context.set_offline(False)
    await expect(page.locator("[data-room-state=synced]")).to_be_visible(timeout=40_000)
    for at in (page, other.page):
        await expect(text_of(artifact(at, "estimate.py"))).to_contain_text("# written offline", timeout=30_000)
        await expect(text_of(artifact(at, "estimate.py"))).to_contain_text("# meanwhile")


async def test_the_list_does_what_the_board_does(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed(SEVEN[:3]))
    await page.get_by_role("button", name="List").click()
    items = page.get_by_role("list", name="Artifacts").locator("> li")
    await expect(items).to_have_count(3)
    await items.nth(1).get_by_role("button", name="Actions for estimate.py").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(items).to_have_count(4)
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.get_by_role("menuitem", name="Text").click()
    await expect(items).to_have_count(5)
    await page.keyboard.type("Straight into it")
    await expect(page.get_by_text("Straight into it")).to_be_visible()
    await page.get_by_role("button", name="Search the canvas").click()
    await page.get_by_role("searchbox", name="Search the canvas").fill("sum tasks copy")
    await page.keyboard.press("Enter")
    await expect(items.filter(has=page.get_by_role("heading", name="estimate.py copy"))).to_be_focused()
    await page.get_by_role("button", name="Board").click()
    await expect(page.locator(".react-flow__node")).to_have_count(5)


async def test_where_words_come_from_is_shown(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    source = {"kind": "merge", "model": "gpt-4o", "strategy": "consensus", "cost_nano": 1_200_000, "prompt": "Plan it"}
    await made(placed([SEVEN[1] | {"provenance": source}]))
    box = artifact(page, "estimate.py")
    await expect(box.locator("[data-origin]")).to_contain_text("by gpt-4o · merged · consensus · $0.0012")
    await box.locator(".cm-source").first.hover()
    await expect(box.locator("[data-source-card]")).to_contain_text("Plan it")
    await text_of(box).click()
    await page.keyboard.press("Control+Home")
    await expect(box.locator("[data-source-line]")).to_contain_text("Written by gpt-4o")
    # What a person types into it is theirs.
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type("ZZZ")
    await expect(box.locator(".cm-source", has_text="ZZZ")).to_have_count(0)
    await expect(box.locator("[data-origin]")).to_contain_text("by hand")
    await picture(page, "source")


async def test_comments_are_said_answered_and_resolved(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed(SEVEN[1:2]))
    await text_of(artifact(page, "estimate.py")).click()
    await page.keyboard.press("Control+a")
    await page.get_by_role("toolbar", name="The selected text").get_by_role("button", name="Comment").click()
    await page.get_by_label("New comment").fill("Why 1.3?")
    await page.keyboard.press("Control+Enter")
    threads = page.get_by_role("region", name="Threads")
    await expect(threads.get_by_text("Why 1.3?")).to_be_visible()
    await threads.get_by_role("button", name="Answer").click()
    await threads.get_by_label("Answer").fill("Experience.")
    await page.keyboard.press("Control+Enter")
    await expect(threads.get_by_text("Experience.")).to_be_visible()
    await picture(page, "comments")
    await threads.get_by_role("button", name="Resolve").click()
    await expect(threads.get_by_text("Nobody has said anything yet")).to_be_visible()


async def test_a_model_is_asked_for_a_change_and_each_is_taken_or_not(
    visit: Visit, scripted: Upstream, made: Callable[..., Any]
):
    page = visit.page
    await made(placed([{"type": "markdown", "title": "Note", "content": "One.\nTwo.\nThree.\nFour.\nFive.\n"}]))
    scripted.plan(Say("Uno.\nTwo.\nThree.\nFour.\nCinque.\n"))
    await artifact(page, "Note").get_by_role("button", name="Actions for Note").click()
    await page.get_by_role("menuitem", name="Ask a model").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Model:").click()
    await page.get_by_label("Search models").fill("gpt-4o")
    await page.locator("button[data-model='gpt-4o']").click()
    await dialog.get_by_label("What should be different?").fill("Say the first and the last in Italian")
    await page.keyboard.press("Control+Enter")
    changes = dialog.get_by_role("checkbox")
    await expect(changes).to_have_count(2, timeout=30_000)
    await picture(page, "ask")
    await changes.last.uncheck()
    await dialog.get_by_role("button", name="Accept 1 of 2").click()
    await expect(artifact(page, "Note")).to_contain_text("Uno.")
    await expect(artifact(page, "Note")).to_contain_text("Five.")
    await expect(artifact(page, "Note").locator("[data-origin]")).to_contain_text("gpt-4o")
    await dialog.get_by_role("button", name="Take it back").click()
    await expect(artifact(page, "Note")).to_contain_text("One.")


async def test_f23_2_f23_6_a_canvas_is_published_as_it_was_and_revoked(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed(SEVEN[:1]))
    await page.get_by_role("button", name="More about this canvas").click()
    await page.get_by_role("menuitem", name="Publish").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Publish now").click()
    address = await dialog.get_by_role("region", name="Address").inner_text()
    assert address.startswith("http")
    await picture(page, "publish")
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(dialog.get_by_text("revoked")).to_be_visible()


async def test_what_is_published_shows_coloured_code_and_diagrams_by_their_source(
    visit: Visit, made: Callable[..., Any]
):
    canvas = await made(placed([SEVEN[1], SEVEN[3]]), opened=False)
    published = await visit.call("POST", f"/api/canvas/canvases/{canvas['id']}/publications")
    page = visit.page
    await page.goto(published["url"])
    keyword = page.locator("pre .k").first
    await expect(keyword).to_have_text("def")
    plain = await page.locator("pre code").first.evaluate("(element) => getComputedStyle(element).color")
    assert await keyword.evaluate("(element) => getComputedStyle(element).color") != plain, (
        "the policy lets the style be"
    )
    await expect(page.locator("pre").last).to_contain_text("A[Idea] --> B[Done]")
    await picture(page, "published")
    await page.goto(visit.url)


async def test_a_canvas_is_exported_and_all_of_it_is_imported_again(
    visit: Visit, made: Callable[..., Any], tmp_path: Path
):
    page = visit.page
    await made(placed(SEVEN[:3]), "To take along")

    async def exported(name: str) -> Path:
        await page.get_by_role("button", name="More about this canvas").click()
        async with page.expect_download() as downloading:
            await page.get_by_role("menuitem", name=name, exact=True).click()
        download = await downloading.value
        kept = tmp_path / download.suggested_filename
        await download.save_as(kept)
        return kept

    text = (await exported("Markdown")).read_text()
    assert "We ship **in March**." in text and "def estimate(tasks):" in text and "| Rent | 900 |" in text
    archive = await exported("All files (ZIP)")
    with zipfile.ZipFile(archive) as files:
        assert any(name.endswith("estimate.py") for name in files.namelist())
    await page.goto(f"{visit.url}/canvas")
    await page.get_by_label("Files to import").set_input_files(archive)
    await expect(page.get_by_role("heading", name="To take along", level=1)).to_be_visible()
    await ready(page, 3)
    await expect(text_of(artifact(page, "estimate.py"))).to_contain_text("return sum(tasks)")
    await expect(artifact(page, "Budget").get_by_role("gridcell", name="1,200")).to_be_visible()
    await visit.call("DELETE", f"/api/canvas/canvases/{page.url.rsplit('/', 1)[1]}")


async def test_an_answer_of_a_chat_is_sent_to_a_new_canvas(visit: Visit, scripted: Upstream):
    page = visit.page
    await page.reload()
    scripted.plan(Say("Here it is:\n\n```python\nprint('hi')\n```\n"))
    await visit.choose_model("gpt-4o")
    await visit.ask("A program, please.")
    await expect(page.locator("[data-figures]").last).to_be_visible(timeout=60_000)
    await page.get_by_role("button", name="Send to canvas").last.click()
    await page.get_by_label("Name of the new canvas").fill("From a chat")
    await page.get_by_role("button", name="Send", exact=True).last.click()
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", name="From a chat", level=1)).to_be_visible()
    await expect(page.locator("[data-editor] .cm-content").first).to_contain_text("print('hi')")
    await expect(page.locator("[data-origin]").first).to_contain_text("gpt-4o")
    await picture(page, "from-chat")
    await visit.call("DELETE", f"/api/canvas/canvases/{page.url.rsplit('/', 1)[1]}")


async def test_place_and_size_are_set_in_numbers_with_the_keyboard(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    canvas = await made(placed(SEVEN[:2]))
    await artifact(page, "Plan").get_by_role("button", name="Actions for Plan").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="Place and size").press("Enter")
    dialog = page.get_by_role("dialog")
    for name, value in (("From the left", "40"), ("From the top", "-20"), ("Width", "600"), ("Height", "200")):
        await dialog.get_by_label(name).fill(value)
    assert await faults_of(page) == []
    await picture(page, "place")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(artifact(page, "Plan")).to_have_css("width", "600px")
    await expect(page.locator("[data-room-state=synced]")).to_be_visible()
    there = await visit.call("GET", f"/api/canvas/canvases/{canvas['id']}")
    [plan] = [one for one in there["artifacts"] if one["title"] == "Plan"]
    assert (plan["position"], plan["size"]) == ({"x": 40, "y": -20}, {"width": 600, "height": 200})
    # Taken back in one step.
    await page.keyboard.press("Control+z")
    await expect(artifact(page, "Plan")).to_have_css("width", "480px")


async def test_the_map_of_the_canvas_can_be_hidden(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    canvas = await made(placed(SEVEN[:3]))
    drawn = page.locator(".react-flow__minimap-node")
    await expect(drawn).to_have_count(3)
    await page.get_by_role("button", name="Map of the canvas").click()
    await expect(drawn).to_have_count(0)
    await page.goto(f"{visit.url}/canvas/{canvas['id']}")
    await ready(page, 3)
    await expect(page.get_by_role("button", name="Map of the canvas")).to_have_attribute("aria-pressed", "false")
    await expect(drawn).to_have_count(0)
    await page.get_by_role("button", name="Map of the canvas").click()
    await expect(drawn).to_have_count(3)


async def test_versions_are_named_compared_and_restored(visit: Visit, made: Callable[..., Any]):
    page = visit.page
    await made(placed(SEVEN[1:2]))
    box = artifact(page, "estimate.py")

    async def versions() -> Locator:
        await box.get_by_role("button", name="Actions for estimate.py").click()
        await page.get_by_role("menuitem", name="Versions").click()
        return page.get_by_role("dialog")

    dialog = await versions()
    await dialog.get_by_label("Name for what it says now").fill("As it began")
    await dialog.get_by_role("button", name="Keep").click()
    await expect(dialog.get_by_role("list", name="Versions")).to_contain_text("As it began")
    await page.keyboard.press("Escape")
    await text_of(box).click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type("# changed")
    await expect(page.locator("[data-room-state=synced]")).to_be_visible()
    dialog = await versions()
    await dialog.get_by_label("Name for what it says now").fill("Changed")
    await dialog.get_by_role("button", name="Keep").click()
    await dialog.get_by_role("list", name="Versions").get_by_role("button", name="As it began").click()
    await expect(dialog.get_by_role("region", name="Changes")).to_contain_text("# changed")
    await picture(page, "versions")
    await dialog.get_by_role("button", name="Restore this version").click()
    await expect(text_of(box)).not_to_contain_text("# changed")
    await expect(text_of(box)).to_contain_text("def estimate")


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[str]]]:
    """A loopback address to which nothing should come, and who came."""
    came: list[str] = []

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append((await reader.read(200)).decode(errors="replace").split("\r\n")[0])
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", came


async def test_f23_3_nothing_that_an_artifact_holds_reaches_the_session_the_page_or_the_network(
    visit: Visit, made: Callable[..., Any]
):
    page = visit.page
    await visit.context.add_init_script(
        "window.reports = []; addEventListener('message', (e) => e.data?.report && window.reports.push(e.data.report))"
    )
    await page.evaluate("localStorage.setItem('secret', 'kept')")
    async with listening() as (address, came):
        canvas = await made(hostile.artifacts(address))
        await page.wait_for_function("() => window.reports.length > 0", timeout=40_000)
        [report] = await page.evaluate("window.reports")
        assert report.pop("origin") == "null"
        refused = {name for name, got in report.items() if str(got).startswith("refused")}
        assert refused >= {"cookie", "storage", "database", "parent", "owned", "element", "request", "eval"}, report
        assert report["open"] == "null", report
        assert report["fetched"] == 0
        # The drawings stand there all the same, without what was harmful in them.
        await expect(page.locator("[data-preview=svg] img")).to_be_visible()
        await expect(page.locator("[data-preview=mermaid] img").first).to_be_visible(timeout=40_000)
        await expect(page.locator("[data-preview=markdown]")).to_contain_text("Hello")
        drawings = await page.evaluate(
            "[...document.querySelectorAll('[data-preview] img')].map((image) => decodeURIComponent(image.src))"
        )
        assert drawings
        for drawing in drawings:
            for word in (
                "<script",
                "foreignobject",
                "javascript:",
                address,
                "onload=",
                "onclick=",
                "onerror=",
                "<image",
            ):
                assert word not in drawing.lower(), (word, drawing[:3000])
        # Its own time-bombs go off (a second of refresh, a navigation of its own frame) before it is looked at.
        await page.evaluate("() => new Promise((done) => setTimeout(done, 5000))")
        for link in await page.locator("[data-preview=markdown] a").all():
            assert (await link.get_attribute("href") or "").startswith(("http://", "https://", "mailto:"))
        state = await page.evaluate(
            "({owned: window.owned ?? null, kept: localStorage.getItem('secret'), url: location.href})"
        )
        assert state == {"owned": None, "kept": "kept", "url": f"{visit.url}/canvas/{canvas['id']}"}
        assert len(visit.context.pages) == 1
        assert came == []
        await picture(page, "hostile")
        # Nor in the list, nor beside its text.
        await page.get_by_role("button", name="List").click()
        await page.wait_for_function("() => window.reports.length > 1", timeout=40_000)
        assert await page.evaluate("window.owned ?? null") is None
        assert came == []
        await page.get_by_role("button", name="Board").click()
    # Chromium writes to the console what it kept the artifact from, until it is gone.
    await page.goto(f"{visit.url}/canvas")
    await expect(page.get_by_role("list", name="Canvases")).to_be_visible()
    visit.complaints.clear()


async def test_f23_3_the_frame_of_artifacts_is_no_page_of_this_origin_even_alone(visit: Visit):
    answer = await visit.http.get(f"{visit.url}/artifact.html")
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    await visit.page.goto(f"{visit.url}/artifact.html")
    assert await visit.page.evaluate("self.origin") == "null"


@pytest.mark.parametrize(("scheme", "device"), [pytest.param("light", DESKTOP, id="light-desktop"), pytest.param("dark", PHONE, id="dark-phone")])  # fmt: skip
async def test_no_screen_of_canvases_has_a_serious_fault(
    visit: Visit, made: Callable[..., Any], open_visit: Callable[..., Any], scheme: str, device: dict[str, Any]
):
    canvas = await made(placed(SEVEN), "Launch", opened=False)
    other: Visit = await open_visit(color_scheme=scheme, path="/canvas", **device)
    page = other.page
    await expect(page.get_by_role("list", name="Canvases")).to_contain_text("Launch")
    faults = {"list": await faults_of(page)}
    await picture(page, f"list-{scheme}")
    await page.get_by_role("button", name="New canvas").first.click()
    await expect(page.get_by_role("radio").first).to_be_visible()
    faults["new"] = await faults_of(page)
    await picture(page, f"new-{scheme}")
    await page.goto(f"{visit.url}/canvas/{canvas['id']}")
    await ready(page, 7)
    for view in ("Board", "List"):
        await page.get_by_role("button", name=view).click()
        await expect(page.locator("[data-preview=mermaid] img")).to_be_visible(timeout=40_000)
        await expect(page.locator(".animate-pulse")).to_have_count(0)
        faults[view] = await faults_of(page)
        await picture(page, f"{view.lower()}-{scheme}")
    await page.get_by_role("button", name="More about this canvas").click()
    await page.get_by_role("menuitem", name="History of all").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Edits")
    faults["history"] = await faults_of(page)
    await picture(page, f"history-{scheme}")
    assert {screen: found for screen, found in faults.items() if found} == {}
