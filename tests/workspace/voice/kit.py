"""What tests of voice say again and again."""

import io
import math
import struct
import wave
from typing import Any

import aiohttp

from tests.kit.server import Answer, Client
from tests.kit.speech_upstream import SpeechUpstream

VOICE = "/api/voice"
SESSIONS = f"{VOICE}/sessions"
KEY = "dg-key-0123456789"


def tone(seconds: float, rate: int = 16_000) -> bytes:
    """A WAV file of a tone."""
    samples = [round(8000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(round(seconds * rate))]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


async def connect(operator: Client, upstream: SpeechUpstream, provider: str = "deepgram") -> None:
    """Connect everybody to a provider."""
    body = {"api_key": KEY, "base_url": upstream.url, "shared": True}
    answer = await operator.put(f"/api/providers/{provider}", body)
    assert answer.status == 200, answer.body


async def begin(client: Client, session_type: str = "stt", **options: Any) -> str:
    """The id of a new session."""
    answer = await client.post(SESSIONS, {"session_type": session_type, **options})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def hear(client: Client, session_id: str, data: bytes, name: str = "a.wav", **fields: str) -> Answer:
    """Send a recording."""
    form = aiohttp.FormData()
    form.add_field("file", data, filename=name, content_type="audio/wav")
    for field, value in fields.items():
        form.add_field(field, value)
    return await client.send("POST", f"{SESSIONS}/{session_id}/transcriptions", data=form)
