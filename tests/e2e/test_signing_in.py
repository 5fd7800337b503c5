"""Ways to sign in besides the password, in a browser."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from radiant.foundation.identity import totp
from tests.e2e.conftest import PASSWORD, Visit
from tests.e2e.test_settings import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def person(visit: Visit, name: str) -> tuple[str, str]:
    """A new member; e-mail and one-time password."""
    made = await visit.call("POST", "/api/users", {"email": f"{name}@example.com", "name": name.title()})
    return made["email"], made["one_time_password"]


async def first_sign_in(page: Page, email: str, once: str) -> None:
    """In, with a password of one's own."""
    await sign_in(page, email, once)
    await page.get_by_label("New password", exact=True).fill(PASSWORD)
    await page.get_by_label("New password, again").fill(PASSWORD)
    await page.get_by_role("button", name="Save and go on").click()
    await page.get_by_label("Your message").wait_for()


async def test_a_passkey_is_made_used_renamed_and_taken_away(visit: Visit, open_visit: Callable[..., Any]):
    email, once = await person(visit, "rosalind")
    guest: Visit = await open_visit(signed_in=False)
    page = guest.page
    # A browser makes passkeys for names only, and the server calls itself localhost.
    home = guest.url.replace("127.0.0.1", "localhost")
    await page.goto(home)
    session = await guest.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    await first_sign_in(page, email, once)
    await page.goto(f"{home}/settings/profile")
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_label("Name of the passkey").fill("Lab bench")
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_text("Lab bench")).to_be_visible()
    await page.get_by_role("button", name="Rename Lab bench").click()
    await page.get_by_label("Name of the passkey").fill("Key ring")
    await page.get_by_role("button", name="Save", exact=True).last.click()
    await expect(page.get_by_text("Key ring", exact=True)).to_be_visible()

    await guest.context.clear_cookies()
    await page.goto(home)
    await page.get_by_role("button", name="Continue with a passkey").click()
    await page.get_by_label("Your message").wait_for()
    await page.goto(f"{home}/settings/profile")
    await expect(page.get_by_text("last used")).to_be_visible()
    await page.get_by_role("button", name="Remove Key ring").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("Key ring", exact=True)).to_be_hidden()

    await guest.context.clear_cookies()
    await page.goto(home)
    await page.get_by_role("button", name="Continue with a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("not known here")


async def test_an_app_for_one_time_codes_is_added_and_asked_for(visit: Visit, open_visit: Callable[..., Any]):
    email, once = await person(visit, "grace")
    guest: Visit = await open_visit(signed_in=False)
    page = guest.page
    await first_sign_in(page, email, once)
    await page.goto(f"{guest.url}/settings/profile")
    await page.get_by_role("button", name="Add an app").click()
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_alt_text("QR code")).to_be_visible()
    spelled = (await page.get_by_role("region", name="Secret").inner_text()).strip()
    secret = base64.b32decode(spelled + "=" * (-len(spelled) % 8))
    await page.get_by_label("Code that the app shows").fill(totp.code_of(secret, int(time.time()) // totp.PERIOD - 1))
    await page.get_by_role("button", name="Confirm").click()
    codes = (await page.get_by_role("region", name="Recovery codes").inner_text()).split()
    assert len(codes) == 10
    await page.get_by_role("button", name="I have kept them").click()

    await guest.context.clear_cookies()
    await page.goto(guest.url)
    await sign_in(page, email, PASSWORD)
    await expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    await page.get_by_label("Code").fill("000000")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not fit")
    await page.get_by_label("Code").fill(codes[0])
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Your message").wait_for()


async def test_single_sign_on_asks_for_the_workspace_and_says_what_went_wrong(open_visit: Callable[..., Any]):
    guest: Visit = await open_visit(signed_in=False)
    page = guest.page
    await page.get_by_role("button", name="Continue with single sign-on").click()
    await page.get_by_label("Workspace").fill("nowhere")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not exist")
    await page.goto(f"{guest.url}/?sign_in_problem=sso-refused")
    await expect(page.get_by_role("alert")).to_contain_text("did not let you in")
    assert "sign_in_problem" not in page.url


async def test_an_invitation_is_made_and_accepted_by_its_link(visit: Visit, open_visit: Callable[..., Any]):
    page = visit.page
    await page.goto(f"{visit.url}/settings/members")
    await page.get_by_role("button", name="Invite by link").click()
    await page.get_by_label("E-mail").fill("emmy@example.com")
    await page.get_by_role("button", name="Invite", exact=True).click()
    link = (await page.get_by_role("region", name="Invitation link").inner_text()).strip()
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("region", name="Invitations")).to_contain_text("emmy@example.com")

    guest: Visit = await open_visit(signed_in=False)
    here = link.replace("localhost", "127.0.0.1")
    await guest.page.goto(here)
    await guest.page.get_by_label("Your name").fill("Emmy Noether")
    await guest.page.get_by_label("New password", exact=True).fill(PASSWORD)
    await guest.page.get_by_label("New password, again").fill(PASSWORD)
    await guest.page.get_by_role("button", name="Join").click()
    await expect(guest.page.get_by_role("heading", name="What is on your mind, Emmy?")).to_be_visible()
    other: Visit = await open_visit(signed_in=False)
    await other.page.goto(here)
    await expect(other.page.get_by_role("heading", name="This invitation is over")).to_be_visible()
