"""Documents: bases that are made and deleted, files that are read before one's eyes, passages that are found and opened at
their place, and answers that say what they are from."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.upstream import Say, Upstream
from tests.workspace.documents.test_reading import pdf

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

BASES, DOCUMENTS = "/api/documents/bases", "/api/documents/documents"
PAGES = (
    "The lighthouse was built in 1884 by the harbour board. Its lamp burns rape oil.",
    "Keepers wind the clockwork of the lamp every four hours. The fog bell is struck by hand.",
)
HANDBOOK = (
    "# Handbook\n\n## Holidays\n\nEveryone has thirty days of paid leave. Ask two weeks before.\n\n"
    "## Travel\n\nTrains are booked in second class. Receipts are handed in within a month.\n"
)


async def delete_all(visit: Visit) -> None:
    """Every base with what is in it."""
    for base in (await visit.call("GET", BASES))["items"]:
        await visit.call("DELETE", f"{BASES}/{base['id']}")


@pytest.fixture(autouse=True)
async def nothing_is_left(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too."""
    await delete_all(visit)
    yield
    await delete_all(visit)


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"documents-{name}.png")


async def make_base(visit: Visit, name: str = "Lighthouse", **more: Any) -> str:
    """The id of a base, without the page."""
    return (await visit.call("POST", BASES, {"name": name, **more}))["id"]


async def upload(visit: Visit, base: str, name: str, data: bytes, kind: str = "application/octet-stream") -> str:
    """The id of a document, without the page."""
    answer = await visit.http.post(
        f"{visit.url}{BASES}/{base}/documents",
        multipart={"file": {"name": name, "mimeType": kind, "buffer": data}},
        headers={"X-CSRF-Token": visit.csrf},
    )
    assert answer.ok, await answer.text()
    return (await answer.json())["id"]


async def ready(visit: Visit, document: str) -> dict[str, Any]:
    """The document, once it is read and indexed."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        now = await visit.call("GET", f"{DOCUMENTS}/{document}")
        assert now["state"] != "failed", now
        if now["state"] == "ready":
            return now
        await asyncio.sleep(0.2)
    raise AssertionError("it is not ready after a minute")


async def filled(visit: Visit, **more: Any) -> tuple[str, str]:
    """A base with a PDF that is ready: both ids."""
    base = await make_base(visit, **more)
    document = await upload(visit, base, "lighthouse.pdf", pdf(*PAGES), "application/pdf")
    await ready(visit, document)
    # The first search of a server loads what it searches by; a turn would not wait for that.
    await visit.call("POST", "/api/documents/search", {"query": "fog bell", "base_ids": [base]})
    return base, document


async def ask(visit: Visit, text: str, cited: Locator, count: int = 1) -> None:
    """Ask until each of `count` new answers shows one more `cited`.

    On a busy machine a turn may go on without its documents; and what it cites is drawn a moment after its figures.
    """
    figures = visit.page.locator("[data-figures]")
    for last in (False, False, False, False, True):
        answered, before = await figures.count(), await cited.count()
        await visit.ask(text)
        await expect(figures).to_have_count(answered + count)
        try:
            await expect(cited).to_have_count(before + count, timeout=15_000 if last else 5_000)
        except AssertionError:
            if last:
                raise
        else:
            return


def rows(page: Page) -> Locator:
    """The documents that are listed."""
    return page.get_by_role("list", name="Documents", exact=True).get_by_role("listitem")


def row(page: Page, name: str) -> Locator:
    """One of them."""
    return rows(page).filter(has_text=name)


async def act(page: Page, name: str, action: str) -> None:
    """Choose from the menu of a document."""
    await page.get_by_role("button", name=f"Actions for {name}").click()
    await page.get_by_role("menuitem", name=action).click()


def as_file(name: str, data: bytes, kind: str = "text/plain") -> Any:
    """A file as a person chooses it."""
    return {"name": name, "mimeType": kind, "buffer": data}


async def test_a_base_is_made_filled_changed_and_deleted_with_all_that_is_in_it(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_text("No knowledge base yet")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "no-bases")
    await page.get_by_role("button", name="New knowledge base").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Lighthouse")
    await dialog.get_by_label("What is in it").fill("Papers of the harbour board.")
    assert await faults_of(page) == []
    await shoot(page, "new-base")
    await dialog.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", name="Lighthouse")).to_be_visible()
    await expect(page.get_by_text("No documents yet")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "empty-base")

    files = [as_file("lighthouse.pdf", pdf(*PAGES), "application/pdf"), as_file("handbook.md", HANDBOOK.encode())]
    await page.get_by_label("Files to add").set_input_files(files)
    await expect(rows(page)).to_have_count(2)
    # Told by the server as it happens: nothing is reloaded.
    for name in ("lighthouse.pdf", "handbook.md"):
        await expect(row(page, name).get_by_role("progressbar")).to_have_count(0, timeout=60_000)
        await expect(row(page, name)).not_to_contain_text("Failed")
    await expect(row(page, "lighthouse.pdf")).to_contain_text("2 pages")
    await expect(page.get_by_role("status").filter(has_text="is ready.")).to_have_count(1)
    await page.get_by_role("button", name="Add a text").click()
    await dialog.get_by_label("Name").fill("Meeting")
    await dialog.get_by_label("Text").fill("We meet on Mondays at the pier.")
    await dialog.get_by_role("button", name="Add it").click()
    await expect(rows(page)).to_have_count(3)
    await expect(row(page, "Meeting").get_by_role("progressbar")).to_have_count(0, timeout=60_000)
    await expect(page.get_by_text("3 documents")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "filled")

    await page.get_by_label("In which order").select_option("by name")
    await expect(rows(page).first).to_contain_text("handbook.md")
    await page.get_by_label("Filter by name").fill("light")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("In which state").select_option("Failed")
    await expect(page.get_by_text("None fits")).to_be_visible()

    await page.get_by_role("button", name="Menu of this knowledge base").click()
    await page.get_by_role("menuitem", name="Settings").click()
    await dialog.get_by_label("Name").fill("Lighthouses")
    assert await faults_of(page) == []
    await shoot(page, "settings")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Lighthouses")).to_be_visible()

    await page.get_by_role("button", name="Menu of this knowledge base").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(dialog).to_contain_text("Its 3 documents go with it")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No knowledge base yet")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="Lighthouses")).to_be_visible()
    assert len((await visit.call("GET", BASES))["items"]) == 1


async def test_documents_are_replaced_renamed_and_deleted_one_or_many(visit: Visit) -> None:
    page = visit.page
    base, document = await filled(visit)
    await ready(visit, await upload(visit, base, "handbook.md", HANDBOOK.encode()))
    await page.goto(f"{visit.url}/documents/{base}")
    await act(page, "handbook.md", "Rename")
    await page.get_by_role("dialog").get_by_label("Name").fill("rules.md")
    await page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    await expect(row(page, "rules.md")).to_be_visible()
    await act(page, "rules.md", "Properties")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name of property 1").fill("Author")
    await dialog.get_by_label("Value of property 1").fill("Ada of the harbour board")
    await dialog.get_by_role("button", name="Add one").click()
    await dialog.get_by_label("Name of property 2").fill("Number")
    await dialog.get_by_role("button", name="Remove property 2").click()
    assert await faults_of(page) == []
    await shoot(page, "properties")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("link", name="rules.md").click()
    await expect(page.get_by_text("Ada of the harbour board")).to_be_visible()
    await page.go_back()

    newer = as_file("lighthouse-2027.pdf", pdf(*PAGES, "The lamp is electric since 2027."), "application/pdf")
    await page.get_by_label("Newer version of lighthouse.pdf").set_input_files(newer)
    await expect(row(page, "lighthouse.pdf")).to_contain_text("version 2")
    await expect(row(page, "lighthouse.pdf")).to_contain_text("3 pages", timeout=60_000)
    assert (await ready(visit, document))["version"] == 2
    await page.get_by_label("Newer version of lighthouse.pdf").set_input_files(as_file("notes.txt", b"No PDF."))
    await expect(page.get_by_text("is a file of the same kind (.pdf)")).to_be_visible()
    same = await visit.http.get(f"{visit.url}{DOCUMENTS}/{document}/file")
    await page.get_by_label("Files to add").set_input_files(as_file("lighthouse.pdf", await same.body()))
    await expect(page.get_by_role("status").filter(has_text="is here already, unchanged")).to_have_count(1)

    await page.get_by_label("Choose rules.md").press("Space")
    await expect(page.get_by_text("1 chosen")).to_be_visible()
    await page.get_by_label("1 chosen").click()
    await page.get_by_role("button", name="Delete 2 documents").click()
    await expect(page.get_by_text("No documents yet")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(rows(page)).to_have_count(2)
    await act(page, "rules.md", "Delete")
    await expect(rows(page)).to_have_count(1)
    # Whoever leaves the page before the seconds are over has deleted all the same.
    await page.goto(f"{visit.url}/documents")
    await expect(page.get_by_text("1 document ·")).to_be_visible()
    left = (await visit.call("GET", f"{BASES}/{base}/documents"))["items"]
    assert [one["name"] for one in left] == ["lighthouse.pdf"]


async def test_files_are_dropped_anywhere_shown_as_they_go_and_stopped(visit: Visit) -> None:
    page = visit.page
    base = await make_base(visit)
    await page.goto(f"{visit.url}/documents/{base}")
    await page.get_by_text("No documents yet").wait_for()
    dropped = await page.evaluate_handle(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File(['The keeper is called Ada.'], 'keeper.txt', { type: 'text/plain' })); return data; }"
    )
    await page.dispatch_event("main", "dragover", {"dataTransfer": dropped})
    await expect(page.get_by_text("Drop to add to Lighthouse")).to_be_visible()
    await shoot(page, "drop")
    await page.dispatch_event("main", "drop", {"dataTransfer": dropped})
    await expect(page.get_by_text("Drop to add to Lighthouse")).to_have_count(0)
    await expect(row(page, "keeper.txt")).to_be_visible()

    # A slow line: what is sent is shown, and one of several is stopped.
    devtools = await visit.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    await devtools.send("Network.emulateNetworkConditions", slow)
    big = [as_file(f"big-{number}.txt", b"lamp oil " * 300_000) for number in range(4)]
    await page.get_by_label("Files to add").set_input_files(big)
    uploads = page.get_by_role("list", name="Uploads")
    await expect(uploads.get_by_role("progressbar")).to_have_count(4)
    await expect(uploads).to_contain_text("waits")
    await expect(uploads).to_contain_text(re.compile(r"[1-9]\d? % of 2\.7 MB"))
    assert await faults_of(page) == []
    await shoot(page, "uploads")
    for number in range(4):
        await page.get_by_role("button", name=f"Cancel the upload of big-{number}.txt").click()
    await expect(uploads).to_have_count(0)
    await devtools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    names = [one["name"] for one in (await visit.call("GET", f"{BASES}/{base}/documents"))["items"]]
    assert names == ["keeper.txt"]

    # What did not arrive says why, and goes again.
    await page.route("**/documents/bases/*/documents", lambda route: route.abort())
    await page.get_by_label("Files to add").set_input_files(as_file("lost.txt", b"It was lost."))
    await expect(uploads).to_contain_text("The server cannot be reached.")
    await page.unroute("**/documents/bases/*/documents")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Upload lost.txt again").click()
    await expect(row(page, "lost.txt")).to_be_visible()
    await expect(uploads).to_have_count(0)


async def test_what_cannot_be_read_says_what_to_do(visit: Visit) -> None:
    page = visit.page
    base = await make_base(visit)
    await page.goto(f"{visit.url}/documents/{base}")
    await page.get_by_label("Files to add").set_input_files(
        as_file("broken.pdf", b"%PDF-1.4 no more", "application/pdf")
    )
    broken = row(page, "broken.pdf")
    await expect(broken).to_contain_text("Failed", timeout=60_000)
    await expect(broken).to_contain_text("save it anew and add it again")
    await expect(page.get_by_role("status").filter(has_text="broken.pdf could not be read.")).to_have_count(1)
    assert await faults_of(page) == []
    await shoot(page, "failed")
    await broken.get_by_role("button", name="Try broken.pdf again").click()
    await expect(broken).to_contain_text("Failed", timeout=60_000)
    whole = as_file("any.pdf", pdf(*PAGES), "application/pdf")
    await page.get_by_label("Newer version of broken.pdf").set_input_files(whole)
    await expect(broken).to_contain_text("2 pages", timeout=60_000)
    await expect(broken).not_to_contain_text("Failed")


async def test_a_passage_is_found_and_opened_at_its_place(visit: Visit) -> None:
    page = visit.page
    base, document = await filled(visit)
    filler = "\n\n".join(f"Section {n}. Nothing of note happened on day {n} of the voyage." for n in range(900))
    long = f"{filler}\n\n🐝 The quartermaster hid the brass sextant under the stairs.\n\n{filler}"
    await ready(visit, await upload(visit, base, "log.txt", long.encode(), "text/plain"))
    await page.goto(f"{visit.url}/documents")
    await page.get_by_label("Search in the documents").fill("who strikes the fog bell")
    found = page.get_by_role("list", name="Passages that fit").get_by_role("listitem")
    await expect(found.first).to_contain_text("lighthouse.pdf")
    await expect(found.first).to_contain_text("page 2")
    await expect(found.first.locator("mark")).to_contain_text("fog bell")
    await expect(found.first).to_contain_text("Found by")
    assert await faults_of(page) == []
    await shoot(page, "search")
    await page.get_by_label("Search in the documents").fill("xylophone quantum chromodynamics")
    await expect(page.get_by_text("Nothing fits")).to_be_visible()

    await page.goto(f"{visit.url}/documents/{base}?q=brass+sextant")
    await expect(found.first.locator("mark")).to_contain_text("brass sextant")
    await found.first.get_by_role("link").click()
    mark = page.locator("[data-text] mark")
    await expect(mark).to_have_text("🐝 The quartermaster hid the brass sextant under the stairs.")
    await expect(mark).to_be_in_viewport()
    await expect(mark).to_be_focused()
    assert await faults_of(page) == []
    await shoot(page, "at-the-place")
    # What comes above leaves what is read where it is.
    before = page.get_by_role("button", name="Show what stands before")
    await before.scroll_into_view_if_needed()
    stood, letters = await mark.bounding_box(), len(await page.locator("[data-text]").inner_text())
    await before.click()
    await expect(page.locator("[data-text]")).to_have_text(re.compile(rf"^[\s\S]{{{letters + 1000},}}$"))
    stands = await mark.bounding_box()
    assert stood and stands and abs(stood["y"] - stands["y"]) < 60
    await page.get_by_role("tab", name="Passages").click()
    await expect(page.get_by_role("list", name="Passages").get_by_role("listitem").first).to_contain_text("Passage 1")

    await page.goto(f"{visit.url}/documents/{base}/{document}")
    await expect(page.locator("[data-text]")).to_contain_text("Its lamp burns rape oil.")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Original").click()
    got = await downloading.value
    assert got.suggested_filename == "lighthouse.pdf"
    assert (await asyncio.to_thread(Path(await got.path()).read_bytes)) == pdf(*PAGES)
    await page.get_by_role("tab", name="Passages").click()
    await expect(page.get_by_role("list", name="Passages")).to_contain_text("page 1")
    assert await faults_of(page) == []
    await shoot(page, "passages")


async def test_a_chat_answers_from_chosen_documents_and_says_which(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    base, document = await filled(visit)
    scripted.default = Say("By hand, every time [1]. See `bells[1]` and [7].")
    chat = await visit.call("POST", "/api/chats", {"title": "Bells", "model": "gpt-4o"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await page.get_by_role("button", name="Use documents").click()
    async with page.expect_response(f"**/api/chats/{chat['id']}"):
        await page.get_by_role("checkbox", name="Lighthouse").click()
    assert await faults_of(page) == []
    await shoot(page, "choose")
    await page.keyboard.press("Escape")
    chips = page.get_by_role("list", name="Documents that are used")
    await expect(chips).to_contain_text("Lighthouse")
    await page.reload()
    await expect(chips).to_contain_text("Lighthouse")
    sources = page.get_by_role("button", name=re.compile(r"^\d sources?$"))
    await ask(visit, "How is the fog bell struck?", sources)
    await sources.last.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("list", name="Sources")).to_contain_text("page 2")
    await expect(dialog.get_by_role("list", name="Sources")).to_contain_text("The fog bell is struck by hand.")
    await page.keyboard.press("Escape")
    asked = str(scripted.requests[-1].body)
    assert "The fog bell is struck" in asked

    answer = page.locator("[data-answer]").last
    cites = answer.get_by_role("button", name="Source 1")
    await expect(cites).to_have_count(1)
    await expect(answer.locator("code")).to_have_text("bells[1]")
    await expect(answer).to_contain_text("[7]")
    assert await faults_of(page) == []
    await shoot(page, "cited")
    await cites.press("Enter")
    source = dialog.locator("[aria-current=true]")
    await expect(source).to_contain_text("[1]")
    assert await faults_of(page) == []
    await shoot(page, "sources")
    await page.keyboard.press("Escape")
    await expect(cites).to_be_focused()
    await cites.click()
    await source.get_by_role("link").click()
    await expect(page).to_have_url(re.compile(rf"/documents/{base}/{document}\?at=\d+-\d+$"))
    await expect(page.locator("[data-text] mark")).to_be_in_viewport()

    await visit.call("DELETE", f"{DOCUMENTS}/{document}")
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await sources.last.click()
    await expect(dialog).to_contain_text("What it cited was deleted since.")
    await page.keyboard.press("Escape")
    async with page.expect_response(f"**/api/chats/{chat['id']}"):
        await page.get_by_role("button", name="Do without Lighthouse").click()
    await expect(chips).to_have_count(0)
    assert (await visit.call("GET", f"/api/chats/{chat['id']}"))["documents"] == []


async def test_an_answer_that_had_to_do_without_its_documents_says_so(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    scripted.default = Say("As it happens.")
    chat = await visit.call("POST", "/api/chats", {"title": "Bells", "model": "gpt-4o"})

    async def late(route: Route) -> None:
        # As the server tells it where a search took too long (tests/workspace/documents/test_turns.py).
        answer = await route.fetch()
        told = await answer.json()
        for message in told["messages"]:
            message["left_out"] = message["role"] == "assistant"
        await route.fulfill(response=answer, json=told)

    await page.route(f"**/api/chats/{chat['id']}", late)
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.ask("How is the fog bell struck?")
    await expect(page.locator("[data-figures]")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_text("Answered without your documents")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "left-out")
    asked = len(scripted.requests)
    await page.locator("article").get_by_role("button", name="Ask again").first.click()
    await expect(page.get_by_role("button", name="Next answer")).to_be_visible()
    assert len(scripted.requests) > asked
    await page.unroute_all(behavior="wait")


async def test_another_embedding_model_makes_passages_findable_anew(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    del scripted  # answers for the models of OpenAI
    base, _ = await filled(visit)
    await page.goto(f"{visit.url}/documents/{base}")
    await page.get_by_role("button", name="Menu of this knowledge base").click()
    await page.get_by_role("menuitem", name="Settings").click()
    dialog = page.get_by_role("dialog")
    offered = dialog.get_by_label("Embedding model")
    other = await offered.locator("option:not(:checked)").first.get_attribute("value")
    await offered.select_option(other)
    await expect(dialog).to_contain_text("will be indexed anew by this model. Search goes on meanwhile.")
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    end = time.monotonic() + 60
    now = await visit.call("GET", f"{BASES}/{base}")
    assert now["embedding_model"] == other
    while now["embedded"] < now["passages"] and time.monotonic() < end:
        await asyncio.sleep(0.2)
        now = await visit.call("GET", f"{BASES}/{base}")
    assert now["embedded"] == now["passages"] > 0
    await expect(page.get_by_role("progressbar", name="Indexed passages")).to_have_count(0)


async def test_a_new_chat_and_panes_remember_what_was_chosen(visit: Visit, scripted: Upstream) -> None:
    page = visit.page
    base, _ = await filled(visit)
    scripted.default = Say("By hand [1].")
    await page.goto(visit.url)
    await visit.choose_model("gpt-4o")
    await page.get_by_role("button", name="Use documents").click()
    await page.get_by_role("checkbox", name="Lighthouse").press("Space")
    await page.keyboard.press("Escape")
    source = page.get_by_role("button", name="Source 1")
    await ask(visit, "How is the fog bell struck?", source)
    await expect(page).to_have_url(re.compile("/chat/"))
    chat = page.url.rsplit("/", 1)[1]
    assert (await visit.call("GET", f"/api/chats/{chat}"))["documents"] == [base]

    panes = await visit.call(
        "POST", "/api/concurrent-chat/sessions", {"panes": [{"model": "gpt-4o"}, {"model": "gpt-4o-mini"}]}
    )
    sync = {"mode": "broadcast", "shared_context": ""}
    await visit.call("PUT", f"/api/concurrent-chat/sessions/{panes['id']}/sync", sync)
    await page.goto(f"{visit.url}/panes/{panes['id']}")
    await page.get_by_role("button", name="Use documents").click()
    await page.get_by_role("checkbox", name="Lighthouse").click()
    await page.keyboard.press("Escape")
    await ask(visit, "How is the fog bell struck?", source, 2)
    await page.reload()
    await expect(page.get_by_role("list", name="Documents that are used")).to_contain_text("Lighthouse")
    assert await faults_of(page) == []
    await shoot(page, "panes")


async def test_a_base_of_the_workspace_is_read_by_others_and_changed_by_none_of_them(
    visit: Visit, open_person: Callable[..., Any]
) -> None:
    mine, document = await filled(visit)
    shared, _ = await filled(visit, name="Rules of the house", owner="tenant")
    ada: Visit = await open_person("Ada")
    await ada.page.goto(f"{visit.url}/documents")
    await expect(ada.page.get_by_role("link", name="Rules of the house")).to_be_visible()
    await expect(ada.page.get_by_role("link", name="Lighthouse")).to_have_count(0)
    await ada.page.goto(f"{visit.url}/documents/{shared}")
    await expect(rows(ada.page)).to_have_count(1)
    await expect(ada.page.get_by_role("button", name="Add files")).to_have_count(0)
    await expect(ada.page.get_by_role("button", name="Actions for")).to_have_count(0)
    assert await faults_of(ada.page) == []
    await ada.page.goto(f"{visit.url}/documents/{mine}")
    await expect(ada.page.get_by_text("This knowledge base is not here")).to_be_visible()
    await ada.page.goto(f"{visit.url}/documents/{mine}/{document}")
    await expect(ada.page.get_by_text("This document is not here")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "device"),
    [pytest.param("dark", {}, id="dark-desktop"), pytest.param("light", PHONE, id="light-phone")],
)
async def test_no_view_has_a_serious_fault(
    open_visit: Callable[..., Any], visit: Visit, scheme: str, device: dict[str, Any]
) -> None:
    base, document = await filled(visit, description="Papers of the harbour board, of the lamp and of its keepers.")
    await upload(visit, base, f"{'a-very-long-name-' * 8}.pdf", b"%PDF-1.4 no more", "application/pdf")
    seen: Visit = await open_visit(color_scheme=scheme, **device)
    page = seen.page
    faults: dict[str, list[str]] = {}
    for name, path in {
        "bases": "", "base": f"/{base}", "search": f"/{base}?q=fog+bell", "document": f"/{base}/{document}?at=10-40",
        "passages": f"/{base}/{document}?view=passages",
    }.items():  # fmt: skip
        await page.goto(f"{visit.url}/documents{path}")
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.locator(".animate-pulse")).to_have_count(0)
        if name == "base":
            await expect(row(page, "a-very-long-name")).to_contain_text("Failed", timeout=60_000)
        faults[name] = await faults_of(page)
        await shoot(page, f"{scheme}-{'phone' if device else 'desktop'}-{name}")
    assert {name: found for name, found in faults.items() if found} == {}
