"""WS /v1/speech-to-text/realtime: ElevenLabs' live transcription, by any model that hears.
https://elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime"""

import asyncio
import base64
import binascii

import msgspec

from radiant.ai.providers.errors import CutStream
from radiant.ai.speech.g711 import expander
from radiant.ai.speech.service import ListeningIt
from radiant.ai.speech.speech import Finalized, Listen, Part, Word
from radiant.doors.gateway.deepgram_live import LONGEST_SECONDS
from radiant.doors.gateway.elevenlabs import words_of
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.sound_socket import SoundSocket
from radiant.kit.errors import Problem
from radiant.kit.text import quoted
from radiant.kit.together import together

PATH = "/v1/speech-to-text/realtime"
_RATES = {f"pcm_{rate}": rate for rate in (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)} | {"ulaw_8000": 8_000}
_SILENT_SECONDS = 60.0
_LATE = "nothing came for a minute"
# Not every model says so where it has nothing to add.
_COMMIT_SECONDS = 5.0


class _Chunk(msgspec.Struct):
    message_type: str = ""
    audio_base_64: str = ""
    commit: bool = False


class Live:
    """One stream. Raises BadRequest for what the address asks."""

    def __init__(self, socket: SoundSocket) -> None:
        query = socket.query()
        form = query.text("audio_format", "pcm_16000")
        if form not in _RATES:
            raise BadRequest(f"audio_format: one of {', '.join(_RATES)}", "audio_format")
        strategy = query.text("commit_strategy", "manual")
        if strategy not in ("manual", "vad"):
            raise BadRequest("commit_strategy: manual or vad", "commit_strategy")
        silence = query.number("vad_silence_threshold_secs", 1.5 if strategy == "vad" else 0.5, 0.3, 3.0)
        self.name = query.text("model_id")
        if not self.name:
            raise BadRequest("model_id: name one, as scribe_v2_realtime, or auto", "model_id")
        terms = query.all("keyterms")
        if len(terms) > 50:
            raise BadRequest("keyterms: at most 50", "keyterms")
        self.how = Listen(
            model="", language=query.text("language_code") or None, rate=_RATES[form], end_silence=silence, terms=terms
        )
        self._plain = expander("ulaw") if form == "ulaw_8000" else None
        self._timed = query.flag("include_timestamps")
        self._manual = strategy == "manual"
        self._config = {
            "sample_rate": _RATES[form], "audio_format": form, "language_code": self.how.language,
            "commit_strategy": strategy, "vad_silence_threshold_secs": silence, "model_id": self.name,
            "include_timestamps": self._timed,
        }  # fmt: skip
        self._socket = socket
        self._text: list[str] = []
        self._words: list[Word] = []
        self._asked: asyncio.TimerHandle | None = None
        self._due = asyncio.Event()

    async def run(self, listening: ListeningIt) -> None:
        """Until the client goes: this protocol has no word for the end."""
        await self._socket.send({
            "message_type": "session_started", "session_id": self._socket.request_id, "config": self._config,
        })  # fmt: skip
        try:
            async with self._socket.telling(_error), together() as group:
                group.create_task(self._hear(listening))
                group.create_task(self._commit_in_time())
                await self._tell(listening)
                raise CutStream("the model ended the stream", provider=listening.bill.model.provider)
        finally:
            self._forget()

    # --- what comes ---

    async def _hear(self, listening: ListeningIt) -> None:
        while True:
            data = await self._socket.receive(_SILENT_SECONDS, _LATE)
            try:
                chunk = msgspec.json.decode(data, type=_Chunk)
                if chunk.message_type != "input_audio_chunk":
                    raise BadRequest(f"there is no message of type {quoted(chunk.message_type)}")
                sound = base64.b64decode(chunk.audio_base_64, validate=True)
            except (msgspec.DecodeError, binascii.Error) as error:
                raise BadRequest(f"a message is JSON with message_type and audio_base_64: {error}") from error
            if listening.seconds > LONGEST_SECONDS:
                raise BadRequest("a stream may last four hours; begin another one")
            if sound:
                await listening.send(self._plain(sound) if self._plain else sound)
            if chunk.commit:
                self._forget()
                self._asked = asyncio.get_running_loop().call_later(_COMMIT_SECONDS, self._due.set)
                await listening.finalize()

    # --- what is told ---

    async def _tell(self, listening: ListeningIt) -> None:
        async for heard in listening:
            if isinstance(heard, Finalized) and self._asked is not None:
                await self._commit()
            if not isinstance(heard, Part):
                continue
            if not heard.final:
                if text := " ".join([*self._text, heard.text]).strip():
                    await self._socket.send({"message_type": "partial_transcript", "text": text})
                continue
            if heard.text:
                self._text.append(heard.text)
                self._words += heard.words
            if not self._manual and heard.ended:
                await self._commit()

    async def _commit_in_time(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await self._commit()

    async def _commit(self) -> None:
        asked = self._asked is not None
        self._forget()
        text, words = " ".join(self._text), self._words
        self._text, self._words = [], []
        if not text and not asked:
            return
        await self._socket.send({"message_type": "committed_transcript", "text": text})
        if self._timed:
            await self._socket.send({
                "message_type": "committed_transcript_with_timestamps", "text": text,
                "language_code": self.how.language, "words": words_of(words),
            })  # fmt: skip

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        self._due.clear()


def _error(problem: Problem) -> dict[str, str]:
    kind = {429: "rate_limited", 402: "quota_exceeded"}.get(problem.status)
    return {
        "message_type": kind or ("transcriber_error" if problem.status >= 500 else "input_error"),
        "error": problem.detail,
    }
