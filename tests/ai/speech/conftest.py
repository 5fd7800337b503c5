"""An upstream that hears and speaks, a client of HTTP, and a recording."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from radiant.ai.speech.media import wav_header
from radiant.ai.speech.speech import Sound
from radiant.infra.httpclient import HttpClient
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=30.0) as client:
        yield client


@pytest.fixture
async def speech() -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream(key="the-key") as upstream:
        yield upstream


@pytest.fixture
async def sound(tmp_path: Path) -> Sound:
    """A second of silence as WAV, looked into."""
    pcm = bytes(32_000)
    original, plain = tmp_path / "a.wav", tmp_path / "a.pcm"
    await asyncio.to_thread(original.write_bytes, wav_header(16_000, 16_000) + pcm)
    await asyncio.to_thread(plain.write_bytes, pcm)
    return Sound(original=original, media_type="audio/wav", pcm=plain, duration=1.0)
