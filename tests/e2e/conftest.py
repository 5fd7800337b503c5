"""A whole RADIANT as `radiant up` starts it, with the smallest real model, and Chromium before it."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import APIRequestContext, Browser, BrowserContext, Page, async_playwright, expect

from tests.kit.fixtures import models_root
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream
from tests.kit.upstream import Upstream, openai_upstream

ADMIN = "admin@radiant.localhost"
PASSWORD = "a long enough password"
SMALL = "smollm2-135m-instruct"
CHROMIUM = os.environ.get("RADIANT_TEST_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# The background services of Chromium look up hosts that are not there; they are no part of the test.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # A microphone that beeps, which pages may use.
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
# Two cores that others use as well: what is right within a second may take ten.
expect.set_options(timeout=15_000)


@dataclass(slots=True)
class Site:
    """A running installation, and the password that its first start printed."""

    url: str
    one_time_password: str
    log: Path


@dataclass(slots=True)
class Visit:
    """A page of one signed-in browser, and what its console complained of."""

    page: Page
    context: BrowserContext
    url: str
    csrf: str
    log: Path
    complaints: list[str] = field(default_factory=list)

    @property
    def http(self) -> APIRequestContext:
        """The same session, without the page."""
        return self.context.request

    async def call(self, method: str, path: str, data: Any = None) -> Any:
        """An API call with the session's cookie; the JSON, or None for an empty answer."""
        # A kept connection that the server closes in that very moment is no news: browsers ask again too.
        answer = await self.http.fetch(
            self.url + path, method=method, data=data, headers={"X-CSRF-Token": self.csrf}, max_retries=2
        )
        # What went wrong on its side is gone with the installation, so it is told here.
        log = self.log.read_text(errors="replace")[-6000:] if answer.status >= 500 else ""
        assert answer.ok, (method, path, answer.status, await answer.text(), log)
        return await answer.json() if await answer.body() else None

    async def ask(self, text: str) -> None:
        """Write a question and send it by Enter."""
        box = self.page.get_by_label("Your message")
        await box.fill(text)
        await box.press("Enter")

    async def choose_model(self, search: str) -> None:
        """Take the first model that the picker finds."""
        await self.page.locator("header").get_by_role("button", name="Model:").click()
        await self.page.get_by_label("Search models").fill(search)
        await self.page.locator("button[data-model]:not(:disabled)").first.wait_for()
        await self.page.keyboard.press("Enter")


@pytest.fixture(scope="session")
async def site(aws_endpoint: str) -> AsyncIterator[Site]:
    """`radiant up --models minimal` in a folder of its own, stopped as Ctrl-C does."""
    folder = Path(tempfile.mkdtemp(prefix="radiant-site-"))
    # Others may pass through, so that the database's account finds its cluster here and not under /var/lib.
    folder.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    models = str(models_root())
    log = folder / "up.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "radiant", "up", "--data-dir", str(folder / "data"), "--port", str(port),
            "--models", "minimal", stdout=out, stderr=out, env=_environment(models, aws_endpoint),
        )  # fmt: skip
    try:
        printed = await _ready(process, log)
        found = re.search(r"password\s+(\S+)", printed)
        assert found, printed
        yield Site(f"http://127.0.0.1:{port}", found[1], log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), 20)
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _environment(models: str, aws_endpoint: str) -> dict[str, str]:
    # A developer's own settings and providers' keys would change what the page shows.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RADIANT_")}
    kept = {name: value for name, value in kept.items() if not name.endswith("_API_KEY")}
    # What is said in chats is read by rules alone: a scripted provider answers the chats.
    more = {"RADIANT_MODELS_DIR": models, "RADIANT_AWS_ENDPOINT_URL": aws_endpoint, "RADIANT_LEARNING_MODEL": "none"}
    # What tools reach out to stands on loopback here.
    program = [sys.executable, str(Path(__file__).parents[1] / "workspace" / "tools" / "program.py"), "good"]
    more |= {"RADIANT_TOOL_INNER_HOSTS": '["127.0.0.1:*"]', "RADIANT_TOOL_SERVERS": json.dumps({"files": program})}
    return kept | more


async def _ready(process: asyncio.subprocess.Process, log: Path) -> str:
    # The first start on a machine may have to download the model and build the page.
    for _ in range(1800):
        printed = log.read_text(errors="replace")
        if "Ctrl-C stops" in printed:
            return printed
        assert process.returncode is None, printed
        await asyncio.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture(scope="session")
async def admin_state(site: Site, browser: Browser) -> Any:
    """The cookies of the first admin, who has chosen a password."""
    context = await browser.new_context()
    answer = await context.request.post(
        f"{site.url}/api/session", data={"email": ADMIN, "password": site.one_time_password}
    )
    assert answer.ok, await answer.text()
    token = (await answer.json())["csrf_token"]
    changed = await context.request.put(
        f"{site.url}/api/profile/password",
        data={"current_password": site.one_time_password, "new_password": PASSWORD},
        headers={"X-CSRF-Token": token},
    )
    assert changed.ok, await changed.text()
    state = await context.storage_state()
    await context.close()
    return state


@pytest.fixture
async def open_visit(site: Site, browser: Browser, admin_state: Any) -> AsyncIterator[Callable[..., Any]]:
    """Makes visits of the admin, or of nobody (`signed_in=False`); options as Playwright's new_context takes them.

    A visit whose page threw, or whose policy blocked something, fails the test at its end.
    """
    visits: list[Visit] = []

    async def open_one(*, signed_in: bool = True, path: str = "/", **options: Any) -> Visit:
        options = {"viewport": {"width": 1440, "height": 900}} | options
        context = await browser.new_context(storage_state=admin_state if signed_in else None, **options)
        context.set_default_timeout(15_000)
        csrf = ""
        if signed_in:
            csrf = (await (await context.request.get(f"{site.url}/api/session")).json())["csrf_token"]
        page = await context.new_page()
        visit = Visit(page, context, site.url, csrf, site.log)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("console", lambda message: _note(visit, message.type, message.text))
        await page.goto(site.url + path)
        visits.append(visit)
        return visit

    yield open_one
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    for visit in visits:
        await visit.context.close()
    assert complaints == []


def _note(visit: Visit, kind: str, text: str) -> None:
    # A refused or broken request is written to the console by Chromium itself; the tests look at what the page says.
    if kind == "error" and not text.startswith("Failed to load resource"):
        visit.complaints.append(text)


@pytest.fixture
async def open_person(visit: Visit, open_visit: Callable[..., Any]) -> AsyncIterator[Callable[..., Any]]:
    """Makes visits of other people of the workspace, in browsers of their own: `await open_person("Ada", role="viewer")`;
    options as those of `open_visit`."""
    made: list[str] = []

    async def open_one(name: str, *, role: str = "member", **options: Any) -> Visit:
        email = f"{name.lower()}@example.com"
        user = await visit.call("POST", "/api/users", {"email": email, "name": name, "role": role})
        made.append(user["id"])
        opened: Visit = await open_visit(signed_in=False, **options)
        signed = await opened.http.post(
            f"{visit.url}/api/session", data={"email": email, "password": user["one_time_password"]}
        )
        opened.csrf = (await signed.json())["csrf_token"]
        await opened.call(
            "PUT", "/api/profile/password", {"current_password": user["one_time_password"], "new_password": PASSWORD}
        )
        return opened

    yield open_one
    for user_id in made:
        await visit.call("DELETE", f"/api/users/{user_id}")


@pytest.fixture
async def visit(open_visit: Callable[..., Any]) -> Visit:
    """The admin before an empty chat on a desktop."""
    opened = await open_visit()
    await opened.page.get_by_label("Your message").wait_for()
    return opened


@pytest.fixture
async def scripted(visit: Visit) -> AsyncIterator[Upstream]:
    """A provider on loopback that says what the test plans, connected for this workspace."""
    async with openai_upstream() as upstream:
        await visit.call(
            "PUT", "/api/providers/openai", {"api_key": "sk-scripted", "base_url": upstream.url, "shared": True}
        )
        yield upstream
        await visit.call("DELETE", "/api/providers/openai")


@pytest.fixture
async def hearing(visit: Visit) -> AsyncIterator[SpeechUpstream]:
    """Deepgram, on loopback."""
    async with speech_upstream() as running:
        body = {"api_key": "dg-scripted-0123", "base_url": running.url, "shared": True}
        await visit.call("PUT", "/api/providers/deepgram", body)
        yield running
        await visit.call("DELETE", "/api/providers/deepgram")


@pytest.fixture
async def speaking(visit: Visit) -> AsyncIterator[SpeechUpstream]:
    """ElevenLabs, on loopback."""
    async with speech_upstream() as running:
        body = {"api_key": "el-scripted-0123", "base_url": running.url, "shared": True}
        await visit.call("PUT", "/api/providers/elevenlabs", body)
        yield running
        await visit.call("DELETE", "/api/providers/elevenlabs")
