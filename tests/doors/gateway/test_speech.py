"""The official SDKs of OpenAI, Deepgram and ElevenLabs against /v1, with providers on loopback behind it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.speech_upstream import Cut, Refuse, SpeechUpstream, speech_upstream
from tests.workspace.voice.kit import connect, tone

# Of Deepgram's SDK with the newest websockets.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

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


@pytest.mark.parametrize(("query", "status"), [
    ("model=nova-3&encoding=mulaw", 400), ("model=no-such", 404), ("model=nova-3&sample_rate=1", 400),
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
