"""WS /v1/listen: Deepgram's live transcription, by any model that hears.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from radiant.ai.speech.g711 import Codec, expander
from radiant.ai.speech.service import AUTO, ListeningIt
from radiant.ai.speech.speech import Ended, Finalized, Heard, Part, Started, Transcript
from radiant.doors.gateway.deepgram import how_of, words_of
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.sound_socket import SoundSocket
from radiant.kit.text import quoted
from radiant.kit.together import together

PATH = "/v1/listen"
# Who sends neither sound nor KeepAlive for so long has gone.
_SILENT_SECONDS = 10.0
_LATE = "NET-0001: neither sound nor KeepAlive came for ten seconds"
LONGEST_SECONDS = 4 * 3600.0
"""Of one stream."""
_CODECS: dict[str, Codec | None] = {"linear16": None, "mulaw": "ulaw", "alaw": "alaw"}


class _Control(msgspec.Struct):
    type: str = ""


class Live:
    """One stream. Raises BadRequest for what the address asks."""

    def __init__(self, socket: SoundSocket) -> None:
        query = socket.query()
        encoding = query.text("encoding", "linear16")
        if encoding not in _CODECS:
            raise BadRequest(
                f"encoding: a stream is heard as {', '.join(_CODECS)}; recordings of other kinds by POST", "encoding"
            )
        if query.whole("channels", 1, 1, 8) != 1:
            raise BadRequest("channels: a stream has one", "channels")
        silence = query.text("endpointing", "300")
        wait = 10 if silence == "false" else query.whole("endpointing", 300, 10, 5000) / 1000
        codec = _CODECS[encoding]
        self._plain = expander(codec) if codec else None
        rate = query.whole("sample_rate", 8_000 if codec else 16_000, 8000, 48_000)
        self.how = msgspec.structs.replace(how_of(query), rate=rate, end_silence=wait)
        self.name = query.text("model", AUTO)
        self._interim = query.flag("interim_results")
        self._events = query.flag("vad_events")
        self._utterances = bool(query.text("utterance_end_ms"))
        self._socket = socket
        self._asked_final = False

    async def run(self, listening: ListeningIt) -> None:
        """Until the client has sent all and was told all."""
        async with together() as group:
            group.create_task(self._tell(listening))
            group.create_task(self._hear(listening))
        await self._socket.send({
            "type": "Metadata", "transaction_key": "deprecated", "request_id": self._socket.request_id, "sha256": "",
            "created": datetime.now(UTC).isoformat(), "duration": round(listening.seconds, 3), "channels": 1,
        })  # fmt: skip
        await self._socket.hang_up()

    async def _hear(self, listening: ListeningIt) -> None:
        while True:
            message = await self._socket.receive(_SILENT_SECONDS, _LATE)
            if isinstance(message, str):
                if await self._ends(listening, message):
                    await listening.close()
                    return
            elif message:
                if listening.seconds > LONGEST_SECONDS:
                    raise BadRequest("a stream may last four hours; begin another one")
                await listening.send(self._plain(message) if self._plain else message)

    async def _ends(self, listening: ListeningIt, text: str) -> bool:
        try:
            control = msgspec.json.decode(text, type=_Control)
        except msgspec.DecodeError as error:
            raise BadRequest(f"DATA-0000: a text message is a JSON object with a type: {error}") from error
        match control.type:
            case "KeepAlive":
                return False
            case "Finalize":
                self._asked_final = True
                await listening.finalize()
                return False
            case "CloseStream":
                return True
            case _:
                raise BadRequest(f"there is no message of type {quoted(control.type)}")

    async def _tell(self, listening: ListeningIt) -> None:
        model = listening.bill.model
        about = {
            "request_id": self._socket.request_id, "model_uuid": model.id,
            "model_info": {"name": model.display_name, "version": "", "arch": model.provider},
        }  # fmt: skip
        async for heard in listening:
            if (message := self._message(heard, about)) is not None:
                await self._socket.send(message)

    def _message(self, heard: Heard, about: dict[str, Any]) -> dict[str, Any] | None:
        match heard:
            case Started(at):
                return {"type": "SpeechStarted", "channel": [0], "timestamp": at} if self._events else None
            case Ended(at):
                return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": at} if self._utterances else None
            case Part():
                return self._results(heard, about)
            case Finalized():
                # Its results have said so.
                return None

    def _results(self, part: Part, about: dict[str, Any]) -> dict[str, Any] | None:
        if not part.final and not self._interim:
            return None
        words = words_of(Transcript(text=part.text, words=part.words))
        alternative = {"transcript": part.text, "confidence": part.confidence or 0.0, "words": words}
        asked, self._asked_final = part.final and self._asked_final, self._asked_final and not part.final
        return {
            "type": "Results", "channel_index": [0, 1], "start": part.start, "duration": part.duration,
            "is_final": part.final, "speech_final": part.ended, "from_finalize": asked,
            "channel": {"alternatives": [alternative]}, "metadata": about,
        }  # fmt: skip
