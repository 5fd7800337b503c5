"""`radiant up` from end to end, as a process: what it prints, what it survives, what it leaves behind."""

import asyncio
import json
import os
import shlex
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.kit.server import PASSWORD, Answer, Client
from tests.kit.upstream import Say, openai_upstream
from tests.roots.home import Home, clear, free_port, gone, new_home
from tests.roots.person import (
    EMAIL,
    ask,
    content_of,
    one_time_password,
    read_some,
    run_line,
    sign_in,
    soon,
    the_answer,
)  # fmt: skip

# One after the other on one worker: the tests share an installation, and each `up` takes both cores.
pytestmark = [pytest.mark.blocks, pytest.mark.model, pytest.mark.xdist_group("up")]

KEY = "sk-upstream-of-up"
LONG_STORY = " ".join(f"word{number}" for number in range(4000))


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        yield session


class Installation:
    """An installation that several tests use; what was printed at its first start."""

    def __init__(self, home: Home, http: aiohttp.ClientSession) -> None:
        self.home = home
        self.http = http
        self.first_start = 0.0
        self.curl = ""
        self.password = ""

    async def ensure_up(self) -> None:
        if self.home.process is not None and self.home.process.poll() is None:
            return
        # A test that failed must not fail those after it, nor its own second try.
        await asyncio.to_thread(clear, self.home)
        await self.home.up()
        if not self.curl:
            self.first_start = self.home.processor_seconds()
            self.curl = self.home.out.read_text()
            self.password = one_time_password(self.home) or ""
            await sign_in(self.home, self.http, self.password, first=True)

    async def browser(self) -> Client:
        return await sign_in(self.home, self.http, PASSWORD)


@pytest.fixture(scope="module")
async def shared(small_models: Path, http: aiohttp.ClientSession) -> AsyncIterator[Installation]:
    async with new_home(small_models) as home:
        yield Installation(home, http)


@pytest.fixture
async def installed(shared: Installation) -> Installation:
    """It is up."""
    await shared.ensure_up()
    return shared


async def test_the_first_start_prints_an_address_a_password_and_one_curl_that_answers(installed: Installation) -> None:
    home = installed.home
    lines = installed.curl.splitlines()
    assert len(lines) == 1, "nothing but the line stands on the standard output"
    assert lines[0].startswith("curl ")
    said = home.err.read_text()
    assert f"RADIANT is ready at {home.url}" in said
    assert EMAIL in said
    assert len(installed.password) >= 16
    assert "starting it again" not in said
    assert content_of(await run_line(home, lines[0])).strip()


async def test_the_line_answers_other_prompts_too(installed: Installation) -> None:
    words = shlex.split(installed.curl)
    asked = json.loads(words[-1]) | {"messages": [{"role": "user", "content": "Say the word apple."}]}
    line = shlex.join([*words[:-1], json.dumps(asked)])
    first = content_of(await run_line(installed.home, installed.curl))
    assert content_of(await run_line(installed.home, line)) != first


async def test_a_second_one_beside_it_says_so_and_leaves_the_first_alone(installed: Installation) -> None:
    home = installed.home
    done = await home.run("up", "--models", "none", "--port", str(free_port()), "--data-dir", str(home.data_dir))
    assert done.returncode == 1
    assert "already running with this data folder" in done.stderr
    assert home.url in done.stderr
    assert "Traceback" not in done.stderr
    other = home.folder / "other-data"
    done = await home.run("up", "--models", "none", "--port", str(home.port), "--data-dir", str(other))
    assert done.returncode == 1
    assert f"{home.port}" in done.stderr
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (other / "postgres" / "cluster").exists(), "it found out before it made a database"
    assert (await Client(home.url, installed.http).get("/api/health")).status == 200


async def test_a_killed_model_is_loaded_again_or_said_to_be_away_and_never_made_up(installed: Installation) -> None:
    home = installed.home
    content_of(await run_line(home, installed.curl))
    model = home.pid_of("radiant.ai.serving.llama_child")
    os.kill(model, signal.SIGKILL)
    answer = await run_line(home, installed.curl)
    if "error" in json.loads(answer):
        assert json.loads(answer)["error"]["message"]
        answer = await run_line(home, installed.curl)
    assert content_of(answer).strip()
    assert home.pid_of("radiant.ai.serving.llama_child") != model


async def test_a_killed_database_is_started_again(installed: Installation) -> None:
    home = installed.home
    browser = await installed.browser()
    chat_id = (await browser.post("/api/chats", {"title": "Kept"})).json()["id"]
    postmaster = home.postmaster()
    os.kill(postmaster, signal.SIGKILL)
    await home.said("the database ended; starting it again", 10)

    async def works_again() -> Answer | None:
        answer = await browser.get(f"/api/chats/{chat_id}")
        return answer if answer.status == 200 else None

    answer = await soon(works_again, 60)
    assert answer.json()["title"] == "Kept"
    assert home.postmaster() != postmaster
    assert content_of(await run_line(home, installed.curl)).strip()


async def story(browser: Client, url: str) -> tuple[str, str]:
    """Begin an answer that takes minutes, from an upstream on loopback; (chat, what was heard of it)."""
    connection = {"api_key": KEY, "base_url": url, "shared": True}
    answer = await browser.put("/api/providers/openai", connection)
    assert answer.status == 200, answer.body
    chat_id, run_id = await ask(browser, "gpt-4o", "Tell me a long story.")
    heard = await read_some(browser, run_id, 60)
    return chat_id, heard


async def kept_as_interrupted(browser: Client, chat_id: str, heard: str) -> None:
    async def ended() -> dict[str, object] | None:
        message = await the_answer(browser, chat_id)
        return message if message["status"] != "streaming" else None

    message = await soon(ended, 30)
    assert message["status"] == "failed"
    assert message["error"]["slug"] == "interrupted"
    kept = message["content"][0]["text"]
    assert LONG_STORY.startswith(kept)
    # Text is written every 200 ms, and the upstream says 50 words a second.
    assert len(kept.split()) >= len(heard.split()) - 30
    again = await browser.post(f"/api/chats/{chat_id}/messages/{message['id']}/retry", {})
    assert again.status == 201, again.body
    stopped = await browser.post(f"/api/runs/{again.json()['run_id']}/cancel")
    assert stopped.status == 202


async def test_after_a_kill_9_of_the_api_it_is_started_again_and_the_chat_shows_what_was_said(
    installed: Installation,
) -> None:
    home = installed.home
    async with openai_upstream() as upstream:
        upstream.default = Say(LONG_STORY, gap=0.02)
        browser = await installed.browser()
        chat_id, heard = await story(browser, upstream.url)
        api = home.pid_of("radiant serve")
        os.kill(api, signal.SIGKILL)
        await home.said("serve ended (exit -9); starting it again")
        await kept_as_interrupted(browser, chat_id, heard)
        assert home.pid_of("radiant serve") != api


async def test_after_a_kill_9_of_the_supervisor_up_starts_again_and_the_chat_shows_what_was_said(
    installed: Installation,
) -> None:
    home = installed.home
    async with openai_upstream() as upstream:
        upstream.default = Say(LONG_STORY, gap=0.02)
        chat_id, heard = await story(await installed.browser(), upstream.url)
        before = [pid for pid, line in home.processes().items() if "radiant" in line and "postgres" not in line]
        assert await home.end(signal.SIGKILL) == -signal.SIGKILL
        assert not await gone(home, before), "what it started ends with it"
        await home.up()
        await kept_as_interrupted(await installed.browser(), chat_id, heard)


async def test_ctrl_c_stops_everything_and_the_second_start_is_quick_and_gives_no_password(
    installed: Installation,
) -> None:
    home = installed.home
    content_of(await run_line(home, installed.curl))
    lines = home.processes().values()
    assert any("llama_child" in line for line in lines)
    assert any("postgres" in line for line in lines)
    assert await home.end(signal.SIGINT) == 0
    assert not home.processes()

    # 3 seconds on a machine with nothing else to do. Here others' tests run beside, so what counts is the work: about half
    # of what the first start did, which made the database.
    await home.up()
    assert home.processor_seconds() < 0.7 * installed.first_start
    assert home.out.read_text() == ""
    said = home.err.read_text()
    assert home.url in said
    assert "password" not in said
    assert content_of(await run_line(home, installed.curl)).strip(), "the key of the first start still works"
    assert await home.end(signal.SIGTERM) == 0
    assert not home.processes()
