"""The official SDKs take the loopback server for their own service, so our adapters are held against the true protocol."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from tests.kit.speech_upstream import SpeechUpstream

# Of Deepgram's SDK with the newest websockets.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")


def deepgram(upstream: SpeechUpstream, http: httpx.Client) -> Any:
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    base = upstream.url.removesuffix("/v1")
    sockets = base.replace("http", "ws")
    environment = DeepgramClientEnvironment(base=base, production=sockets, agent=sockets, agent_rest=base)
    return DeepgramClient(api_key="the-key", environment=environment, httpx_client=http)


async def test_deepgrams_sdk_hears_a_recording(speech: SpeechUpstream):
    def call() -> Any:
        with httpx.Client() as http:
            return deepgram(speech, http).listen.v1.media.transcribe_file(
                request=b"RIFF", model="nova-3", smart_format=True
            )

    answer = await asyncio.to_thread(call)
    assert answer.results.channels[0].alternatives[0].transcript == speech.words
    assert speech.requests[0].headers["Authorization"] == "Token the-key"


async def test_deepgrams_sdk_hears_a_stream(speech: SpeechUpstream):
    from deepgram.core.events import EventType

    heard: list[Any] = []

    def call() -> None:
        done = threading.Event()
        with (
            httpx.Client() as http,
            deepgram(speech, http).listen.v1.connect(
                model="nova-3", encoding="linear16", sample_rate="16000", interim_results="true"
            ) as stream,
        ):
            stream.on(EventType.MESSAGE, heard.append)
            stream.on(EventType.CLOSE, lambda _: done.set())
            listener = threading.Thread(target=stream.start_listening, daemon=True)
            listener.start()
            stream.send_media(bytes(3_200))
            stream.send_finalize()
            stream.send_close_stream()
            assert done.wait(60)
            listener.join(60)

    await asyncio.to_thread(call)
    assert [message.type for message in heard] == ["SpeechStarted", "Results", "Results", "UtteranceEnd", "Metadata"]
    assert heard[2].channel.alternatives[0].transcript == speech.words


async def test_deepgrams_sdk_speaks(speech: SpeechUpstream):
    def call() -> bytes:
        with httpx.Client() as http:
            return b"".join(deepgram(speech, http).speak.v1.audio.generate(text="abc", model="aura-2-thalia-en"))

    said = await asyncio.to_thread(call)
    assert said == b"<mp3>" * 3


async def test_elevenlabs_sdk_speaks_and_hears(speech: SpeechUpstream):
    from elevenlabs.client import ElevenLabs

    def call() -> tuple[bytes, Any, Any, Any]:
        with httpx.Client() as http:
            return used(ElevenLabs(api_key="the-key", base_url=speech.url.removesuffix("/v1"), httpx_client=http))

    def used(client: ElevenLabs) -> tuple[bytes, Any, Any, Any]:
        said = b"".join(client.text_to_speech.stream("EXAVITQu4vr4xnSDxMaL", text="abc", output_format="pcm_16000"))
        timed = list(client.text_to_speech.stream_with_timestamps("EXAVITQu4vr4xnSDxMaL", text="ab"))
        heard = client.speech_to_text.convert(model_id="scribe_v1", file=("a.wav", b"RIFF", "audio/wav"))
        return said, timed, heard, client.voices.get_all()

    said, timed, heard, voices = await asyncio.to_thread(call)
    assert said == bytes(6_000)
    assert [piece.alignment.characters for piece in timed] == [["a"], ["b"]]
    assert heard.text == speech.words
    assert voices.voices[0].name == "Sarah"


async def test_openais_sdk_speaks_and_hears(speech: SpeechUpstream):
    import openai

    async with openai.AsyncOpenAI(api_key="the-key", base_url=speech.url) as client:
        heard = await client.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", b"RIFF", "audio/wav"), response_format="verbose_json",
            timestamp_granularities=["word"],
        )  # fmt: skip
        said = await client.audio.speech.create(model="tts-1", voice="alloy", input="abc", response_format="pcm")
    assert heard.words is not None
    assert [word.word for word in heard.words] == speech.words.split()
    assert said.content == bytes(6_000)


@pytest.mark.parametrize("key", ["wrong"])
async def test_a_wrong_key_is_refused_as_the_services_do(key: str):
    import openai

    from tests.kit.speech_upstream import speech_upstream

    async with (
        speech_upstream(key="right") as upstream,
        openai.AsyncOpenAI(api_key=key, base_url=upstream.url, max_retries=0) as client,
    ):
        with pytest.raises(openai.AuthenticationError):
            await client.audio.speech.create(model="tts-1", voice="alloy", input="abc")
