"""Talking with a model on the page, with Chromium's own microphone, which beeps. Most tests play the server's part on the
page's socket, so that each moment of a conversation can be held and looked at; the last one talks to the server."""

import asyncio
import json
import math
import os
import re
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.speech_upstream import Refuse, SpeechUpstream, speech_upstream
from tests.kit.upstream import Say, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

SOCKET = "**/api/voice/realtime"
RATE = 24_000


async def _picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"talk-{name}.png")


@pytest.fixture
async def deepgram(visit: Visit) -> AsyncIterator[SpeechUpstream]:
    """It hears and speaks, on loopback."""
    async with speech_upstream() as running:
        body = {"api_key": "dg-scripted-0123", "base_url": running.url, "shared": True}
        await visit.call("PUT", "/api/providers/deepgram", body)
        yield running
        await visit.call("DELETE", "/api/providers/deepgram")


class Server:
    """The server's part of each connection that the page makes; what it was told is kept."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.sound = 0
        self.connections = 0
        self.socket: WebSocketRoute | None = None
        self._changed = asyncio.Condition()
        self._tasks = set[asyncio.Task[None]]()

    async def play_on(self, page: Page) -> None:
        """Before the page is loaded."""
        await page.route_web_socket(SOCKET, self._begin)

    def _begin(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        self.connections += 1
        socket.on_message(self._take)

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.sound += len(message)
        else:
            told = json.loads(message)
            self.told.append(told)
            if told["type"] == "start":
                ready = {
                    "session_id": told["session_id"], "chat_id": told["session_id"], "hear_model": "nova-3",
                    "speak_model": "aura-2", "voice_id": told["voice_id"], "rate": RATE,
                }  # fmt: skip
                self.tell("ready", **ready)
            if told["type"] == "end":
                self.tell("ended")
        task = asyncio.create_task(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for what the page does."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(true)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What it was told of that kind."""
        return [told for told in self.told if told["type"] == kind]

    def tell(self, kind: str, **told: Any) -> None:
        """Tell the page."""
        assert self.socket is not None
        self.socket.send(json.dumps({"type": kind, **told}))

    def say(self, turn: int, text: str, seconds: float) -> None:
        """A sentence of a turn, and its sound, in tenths of a second."""
        self.tell("speaking", turn=turn, text=text)
        assert self.socket is not None
        for tenth in range(round(seconds * 10)):
            samples = [
                round(3000 * math.sin(2 * math.pi * 330 * at / RATE))
                for at in range(tenth * RATE // 10, (tenth + 1) * RATE // 10)
            ]
            self.socket.send(struct.pack("<I", turn) + struct.pack(f"<{len(samples)}h", *samples))


ANSWER = "The best of times was **long ago**. The worst of times was not far from it, as [the book](https://example.com) says."


async def _begun(page: Page, url: str) -> Server:
    server = Server()
    await server.play_on(page)
    await page.goto(url + "/voice")
    await page.get_by_role("button", name="Talk", exact=True).click()
    await expect(page.get_by_role("status").filter(has_text="Listening. Speak whenever you like")).to_be_visible()
    return server


async def test_what_is_said_appears_is_answered_aloud_and_can_be_interrupted(
    open_person: Callable[..., Any], deepgram: SpeechUpstream
) -> None:
    visit: Visit = await open_person("Talkina")
    page = visit.page
    server = await _begun(page, visit.url)
    (start,) = server.of("start")
    assert (start["format"], start["rate"], start["hands_free"]) == ("pcm16", 16_000, True)
    assert page.url.endswith(f"/voice/{start['session_id']}/talk")
    # The microphone is heard: a second of it, in 16-bit samples at 16 kHz.
    await server.until(lambda: server.sound >= 32_000)
    await _picture(page, "listening")
    state = page.get_by_label("Controls").get_by_role("status").first
    server.tell("speech_started", at=0.2)
    await expect(state).to_have_text("Hearing you")
    server.tell("partial", text="when was the")
    said = page.get_by_role("article", name="You")
    await expect(said.get_by_text("when was the")).to_be_visible()
    server.tell("final", text="When was the best of times,")
    server.tell("partial", text="and the wor")
    await expect(said).to_contain_text("When was the best of times, and the wor")
    assert await faults_of(page) == []
    await _picture(page, "hearing")
    server.tell("turn", turn=1, text="When was the best of times, and the worst?", message_id=start["session_id"])
    await expect(state).to_have_text("Thinking")
    await expect(said).to_contain_text("When was the best of times, and the worst?")
    server.tell("answer", turn=1, message_id=start["session_id"], model="gpt-5")
    for word in ANSWER.split(" "):
        server.tell("delta", turn=1, text=word + " ")
    server.say(1, "The best of times was long ago.", 1.5)
    server.say(1, "The worst of times was not far from it, as the book says.", 60)
    await expect(state).to_have_text("Speaking")
    answer = page.get_by_role("article", name="Answer")
    await expect(answer).to_contain_text("long ago")
    caption = page.locator("[data-caption]")
    await expect(caption).to_have_text("The worst of times was not far from it, as the book says.")
    # Marked where it stands, across the link.
    marked = "CSS.highlights.has('spoken') && [...CSS.highlights.get('spoken')].join()"
    await page.wait_for_function(f"{marked} === 'The worst of times was not far from it, as the book says'")
    # It is told how much came out.
    await server.until(lambda: server.of("played")[-1]["ms"] > 1500 if server.of("played") else False)
    assert await faults_of(page) == []
    await _picture(page, "speaking")
    await page.keyboard.press("Escape")
    await server.until(lambda: bool(server.of("interrupt")))
    assert [told["type"] for told in server.told[-2:]] == ["played", "interrupt"]
    await expect(caption).to_have_count(0)
    server.tell("interrupted", turn=1, heard_ms=2300, heard_text="The best of times was long ago. The worst of")
    server.tell("timings", turn=1, transcript_final_ms=412, first_token_ms=900, first_audio_ms=1240, cancel_ms=61)
    await expect(answer).to_contain_text("Interrupted here, after 2.3 s")
    await expect(answer.locator("[data-answer]")).to_have_text("The best of times was long ago. The worst of")
    await answer.get_by_text("How long it took").click()
    await expect(answer).to_contain_text("0.4 s understood, 0.9 s first word, 1.2 s first sound")
    await expect(state).to_have_text("Listening. Speak whenever you like")
    assert await faults_of(page) == []
    await _picture(page, "interrupted")


async def test_a_broken_connection_is_made_again_and_what_was_said_stays(
    visit: Visit, deepgram: SpeechUpstream
) -> None:
    page = visit.page
    server = await _begun(page, visit.url)
    server.tell("turn", turn=1, text="Hello?", message_id="m")
    server.tell("delta", turn=1, text="Hello to you.")
    await expect(page.get_by_role("article", name="Answer")).to_have_text("AnswerHello to you.")
    assert server.socket is not None
    await server.socket.close(code=1012, reason="restarting")
    await server.until(lambda: server.connections == 2 and len(server.of("start")) == 2)
    state = page.get_by_label("Controls").get_by_role("status").first
    await expect(state).to_have_text("Listening. Speak whenever you like")
    await expect(page.get_by_text("Hello to you.")).to_be_visible()
    server.tell("error", type_slug="limit", detail="A conversation lasts an hour at most.", fatal=True)
    await expect(page.get_by_role("alert")).to_have_text("A conversation lasts an hour at most.")
    await expect(page.get_by_role("button", name="Go on talking")).to_be_visible()
    await _picture(page, "fatal")


async def test_a_conversation_is_led_by_keys_alone(visit: Visit, deepgram: SpeechUpstream) -> None:
    page = visit.page
    server = await _begun(page, visit.url)
    state = page.get_by_label("Controls").get_by_role("status").first
    await page.keyboard.press("m")
    await expect(state).to_have_text("Microphone off")
    await page.keyboard.down(" ")
    await expect(page.get_by_role("button", name="Let go to send")).to_be_visible()
    before = server.sound
    await server.until(lambda: server.sound > before)
    await page.keyboard.up(" ")
    await server.until(lambda: len(server.of("commit")) == 1)
    await expect(state).to_have_text("Microphone off")
    await page.keyboard.press("m")
    await expect(state).to_have_text("Listening. Speak whenever you like")
    box = page.get_by_label("Type instead")
    await box.focus()
    await page.keyboard.type("a typed turn")
    await page.keyboard.press("Enter")
    await server.until(lambda: bool(server.of("text")))
    assert server.of("text") == [{"type": "text", "text": "a typed turn"}]
    assert len(server.of("commit")) == 1, "a space that is typed is no talk"
    # Without hands-free nothing is sent but what is said while the button is held.
    await page.get_by_label("Hands-free").uncheck()
    await server.until(lambda: len(server.of("start")) == 2)
    assert server.of("start")[-1]["hands_free"] is False
    await expect(state).to_have_text("Ready. Hold the button and speak")
    await page.get_by_role("button", name="End", exact=True).click()
    await server.until(lambda: bool(server.of("end")))
    await expect(page.get_by_text("This conversation has ended")).to_be_visible()


async def test_a_voice_and_models_are_chosen_and_kept(
    open_person: Callable[..., Any], deepgram: SpeechUpstream
) -> None:
    visit: Visit = await open_person("Choosita")
    page = visit.page
    server = await _begun(page, visit.url)
    await page.get_by_role("button", name="How to talk").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Hearing model").select_option("nova-3")
    await dialog.get_by_label("Voice").select_option(label="Thalia (en)")
    await dialog.get_by_label("Pause that ends your turn").select_option("800")
    await expect(dialog.get_by_label("Microphone")).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "choices")
    await dialog.get_by_role("button", name="Use these").click()
    await server.until(lambda: len(server.of("start")) == 2)
    start = server.of("start")[-1]
    assert (start["hear_model"], start["voice_id"], start["end_silence_ms"]) == ("nova-3", "aura-2-thalia-en", 800)
    await page.reload()
    # A page that is loaded again does not listen by itself.
    await expect(page.get_by_role("button", name="Start talking")).to_be_visible()
    await _picture(page, "begin")
    await page.get_by_role("button", name="Start talking").click()
    await server.until(lambda: len(server.of("start")) == 3)
    assert server.of("start")[-1]["voice_id"] == "aura-2-thalia-en"


async def test_a_refused_microphone_is_told_and_typing_goes_on_on_a_phone(
    open_visit: Callable[..., Any], deepgram: SpeechUpstream
) -> None:
    visit: Visit = await open_visit(**PHONE, color_scheme="dark", reduced_motion="reduce")
    page = visit.page
    await page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    server = Server()
    await server.play_on(page)
    await page.goto(visit.url + "/voice")
    await page.get_by_role("button", name="Talk", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("not allowed to use the microphone")
    await page.get_by_label("Type instead").fill("Good morning")
    await page.get_by_role("button", name="Send").click()
    await server.until(lambda: bool(server.of("text")))
    server.tell("turn", turn=1, text="Good morning", message_id="m")
    server.tell("delta", turn=1, text=ANSWER)
    server.say(1, "The best of times was long ago.", 60)
    await expect(page.locator("[data-caption]")).to_have_text("The best of times was long ago.")
    assert await faults_of(page) == []
    await _picture(page, "phone")


async def test_a_chat_goes_on_by_voice_and_shows_what_was_written(
    visit: Visit, scripted: Upstream, deepgram: SpeechUpstream
) -> None:
    page = visit.page
    server = Server()
    await server.play_on(page)
    chat = await visit.call("POST", "/api/chats", {"model": "gpt-4o", "title": "Of whales"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await visit.ask("What is a whale?")
    await expect(page.locator("[data-figures]").last).to_be_visible()
    await page.get_by_role("button", name="Talk", exact=True).click()
    await server.until(lambda: bool(server.of("start")))
    session = await visit.call("GET", f"/api/voice/sessions/{server.of('start')[0]['session_id']}")
    assert session["chat_id"] == chat["id"]
    await expect(page.get_by_role("article", name="You")).to_contain_text("What is a whale?")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("Hello from upstream.")
    await _picture(page, "earlier")
    await page.get_by_role("link", name="Back to Voice").click()
    await expect(page.get_by_role("link", name="Conversation of").first).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "list")


async def test_speech_providers_are_connected_on_the_page(visit: Visit) -> None:
    page = visit.page
    await page.goto(visit.url + "/settings/providers")
    async with speech_upstream() as upstream:
        for name in ("Deepgram", "ElevenLabs"):
            await page.get_by_role("button", name=f"Connect {name}").click()
            dialog = page.get_by_role("dialog")
            await dialog.get_by_label("API key").fill("wrong-key-0123")
            await dialog.get_by_role("button", name="Use another address").click()
            await dialog.get_by_label("Address").fill(upstream.url)
            await _picture(page, f"connect-{name.lower()}")
            style = "deepgram" if name == "Deepgram" else "elevenlabs"
            upstream.plan(Refuse(401, style, "INVALID_AUTH", "Invalid credentials."))
            await dialog.get_by_role("button", name="Test and save").click()
            await expect(dialog.get_by_role("alert")).to_contain_text(
                f"{name} was tried and failed: it refused the key"
            )
            await _picture(page, f"refused-{name.lower()}")
            await dialog.get_by_label("API key").fill("right-key-0123")
            await dialog.get_by_role("button", name="Test and save").click()
            await expect(page.get_by_role("button", name=f"Disconnect {name}")).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Disconnect Deepgram").scroll_into_view_if_needed()
        await _picture(page, "providers")
        voices = (await visit.call("GET", "/api/voice/voices"))["items"]
        assert {"aura-2-thalia-en", "EXAVITQu4vr4xnSDxMaL"} <= {voice["id"] for voice in voices}
        for name in ("Deepgram", "ElevenLabs"):
            await page.get_by_role("button", name=f"Disconnect {name}").click()
            await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
            await expect(page.get_by_role("button", name=f"Connect {name}")).to_be_visible()


WHALE = (
    "A whale is a very large animal that lives in the sea. It breathes air, as we do, and comes up for it."
    " There are many kinds of them. The blue whale is the largest animal that there has ever been, as far as is known."
    + " And it swims on and on, from one end of the sea to the other, and sings while it does."
    * 8
)


async def test_the_whole_loop_with_the_server_talk_answer_interrupt_and_talk_again(
    visit: Visit, scripted: Upstream, deepgram: SpeechUpstream
) -> None:
    page = visit.page
    deepgram.scripted = True
    scripted.answering = lambda body: Say("A shark is a fish." if "shark" in json.dumps(body) else WHALE)
    chat = await visit.call("POST", "/api/chats", {"model": "gpt-4o", "title": "Of whales, aloud"})
    await page.goto(f"{visit.url}/chat/{chat['id']}")
    await page.get_by_role("button", name="Talk", exact=True).click()
    state = page.get_by_label("Controls").get_by_role("status").first
    await expect(state).to_have_text("Listening. Speak whenever you like")
    await deepgram.starts(0.2)
    await expect(state).to_have_text("Hearing you")
    await deepgram.tells("what is", 0.2, final=False)
    said, answers = page.get_by_role("article", name="You"), page.locator("[data-answer]")
    await expect(said).to_contain_text("what is")
    await deepgram.tells("what is a whale", 0.2)
    await expect(said).to_contain_text("what is a whale")
    await expect(answers).to_contain_text("as far as is known. And it swims")
    caption = page.locator("[data-caption]")
    # The first sentence has been heard, then, out of the loudspeaker; much is to come.
    later = re.compile("breathes|kinds|blue whale|swims on")
    await expect(caption).to_contain_text(later, timeout=60_000)
    await _picture(page, "server-speaking")
    await deepgram.tells("no wait", 8.0, final=False)
    await expect(page.get_by_text("Interrupted here")).to_be_visible()
    await expect(caption).to_have_count(0)
    heard = await answers.first.inner_text()
    assert WHALE.startswith(heard) and heard.startswith("A whale is a very large animal") and heard != WHALE
    await deepgram.tells("no wait what is a shark", 8.0)
    await expect(said).to_have_count(2)
    await expect(answers.last).to_have_text("A shark is a fish.")
    await _picture(page, "server-again")
    # To the end: what is ended before it was heard is cut, too.
    await expect(state).to_have_text("Listening. Speak whenever you like")
    (session,) = [
        each for each in (await visit.call("GET", "/api/voice/sessions"))["items"] if each["chat_id"] == chat["id"]
    ]
    turns = (await visit.call("GET", f"/api/voice/sessions/{session['id']}/turns"))["items"]
    assert sorted((turn["number"], turn["interrupted"]) for turn in turns)[0] == (1, True)
    messages = (await visit.call("GET", f"/api/chats/{chat['id']}"))["messages"]
    first = next(message for message in messages if message["role"] == "assistant")
    assert "".join(part["text"] for part in first["content"]) == heard
    await page.get_by_role("button", name="End", exact=True).click()
    await expect(page.get_by_text("This conversation has ended")).to_be_visible()
    assert (await visit.call("GET", f"/api/voice/sessions/{session['id']}"))["ended_at"] is not None
    await page.get_by_role("link", name="Open the chat").click()
    await expect(page.get_by_role("article", name="You")).to_have_count(2)
    await expect(page.locator("[data-answer]").last).to_have_text("A shark is a fish.")
    await expect(page.get_by_text("Interrupted while it was read out")).to_have_count(1)
