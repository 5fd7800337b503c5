"""The page of videos: upload, scenes, words, a question about a moment; and Chromium's own camera, which shows a clock."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.kit.speech_upstream import SpeechUpstream
from tests.kit.upstream import Upstream
from tests.kit.video import video
from tests.workspace.voice.kit import tone

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

# The work is done by a job, on a machine that does other things besides.
LONG = 120_000


async def _picture(page: Page, name: str) -> None:
    """A picture for whoever looks, where RADIANT_TEST_PICTURES says."""
    if folder := os.environ.get("RADIANT_TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"video-{name}.png", full_page=True)


async def test_a_video_is_uploaded_its_scenes_and_words_are_gone_to_and_a_moment_is_asked_about(
    open_person: Callable[..., Any], hearing: SpeechUpstream, scripted: Upstream
) -> None:
    visit: Visit = await open_person("Vida")
    page = visit.page
    await page.goto(visit.url + "/voice")
    await page.get_by_role("button", name="Video", exact=True).click()
    await expect(page.get_by_text("No video is in this session yet")).to_be_visible()
    assert await faults_of(page) == []
    await _picture(page, "none")
    data = video(sound=tone(6.0), container="webm", codec="libvpx", size=(320, 240))
    await page.get_by_label("A video").set_input_files(
        {"name": "colours.webm", "mimeType": "video/webm", "buffer": data}
    )
    card = page.get_by_role("article", name="Video: colours.webm")
    scenes = card.get_by_role("list", name="Scenes").get_by_role("button")
    await expect(scenes).to_have_count(3, timeout=LONG)
    await expect(card.get_by_role("button", name="best")).to_be_visible(timeout=LONG)
    player = card.locator("video")
    await player.evaluate("one => new Promise(done => one.readyState > 0 ? done() : (one.onloadedmetadata = done))")
    await card.get_by_role("button", name="Scene at 0:04").click()
    assert await player.evaluate("one => one.currentTime") == pytest.approx(4.0, abs=0.3)
    await expect(card.locator("track")).to_have_count(1)
    await card.get_by_label("Ask about this moment, 0:04").fill("Which colour is that?")
    await card.get_by_role("button", name="Ask").click()
    answer = card.get_by_role("region", name="Answer")
    await expect(answer.get_by_role("link", name="Go on in the chat")).to_be_visible(timeout=LONG)
    await expect(answer).to_contain_text("Hello from upstream.", timeout=LONG)
    assert await faults_of(page) == []
    await _picture(page, "asked")
    await page.set_viewport_size(PHONE["viewport"])
    assert await faults_of(page) == []
    await _picture(page, "phone")
    await answer.get_by_role("link", name="Go on in the chat").click()
    await expect(page.get_by_text("Which colour is that?").first).to_be_visible()
    await page.go_back()
    await card.get_by_role("button", name="Delete video").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No video is in this session yet")).to_be_visible()


async def test_the_camera_is_recorded_and_a_refused_one_is_told(
    open_person: Callable[..., Any], hearing: SpeechUpstream
) -> None:
    visit: Visit = await open_person("Camille")
    page = visit.page
    await page.goto(visit.url + "/voice")
    await page.get_by_role("button", name="Video", exact=True).click()
    await page.get_by_role("button", name="Use the camera").click()
    seen = page.get_by_label("What the camera sees")
    await expect(seen).to_be_visible()
    await page.get_by_role("button", name="Record", exact=True).click()
    # Until it has seen a second of it.
    await seen.evaluate(
        "one => new Promise(done => { const look = () => one.currentTime > 1.2 ? done() : setTimeout(look, 50); look() })"
    )
    await _picture(page, "camera")
    await page.get_by_role("button", name="Stop and send").click()
    card = page.get_by_role("article", name="Video: camera.webm")
    await expect(card.get_by_role("button", name="Scene at 0:00")).to_be_visible(timeout=LONG)
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('no', 'NotAllowedError')) }"
    )
    await page.get_by_role("button", name="Use the camera").click()
    await expect(page.get_by_text("was not allowed to use the camera")).to_be_visible()
