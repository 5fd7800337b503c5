"""Recordings of every kind are heard, and what is none does no harm."""

import asyncio
import itertools
import math
import os
import struct
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import av
import pytest

from radiant.ai.speech import media
from radiant.ai.speech.speech import Container, SoundFormat

_HTTP = "http://127.0.0.1:{port}/piece.wav"


def tone(rate: int, seconds: float, channels: int = 1) -> bytes:
    """A tone of 440 Hz."""
    wave = [int(8000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(int(rate * seconds))]
    return struct.pack(f"<{len(wave) * channels}h", *(value for value in wave for _ in range(channels)))


def made(path: Path, codec: str, rate: int = 16_000, seconds: float = 1.0, *, video: str = "", form: str = "",
         layout: str = "mono", sound: bool = True) -> Path:  # fmt: skip
    """A file of that tone, written by FFmpeg; with `video` also ten grey pictures."""
    with av.open(str(path), "w", format=form or None) as out:
        pictures: Any = out.add_stream(video, rate=10) if video else None
        if pictures:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        if sound:
            stream: Any = out.add_stream(codec, rate=rate, layout=layout)
            channels = len(stream.codec_context.layout.channels)
            data = tone(rate, seconds, channels)
            frame = av.AudioFrame(format="s16", layout=layout, samples=len(data) // 2 // channels)
            frame.planes[0].update(data.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        if pictures:
            for _ in range(10):
                out.mux(pictures.encode(av.VideoFrame(64, 48, "yuv420p")))
            out.mux(pictures.encode(None))
    return path


async def make(path: Path, codec: str, *given: Any, **more: Any) -> Path:
    return await asyncio.to_thread(made, path, codec, *given, **more)


async def put(path: Path, data: bytes) -> Path:
    await asyncio.to_thread(path.write_bytes, data)
    return path


async def got(path: Path) -> bytes:
    return await asyncio.to_thread(path.read_bytes)


def crossings(pcm: bytes) -> float:
    """How often the sign changes, a second."""
    values = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    return sum(1 for a, b in itertools.pairwise(values) if (a < 0) != (b < 0)) / (len(values) / 16_000)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout", "more", "media_type"),
    [
        ("a.wav", "pcm_s16le", 8_000, "mono", {}, "audio/wav"),
        ("a.wav", "pcm_u8", 11_025, "mono", {}, "audio/wav"),
        ("a.wav", "pcm_f32le", 44_100, "stereo", {}, "audio/wav"),
        ("a.wav", "pcm_mulaw", 8_000, "mono", {}, "audio/wav"),
        ("a.wav", "adpcm_ima_wav", 22_050, "mono", {}, "audio/wav"),
        ("a.mp3", "libmp3lame", 44_100, "stereo", {}, "audio/mpeg"),
        ("a.ogg", "libopus", 48_000, "stereo", {}, "audio/ogg"),
        ("a.opus", "libopus", 16_000, "mono", {}, "audio/ogg"),
        ("a.flac", "flac", 48_000, "5.1", {}, "audio/flac"),
        ("a.m4a", "aac", 44_100, "stereo", {"form": "mp4"}, "audio/mp4"),
        ("a.aac", "aac", 22_050, "mono", {"form": "adts"}, "audio/aac"),
        ("a.webm", "libopus", 48_000, "mono", {}, "audio/webm"),
        ("a.mkv", "aac", 16_000, "mono", {}, "audio/x-matroska"),
        ("a.aiff", "pcm_s16be", 32_000, "mono", {}, "audio/aiff"),
        ("a.caf", "pcm_s16be", 12_000, "mono", {}, "audio/x-caf"),
        ("a.au", "pcm_s16be", 24_000, "mono", {}, "audio/basic"),
        ("a.mov", "aac", 48_000, "mono", {"video": "mpeg4"}, "video/mp4"),
        ("a.mp4", "aac", 48_000, "stereo", {"video": "mpeg4"}, "video/mp4"),
        ("a.mkv", "libopus", 48_000, "mono", {"video": "mpeg4"}, "video/webm"),
        ("a.ts", "aac", 48_000, "mono", {"form": "mpegts"}, "video/mp2t"),
    ],
)
async def test_f21_5_a_recording_of_any_kind_is_decoded_and_told_by_its_bytes(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str, more: dict[str, Any], media_type: str
):
    path = await make(tmp_path / name, codec, rate, 1.5, layout=layout, **more)
    # Its name says nothing.
    path = await asyncio.to_thread(path.rename, tmp_path / "what.png")
    sound = await media.decode(path, tmp_path / "pcm")
    pcm = await got(sound.pcm)
    assert sound.media_type == media_type
    assert len(pcm) == round(sound.duration * 32_000)
    assert 1.4 < sound.duration < 1.8
    assert 800 < crossings(pcm[8_000:40_000]) < 960


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 47_993])
async def test_f21_2_the_duration_is_measured_at_every_rate(tmp_path: Path, rate: int):
    path = await make(tmp_path / "a.wav", "pcm_s16le", rate, 2.0)
    looked = await media.look(path)
    assert looked.duration == pytest.approx(2.0, abs=0.002)
    assert (looked.rate, looked.channels, looked.streams, looked.video) == (rate, 1, 1, False)


@pytest.mark.parametrize("encoding", ["linear16", "linear32", "mulaw", "alaw"])
async def test_sound_without_a_container_is_read_as_its_sender_says(tmp_path: Path, encoding: str):
    codec = {"linear16": "pcm_s16le", "linear32": "pcm_s32le", "mulaw": "pcm_mulaw", "alaw": "pcm_alaw"}[encoding]
    form = media.ENCODINGS[encoding]
    path = await make(tmp_path / "raw", codec, 8_000, 1.0, form=form)
    sound = await media.decode(path, tmp_path / "pcm", raw=media.RawSound(format=form, rate=8_000))
    assert sound.duration == pytest.approx(1.0, abs=0.002)
    stereo = await media.look(path, raw=media.RawSound(format=form, rate=8_000, channels=2))
    assert stereo.duration == pytest.approx(0.5, abs=0.002)


async def test_a_wav_that_never_says_its_length_is_read_to_its_end(tmp_path: Path):
    path = await put(tmp_path / "a.wav", media.wav_header(16_000) + tone(16_000, 1.0))
    assert (await media.look(path)).duration == pytest.approx(1.0)


async def test_what_is_longer_than_allowed_is_refused_with_the_bound_and_leaves_nothing(tmp_path: Path):
    path = await make(tmp_path / "a.wav", "pcm_s16le", 16_000, 3.0)
    with pytest.raises(media.SoundTooLong, match="longer than 2 seconds"):
        await media.decode(path, tmp_path / "pcm", most_seconds=2.0)
    assert not (tmp_path / "pcm").exists()
    assert (await media.look(path, most_seconds=3.1)).duration == pytest.approx(3.0)


async def test_an_endless_file_is_left_at_the_bound(tmp_path: Path):
    path = await put(tmp_path / "a.wav", media.wav_header(8_000))
    # Ten hours of silence that take no room on the disk.
    await asyncio.to_thread(os.truncate, path, 44 + 36_000 * 16_000)
    with pytest.raises(media.SoundTooLong):
        await media.decode(path, tmp_path / "pcm", most_seconds=5.0)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", media.NotSound),
        (b"hello, this is a letter\n" * 50, media.NotSound),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 500, media.NotSound),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"0" * 500, media.NotSound),
        (b"%PDF-1.7\n" + b"0" * 500, media.NotSound),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0", media.BrokenSound),
        (b"OggS" + b"\0" * 4000, media.BrokenSound),
        (b"\x1aE\xdf\xa3" + b"\xff" * 4000, media.BrokenSound),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", media.BrokenSound),
        (media.wav_header(16_000, 0), media.NoSound),
    ],
    ids=["empty", "text", "png", "jpeg", "pdf", "cut wav", "void ogg", "void matroska", "cut mp4", "silent wav"],
)
async def test_f21_5_what_is_no_recording_is_refused_in_words(
    tmp_path: Path, data: bytes, problem: type[media.SoundUnreadable]
):
    path = await put(tmp_path / "song.mp3", data)
    with pytest.raises(problem):
        await media.look(path)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (24, (1).to_bytes(4, "little")),
        (24, b"\xff\xff\xff\x7f"),
        (22, b"\xff\xff"),
        (22, b"\x40\x00"),
        (20, b"\xee\xee"),
    ],
)
async def test_a_header_that_says_what_cannot_be_is_refused(tmp_path: Path, at: int, value: bytes):
    data = media.wav_header(16_000, 16_000) + tone(16_000, 1.0)
    path = await put(tmp_path / "a.wav", data[:at] + value + data[at + len(value) :])
    with pytest.raises(media.SoundUnreadable):
        await media.look(path)


async def test_a_video_without_sound_is_told_so(tmp_path: Path):
    path = await make(tmp_path / "a.mp4", "", video="mpeg4", sound=False)
    with pytest.raises(media.NoSound):
        await media.look(path)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.flac", "a.webm", "a.aac"])
async def test_of_a_file_that_was_cut_what_is_there_is_heard(tmp_path: Path, name: str):
    codec = {"a.mp3": "libmp3lame", "a.ogg": "libopus", "a.flac": "flac", "a.webm": "libopus", "a.aac": "aac"}[name]
    form = "adts" if name == "a.aac" else ""
    path = await make(tmp_path / name, codec, 48_000, 4.0, form=form)
    data = await got(path)
    looked = await media.look(await put(tmp_path / "cut", data[: len(data) // 2]))
    assert 0.5 < looked.duration < 3.5


async def test_a_recording_damaged_in_its_midst_is_heard_around_it(tmp_path: Path):
    data = bytearray(await got(await make(tmp_path / "a.mp3", "libmp3lame", 16_000, 4.0)))
    data[len(data) // 2 : len(data) // 2 + 200] = b"\x55" * 200
    assert (await media.look(await put(tmp_path / "b", bytes(data)))).duration > 3.0


@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.mp4"])
async def test_two_files_one_after_another_are_refused(tmp_path: Path, name: str):
    codec = {"a.wav": "pcm_s16le", "a.ogg": "libopus", "a.mp4": "aac"}[name]
    data = await got(await make(tmp_path / name, codec, 48_000, 1.0))
    with pytest.raises(media.SeveralSounds):
        await media.look(await put(tmp_path / "both", data + data))


@pytest.mark.parametrize(
    "template",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}.m3u8\n",
        "ffconcat version 1.0\nfile '{url}'\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
        'mimeType="audio/mp4"><Representation id="1"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n",
        "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
        "RTSPtext\r\nrtsp://127.0.0.1:{port}/x\r\n",
        '<ASX version="3"><Entry><Ref href="{url}"/></Entry></ASX>',
        "{url}\n",
    ],
)
async def test_f21_5_a_list_of_other_files_opens_none_of_them(tmp_path: Path, template: str):
    heard: list[str] = []

    async def listener(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append("somebody called")
        writer.close()

    secret = await make(tmp_path / "secret.wav", "pcm_s16le")
    server = await asyncio.start_server(listener, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        text = template.format(url=_HTTP.format(port=port), port=port, path=secret)
        path = await put(tmp_path / "list.m3u8", text.encode())
        with pytest.raises(media.NotSound):
            await media.look(path)
    assert heard == []


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1:1/x.wav", "concat:a.wav|b.wav", "-", "pipe:0", "subfile,,start,0,end,9,,:a"]
)
async def test_a_file_is_taken_by_its_name_and_never_as_an_address(tmp_path: Path, name: str):
    folder = tmp_path / name
    await asyncio.to_thread(folder.parent.mkdir, parents=True, exist_ok=True)
    await put(folder, await got(await make(tmp_path / "a.wav", "pcm_s16le")))
    assert (await media.look(folder)).duration == pytest.approx(1.0)


async def test_a_decoder_is_ended_with_whoever_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    start = asyncio.create_subprocess_exec

    async def noted(*given: Any, **more: Any) -> asyncio.subprocess.Process:
        process = await start(*given, **more)
        started.put_nowait(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    path = await put(tmp_path / "a.wav", media.wav_header(8_000))
    await asyncio.to_thread(os.truncate, path, 44 + 3_600_000 * 16_000)
    task = asyncio.create_task(media.decode(path, tmp_path / "pcm", most_seconds=1e7))
    process = await started.get()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert process.returncode is not None
    assert not (tmp_path / "pcm").exists()


# --- written ---

ALL: list[Container] = ["pcm", "wav", "mp3", "opus", "aac", "flac", "ulaw", "alaw"]


async def pieces(data: bytes, size: int = 3_001) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
@pytest.mark.parametrize("container", ALL)
async def test_what_is_written_in_any_format_is_what_was_said(tmp_path: Path, container: Container, rate: int):
    to = SoundFormat(container=container, rate=rate)
    data = b"".join([piece async for piece in media.encode(pieces(tone(24_000, 1.5)), 24_000, to)])
    form: Any = {"pcm": "s16le", "ulaw": "mulaw", "alaw": "alaw"}.get(container)
    raw = media.RawSound(format=form, rate=rate) if form else None
    sound = await media.decode(await put(tmp_path / "said", data), tmp_path / "pcm", raw=raw)
    assert sound.duration == pytest.approx(1.5, abs=0.3)
    assert 800 < crossings((await got(sound.pcm))[8_000:40_000]) < 960
    if raw is None:
        assert sound.media_type == media.MEDIA_TYPES[container]


@pytest.mark.parametrize("container", ALL)
async def test_the_first_bytes_are_out_before_the_last_are_said(container: Container):
    more = asyncio.Event()

    async def saying() -> AsyncIterator[bytes]:
        yield tone(24_000, 2.0)
        await more.wait()
        yield tone(24_000, 0.5)

    to = SoundFormat(container=container, rate=8_000)
    async with asyncio.timeout(60), aclosing(media.encode(saying(), 24_000, to)) as written:
        first = await anext(written)
        assert first
        # A head alone is not what somebody waits for.
        while len(first) < 1_000:
            first += await anext(written)
        more.set()
        assert b"".join([piece async for piece in written])


async def test_whoever_stops_listening_ends_the_encoder_and_the_speaker():
    ended = asyncio.Event()

    async def saying() -> AsyncIterator[bytes]:
        try:
            while True:
                yield tone(24_000, 0.2)
                await asyncio.sleep(0)
        finally:
            ended.set()

    async with asyncio.timeout(60):
        async with aclosing(media.encode(saying(), 24_000, SoundFormat(container="mp3"))) as written:
            await anext(written)
        await ended.wait()


async def test_what_the_speaker_fails_with_is_what_the_listener_gets():
    async def saying() -> AsyncIterator[bytes]:
        yield tone(24_000, 0.2)
        raise RuntimeError("the voice broke")

    with pytest.raises(RuntimeError, match="the voice broke"):
        async for _ in media.encode(saying(), 24_000, SoundFormat(container="mp3")):
            pass


@pytest.mark.parametrize("to", [SoundFormat(rate=7_999), SoundFormat(rate=96_000), SoundFormat(bitrate=10)])
async def test_a_format_that_nothing_plays_is_refused(to: SoundFormat):
    with pytest.raises(media.UnwritableFormat):
        await anext(media.encode(pieces(b""), 24_000, to))


async def test_a_stream_is_decoded_as_it_grows_and_leaving_it_ends_the_child(tmp_path: Path):
    recorded = await got(await make(tmp_path / "a.webm", "libopus", 48_000, 2.0))

    async def growing() -> AsyncIterator[bytes]:
        for start in range(0, len(recorded), 500):
            yield recorded[start : start + 500]
        await asyncio.Event().wait()

    async with asyncio.timeout(60), aclosing(media.decode_live(growing())) as decoded:
        heard = b""
        while len(heard) < 32_000:
            heard += await anext(decoded)
    assert max(struct.unpack(f"<{len(heard) // 2}h", heard)) == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("sent", [b"", b"RIFF....WAVEfmt ", b"\x1aE\xdf\xa3" + bytes(9000), b"OggS" + b"\xff" * 9000])
async def test_what_is_no_stream_of_opus_is_refused(sent: bytes):
    with pytest.raises(media.SoundUnreadable):
        async with asyncio.timeout(60):
            async for _ in media.decode_live(pieces(sent)):
                pass


async def test_a_stream_of_another_codec_is_refused(tmp_path: Path):
    recorded = await got(await make(tmp_path / "a.mkv", "pcm_s16le", 48_000))
    with pytest.raises(media.SoundUnreadable):
        async with asyncio.timeout(60):
            async for _ in media.decode_live(pieces(recorded)):
                pass
