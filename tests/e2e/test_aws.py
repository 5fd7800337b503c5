"""The room of AWS: a role and a user are registered, tested, and the user's key is rotated before one's eyes."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.async_api import Page, expect

from radiant.kit.ids import uuid7
from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]
ACCOUNT = "123456789012"


@pytest.fixture
async def iam(aws_endpoint: str) -> Any:
    untyped: Any = boto3.Session("testing", "testing")
    return await asyncio.to_thread(lambda: untyped.client("iam", region_name="us-east-1", endpoint_url=aws_endpoint))


@pytest.fixture(autouse=True)
async def nothing_is_left(visit: Visit) -> AsyncIterator[None]:
    """The installation is the other tests' too."""
    yield
    for identity in (await visit.call("GET", "/api/aws-credentials/identities"))["items"]:
        if identity["open_rotation"]:
            path = f"/api/aws-credentials/rotations/{identity['open_rotation']}"
            await visit.call("POST", f"{path}/cancel", {})
            for _ in range(60):
                if (await visit.call("GET", path))["finished_at"]:
                    break
                await asyncio.sleep(1)
                # Nobody reads these keys, so nobody needs the time to notice.
                await visit.http.post(visit.url + f"{path}/retry", data={}, headers={"X-CSRF-Token": visit.csrf})
        await visit.call("DELETE", f"/api/aws-credentials/identities/{identity['id']}")


async def stored_key(visit: Visit, iam: Any) -> tuple[str, str]:
    """A user of AWS whose key is in a vault: its ARN and what the credential is called in choices."""
    name = f"deployer-{uuid7().hex[-6:]}"
    arn = (await asyncio.to_thread(lambda: iam.create_user(UserName=name)))["User"]["Arn"]
    key = (await asyncio.to_thread(lambda: iam.create_access_key(UserName=name)))["AccessKey"]
    vault = await visit.call("POST", "/api/credentials/vaults", {"name": f"Keys {name}"})
    fields = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
    new = {"name": "deployer", "type": "aws", "fields": fields}
    await visit.call("POST", f"/api/credentials/vaults/{vault['id']}/credentials", new)
    return arn, f"Keys {name} / deployer"


async def shoot(page: Page, name: str) -> None:
    """A picture for who looks at this, where a folder is named."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"aws-{name}.png")


async def register(page: Page, name: str, arn: str, credential: str) -> None:
    await page.get_by_role("button", name="Register").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill(name)
    await dialog.get_by_label("ARN").fill(arn)
    field = "Keys that may assume it" if ":role/" in arn else "Where its keys live"
    await dialog.get_by_label(field).select_option(label=credential)
    assert await faults_of(page) == []
    await shoot(page, f"register-{name.split()[0].lower()}")
    await dialog.get_by_role("button", name="Register").click()


async def test_a_users_key_is_rotated_and_undone_before_ones_eyes(visit: Visit, iam: Any) -> None:
    page = visit.page
    arn, credential = await stored_key(visit, iam)
    await open_settings(page, "AWS")
    await expect(page.get_by_text("No roles or users yet")).to_be_visible()
    await shoot(page, "empty")
    await register(page, "Deployer", arn, credential)
    row = page.get_by_role("row").filter(has_text="Deployer")
    await expect(row).to_contain_text(ACCOUNT)
    assert await faults_of(page) == []

    await row.get_by_role("button", name="Test Deployer").click()
    await page.get_by_role("button", name="Ask AWS").click()
    await expect(page.get_by_text("as registered")).to_be_visible()
    await expect(page.get_by_role("dialog").get_by_text(arn, exact=True)).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "tested")
    await page.keyboard.press("Escape")

    await row.get_by_role("button", name="Rotate Deployer").click()
    await page.get_by_role("button", name="Rotate now").click()
    steps = page.get_by_role("list", name="Steps").get_by_role("listitem")
    await expect(steps.filter(has_text="Readers get the new key")).to_be_visible()
    await expect(page.get_by_text("old key in its grace")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "rotating")
    keys = await asyncio.to_thread(lambda: iam.list_access_keys(UserName=arn.rpartition("/")[2]))
    assert len(keys["AccessKeyMetadata"]) == 2

    await page.get_by_role("button", name="Cancel and undo").click()
    await expect(steps.filter(has_text="Readers get the old key again")).to_be_visible()
    await shoot(page, "undoing")
    await page.keyboard.press("Escape")
    await expect(row.get_by_text("rotating")).to_be_visible()
    await row.get_by_role("button", name="History of Deployer").click()
    await page.get_by_role("button", name="Steps of").click()
    await expect(page.get_by_text("Readers get the new key")).to_be_visible()
    await page.get_by_role("button", name="All rotations").click()
    assert await faults_of(page) == []
    await shoot(page, "history")


async def test_two_keys_are_said_and_the_other_is_replaced(visit: Visit, iam: Any) -> None:
    page = visit.page
    arn, credential = await stored_key(visit, iam)
    other = await asyncio.to_thread(lambda: iam.create_access_key(UserName=arn.rpartition("/")[2]))
    await open_settings(page, "AWS")
    await register(page, "Doubled", arn, credential)
    await page.get_by_role("button", name="Rotate Doubled").click()
    await page.get_by_role("button", name="Rotate now").click()
    await expect(page.get_by_role("alert")).to_contain_text("AWS allows no third")
    assert await faults_of(page) == []
    await shoot(page, "two-keys")
    await page.get_by_role("button", name=f"Delete {other['AccessKey']['AccessKeyId']} and rotate").click()
    await expect(page.get_by_text("Deleted the other key to make room")).to_be_visible()
    await expect(page.get_by_text("old key in its grace")).to_be_visible()


async def test_a_role_is_registered_with_an_external_id_on_a_dark_phone(
    visit: Visit, open_visit: Callable[..., Any], iam: Any
) -> None:
    _, credential = await stored_key(visit, iam)
    phone = await open_visit(path="/settings/aws-credentials", color_scheme="dark", **PHONE)
    page = phone.page
    await register(page, "Deployment", f"arn:aws:iam::{ACCOUNT}:role/deploy", credential)
    await expect(page.get_by_role("region", name="External id")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "external-id")
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("row").filter(has_text="Deployment")).to_be_visible()
    assert await faults_of(page) == []
    await shoot(page, "dark-phone")
    await page.get_by_role("button", name="Test Deployment").click()
    await page.get_by_role("button", name="Ask AWS").click()
    await expect(page.get_by_text("as registered")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Remove Deployment").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("No roles or users yet")).to_be_visible()
