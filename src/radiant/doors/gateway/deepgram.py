"""POST /v1/listen and /v1/speak: Deepgram's, by any model that hears or speaks. https://developers.deepgram.com/reference"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from radiant.ai.speech.media import ENCODINGS, MEDIA_TYPES, RawSound
from radiant.ai.speech.service import AUTO, HeardIt
from radiant.ai.speech.speech import Container, Listen, Say, SoundFormat, Transcript
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine, unless_gone
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.doors.gateway.query import Query
from radiant.doors.gateway.sound import heads_of, labels_of, recording, send_sound

LONGEST_TEXT = 2000
"""Characters of one request."""
_DEFAULT_VOICE = "aura-2-thalia-en"
# What else may be named, and lies in a container that tells itself.
_IN_CONTAINER = frozenset({"flac", "mp3", "opus", "ogg-opus", "aac", "amr-nb", "amr-wb", "speex"})
_OUT: Mapping[str, Container] = {
    "linear16": "pcm", "mulaw": "ulaw", "alaw": "alaw", "mp3": "mp3", "opus": "opus", "flac": "flac", "aac": "aac",
}  # fmt: skip


def how_of(query: Query) -> Listen:
    """How to hear, as the address asks. Raises BadRequest."""
    terms = [*query.all("keyterm"), *(word.split(":")[0] for word in query.all("keywords"))]
    if len(terms) > 100:
        raise BadRequest("keyterm: at most 100", "keyterm")
    return Listen(
        model="",
        language=None if query.flag("detect_language") else query.text("language") or None,
        smart_format=query.flag("smart_format") or query.flag("punctuate"),
        diarize=query.flag("diarize"),
        terms=terms,
    )


def raw_of(query: Query) -> RawSound | None:
    """What the address says of sound without a container. Raises BadRequest."""
    encoding = query.text("encoding")
    if not encoding or encoding in _IN_CONTAINER:
        return None
    if encoding not in ENCODINGS:
        raise BadRequest(f"encoding: one of {', '.join([*ENCODINGS, *sorted(_IN_CONTAINER)])}", "encoding")
    rate = query.whole("sample_rate", 16_000 if encoding.startswith("linear") else 8000, 8000, 48_000)
    return RawSound(format=ENCODINGS[encoding], rate=rate, channels=query.whole("channels", 1, 1, 8))


def model_of(query: Query) -> tuple[str, str]:
    """Who speaks, and by which voice: Deepgram's model is its voice; `<model>:<voice>` names one of another's."""
    model = query.text("model", _DEFAULT_VOICE)
    name, _, voice = model.partition(":") if ":" in model else ("aura-2", "", model)
    return name, voice


async def listen(engine: Engine, call: Call) -> None:
    """POST /v1/listen."""
    caller = await call.identify(engine.keys)
    query = Query(call.query_string)
    if call.headers.get(b"content-type", b"").lower().startswith(b"application/json"):
        raise BadRequest("url: nothing is fetched from elsewhere; send the recording itself as the body", "url")
    data = await call.body()
    if not data:
        raise BadRequest("send the recording as the body")
    how, name = how_of(query), query.text("model", AUTO)
    labels = await labels_of(engine, call, caller, streamed=False)
    async with recording(data, raw_of(query)) as sound:
        heard = await unless_gone(call, engine.speech.transcribe(caller, name, sound, how, labels))
    digest = hashlib.sha256(data).hexdigest()
    await call.answer_json(_body(heard, call.request_id, digest), headers=heads_of(heard.bill))


def words_of(transcript: Transcript) -> Sequence[Mapping[str, Any]]:
    """Words in Deepgram's form."""
    return [
        {
            "word": word.word, "start": word.start, "end": word.end, "confidence": word.confidence or 0.0,
            "punctuated_word": word.shown or word.word,
            **({"speaker": word.speaker} if word.speaker is not None else {}),
        }
        for word in transcript.words
    ]  # fmt: skip


def _body(heard: HeardIt, request_id: str, digest: str) -> dict[str, Any]:
    transcript, model = heard.transcript, heard.bill.model
    alternative = {
        "transcript": transcript.text,
        "confidence": transcript.confidence or 0.0,
        "words": words_of(transcript),
    }
    channel: dict[str, Any] = {"alternatives": [alternative]}
    if transcript.language:
        channel["detected_language"] = transcript.language
    return {
        "metadata": {
            "transaction_key": "deprecated", "request_id": request_id, "sha256": digest,
            "created": datetime.now(UTC).isoformat(), "duration": transcript.duration, "channels": 1,
            "models": [model.id],
            "model_info": {model.id: {"name": model.display_name, "version": "", "arch": model.provider}},
        },
        "results": {"channels": [channel]},
    }  # fmt: skip


class _Asked(msgspec.Struct):
    text: str


async def speak(engine: Engine, call: Call) -> None:
    """POST /v1/speak."""
    caller = await call.identify(engine.keys)
    query = Query(call.query_string)
    text = decode(await call.body(), _Asked).text
    if not text.strip():
        raise BadRequest("text: give a text to say", "text")
    if len(text) > LONGEST_TEXT:
        raise BadRequest(f"text: at most {LONGEST_TEXT} characters; say it in pieces", "text")
    encoding = query.text("encoding", "mp3")
    container = _OUT.get(encoding)
    if container is None:
        raise BadRequest(f"encoding: one of {', '.join(_OUT)}", "encoding")
    if container == "pcm" and query.text("container", "wav") == "wav":
        container = "wav"
    rate = query.whole("sample_rate", 8000 if container in ("ulaw", "alaw") else 24000, 8000, 48000)
    bitrate = query.whole("bit_rate", 0, 0, 650_000) or None
    name, voice = model_of(query)
    labels = await labels_of(engine, call, caller, streamed=True)
    what = Say(model="", voice=voice, text=text, format=SoundFormat(container=container, rate=rate, bitrate=bitrate))
    async with await unless_gone(call, engine.speech.speak(caller, name, what, labels)) as speaking:
        bill = speaking.bill
        told = {"dg-model-name": bill.model.id, "dg-char-count": str(len(text)), "dg-request-id": call.request_id}
        await send_sound(call, speaking, MEDIA_TYPES[container], told)
