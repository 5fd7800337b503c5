"""The room of tools: a person tries one, an admin defines one, adds servers, and says who may call what."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings
from tests.workspace.tools.web import web_of

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def _picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"tools-{name}.png")


async def _secret(visit: Visit) -> None:
    vaults = (await visit.call("GET", "/api/credentials/vaults"))["items"]
    if not any(vault["name"] == "Tools" for vault in vaults):
        vault = await visit.call("POST", "/api/credentials/vaults", {"name": "Tools"})
        secret = {"name": "signing", "type": "text", "value": "whsec_1"}
        await visit.call("POST", f"/api/credentials/vaults/{vault['id']}/credentials", secret)


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_text(name, exact=True))


async def test_a_person_tries_a_tool_by_the_form_of_its_schema(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Tools")
    await expect(page.get_by_role("heading", name="Computing")).to_be_visible()
    await expect(_row(page, "web_search").get_by_text("No provider is set up")).to_be_visible()
    await expect(page.get_by_role("button", name="Try Web search")).to_be_disabled()
    assert await faults_of(page) == []
    await _picture(page, "list")

    await page.get_by_role("button", name="Try Current time").press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("timezone").fill("Europe/Zurich")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("region", name="Text")).to_contain_text("Europe/Zurich")
    assert await faults_of(page) == []
    await _picture(page, "tried")
    await dialog.get_by_label("timezone").fill("Mars/Olympus")
    await dialog.get_by_role("button", name="Call it again").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("there is no zone")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Try Current time")).to_be_focused()

    await page.get_by_role("button", name="Try SQL query").click()
    await page.get_by_role("button", name="Call it").click()
    await expect(page.get_by_text("Needed")).to_be_visible()
    await dialog.get_by_label("query").fill("select count(*) as chats from chats")
    await page.get_by_role("button", name="Call it").click()
    await expect(dialog.get_by_role("region", name="Text")).to_contain_text("1 row: chats")
    await dialog.get_by_text("Data", exact=True).click()
    await expect(dialog.get_by_role("region", name="Data")).to_contain_text('"columns"')
    await dialog.get_by_label("query").fill("select pg_sleep(1)")
    await page.get_by_role("button", name="Call it again").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("not allowed: the function pg_sleep")


async def test_an_admin_defines_a_tool_changes_it_and_switches_it_off(visit: Visit) -> None:
    async def answer(_: web.Request) -> web.Response:
        said: dict[str, Any] = {"text": "It left on Monday.", "data": {"state": "sent"}}
        return web.json_response(
            said | {"citations": [{"source": "https://shop.example.org/7", "title": "Order 7", "quote": "sent"}]}
        )

    page = visit.page
    await _secret(visit)
    await open_settings(page, "Tools")
    await expect(page.get_by_text("None yet")).to_be_visible()
    async with web_of(answer) as site:
        await page.get_by_role("button", name="Define a tool").click()
        await page.get_by_label("Name", exact=True).fill("Order Status")
        await expect(page.get_by_text("Small letters, digits")).to_be_visible()
        await page.get_by_label("Name", exact=True).fill("order_status")
        await page.get_by_label("Description").fill("Where an order is.")
        schema = page.get_by_label("Parameters")
        good = await schema.input_value()
        await schema.fill('{"type": "object", "required": ["order"]}')
        await expect(page.get_by_text("required: order is not among the properties")).to_be_visible()
        await expect(page.get_by_role("button", name="Define it")).to_be_disabled()
        assert await faults_of(page) == []
        await _picture(page, "define")
        await schema.fill(good)
        await page.get_by_label("Address").fill("http://shop.example.org/tool")
        await page.get_by_label("Signed by").select_option(label="Tools: signing")
        await page.get_by_role("button", name="Define it").click()
        await expect(page.get_by_role("alert")).to_contain_text("https://")
        await page.get_by_label("Address").fill(f"{site.url}/tool")
        await page.get_by_role("button", name="Define it").click()
        await expect(_row(page, "order_status").get_by_text("asks first")).to_be_visible()

        await page.get_by_role("button", name="Try Order status").click()
        await page.get_by_role("dialog").get_by_label("order").fill("7")
        await expect(page.get_by_role("button", name="Call it")).to_be_disabled()
        await page.get_by_label("Go ahead").check()
        await page.get_by_role("button", name="Call it").click()
        await expect(page.get_by_role("region", name="Text")).to_have_text("It left on Monday.")
        await expect(page.get_by_role("link", name="Order 7")).to_have_attribute("href", "https://shop.example.org/7")
        await expect(page.get_by_text(re.compile(r"^\d+ ms$|^\d\.\d s$"))).to_be_visible()
        assert await faults_of(page) == []
        await _picture(page, "webhook-tried")
        await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Change Order status").click()
    await page.get_by_label("Changes something").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(_row(page, "order_status").get_by_text("asks first")).to_have_count(0)
    switch = page.get_by_role("switch", name="Order status is on")
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(_row(page, "order_status").get_by_text("An admin switched it off.")).to_be_visible()
    await page.get_by_role("button", name="Delete Order status").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("None yet")).to_be_visible()


async def test_an_admin_lists_hosts_and_sets_up_a_search(visit: Visit) -> None:
    page = visit.page
    await open_settings(page, "Tools")
    await page.get_by_role("button", name="Settings of HTTP fetch").click()
    await page.get_by_label("Hosts that may be read").fill("http://example.org")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("give example.org")
    await page.get_by_label("Hosts that may be read").fill("example.org\n*.example.org")
    await page.get_by_label("Who may call it").select_option("admin")
    await page.get_by_label("Ask before each call").check()
    assert await faults_of(page) == []
    await _picture(page, "settings")
    await page.get_by_role("button", name="Save").click()
    row = _row(page, "http_fetch")
    await expect(row.get_by_text("admins")).to_be_visible()
    await expect(row.get_by_text("asks first")).to_be_visible()
    await page.get_by_role("button", name="Settings of Web search").click()
    await page.get_by_label("Provider").select_option("searxng")
    await page.get_by_label("Address").fill("https://search.example.org")
    await page.get_by_role("button", name="Save").click()
    await expect(_row(page, "web_search").get_by_text("unavailable")).to_have_count(0)
    for name in ("http_fetch", "web_search"):
        await visit.call("PUT", f"/api/tools/{name}/settings", {})


async def test_servers_are_added_with_their_tools_or_with_what_went_wrong(visit: Visit, open_visit: Any) -> None:
    page = visit.page
    await open_settings(page, "Tools")
    await page.get_by_role("tab", name="MCP servers").click()
    await expect(page.get_by_text("No servers yet")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Add a server").click()
    await page.get_by_label("Name", exact=True).fill("disk")
    await page.get_by_label("Where it is").select_option("files")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Add it").click()
    tools = page.get_by_role("list", name="Tools of disk")
    await expect(tools.get_by_text("disk_read_file")).to_be_visible()
    await page.get_by_role("button", name="Add a server").click()
    await page.get_by_label("Name", exact=True).fill("dead")
    await page.get_by_label("Address").fill("http://127.0.0.1:9/mcp")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("alert").filter(has_text="The server dead failed").first).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "servers")
    await page.get_by_role("tab", name="Tools", exact=True).click()
    await page.get_by_role("button", name="Try Disk read file").click()
    await page.get_by_role("dialog").get_by_label("path").fill("/notes")
    await page.get_by_role("button", name="Call it").click()
    await expect(page.get_by_role("region", name="Text")).to_contain_text('"path": "/notes"')
    phone = await open_visit(path="/settings/tools", color_scheme="dark", **PHONE)
    await phone.page.get_by_role("tab", name="MCP servers").click()
    await expect(phone.page.get_by_text("disk_read_file")).to_be_visible()
    assert await faults_of(phone.page) == []
    await _picture(phone.page, "phone")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="MCP servers").click()
    for name in ("dead", "disk"):
        await page.get_by_role("button", name=f"Remove {name}").click()
        await page.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.get_by_role("heading", name=name, exact=True)).to_have_count(0)
    await expect(page.get_by_text("No servers yet")).to_be_visible()
