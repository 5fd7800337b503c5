"""Videos looked into in the limited child: scenes, moments, odd shapes, and hostile files."""

import asyncio
import io
import struct
from pathlib import Path

import av
import pytest

from radiant.ai.speech import pieces
from radiant.ai.speech.media import SoundUnreadable, decode
from radiant.ai.speech.speech import Word
from radiant.ai.speech.video import BrokenVideo, NotVideo, Probed, VideoTooLong, moments, probe, scenes
from tests.kit.video import BLUE, GREEN, RED, SCENES, video
from tests.workspace.voice.kit import tone


def put(folder: Path, data: bytes) -> Path:
    path = folder / "original"
    path.write_bytes(data)
    return path


async def never(_: float) -> None:
    pass


def colour_of(path: Path) -> tuple[int, int, int]:
    """The colour of the middle of a picture."""
    with av.open(path) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
    plane = frame.planes[0]
    at = frame.height // 2 * plane.line_size + frame.width // 2 * 3
    red, green, blue = bytes(plane)[at : at + 3]
    return red, green, blue


def alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 30


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("webm", "libvpx"), ("matroska", "mpeg4")])
async def test_f21_4_a_picture_of_each_scene_is_taken_where_it_begins(
    tmp_path: Path, container: str, codec: str
) -> None:
    path = put(tmp_path, video(container=container, codec=codec))
    probed = await probe(path)
    assert (probed.width, probed.height, probed.sound, probed.pictures) == (160, 120, False, True)
    assert probed.duration == pytest.approx(6.0, abs=0.11)
    found = await scenes(path, probed, tmp_path, 10, never)
    assert [one.at for one in found] == pytest.approx([0.0, 2.0, 4.0], abs=0.11)
    for one, (colour, _seconds) in zip(found, SCENES, strict=True):
        assert alike(colour_of(tmp_path / one.file), colour)


async def test_f21_4_any_moment_can_be_seen(tmp_path: Path) -> None:
    path = put(tmp_path, video())
    found = await moments(path, tmp_path, [0.0, 1.9, 3.05, 5.9, 99.0])
    assert [alike(colour_of(tmp_path / one.file), colour)
            for one, colour in zip(found, (RED, RED, GREEN, BLUE, BLUE), strict=True)] == [True] * 5  # fmt: skip


async def test_what_is_kept_are_the_clearest_cuts_and_at_most_so_many(tmp_path: Path) -> None:
    scenes_of = [((shade, shade, shade), 1.2) for shade in (0, 40, 255, 200, 20)]
    path = put(tmp_path, video(scenes_of))
    found = await scenes(path, await probe(path), tmp_path, 3, never)
    assert [one.at for one in found] == pytest.approx([0.0, 2.4, 4.8], abs=0.2)
    assert sorted(file.name for file in tmp_path.glob("*.jpg")) == [one.file for one in found]


@pytest.mark.parametrize("degrees", [90, 180, 270])
async def test_a_video_of_a_turned_telephone_stands_upright(tmp_path: Path, degrees: int) -> None:
    path = put(tmp_path, video(rotated=degrees))
    probed = await probe(path)
    size = (160, 120) if degrees == 180 else (120, 160)
    assert (probed.width, probed.height) == size
    (first, *_rest) = await scenes(path, probed, tmp_path, 4, never)
    assert (first.width, first.height) == size


@pytest.mark.parametrize("size", [(161, 121), (2, 2), (1921, 33), (64, 1000)])
async def test_odd_sizes_work_and_pictures_are_at_most_768_wide_and_high(tmp_path: Path, size: tuple[int, int]) -> None:
    path = put(tmp_path, video([(RED, 0.5)], size=size))
    probed = await probe(path)
    assert (probed.width, probed.height) == size
    (one,) = await scenes(path, probed, tmp_path, 4, never)
    assert max(one.width, one.height) <= 768


async def test_pictures_that_come_at_uneven_times_are_told_by_their_own_times(tmp_path: Path) -> None:
    path = put(tmp_path, video(every=(1, 5, 1, 2)))
    found = await scenes(path, await probe(path), tmp_path, 10, never)
    assert len(found) == 3
    for one, begin in zip(found, (0.0, 2.0, 4.0), strict=True):
        assert begin <= one.at <= begin + 0.75


async def test_sound_without_pictures_and_pictures_without_sound_are_told(tmp_path: Path) -> None:
    only = await probe(put(tmp_path, video((), sound=tone(1.0))))
    assert (only.sound, only.pictures, only.media_type) == (True, False, "audio/mp4")
    both = await probe(put(tmp_path, video(sound=tone(6.0), container="webm", codec="libvpx")))
    assert (both.sound, both.pictures, both.media_type) == (True, True, "video/webm")


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a" + bytes(500), b"#EXTM3U\nhttp://127.0.0.1/x", b"ffconcat version 1.0\nfile '/etc/passwd'",
     b"<html></html>", bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(100)],
)  # fmt: skip
async def test_f21_5_what_is_no_video_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotVideo):
        await probe(put(tmp_path, data))


async def test_f21_5_damaged_videos_are_refused_or_used_as_far_as_they_go(tmp_path: Path) -> None:
    whole = video(container="webm", codec="libvpx")
    cut = await probe(put(tmp_path, whole[: len(whole) // 2]))
    assert 0 < cut.duration < 6
    with pytest.raises(SoundUnreadable):
        await probe(put(tmp_path, video()[:200]))
    spoiled = bytearray(video())
    at = spoiled.index(b"mdat")
    spoiled[at + 8 : at + 8 + 4000] = bytes(4000)
    with pytest.raises(BrokenVideo):
        await probe(put(tmp_path, bytes(spoiled[: at + 4000])))


async def test_f21_5_pictures_of_too_many_points_are_not_decoded(tmp_path: Path) -> None:
    data = bytearray(video([(RED, 0.3)], container="webm", codec="libvpx"))
    # What the first picture says of its own size: 16383 x 16383, which is 400 megabytes of one frame.
    at = data.index(b"\x9d\x01\x2a") + 3
    assert data[at : at + 4] == struct.pack("<HH", 160, 120)
    data[at : at + 4] = struct.pack("<HH", 16_383, 16_383)
    with pytest.raises(BrokenVideo):
        await probe(put(tmp_path, bytes(data)))


async def test_f21_5_a_video_that_says_it_lasts_for_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoTooLong, match="2 minutes"):
        await probe(put(tmp_path, video([(RED, 130.0)], rate=1)), most_seconds=120)


async def test_f21_5_many_streams_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        streams = [out.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(20)]
        for stream in streams:
            frame = av.AudioFrame(format="s16", layout="mono", samples=800)
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
    with pytest.raises(BrokenVideo, match="20 streams"):
        await probe(put(tmp_path, file.getvalue()))


async def test_progress_is_that_of_the_pictures_that_were_looked_at(tmp_path: Path) -> None:
    told: list[float] = []

    async def at(seconds: float) -> None:
        told.append(seconds)

    path = put(tmp_path, video())
    await scenes(path, await probe(path), tmp_path, 10, at)
    assert told == sorted(told)
    assert all(0 <= one <= 6.1 for one in told)


async def test_a_long_video_is_looked_at_by_the_pictures_that_stand_by_themselves(tmp_path: Path) -> None:
    path = put(tmp_path, video([(RED, 200.0), (GREEN, 200.0)], rate=1, codec="mpeg4"))
    probed = await probe(path)
    # As if its pictures stood close enough by themselves; those that do are every 12 seconds.
    close = Probed(
        format="", codec="", sound_codec="", duration=probed.duration, width=160, height=120, sound=False, pictures=True,
        widest_gap=12.0,
    )  # fmt: skip
    found = await scenes(path, close, tmp_path, 40, never)
    first_green = next(one for one in found if alike(colour_of(tmp_path / one.file), GREEN))
    assert 200.0 <= first_green.at <= 212.1


async def test_a_long_recording_is_cut_where_nobody_speaks_and_always_in_the_same_places(tmp_path: Path) -> None:
    # Four seconds of tone, one of nothing, again and again.
    wav = tone(4.0)[44:]
    path = tmp_path / "pcm"
    path.write_bytes((wav + bytes(32_000)) * 20)
    ends: list[int] = []
    start = 0
    while start < 100_000:
        start = pieces.next_end(path, start, 100_000, 30_000)
        ends.append(start)
    assert ends[-1] == 100_000
    assert all(4000 <= end % 5000 < 5000 for end in ends[:-1])
    piece = await asyncio.to_thread(pieces.piece, path, ends[0], ends[1], tmp_path)
    assert piece is not None
    assert piece.duration == pytest.approx((ends[1] - ends[0]) / 1000)
    again = await decode(piece.original, tmp_path / "again")
    assert again.duration == pytest.approx(piece.duration)
    silent = tmp_path / "silent"
    silent.write_bytes(bytes(64_000))
    assert await asyncio.to_thread(pieces.piece, silent, 0, 2000, tmp_path) is None


def test_words_of_a_piece_are_told_from_the_start_of_the_whole() -> None:
    (word,) = pieces.later([Word(word="so", start=0.25, end=0.5)], 90.1)
    assert (word.start, word.end) == (90.35, 90.6)
