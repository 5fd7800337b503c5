"""The vault's room: vaults, credentials of each kind, values shown and copied, rotation, deletion with undo, members, the
access log; by keyboard, dark and light, on a phone."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

VALUE = "sk-live-of-the-browser-tests"


@pytest.fixture(autouse=True)
async def no_vaults_but_ours(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too."""
    await _clear(visit)
    yield
    await _clear(visit)


async def _clear(visit: Visit) -> None:
    for vault in (await visit.call("GET", "/api/credentials/vaults"))["items"]:
        for deleted in ("false", "true"):
            path = f"/api/credentials/vaults/{vault['id']}/credentials?deleted={deleted}"
            for credential in (await visit.call("GET", path))["items"]:
                if deleted == "false":
                    await visit.call("DELETE", f"/api/credentials/{credential['id']}?force=true")
                await visit.call("POST", f"/api/credentials/{credential['id']}/purge")
        await visit.call("DELETE", f"/api/credentials/vaults/{vault['id']}")


async def a_vault(visit: Visit, **more: Any) -> dict[str, Any]:
    return await visit.call("POST", "/api/credentials/vaults", {"name": f"Shop {uuid4().hex[:6]}", **more})


async def a_credential(visit: Visit, vault: dict[str, Any], name: str = "stripe", **more: Any) -> dict[str, Any]:
    new = {"name": name, "type": "api_key", "value": VALUE} | more
    return await visit.call("POST", f"/api/credentials/vaults/{vault['id']}/credentials", new)


async def fits(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_vault_is_made_and_a_credential_of_each_kind_is_stored(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    await open_settings(page, "Vault")
    await expect(page.get_by_text("No vaults yet")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="New vault").first.click()
    await page.get_by_label("Name").fill("Shop")
    assert await faults_of(page) == []
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Shop").click()
    await expect(page.get_by_text("This vault is empty")).to_be_visible()
    assert await faults_of(page) == []

    key = tmp_path / "id_ed25519"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n")
    forms: dict[str, dict[str, str]] = {
        "API key": {"Key": VALUE},
        "User and password": {"User": "ada", "Password": "correct horse"},
        "Database": {"Host": "db.example.org", "User": "app", "Password": "battery staple"},
        "JSON": {"JSON": '{"anything": "goes"}'},
        "Text": {"Text": "a few words"},
    }
    for kind, fields in forms.items():
        await page.get_by_role("button", name="New credential").first.click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill(f"the {kind}")
        await dialog.get_by_label("Type").select_option(kind)
        for name, text in fields.items():
            await dialog.get_by_label(name, exact=True).fill(text)
        await dialog.get_by_role("button", name="Store it").click()
        await expect(page.get_by_role("heading", name=f"the {kind}")).to_be_visible()
        await page.get_by_role("link", name="Shop").click()
    # A key comes from its file.
    await page.get_by_role("button", name="New credential").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("the SSH key")
    await dialog.get_by_label("Type").select_option("SSH key")
    await dialog.get_by_label("Private key from a file").set_input_files(key)
    await expect(dialog.get_by_label("Private key", exact=True)).to_have_value(re.compile("OPENSSH"))
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Store it").click()
    await expect(page.get_by_role("heading", name="the SSH key")).to_be_visible()
    await page.get_by_role("link", name="Shop").click()
    # What is wrong is said beside the form, and nothing is lost of it.
    await page.get_by_role("button", name="New credential").first.click()
    await dialog.get_by_label("Name").fill("the Text")
    await dialog.get_by_label("Key").fill("x")
    await dialog.get_by_role("button", name="Store it").click()
    await expect(dialog.get_by_text("already")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("region", name="Credentials").get_by_role("link")).to_have_count(6)
    assert await faults_of(page) == []


async def test_a_value_is_shown_for_a_reason_and_for_a_while_or_copied_unseen(
    visit: Visit, open_visit: Callable[..., Any]
) -> None:
    vault = await a_vault(visit)
    credential = await a_credential(visit, vault)
    await visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.page
    await page.clock.install()
    await page.goto(f"{visit.url}/settings/vault?credential={credential['id']}")
    await expect(page.get_by_text("••••••••••••")).to_be_visible()
    assert VALUE not in await page.content()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Show or copy").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Show", exact=True)).to_be_disabled()
    await dialog.get_by_label("Reason").fill("the shop is down")
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Show", exact=True).click()
    await expect(dialog.get_by_text(VALUE)).to_be_visible()
    assert await faults_of(page) == []
    await page.clock.run_for(31_000)
    await expect(dialog).to_have_count(0)
    assert VALUE not in await page.content()

    await page.get_by_role("button", name="Show or copy").click()
    await dialog.get_by_label("Reason").fill("for the terminal")
    await dialog.get_by_role("button", name="Copy without showing").click()
    await expect(page.get_by_text("The clipboard is cleared in 30 seconds")).to_be_visible()
    assert VALUE not in await page.content()
    assert await page.evaluate("navigator.clipboard.readText()") == VALUE
    await page.clock.run_for(31_000)
    await expect(page.get_by_text("The clipboard is cleared.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == ""
    # What is not ours any more stays.
    await page.get_by_role("button", name="Show or copy").click()
    await dialog.get_by_label("Reason").fill("for the terminal")
    await dialog.get_by_role("button", name="Copy without showing").click()
    await expect(dialog).to_have_count(0)
    await page.evaluate("navigator.clipboard.writeText('something else')")
    await page.clock.run_for(31_000)
    assert await page.evaluate("navigator.clipboard.readText()") == "something else"

    log = page.get_by_role("region", name="Access log")
    await expect(log.get_by_text("the shop is down")).to_be_visible()
    await expect(page.get_by_text("verified: the log is whole")).to_be_visible()
    await page.get_by_label("What was done").select_option("stored")
    await expect(log.get_by_text("the shop is down")).to_have_count(0)
    await page.get_by_label("Outcome").select_option("Refused or failed")
    await expect(page.get_by_text("Nothing of that kind")).to_be_visible()


async def test_a_new_value_rolls_back_and_deletion_can_be_undone(visit: Visit) -> None:
    vault = await a_vault(visit)
    credential = await a_credential(visit, vault)
    page = visit.page
    await page.goto(f"{visit.url}/settings/vault?credential={credential['id']}")
    await page.get_by_role("button", name="New value").click()
    await page.get_by_role("dialog").get_by_label("Key").fill("another value of it")
    await page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    versions = page.get_by_role("region", name="Versions")
    await expect(versions.get_by_text("previous")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Roll back to version 1").click()
    await expect(page.get_by_text("That version is current again.")).to_be_visible()
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    await page.get_by_role("button", name="Switch on").click()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("This vault is empty")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="stripe")).to_be_visible()
    await visit.call("DELETE", f"/api/credentials/{credential['id']}")
    await page.get_by_role("tab", name="Deleted").click()
    await expect(page.get_by_role("button", name="Have stripe back")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Destroy stripe").click()
    await page.get_by_role("dialog").get_by_role("button", name="Destroy").click()
    await expect(page.get_by_text("Nothing was deleted")).to_be_visible()


async def test_rotation_is_set_up_and_its_failure_is_shown_step_by_step(visit: Visit) -> None:
    vault = await a_vault(visit)
    signing = await a_credential(visit, vault, "signing", type="text")
    credential = await a_credential(visit, vault)
    page = visit.page
    await page.goto(f"{visit.url}/settings/vault?credential={credential['id']}")
    await page.get_by_role("button", name="Set up").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What makes the new value").select_option("A webhook")
    # Nothing listens there, and what answers by no address is refused for good.
    await dialog.get_by_label("Address").fill("https://127.0.0.1:1/rotate")
    await dialog.get_by_label("Signed with").select_option("signing")
    await dialog.get_by_label("How often").fill("soon")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("write it as 12h, 30d")).to_be_visible()
    await dialog.get_by_label("How often").fill("30d at 03:00")
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("every 30d at 03:00").first).to_be_visible()
    await page.get_by_role("button", name="Rotate now").click()
    await expect(page.get_by_role("list", name="Rotations").get_by_text("waiting for a worker")).to_be_visible()
    # A worker has it within seconds, and its words are shown.
    await expect(page.get_by_text("the webhook:").first).to_be_visible(timeout=30_000)
    assert await faults_of(page) == []
    # It is named by the credential that it uses.
    uses = await visit.call("GET", f"/api/credentials/{signing['id']}/uses")
    assert [use["kind"] for use in uses["items"]] == ["rotator"]
    await page.goto(f"{visit.url}/settings/vault?credential={signing['id']}")
    await page.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(dialog.get_by_text("These use it and stop working")).to_be_visible()
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Cancel").click()


async def test_in_a_vault_of_two_people_one_asks_and_another_approves(
    visit: Visit, open_visit: Callable[..., Any]
) -> None:
    vault = await a_vault(visit, second_person=True)
    credential = await a_credential(visit, vault)
    made = await visit.call(
        "POST", "/api/users", {"email": f"{uuid4().hex[:6]}@example.com", "name": "Olga", "role": "admin"}
    )
    olga: Visit = await open_visit(signed_in=False)
    said = {"email": made["user"]["email"] if "user" in made else made["email"], "password": made["one_time_password"]}
    olga.csrf = (await (await olga.http.post(f"{visit.url}/api/session", data=said)).json())["csrf_token"]
    password = {"current_password": made["one_time_password"], "new_password": "lighthouses at noon"}
    await olga.call("PUT", "/api/profile/password", password)
    olga_id = (await olga.call("GET", "/api/session"))["user"]["id"]
    page = visit.page
    await page.goto(f"{visit.url}/settings/vault?vault={vault['id']}&view=members")
    await page.get_by_label("Let in").select_option(f"person:{olga_id}")
    await page.get_by_label("As", exact=True).select_option("owner")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_label(f"Role of {said['email']}")).to_have_value("owner")
    assert await faults_of(page) == []

    await page.goto(f"{visit.url}/settings/vault?credential={credential['id']}")
    await page.get_by_role("button", name="Show or copy").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill("the audit of the year")
    await dialog.get_by_role("button", name="Ask for approval").click()
    await expect(dialog.get_by_text("nobody has approved yet")).to_be_visible()
    assert await faults_of(page) == []
    await olga.page.goto(f"{visit.url}/settings/vault")
    await expect(olga.page.get_by_text("the audit of the year")).to_be_visible()
    assert await faults_of(olga.page) == []
    await olga.page.get_by_role("button", name="Approve").click()
    await expect(olga.page.get_by_text("the audit of the year")).to_have_count(0)
    await page.reload()
    await page.get_by_role("button", name="Show or copy").click()
    await expect(dialog.get_by_text("Approved: it can be shown once.")).to_be_visible()
    await dialog.get_by_label("Reason").fill("the audit of the year")
    await dialog.get_by_role("button", name="Show", exact=True).click()
    await expect(dialog.get_by_text(VALUE)).to_be_visible()
    await dialog.get_by_role("button", name="Hide now").click()
    await page.get_by_role("button", name="Show or copy").click()
    await expect(dialog.get_by_role("button", name="Ask for approval")).to_be_visible()

    # The rule itself is taken away by two.
    await page.goto(f"{visit.url}/settings/vault?vault={vault['id']}")
    await page.get_by_role("button", name="Settings").click()
    await dialog.get_by_label("Showing a value takes two people").uncheck()
    await dialog.get_by_label("Why one person should do").fill("Olga leaves")
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="Ask for approval").click()
    await expect(dialog).to_have_count(0)
    await olga.page.reload()
    await expect(olga.page.get_by_text("wants one person to suffice")).to_be_visible()
    await olga.page.get_by_role("button", name="Approve").click()
    await expect(olga.page.get_by_text("Olga leaves")).to_have_count(0)
    await page.reload()
    await page.get_by_role("button", name="Settings").click()
    await dialog.get_by_label("Showing a value takes two people").uncheck()
    await expect(dialog.get_by_text("Approved: from now on one person will do.")).to_be_visible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    assert (await visit.call("GET", f"/api/credentials/vaults/{vault['id']}"))["second_person"] is False
    await visit.call("DELETE", f"/api/users/{olga_id}")


async def test_the_import_says_what_amazon_says(visit: Visit) -> None:
    vault = await a_vault(visit)
    page = visit.page
    await page.goto(f"{visit.url}/settings/vault?vault={vault['id']}")
    await page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Region").fill("eu-central-1")
    assert await faults_of(page) == []
    await page.route("**/api/credentials/secrets-manager/secrets", lambda route: route.fulfill(json={"items": [
        {"arn": f"arn:aws:x:{number}", "name": f"prod/{number}", "description": "", "tags": {}, "changed_at": None}
        for number in range(3)
    ], "next": None}))  # fmt: skip
    outcome = {"type": "text", "fields": [], "versions": 1, "binary": False, "bytes": 9, "credential_id": None}
    await page.route("**/api/credentials/secrets-manager/import", lambda route: route.fulfill(json={"items": [
        {"secret_id": "arn:aws:x:0", "outcome": "would-import", "problem": None, "name": "prod/0", **outcome},
        {"secret_id": "arn:aws:x:1", "outcome": "refused", "problem": "the vault has one already", "name": "prod/1", **outcome},
    ]}))  # fmt: skip
    await dialog.get_by_role("button", name="List the secrets").click()
    await dialog.get_by_label("All of them").check()
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="See what that makes").click()
    await expect(dialog.get_by_text("the vault has one already")).to_be_visible()
    await dialog.get_by_label("Another name for prod/1").fill("prod/one")
    assert await faults_of(page) == []
    await expect(dialog.get_by_role("button", name="Import 1")).to_be_enabled()


async def test_it_is_read_in_the_dark_and_on_a_phone(
    visit: Visit, open_visit: Callable[..., Any], tmp_path: Path
) -> None:
    vault = await a_vault(visit, description="Everything that the shop needs", second_person=True)
    credential = await a_credential(
        visit, vault, "a-rather-long-name-of-a-credential-that-somebody-chose", expires_at="2027-01-01T00:00:00Z",
        rotation_schedule="30d", metadata={"owner": "team shop", "ticket": "SHOP-1234"},
    )  # fmt: skip
    for options in ({"color_scheme": "light"}, {"color_scheme": "dark", **PHONE}):
        name = options["color_scheme"]
        for number, path in enumerate(
            ("", f"?vault={vault['id']}", f"?vault={vault['id']}&view=members", f"?vault={vault['id']}&view=trail",
             f"?credential={credential['id']}")
        ):  # fmt: skip
            one: Visit = await open_visit(path=f"/settings/vault{path}", **options)
            await expect(one.page.locator(".animate-pulse")).to_have_count(0)
            await expect(one.page.get_by_role("heading", level=1)).to_be_visible()
            assert await fits(one.page)
            assert await faults_of(one.page) == []
            await one.page.screenshot(path=str(tmp_path / f"{name}-{number}.png"), full_page=True)


async def test_a_value_that_stands_in_an_error_is_told_until_somebody_has_seen_to_it(visit: Visit) -> None:
    vault = await a_vault(visit)
    # Nothing by which a scrubber would know it for a secret.
    credential = await a_credential(visit, vault, "plain", type="text", value="the heron stands in the water")
    told = {"message": "cannot open: the heron stands in the water", "type": "OpenError"}
    await visit.call("POST", "/api/errors", told)
    page = visit.page
    await page.goto(f"{visit.url}/settings/vault?vault={vault['id']}")
    await expect(page.get_by_role("tab", name="Credentials")).to_be_visible()
    for _ in range(40):
        found = (await visit.call("GET", f"/api/credentials/vaults/{vault['id']}/leaks"))["items"]
        if found:
            break
        await page.wait_for_timeout(500)
    assert [leak["credential_id"] for leak in found] == [credential["id"]]
    groups = (await visit.call("GET", "/api/errors/groups?limit=200"))["items"]
    assert "heron" not in str(groups)
    assert "[credential]" in str(groups)
    # It is an error of the workspace, critical, by whose ways people are told.
    for _ in range(40):
        groups = (await visit.call("GET", "/api/errors/groups?limit=200"))["items"]
        if leaks := [group for group in groups if group["error_type"] == "CredentialLeaked"]:
            break
        await page.wait_for_timeout(500)
    assert [group["severity"] for group in leaks] == ["critical"]
    await page.reload()
    await expect(page.get_by_text("stood in an error")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="I rotated it").click()
    await expect(page.get_by_text("stood in an error")).to_have_count(0)
    ids = [group["id"] for group in groups]
    await visit.call("POST", "/api/errors/groups/triage", {"groups": ids, "action": "resolve"})
