"""The page of voice: record, upload, read, go to a word, have read out; with Chromium's own microphone, which beeps."""

import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from radiant.ai.speech.media import encode
from radiant.ai.speech.speech import SoundFormat
from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.speech_upstream import Raw, Refuse, SpeechUpstream
from tests.workspace.voice.kit import tone

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]


async def _picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"voice-{name}.png")


async def _mp3(seconds: int) -> bytes:
    async def silence() -> AsyncIterator[bytes]:
        yield bytes(seconds * 24_000 * 2)

    return b"".join([piece async for piece in encode(silence(), 24_000, SoundFormat())])


async def test_what_is_recorded_is_written_down_and_a_word_goes_to_its_moment(
    open_person: Callable[..., Any], hearing: SpeechUpstream
) -> None:
    visit: Visit = await open_person("Viola")
    page = visit.page
    await page.goto(visit.url + "/voice")
    await expect(page.get_by_text("Nothing said yet")).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "none")
    await page.get_by_role("button", name="New session").click()
    await page.get_by_role("button", name="Record", exact=True).click()
    timer = page.get_by_role("timer")
    await expect(timer).to_have_text("0:01")
    await _picture(page, "recording")
    await page.get_by_role("button", name="Stop and write down").click()
    heard = page.get_by_role("article", name="Heard: it was the best")
    await expect(heard).to_be_visible()
    (sent,) = [request.body for request in hearing.requests if request.path.endswith("/listen")]
    assert sent[:4] == b"\x1aE\xdf\xa3", "Chromium records WebM, and the provider gets that"
    sound = heard.locator("audio")
    await sound.evaluate("one => new Promise(done => one.readyState > 0 ? done() : (one.onloadedmetadata = done))")
    await heard.get_by_role("button", name="best").click()
    await expect(heard.locator("button.text-accent")).to_have_count(1)
    assert await sound.evaluate("one => one.currentTime") > 0
    assert await faults_of(page) == []
    await _picture(page, "heard")
    async with page.expect_download() as coming:
        await heard.get_by_role("link", name="VTT").click()
    assert (await (await coming.value).path()).read_text().startswith("WEBVTT")


async def test_a_recording_that_could_not_be_heard_is_sent_again(visit: Visit, hearing: SpeechUpstream) -> None:
    page = visit.page
    await page.goto(visit.url + "/voice")
    await page.get_by_role("button", name="New session").click()
    hearing.plan(*[Refuse(400)] * 3)
    await page.get_by_label("Model").first.select_option("nova-3")
    await page.get_by_label("A recording").set_input_files(
        {"name": "talk.wav", "mimeType": "audio/wav", "buffer": tone(1)}
    )
    await expect(page.get_by_role("alert")).to_contain_text("cannot take this request")
    hearing._plan.clear()
    await _picture(page, "failed")
    await page.get_by_role("button", name="Send again").click()
    await expect(page.get_by_role("article", name="Heard: it was the best")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_text_is_read_out_and_a_session_ends_and_goes(visit: Visit, speaking: SpeechUpstream) -> None:
    page = visit.page
    await page.goto(visit.url + "/voice")
    await page.get_by_role("button", name="New session").click()
    speaking.plan(Raw(await _mp3(2), "audio/mpeg"))
    await page.get_by_label("Text").fill("Good morning, everybody.")
    await page.get_by_role("button", name="Read out").click()
    said = page.get_by_role("article", name="Said: Good morning")
    # Two seconds, and what an encoder puts before and behind.
    await expect(said).to_contain_text(re.compile(r"2\.[0-2] s · EXAVITQu4vr4xnSDxMaL · eleven_multilingual_v2"))
    length = await said.locator("audio").evaluate(
        "one => new Promise(done => one.readyState > 0 ? done(one.duration)"
        " : (one.onloadedmetadata = () => done(one.duration)))"
    )
    assert 1.9 < length < 2.3
    assert await faults_of(page) == []
    await _picture(page, "said")
    await page.get_by_role("button", name="End", exact=True).click()
    await expect(page.get_by_text("This session has ended")).to_be_visible()
    await expect(page.get_by_role("button", name="Read out")).to_have_count(0)
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Voice")).to_be_visible()
    await expect(page).to_have_url(visit.url + "/voice")


async def test_a_microphone_that_is_refused_is_told_and_a_phone_shows_all(
    open_visit: Callable[..., Any], hearing: SpeechUpstream
) -> None:
    visit: Visit = await open_visit(path="/voice", **PHONE)
    page = visit.page
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('no', 'NotAllowedError')) }"
    )
    await page.get_by_role("button", name="New session").click()
    await page.get_by_role("button", name="Record", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("not allowed to use the microphone")
    assert await faults_of(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await _picture(page, "phone")
