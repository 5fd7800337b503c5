"""Text in pictures and scans, read by the real Tesseract from what a browser drew."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from radiant.ai.serving.packs import ModelStore
from radiant.workspace.documents.reading import EmptyDocument, read
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.kit.fixtures import models_root

pytestmark = [pytest.mark.browser, pytest.mark.model]
_TEXT = "Invoice 4711 of 3 May 2026"


@pytest.fixture
async def tessdata() -> Path:
    store = ModelStore(models_root(), use=("package",))
    await asyncio.to_thread(store.install, "tesseract-eng")
    return store.path("tesseract-eng", "eng.traineddata").parent


@pytest.fixture
async def drawn() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await browser.new_page(viewport={"width": 900, "height": 200})
            await page.set_content(f"<body style='font: 40px serif'>{_TEXT}")
            yield page
        finally:
            await browser.close()


async def test_a_picture_is_read(tessdata: Path, drawn: Page) -> None:
    found = await read(await drawn.screenshot(), "invoice.png", tessdata=tessdata)
    assert found.text.strip() == _TEXT


async def test_a_scan_is_read_and_a_pdf_with_a_title_keeps_it(tessdata: Path, drawn: Page) -> None:
    picture = base64.b64encode(await drawn.screenshot()).decode()
    await drawn.set_content(f"<title>A scan</title><img src='data:image/png;base64,{picture}'>")
    scan = await drawn.pdf()
    found = await read(scan, "scan.pdf", tessdata=tessdata)
    assert _TEXT in found.text
    assert (found.title, found.pages) == ("A scan", 1)
    with pytest.raises(EmptyDocument):
        await read(scan, "scan.pdf")
