"""What tests of voice say again and again."""

import io
import math
import struct
import wave
from array import array
from typing import Any

import aiohttp
import av

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


def opus(pcm: bytes, container: str) -> bytes:
    """PCM at 16 kHz as a browser records it: Opus in WebM or Ogg, as a stream that cannot be sought in."""
    written = _Written()
    with av.open(written, "w", format=container) as out:
        stream: Any = out.add_stream("libopus", rate=48_000)
        stream.codec_context.layout = "mono"
        for start in range(0, len(pcm), 640):
            piece = pcm[start : start + 640]
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
            frame.planes[0].update(piece.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate = 16_000
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return bytes(written.data)


class _Written:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def loudness(pcm: bytes) -> float:
    """The mean level of 16-bit samples."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    return sum(map(abs, samples)) / len(samples)


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
