"""Rooms on the page: two people write one document, one of them follows a link, and what was is gone back to."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def _picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"rooms-{name}.png")


async def test_two_people_write_one_document_and_go_back_in_it(visit: Visit, open_person: Callable[..., Any]) -> None:
    page = visit.page
    await page.goto(visit.url + "/rooms")
    await expect(page.get_by_text("No rooms yet")).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "none")
    await page.get_by_role("button", name="New room").click()
    await page.get_by_label("Name").fill("Plan of the launch")
    await _picture(page, "new")
    await page.keyboard.press("Enter")
    text = page.locator('[data-text="content"]')
    await expect(text).to_be_focused()
    await page.keyboard.type("# Launch\n\nOn Monday.")
    await expect(page.locator("[data-room-state=synced]")).to_be_visible()

    # A second person comes in by a link.
    await page.get_by_role("button", name="Share", exact=True).click()
    await _picture(page, "share")
    assert await faults_of(page) == []
    await page.keyboard.press("Escape")
    room_id = page.url.rpartition("/")[2]
    link = await visit.call("POST", f"/api/collaboration/rooms/{room_id}/invitations", {"role": "editor"})
    other: Visit = await open_person("Grace")
    await other.page.goto(visit.url + "/rooms/join/" + link["url"].rpartition("/")[2])
    theirs = other.page.locator('[data-text="content"]')
    await expect(theirs).to_contain_text("On Monday.")
    await theirs.press("Control+End")
    await other.page.keyboard.type(" Or on Tuesday.")
    await expect(text).to_contain_text("Or on Tuesday.")
    # Her caret stands in the first person's text, with her name.
    await expect(page.locator("[data-caret]").first).to_be_attached()
    await expect(page.get_by_role("list", name="Who is here").get_by_text("Grace")).to_be_attached()
    await _picture(page, "two")

    # What she wrote does not go with what he takes back.
    await text.press("Control+z")
    await expect(text).to_contain_text("Or on Tuesday.")
    await expect(text).not_to_contain_text("On Monday")

    # A viewer reads and cannot write, at once.
    user = next(one for one in (await visit.call("GET", f"/api/collaboration/rooms/{room_id}/participants"))["items"] if one["display_name"] == "Grace")  # fmt: skip
    await visit.call("PUT", f"/api/collaboration/rooms/{room_id}/participants/{user['user_id']}", {"role": "viewer"})
    await expect(other.page.locator('[data-text="content"][aria-readonly=true]')).to_be_visible()
    await _picture(other.page, "viewer")

    await page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name for this point").fill("Without Monday")
    await dialog.get_by_role("button", name="Keep").click()
    await dialog.get_by_role("button", name="Grace").first.click()
    await expect(dialog.get_by_role("region", name="Changes").or_(dialog.get_by_text("It says now"))).to_be_visible()
    await _picture(page, "history")
    assert await faults_of(page) == []
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Comments").click()
    await _picture(page, "comments")
    await page.get_by_role("button", name="Read", exact=True).click()
    await expect(page.get_by_role("article", name="As it reads")).to_contain_text("Or on Tuesday.")
    await page.set_viewport_size(PHONE["viewport"])
    await page.get_by_role("button", name="Close the comments").click()
    await _picture(page, "phone")
    assert await faults_of(page) == []

    await page.goto(visit.url + "/rooms")
    await expect(page.get_by_role("link", name="Plan of the launch")).to_be_visible()
    await _picture(page, "list")


async def test_a_link_that_leads_nowhere_says_so(visit: Visit) -> None:
    await visit.page.goto(visit.url + "/rooms/join/abcdefghijklmnopqrstuvwxyz")
    await expect(visit.page.get_by_text("ask for a new one")).to_be_visible()
    visit.complaints.clear()  # the browser notes the refusal


async def _room_of_two(visit: Visit, other: Visit, name: str) -> str:
    """The id of a room in which both write."""
    room = await visit.call("POST", "/api/collaboration/rooms", {"room_name": name})
    person = (await other.call("GET", "/api/session"))["user"]["id"]
    await visit.call("PUT", f"/api/collaboration/rooms/{room['id']}/participants/{person}", {"role": "editor"})
    return room["id"]


async def test_a_comment_is_seen_by_the_others_at_once(visit: Visit, open_person: Callable[..., Any]) -> None:
    other: Visit = await open_person("Katherine")
    room_id = await _room_of_two(visit, other, "Talk")
    for page in (visit.page, other.page):
        await page.goto(f"{visit.url}/rooms/{room_id}")
        await expect(page.locator("[data-room-state=synced]")).to_be_visible()
        await page.get_by_role("button", name="Comments", exact=True).click()
        await expect(page.get_by_text("Nobody has said anything yet.")).to_be_visible()
    # Nothing asks from time to time: what is seen was told.
    await visit.page.get_by_label("New comment").fill("Is this so?")
    await visit.page.get_by_role("button", name="Comment", exact=True).click()
    await expect(other.page.get_by_role("region", name="Threads")).to_contain_text("Is this so?")
    await other.page.get_by_role("button", name="Answer").click()
    await other.page.get_by_label("Answer").fill("It is.")
    await other.page.locator("form").get_by_role("button", name="Answer").click()
    await expect(visit.page.get_by_role("region", name="Threads")).to_contain_text("It is.")
    await visit.page.get_by_role("button", name="Resolve").click()
    await expect(other.page.get_by_text("Nobody has said anything yet.")).to_be_visible()
    await visit.call("DELETE", f"/api/collaboration/rooms/{room_id}")


async def test_whoever_signs_out_leaves_no_document_behind(visit: Visit, open_person: Callable[..., Any]) -> None:
    other: Visit = await open_person("Mary")
    room_id = await _room_of_two(visit, other, "Confidential")
    await other.page.goto(f"{visit.url}/rooms/{room_id}")
    await expect(other.page.locator("[data-room-state=synced]")).to_be_visible()
    assert len(await other.page.evaluate(_KEPT)) == 1
    await other.page.get_by_role("button", name="Account:").click()
    await other.page.get_by_role("menuitem", name="Sign out").click()
    await expect(other.page.get_by_role("heading", name="Sign in to RADIANT")).to_be_visible()
    await other.page.wait_for_function(f"async () => (await ({_KEPT})()).length === 0")
    await visit.call("DELETE", f"/api/collaboration/rooms/{room_id}")


class _Line:
    """The page's socket of rooms, which can be cut."""

    def __init__(self) -> None:
        self.cut = False
        self._open: list[WebSocketRoute] = []

    async def on(self, page: Page) -> None:
        await page.route_web_socket("**/api/collaboration", self._asked)

    async def _asked(self, socket: WebSocketRoute) -> None:
        if self.cut:
            await socket.close(code=1013)
            return
        socket.connect_to_server()
        self._open.append(socket)

    async def fall(self) -> None:
        """Nothing goes through any more."""
        self.cut = True
        for socket in self._open:
            await socket.close(code=1013)
        self._open.clear()


# A transaction of its own on the same store: it begins once those before it are done.
_KEPT = """async () => {
  const names = (await indexedDB.databases()).map((one) => one.name).filter((name) => name.startsWith("radiant.room."));
  for (const name of names) await new Promise((done, failed) => {
    const asked = indexedDB.open(name);
    asked.onerror = failed;
    asked.onsuccess = () => {
      const work = asked.result.transaction(["updates"], "readwrite");
      work.objectStore("updates").count();
      work.oncomplete = () => { asked.result.close(); done(); };
    };
  });
  return names;
}"""


async def test_what_is_written_without_the_server_outlives_the_page(
    visit: Visit, open_person: Callable[..., Any]
) -> None:
    other: Visit = await open_person("Hedy")
    room_id = await _room_of_two(visit, other, "Under way")
    page, line = other.page, _Line()
    await line.on(page)
    for one in (visit.page, page):
        await one.goto(f"{visit.url}/rooms/{room_id}")
        await expect(one.locator("[data-room-state=synced]")).to_be_visible()
    mine, theirs = visit.page.locator("[data-text=content]"), page.locator("[data-text=content]")
    await theirs.click()
    await page.keyboard.type("Seen by both.")
    await expect(mine).to_contain_text("Seen by both.")

    await line.fall()
    await expect(page.locator("[data-room-state=offline]")).to_be_visible()
    await page.keyboard.type(" Written in a tunnel.")
    assert len(await page.evaluate(_KEPT)) == 1
    await mine.press("Control+End")
    await visit.page.keyboard.type(" Written meanwhile.")
    await expect(visit.page.locator("[data-room-state=synced]")).to_be_visible()
    await page.reload()
    # The server cannot be reached by the room yet: what is shown was kept here, and is written on.
    await expect(theirs).to_contain_text("Seen by both. Written in a tunnel.")
    await expect(theirs).not_to_contain_text("meanwhile")
    await theirs.press("Control+End")
    await page.keyboard.type(" And on.")

    line.cut = False
    await expect(mine).to_contain_text("Written in a tunnel. And on.", timeout=60_000)
    await expect(theirs).to_contain_text("Written meanwhile.")
    await expect(page.locator("[data-room-state=synced]")).to_be_visible()

    # Where access ended, nothing is left; nor once somebody signed out.
    person = (await other.call("GET", "/api/session"))["user"]["id"]
    await visit.call("DELETE", f"/api/collaboration/rooms/{room_id}/participants/{person}")
    await expect(page.get_by_text("This room is not open to you").or_(page.get_by_text("no such room"))).to_be_visible()
    await page.wait_for_function(f"async () => (await ({_KEPT})()).length === 0")
    other.complaints.clear()  # the browser notes the refusal
    await visit.call("DELETE", f"/api/collaboration/rooms/{room_id}")
