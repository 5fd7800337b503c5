"""Speech by the models that run here: how well they hear people and themselves, and how fast (goals.md).

    ./radiant bench voice [--quick] [--json]

Hearing: seven recordings of three readers, 201 words (bench/kit/readers.py). Round trip: six sentences with numbers, names and
abbreviations are spoken by Kokoro and heard by Whisper; numerals are compared as digits. Times are of the wall clock.
"""

import asyncio
import re
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from bench.kit.figures import Figure, NoData, at_most, on_recordings
from bench.kit.readers import readers
from tests.kit.fixtures import models_root
from tests.kit.speech import Clip, errors, words

from radiant.ai.providers.provider import Connection
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import InstallFailed, ModelStore
from radiant.ai.serving.served import finder
from radiant.ai.serving.whisper_child import Ear, Orders, Request
from radiant.ai.speech.embedded import HEARER, SPEAKER, SPOKEN_RATE, EmbeddedHearer, EmbeddedSpeaker
from radiant.ai.speech.resampling import Resampler
from radiant.ai.speech.speech import Listen, Part, Say, Sound, SoundFormat, Started
from radiant.infra.httpclient import HttpClient

_HERE = Connection("local", "")
_PCM = SoundFormat(container="pcm", rate=SPOKEN_RATE)
_SENTENCES = (
    ("af_heart", "Dr. Brown paid $5.20 for 3 tickets at 10:30."),
    ("am_michael", "Mr. Edward Johnson lives at 221 Baker Street in London."),
    ("bf_emma", "The temperature rose by 12% between 1999 and 2024."),
    ("bm_george", "Please call Mrs. Taylor on Monday, and ask for room 407."),
    ("af_heart", "It was a bright cold day in April, and the clocks were striking 13."),
    ("am_michael", "She works for NASA, and her flight to Chicago leaves in 45 minutes."),
)


def _digits(text: str) -> str:
    text = re.sub(r"(\d)[.:](\d)", r"\1 \2", text.replace("%", " percent").replace("$", ""))
    return text.replace("thirteen", "13").replace("three", "3")


def _sound(folder: Path, pcm: bytes) -> Sound:
    path = folder / "sound.pcm"
    path.write_bytes(pcm)
    return Sound(original=path, media_type="audio/wav", pcm=path, duration=len(pcm) / 32_000)


async def _hear(hearer: EmbeddedHearer, folder: Path, store: ModelStore, people: list[Clip]) -> list[Figure]:
    wrong, took = 0, 0.0
    await hearer.transcribe(_sound(folder, people[1].pcm), Listen(model=HEARER, language="en"), _HERE)
    for clip in people:
        began = time.perf_counter()
        found = await hearer.transcribe(_sound(folder, clip.pcm), Listen(model=HEARER, language="en"), _HERE)
        took += time.perf_counter() - began
        wrong += errors(clip.said, found.text)
    orders = Orders(HEARER, "", str(store.path(HEARER, "model.bin").parent))
    ear = await asyncio.to_thread(Ear, orders)

    def raw() -> float:
        began = time.perf_counter()
        for clip in people:
            list(ear.hear(Request(pcm=clip.pcm, language="en", words=True)))
        return time.perf_counter() - began

    list(ear.hear(Request(pcm=people[1].pcm, language="en", words=True)))
    alone = await asyncio.to_thread(raw)
    total = sum(len(words(clip.said)) for clip in people)
    seconds = sum(clip.seconds for clip in people)
    return [
        at_most("people: word error rate", wrong / total, 0.03, note=f"{wrong} of {total} words"),
        at_most("whole recordings: real-time factor", took / seconds, 0.5, note=f"{seconds:.0f} s in {len(people)} clips"),
        at_most("overhead over the model in process", took / alone - 1, 0.1),
    ]  # fmt: skip


async def _partials(hearer: EmbeddedHearer, people: list[Clip]) -> list[Figure]:
    """The sound is sent as it would be spoken."""
    firsts: list[float] = []
    for clip in people:
        pcm = bytes(32_000) + clip.pcm + bytes(32_000)
        async with hearer.listen(Listen(model=HEARER, language="en", end_silence=0.7), _HERE) as listening:
            began = time.perf_counter()

            async def send(pcm: bytes = pcm, began: float = began) -> None:
                for start in range(0, len(pcm), 3_200):
                    await asyncio.sleep(max(0.0, began + (start + 3_200) / 32_000 - time.perf_counter()))
                    await listening.send(pcm[start : start + 3_200])
                await listening.close()

            sending = asyncio.create_task(send())
            spoke: float | None = None
            async for event in listening:
                if isinstance(event, Started) and spoke is None:
                    spoke = event.at
                elif isinstance(event, Part) and spoke is not None:
                    firsts.append(time.perf_counter() - began - spoke)
                    break
            sending.cancel()
    return [at_most("first partial after speech starts, p50", float(np.median(firsts)), 1.2, "s"),
            Figure("first partial, worst", max(firsts), unit="s")]  # fmt: skip


async def _round_trip(hearer: EmbeddedHearer, speaker: EmbeddedSpeaker, folder: Path, count: int) -> list[Figure]:
    wrong = total = 0
    firsts: list[float] = []
    spoken = took = 0.0
    misheard: list[str] = []
    for voice, text in _SENTENCES[:count]:
        what = Say(model=SPEAKER, voice=voice, text=text, format=_PCM)
        began, first, pcm = time.perf_counter(), None, b""
        async with aclosing(speaker.speak(what, _HERE)) as pieces:
            async for piece in pieces:
                first = first or time.perf_counter() - began
                pcm += piece.data
        took += time.perf_counter() - began
        spoken += len(pcm) / 2 / SPOKEN_RATE
        firsts.append(first or 0.0)
        heard = _sound(folder, Resampler(SPOKEN_RATE).feed(pcm))
        found = await hearer.transcribe(heard, Listen(model=HEARER, language="en", words=False), _HERE)
        mistakes = errors(_digits(text), _digits(found.text))
        if mistakes:
            misheard.append(found.text)
        wrong += mistakes
        total += len(words(_digits(text)))
    return [
        at_most("round trip: word error rate", wrong / total, 0.1, note=" / ".join(misheard)),
        Figure("speaking: real-time factor", took / spoken),
        Figure("first sound of a text, p50", float(np.median(firsts)), unit="s"),
    ]


async def _measure(*, quick: bool) -> list[Figure]:
    store = ModelStore(models_root(), use=("package",))
    try:
        for model_id in (HEARER, SPEAKER):
            await asyncio.to_thread(store.install, model_id)
        people = await asyncio.to_thread(readers)
    except InstallFailed as error:
        raise NoData(error.detail) from error
    with tempfile.TemporaryDirectory() as name:
        async with HttpClient() as http, Host(finder(store, threads=1)) as host:
            hearer, speaker = EmbeddedHearer(http, host), EmbeddedSpeaker(http, host)
            await host.load(SPEAKER)
            return [
                *await _hear(hearer, Path(name), store, people),
                *await _partials(hearer, people),
                *await _round_trip(hearer, speaker, Path(name), 2 if quick else len(_SENTENCES)),
            ]


def measure(_: Path | None, *, quick: bool) -> list[Figure]:
    """Every line of the table."""
    return asyncio.run(_measure(quick=quick))


if __name__ == "__main__":
    sys.exit(on_recordings("voice", measure))
