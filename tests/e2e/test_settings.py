"""The settings: people, keys, providers, models, and what each role sees of them."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import ADMIN, Visit
from tests.kit.entra import CLIENT, TENANT, entra
from tests.kit.upstream import openai_upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def sign_in(page: Page, email: str, password: str) -> None:
    """Fill the form and send it."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def open_settings(page: Page, name: str, heading: str | None = None) -> None:
    """By the menu of the account, as a person would."""
    await page.get_by_role("button", name="Account:").click()
    await page.get_by_role("menuitem", name="Settings").click()
    await page.get_by_role("navigation", name="Settings").get_by_role("link", name=name).click()
    await expect(page.get_by_role("heading", name=heading or name, level=1)).to_be_visible()


async def test_a_new_member_gets_a_password_that_works_once_and_sees_only_their_rooms(
    visit: Visit, open_visit: Callable[..., Any]
):
    page = visit.page
    await open_settings(page, "Members")
    await page.get_by_role("button", name="Add a member").click()
    await page.get_by_label("E-mail").fill("mary@example.com")
    await page.get_by_label("Name", exact=True).last.fill("Mary Somerville")
    await page.get_by_role("button", name="Add", exact=True).click()
    once = await page.get_by_role("region", name="One-time password").inner_text()
    await page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="mary@example.com")
    await expect(row).to_be_visible()

    mary = await open_visit(signed_in=False)
    await sign_in(mary.page, "mary@example.com", "not the password")
    await expect(mary.page.get_by_role("alert")).to_contain_text("is wrong")
    await sign_in(mary.page, "mary@example.com", once.strip())
    await expect(mary.page.get_by_role("heading", name="Choose your password")).to_be_visible()
    await mary.page.get_by_label("New password", exact=True).fill("short")
    await mary.page.get_by_label("New password", exact=True).fill("lighthouses at noon")
    await mary.page.get_by_label("New password, again").fill("lighthouses at night")
    await expect(mary.page.get_by_text("The two are not the same.")).to_be_visible()
    await mary.page.get_by_label("New password, again").fill("lighthouses at noon")
    await mary.page.get_by_role("button", name="Save and go on").click()
    await expect(mary.page.get_by_role("heading", name="What is on your mind, Mary?")).to_be_visible()
    await mary.page.goto(f"{visit.url}/settings/members")
    await expect(mary.page.get_by_role("heading", name="Profile", level=1)).to_be_visible()
    rooms = await mary.page.get_by_role("navigation", name="Settings").get_by_role("link").all_inner_texts()
    assert rooms == [
        "Profile", "API keys", "Playground", "Usage", "Calls", "Budgets and limits", "Models", "Routing", "Tools", "Vault",
        "Request log",
    ]  # fmt: skip

    await row.get_by_label("Role of mary@example.com").select_option("viewer")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await mary.page.goto(visit.url)
    await expect(mary.page.get_by_label("Your message")).to_be_disabled()
    await row.get_by_role("button", name="Actions for").click()
    await page.get_by_role("menuitem", name="Disable").click()
    await expect(row).to_contain_text("disabled")
    await mary.page.reload()
    await expect(mary.page.get_by_role("heading", name="Sign in to RADIANT")).to_be_visible()
    await row.get_by_role("button", name="Actions for").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(row).to_have_count(0)
    await page.goto(f"{visit.url}/settings/audit")
    await expect(page.get_by_role("table")).to_contain_text(ADMIN)
    await page.get_by_role("button", name="Verify the chain").click()
    await expect(page.get_by_text("The chain is whole")).to_be_visible()


async def test_guessing_locks_out_and_the_page_counts_down(open_visit: Callable[..., Any]):
    guest = await open_visit(signed_in=False)
    for _ in range(30):
        await sign_in(guest.page, "nobody@example.com", "a guess")
        await expect(
            guest.page.get_by_role("alert").or_(guest.page.get_by_text("Too many failed tries"))
        ).to_be_visible()
        if await guest.page.get_by_text("Too many failed tries").count():
            break
    await expect(guest.page.get_by_text("Too many failed tries")).to_be_visible()
    await expect(guest.page.get_by_role("button", name="Sign in")).to_be_disabled()


async def test_a_key_is_shown_once_and_the_curl_beside_it_answers(visit: Visit):
    page = visit.page
    await open_settings(page, "API keys")
    await page.get_by_role("button", name="New key").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("from the test")
    await dialog.get_by_role("button", name="Make the key").click()
    secret = (await dialog.get_by_role("region", name="API key").inner_text()).strip()
    curl = (await dialog.get_by_role("region", name="curl example").inner_text()).strip()
    assert secret.startswith("rad_")
    assert secret in curl
    # An attempt to leave before it was copied leads nowhere.
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("button", name="I have copied it").click()
    assert secret not in await page.content()

    process = await asyncio.create_subprocess_shell(f"{curl} --silent --max-time 60", stdout=asyncio.subprocess.PIPE)
    answer, _ = await process.communicate()
    assert json.loads(answer)["choices"][0]["message"]["content"]

    row = page.get_by_role("row").filter(has_text="from the test")
    await row.get_by_role("button", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_contain_text("revoked")
    process = await asyncio.create_subprocess_shell(f"{curl} --silent --max-time 60", stdout=asyncio.subprocess.PIPE)
    answer, _ = await process.communicate()
    assert "error" in json.loads(answer)


async def test_a_providers_key_is_tried_at_once_and_a_wrong_one_is_refused(visit: Visit):
    page = visit.page
    async with openai_upstream() as upstream:
        upstream.key = "sk-right"
        await open_settings(page, "Providers")
        await page.get_by_role("button", name="Connect xAI").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("API key").fill("sk-wrong")
        await dialog.get_by_role("button", name="Use another address").click()
        await dialog.get_by_label("Address").fill(upstream.url)
        await dialog.get_by_label("For every workspace of this platform").check()
        await dialog.get_by_role("button", name="Test and save").click()
        await expect(dialog.get_by_role("alert")).to_be_visible()
        await dialog.get_by_label("API key").fill("sk-right")
        await dialog.get_by_role("button", name="Test and save").click()
        await expect(dialog).to_have_count(0)
        item = page.get_by_role("listitem").filter(has_text=re.compile("xAI"))
        await expect(item).to_contain_text("connected")
        assert "sk-right" not in await page.content()
        await page.get_by_role("button", name="Check xAI").click()
        await expect(page.get_by_text("xAI answers.")).to_be_visible()
        upstream.key = "sk-changed"
        await page.get_by_role("button", name="Check xAI").click()
        await expect(item).to_contain_text("failing")
    await page.get_by_role("button", name="Disconnect xAI").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("button", name="Connect xAI")).to_be_visible()


async def test_a_providers_key_may_be_a_credential_of_the_vault(visit: Visit):
    page = visit.page
    async with openai_upstream() as upstream:
        upstream.key = "sk-of-the-vault"
        vault = await visit.call("POST", "/api/credentials/vaults", {"name": "Keys"})
        new = {"name": "xAI production", "type": "api_key", "value": "sk-of-the-vault"}
        await visit.call("POST", f"/api/credentials/vaults/{vault['id']}/credentials", new)
        await open_settings(page, "Providers")
        await page.get_by_role("button", name="Connect xAI").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Use a credential of the vault").click()
        await expect(dialog.get_by_label("API key")).to_have_count(0)
        await dialog.get_by_label("Credential").select_option(label="Keys: xAI production")
        await dialog.get_by_role("button", name="Use another address").click()
        await dialog.get_by_label("Address").fill(upstream.url)
        await dialog.get_by_role("button", name="Test and save").click()
        await expect(dialog).to_have_count(0)
        await expect(page.get_by_role("listitem").filter(has_text=re.compile("xAI"))).to_contain_text("connected")
        assert "sk-of-the-vault" not in await page.content()
    await page.get_by_role("button", name="Disconnect xAI").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("button", name="Connect xAI")).to_be_visible()


async def test_azure_is_connected_by_an_application_of_entra_id(visit: Visit):
    page = visit.page
    async with entra() as issuer, openai_upstream() as upstream:
        await open_settings(page, "Providers")
        await page.get_by_role("button", name="Connect Azure OpenAI").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Deployments").fill("my-gpt")
        await dialog.get_by_label("Directory (tenant) ID").fill(TENANT)
        await dialog.get_by_label("Application (client) ID").fill(CLIENT)
        await dialog.get_by_label("Client secret").fill("wrong")
        await dialog.get_by_label("Address of Entra ID").fill(issuer.url)
        await dialog.get_by_role("button", name="Use another address").click()
        await dialog.get_by_label("Address", exact=True).fill(upstream.url)
        await dialog.get_by_role("button", name="Test and save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("AADSTS7000215")
        await dialog.get_by_label("Client secret").fill(issuer.secret)
        await dialog.get_by_role("button", name="Test and save").click()
        await expect(dialog).to_have_count(0)
        item = page.get_by_role("listitem").filter(has_text="Azure OpenAI")
        await expect(item).to_contain_text("connected")
        await expect(item).to_contain_text(CLIENT)
        assert issuer.secret not in await page.content()
    await page.get_by_role("button", name="Disconnect Azure OpenAI").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("button", name="Connect Azure OpenAI")).to_be_visible()


async def test_local_models_are_loaded_and_unloaded_and_usage_is_counted(visit: Visit):
    page = visit.page
    await page.goto(f"{visit.url}/settings/models")
    item = page.get_by_role("listitem").filter(has_text="all-MiniLM-L6-v2").first
    await page.get_by_role("button", name="Load all-MiniLM").click()
    await expect(item).to_contain_text("loaded", timeout=30_000)
    await page.get_by_role("button", name="Unload all-MiniLM").click()
    await expect(item).to_contain_text("not loaded", timeout=30_000)
    await page.get_by_label("Search the catalogue").fill("claude opus")
    await expect(page.get_by_role("table")).to_contain_text("needs a key for Anthropic")

    await visit.page.goto(visit.url)
    await visit.choose_model("smollm")
    await visit.ask("Say hi.")
    await expect(page.locator("[data-figures]")).to_be_visible(timeout=60_000)
    await page.goto(f"{visit.url}/settings/usage")
    await expect(
        page.get_by_role("table", name="Usage by model").or_(page.get_by_role("region", name="Usage by model"))
    ).to_contain_text("SmolLM2")


async def test_a_workspace_is_made_by_the_operator_and_its_owner_signs_in(visit: Visit, open_visit: Callable[..., Any]):
    page = visit.page
    await open_settings(page, "Workspaces")
    await page.get_by_role("button", name="New workspace").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("Royal Society")
    await expect(dialog.get_by_label("Short name")).to_have_value("royal-society")
    await dialog.get_by_label("E-mail of the owner").fill("newton@example.com")
    await dialog.get_by_role("button", name="Make it").click()
    once = (await page.get_by_role("region", name="One-time password").inner_text()).strip()
    await page.get_by_role("button", name="I have copied it").click()
    await expect(page.get_by_role("region", name="Workspaces")).to_contain_text("royal-society")

    owner = await open_visit(signed_in=False)
    await sign_in(owner.page, "newton@example.com", once)
    await expect(owner.page.get_by_role("heading", name="Choose your password")).to_be_visible()
    await owner.page.get_by_label("New password", exact=True).fill("an apple fell down")
    await owner.page.get_by_label("New password, again").fill("an apple fell down")
    await owner.page.get_by_role("button", name="Save and go on").click()
    await expect(owner.page.get_by_role("button", name="Account:")).to_contain_text("Royal Society")
    await expect(owner.page.get_by_role("navigation", name="Chats").get_by_role("link")).to_have_count(0)
    await owner.page.get_by_role("button", name="Account:").click()
    await owner.page.get_by_role("menuitem", name="Sign out").click()
    await expect(owner.page.get_by_role("heading", name="Sign in to RADIANT")).to_be_visible()

    # The same address and password in a second workspace: sign-in asks which one is meant.
    mint = {"name": "The Mint", "slug": "mint", "plan": "free", "owner_email": "newton@example.com"}
    made = await visit.call("POST", "/api/tenants", mint)
    await sign_in(owner.page, "newton@example.com", made["owner"]["one_time_password"])
    await owner.page.get_by_label("New password", exact=True).fill("an apple fell down")
    await owner.page.get_by_label("New password, again").fill("an apple fell down")
    await owner.page.get_by_role("button", name="Save and go on").click()
    await owner.page.get_by_role("button", name="Account:").click()
    await owner.page.get_by_role("menuitem", name="Sign out").click()
    await sign_in(owner.page, "newton@example.com", "an apple fell down")
    await expect(owner.page.get_by_role("heading", name="Choose a workspace")).to_be_visible()
    await owner.page.get_by_role("button", name="The Mint").click()
    await expect(owner.page.get_by_role("button", name="Account:")).to_contain_text("The Mint")


async def test_the_profile_is_changed_exported_and_other_devices_signed_out(
    visit: Visit, open_visit: Callable[..., Any]
):
    page = visit.page
    other = await open_visit(signed_in=False)
    await sign_in(other.page, ADMIN, "a long enough password")
    await other.page.get_by_label("Your message").wait_for()
    await page.goto(f"{visit.url}/settings/profile")
    await page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download").click()
    assert json.loads((await (await downloading.value).path()).read_text())
    devices = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Sign out"))
    before = await devices.count()
    await devices.first.get_by_role("button", name="Sign out").click()
    await expect(devices).to_have_count(before - 1)
    await other.page.reload()
    await expect(other.page.get_by_role("heading", name="Sign in to RADIANT")).to_be_visible()
