"""Rooms on the page: two people write one document, one of them follows a link, and what was is gone back to."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

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
