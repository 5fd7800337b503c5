"""The official SDKs of OpenAI, Deepgram and ElevenLabs against /v1, with providers on loopback behind it."""

import asyncio
import base64
import json
import struct
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.doors.gateway.test_policies import make
from tests.doors.gateway.test_policies_guardrails import put
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.speech_upstream import Cut, Refuse, SpeechUpstream, speech_upstream
from tests.workspace.voice.kit import connect, tone

# Of both SDKs with the newest websockets.
pytestmark = pytest.mark.filterwarnings("ignore:(websockets|ConnectionClosed):DeprecationWarning")

SARAH = "EXAVITQu4vr4xnSDxMaL"


@pytest.fixture
async def speech(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    """One upstream for Deepgram and ElevenLabs."""
    async with speech_upstream() as running:
        for provider in ("deepgram", "elevenlabs"):
            await connect(callers.operator, running, provider)
        yield running


@pytest.fixture
def secret(key: Client) -> str:
    return key.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def sdk(key: Client, secret: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


def deepgram(base: str, secret: str, http: httpx.Client) -> Any:
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    sockets = base.replace("http", "ws")
    environment = DeepgramClientEnvironment(base=base, production=sockets, agent=sockets, agent_rest=base)
    return DeepgramClient(api_key=secret, environment=environment, httpx_client=http)


async def test_openais_sdk_has_a_recording_written_down_in_every_form(sdk: AsyncOpenAI, speech: SpeechUpstream) -> None:
    file = ("a.wav", tone(1.0), "audio/wav")
    ask = sdk.audio.transcriptions.create
    assert (await ask(model="nova-3", file=file)).text == speech.words
    assert (await ask(model="auto", file=file, response_format="text")).strip() == speech.words
    assert "00:00:00,000 -->" in await ask(model="nova-3", file=file, response_format="srt")
    assert (await ask(model="nova-3", file=file, response_format="vtt")).startswith("WEBVTT")
    whole: Any = await ask(
        model="nova-3", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"],
        language="en",
    )  # fmt: skip
    assert [word.word.lower() for word in whole.words] == speech.words.split()
    assert whole.segments[0].text.lower() == speech.words
    events = [event async for event in await ask(model="nova-3", file=file, stream=True)]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


async def test_openais_sdk_has_a_text_read_out_by_another_providers_voice(
    sdk: AsyncOpenAI, speech: SpeechUpstream, server: Server, callers: Callers
) -> None:
    async with sdk.audio.speech.with_streaming_response.create(
        model="eleven_multilingual_v2", voice="alloy", input="abc", response_format="pcm"
    ) as answer:
        assert answer.headers["content-type"] == "audio/pcm"
        assert await answer.read() == bytes(3 * 2000)
    assert SARAH in speech.requests[-1].path
    await server.app.state.meter.flush()
    (call,) = (await callers.owner.get("/api/usage/calls?limit=5")).json()["items"]
    assert (call["kind"], call["protocol"], call["state"]) == ("speech", "openai", "settled")


async def test_what_is_wrong_is_told_in_openais_words(sdk: AsyncOpenAI, speech: SpeechUpstream) -> None:
    ask = sdk.audio.transcriptions.create
    with pytest.raises(openai.BadRequestError, match="nova-3"):
        await ask(model="eleven_multilingual_v2", file=("a.wav", tone(0.2)))
    with pytest.raises(openai.BadRequestError):
        await ask(model="nova-3", file=("a.wav", b"GIF89a" + bytes(99)))
    with pytest.raises(openai.NotFoundError):
        await ask(model="no-such-model", file=("a.wav", tone(0.2)))
    with pytest.raises(openai.BadRequestError, match="input"):
        await sdk.audio.speech.create(model="auto", voice="alloy", input=" ")


async def test_deepgrams_sdk_hears_and_speaks(key: Client, secret: str, speech: SpeechUpstream) -> None:
    def call() -> tuple[Any, bytes]:
        with httpx.Client(timeout=60) as http:
            client = deepgram(key.base_url, secret, http)
            heard = client.listen.v1.media.transcribe_file(request=tone(1.0), model="nova-3", smart_format=True)
            said = client.speak.v1.audio.generate(
                text="abc", model="aura-2-thalia-en", encoding="linear16", container="none", sample_rate=24000
            )
            return heard, b"".join(said)

    heard, said = await asyncio.to_thread(call)
    (alternative,) = heard.results.channels[0].alternatives
    assert alternative.transcript == speech.words
    assert [word.word for word in alternative.words] == speech.words.split()
    assert heard.metadata.duration == pytest.approx(1.0)
    assert said == bytes(3 * 2000)


async def test_deepgrams_sdk_hears_a_stream(
    key: Client, secret: str, speech: SpeechUpstream, server: Server, callers: Callers
) -> None:
    from deepgram.core.events import EventType

    heard: list[Any] = []

    def call() -> None:
        done = threading.Event()
        with (
            httpx.Client() as http,
            deepgram(key.base_url, secret, http).listen.v1.connect(
                model="nova-3",
                encoding="linear16",
                sample_rate="16000",
                interim_results="true",
                vad_events="true",
                utterance_end_ms="1000",
            ) as stream,
        ):
            stream.on(EventType.MESSAGE, heard.append)
            stream.on(EventType.CLOSE, lambda _: done.set())
            listener = threading.Thread(target=stream.start_listening, daemon=True)
            listener.start()
            stream.send_media(bytes(32_000))
            stream.send_finalize()
            stream.send_close_stream()
            assert done.wait(60)
            listener.join(60)

    await asyncio.to_thread(call)
    kinds = [message.type for message in heard]
    assert kinds[0] == "SpeechStarted"
    assert kinds[-1] == "Metadata"
    finals = [message for message in heard if message.type == "Results" and message.is_final]
    assert finals[-1].channel.alternatives[0].transcript == speech.words
    assert heard[-1].duration == pytest.approx(1.0)
    assert bytes(speech.sound) == bytes(32_000)
    await server.app.state.meter.flush()
    (call_,) = (await callers.owner.get("/api/usage/calls?limit=5")).json()["items"]
    assert (call_["kind"], call_["state"]) == ("transcription", "settled")
    # A second of 0.0077 dollars a minute.
    assert float(call_["cost"]) == pytest.approx(0.0077 / 60, rel=0.01)


async def test_deepgrams_sdk_has_pieces_of_text_read_out(
    key: Client, secret: str, speech: SpeechUpstream, server: Server, callers: Callers
) -> None:
    from deepgram.core.events import EventType
    from deepgram.speak.v1.types import SpeakV1Text

    heard: list[Any] = []

    def call() -> None:
        done = threading.Event()
        with (
            httpx.Client() as http,
            deepgram(key.base_url, secret, http).speak.v1.connect(
                model="aura-2-thalia-en", encoding="linear16", sample_rate="24000"
            ) as stream,
        ):
            stream.on(EventType.MESSAGE, heard.append)
            stream.on(EventType.CLOSE, lambda _: done.set())
            listener = threading.Thread(target=stream.start_listening, daemon=True)
            listener.start()
            stream.send_text(SpeakV1Text(type="Speak", text="ab"))
            stream.send_text(SpeakV1Text(type="Speak", text="c"))
            stream.send_flush()
            stream.send_text(SpeakV1Text(type="Speak", text="nobody hears this"))
            stream.send_clear()
            stream.send_text(SpeakV1Text(type="Speak", text="de"))
            stream.send_close()
            assert done.wait(60)
            listener.join(60)

    await asyncio.to_thread(call)
    kinds = [message.type for message in heard if not isinstance(message, bytes)]
    assert kinds[0] == "Metadata"
    assert "Cleared" in kinds
    said = [request for request in speech.requests if request.path == "/v1/speak"]
    assert {request.query["encoding"] for request in said} == {"linear16"}
    assert b"nobody" not in b"".join(request.body for request in said)
    assert b'"de"' in said[-1].body
    assert len(b"".join(message for message in heard if isinstance(message, bytes))) in (4000, 10_000)
    await server.app.state.meter.flush()
    calls = (await callers.owner.get("/api/usage/calls?limit=5")).json()["items"]
    assert {call["protocol"] for call in calls} == {"deepgram"}


async def test_elevenlabs_sdk_has_pieces_of_text_read_out(key: Client, secret: str, speech: SpeechUpstream) -> None:
    from elevenlabs.client import ElevenLabs

    def call() -> bytes:
        with httpx.Client(timeout=60) as http:
            client: Any = ElevenLabs(api_key=secret, base_url=key.base_url, httpx_client=http)
            # The SDK knows wss alone.
            client.text_to_speech._ws_base_url = key.base_url.replace("http", "ws")
            pieces = client.text_to_speech.convert_realtime(
                SARAH,
                text=iter(["It was the best of times. ", "It was the worst of times."]),
                model_id="eleven_multilingual_v2",
                output_format="pcm_16000",
            )
            return b"".join(pieces)

    said = await asyncio.to_thread(call)
    texts = [json.loads(request.body)["text"] for request in speech.requests if request.body]
    assert " ".join(" ".join(texts).split()) == "It was the best of times. It was the worst of times."
    assert said == bytes(2000 * sum(map(len, texts)))
    assert {request.query["output_format"] for request in speech.requests if request.body} == {"pcm_16000"}


async def test_several_texts_are_read_out_over_one_socket(key: Client, secret: str, speech: SpeechUpstream) -> None:
    import websockets

    url = (
        f"{key.base_url.replace('http', 'ws')}/v1/text-to-speech/{SARAH}/multi-stream-input"
        "?model_id=eleven_multilingual_v2&output_format=pcm_16000&sync_alignment=true"
    )
    told: list[Any] = []
    async with asyncio.timeout(60), websockets.connect(url, additional_headers={"xi-api-key": secret}) as socket:
        for message in (
            {"text": " ", "context_id": "a"}, {"text": "abc ", "context_id": "a", "flush": True},
            {"text": " ", "context_id": "b"}, {"text": "nobody hears this ", "context_id": "b"},
            {"context_id": "b", "close_context": True}, {"text": "de", "context_id": "c"}, {"close_socket": True},
        ):  # fmt: skip
            await socket.send(json.dumps(message))
        told += [json.loads(message) async for message in socket]
    said: dict[str, str] = {}
    for message in told:
        if message["audio"]:
            assert base64.b64decode(message["audio"])
            said[message["contextId"]] = said.get(message["contextId"], "") + "".join(message["alignment"]["chars"])
    assert said == {"a": "abc", "c": "de"}
    assert {message["contextId"] for message in told if message["isFinal"]} == {"a", "b", "c"}


async def test_elevenlabs_sdk_hears_a_recording_and_a_stream(key: Client, secret: str, speech: SpeechUpstream) -> None:
    from elevenlabs import AudioFormat, CommitStrategy, RealtimeEvents
    from elevenlabs.client import AsyncElevenLabs

    async with httpx.AsyncClient(timeout=60) as http:
        client: Any = AsyncElevenLabs(api_key=secret, base_url=key.base_url, httpx_client=http)
        heard = await client.speech_to_text.convert(model_id="scribe_v1", file=("a.wav", tone(1.0)), diarize=True)
        assert heard.text == speech.words
        assert [word.text for word in heard.words if word.type == "word"] == speech.words.split()
        assert heard.words[0].speaker_id == "speaker_0"

        partial, committed, begun = (asyncio.get_running_loop().create_future() for _ in range(3))
        stream = await client.speech_to_text.realtime.connect(
            {
                "model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": 16_000,
                "commit_strategy": CommitStrategy.MANUAL, "include_timestamps": True, "language_code": "en",
            }
        )  # fmt: skip
        for event, future in (
            (RealtimeEvents.SESSION_STARTED, begun),
            (RealtimeEvents.PARTIAL_TRANSCRIPT, partial),
            (RealtimeEvents.COMMITTED_TRANSCRIPT_WITH_TIMESTAMPS, committed),
        ):
            stream.on(event, lambda data, future=future: future.done() or future.set_result(data))
        async with asyncio.timeout(60):
            await stream.send({"audio_base_64": base64.b64encode(bytes(32_000)).decode()})
            assert (await begun)["config"]["sample_rate"] == 16_000
            assert speech.words.startswith((await partial)["text"])
            await stream.commit()
            final = await committed
            await stream.close()
    assert final["text"] == speech.words
    assert [word["text"] for word in final["words"] if word["type"] == "word"] == speech.words.split()
    assert bytes(speech.sound) == bytes(32_000)


async def test_the_telephones_sound_is_heard_live(key: Client, secret: str, speech: SpeechUpstream) -> None:
    import websockets

    url = f"{key.base_url.replace('http', 'ws')}/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000"
    async with asyncio.timeout(60), websockets.connect(url, additional_headers={"xi-api-key": secret}) as socket:
        await socket.send(b"\xff\x00\x80")
        await socket.send(json.dumps({"type": "CloseStream"}))
        told = [json.loads(message) async for message in socket]
    assert told[-1]["duration"] == pytest.approx(3 / 8000, abs=1e-3)
    assert bytes(speech.sound) == struct.pack("<3h", 0, -32124, 32124)


@pytest.mark.parametrize(("path", "message", "words"), [
    ("speak?model=aura-2-thalia-en", "[]", "DATA-0000"),
    (f"text-to-speech/{SARAH}/stream-input", "{", "a message is"),
    ("speech-to-text/realtime?model_id=scribe_v2_realtime", '{"message_type": "x"}', "no message of type"),
])  # fmt: skip
async def test_a_socket_that_is_sent_nonsense_says_so_and_ends(
    key: Client, secret: str, speech: SpeechUpstream, path: str, message: str, words: str
) -> None:
    import websockets
    from websockets.exceptions import ConnectionClosed

    url = f"{key.base_url.replace('http', 'ws')}/v1/{path}"
    async with asyncio.timeout(60), websockets.connect(url, additional_headers={"xi-api-key": secret}) as socket:
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert words in closed.value.rcvd.reason


@pytest.mark.parametrize("path", [
    "speak?model=aura-2-thalia-en&encoding=mp3", "speak?model=no-such:voice",
    f"text-to-speech/{SARAH}/stream-input?output_format=exe_1", "text-to-speech/a%20b/stream-input",
    f"text-to-speech/{SARAH}/elsewhere", "speech-to-text/realtime", "speech-to-text/realtime?model_id=scribe_v1",
    "speech-to-text/realtime?model_id=scribe_v2_realtime&commit_strategy=x",
])  # fmt: skip
async def test_a_socket_that_cannot_be_is_refused_before_it_opens(
    key: Client, secret: str, speech: SpeechUpstream, path: str
) -> None:
    import websockets
    from websockets.exceptions import InvalidStatus

    url = f"{key.base_url.replace('http', 'ws')}/v1/{path}"
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(url, additional_headers={"xi-api-key": secret})
    assert refused.value.response.status_code in (400, 404)
    assert json.loads(refused.value.response.body)


@pytest.mark.parametrize("path", [
    "listen?model=nova-3", "speak?model=aura-2-thalia-en", f"text-to-speech/{SARAH}/stream-input",
    "speech-to-text/realtime?model_id=scribe_v2_realtime",
])  # fmt: skip
async def test_guardrails_that_cannot_listen_refuse_a_socket(
    key: Client, secret: str, speech: SpeechUpstream, callers: Callers, path: str
) -> None:
    import websockets
    from websockets.exceptions import InvalidStatus

    await put(callers, await make(callers))
    url = f"{key.base_url.replace('http', 'ws')}/v1/{path}"
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(url, additional_headers={"xi-api-key": secret})
    assert refused.value.response.status_code == 403
    assert b"guardrails" in refused.value.response.body


@pytest.mark.parametrize(("query", "status"), [
    ("model=nova-3&encoding=opus", 400), ("model=no-such", 404), ("model=nova-3&sample_rate=1", 400),
])  # fmt: skip
async def test_a_stream_that_cannot_be_is_refused_before_it_opens(
    key: Client, secret: str, speech: SpeechUpstream, query: str, status: int
) -> None:
    import websockets
    from websockets.exceptions import InvalidStatus

    url = f"{key.base_url.replace('http', 'ws')}/v1/listen?{query}"
    for header, expected in ((f"Token {secret}", status), ("Token rad_wrong", 401)):
        with pytest.raises(InvalidStatus) as refused:
            await websockets.connect(url, additional_headers={"Authorization": header})
        assert refused.value.response.status_code == expected
        assert b"err_msg" in refused.value.response.body


async def test_a_stream_whose_provider_breaks_ends_with_a_reason(
    key: Client, secret: str, speech: SpeechUpstream
) -> None:
    import websockets
    from websockets.exceptions import ConnectionClosed

    speech.plan(Cut())
    url = f"{key.base_url.replace('http', 'ws')}/v1/listen?model=nova-3"
    async with asyncio.timeout(60):
        async with websockets.connect(url, additional_headers={"Authorization": f"Token {secret}"}) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.send(bytes(3200))
                while True:
                    await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert closed.value.rcvd.reason


async def test_elevenlabs_sdk_speaks_with_times_and_lists_voices(
    key: Client, secret: str, speech: SpeechUpstream
) -> None:
    from elevenlabs.client import ElevenLabs

    def call() -> tuple[bytes, bytes, Any, list[Any], Any]:
        with httpx.Client(timeout=60) as http:
            client = ElevenLabs(api_key=secret, base_url=key.base_url, httpx_client=http)
            convert = client.text_to_speech
            whole = b"".join(convert.convert(SARAH, text="abc", output_format="pcm_16000"))
            streamed = b"".join(convert.stream(SARAH, text="ab", output_format="pcm_16000"))
            timed = convert.convert_with_timestamps(SARAH, text="ab")
            pieces = list(convert.stream_with_timestamps(SARAH, text="ab"))
            return whole, streamed, timed, pieces, client.voices.get_all()

    whole, streamed, timed, pieces, voices = await asyncio.to_thread(call)
    assert (whole, streamed) == (bytes(3 * 2000), bytes(2 * 2000))
    assert "".join(timed.alignment.characters) == "ab"
    assert "".join(letter for piece in pieces if piece.alignment for letter in piece.alignment.characters) == "ab"
    assert SARAH in {voice.voice_id for voice in voices.voices}


async def test_elevenlabs_errors_are_in_its_form(key: Client, secret: str, speech: SpeechUpstream) -> None:
    speech.plan(*[Refuse(401, style="elevenlabs")] * 3)
    headers = {"xi-api-key": secret}
    url = f"{key.base_url}/v1/text-to-speech"
    async with httpx.AsyncClient(timeout=60, headers=headers) as http:
        refused = await http.post(f"{url}/{SARAH}", json={"text": "abc"})
        assert refused.status_code >= 400
        assert "message" in refused.json()["detail"]
        for voice, body in (("a%2Fb..%2F", {"text": "x"}), (SARAH, {"text": ""}), (SARAH, {})):
            answer = await http.post(f"{url}/{voice}", json=body)
            assert answer.status_code in (400, 404), (voice, body)
        wrong = await http.post(f"{url}/{SARAH}?output_format=exe_1", json={"text": "x"})
        assert (wrong.status_code, "mp3_44100_128" in wrong.text) == (400, True)
