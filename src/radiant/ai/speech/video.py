"""Videos looked into: how long and large they are, their scenes, and what is seen at a moment. In the process of
video_child.py, which is bounded and thrown away: what a file says of itself is not believed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from radiant.ai.speech.media import MOST_SECONDS, BrokenSound, SeveralSounds, SoundUnreadable, child, last_words

log = structlog.get_logger()

_CHILD = Path(__file__).with_name("video_child.py")
_SECONDS = 1800.0


class NotVideo(SoundUnreadable):
    """It is something else: a picture, a playlist, a text."""

    slug = "not-video"


class BrokenVideo(SoundUnreadable):
    """It is damaged, or says of itself what cannot be."""

    slug = "broken-video"


class VideoTooLong(SoundUnreadable):
    """It is longer than allowed; the detail says how long it may be."""

    slug = "video-too-long"


_PROBLEMS = {problem.slug: problem for problem in (NotVideo, BrokenVideo, VideoTooLong, SeveralSounds, BrokenSound)}


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What a video is. `duration` in seconds, found by walking through all of it; `width` and `height` as it is shown;
    `widest_gap`: seconds between pictures that stand by themselves."""

    format: str
    codec: str
    sound_codec: str
    duration: float
    width: int
    height: int
    sound: bool
    pictures: bool
    widest_gap: float

    @property
    def media_type(self) -> str:
        """The media type of what its bytes are."""
        kind = "video" if self.pictures else "audio"
        if self.format == "matroska,webm":
            plays = self.codec in ("vp8", "vp9", "av1", "") and self.sound_codec in ("opus", "vorbis", "")
            return f"{kind}/webm" if plays else f"{kind}/x-matroska"
        if self.format.startswith("mov,"):
            return f"{kind}/mp4"
        return {"ogg": f"{kind}/ogg", "mpegts": "video/mp2t", "asf": "video/x-ms-asf", "wav": "audio/wav",
                "mp3": "audio/mpeg", "flac": "audio/flac"}.get(self.format, "application/octet-stream")  # fmt: skip


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a video, as the JPEG file `file` of the folder that was given. `score`: of 0..1, how much had changed."""

    at: float
    file: str
    score: float
    width: int
    height: int


class _Answer(msgspec.Struct):
    at: float = 0.0
    frames: list[Picture] | None = None
    slug: str = ""
    detail: str = ""


async def probe(path: Path, *, most_seconds: float = MOST_SECONDS) -> Probed:
    """What it is. Raises SoundUnreadable."""
    order: dict[str, Any] = {"do": "probe", "path": _place(path), "most_seconds": most_seconds}
    async with contextlib.aclosing(_lines(order)) as lines:
        async for line in lines:
            return msgspec.json.decode(line, type=Probed)
    raise BrokenVideo("it cannot be read")


async def scenes(
    path: Path, probed: Probed, folder: Path, most: int, at: Callable[[float], Awaitable[None]]
) -> Sequence[Picture]:
    """A picture of each scene, at most `most`, in order; `at` hears how far it is, in seconds. Raises SoundUnreadable."""
    order: dict[str, Any] = {
        "do": "scenes", "path": _place(path), "folder": _place(folder), "most": most,
        "widest_gap": probed.widest_gap, "duration": probed.duration,
    }  # fmt: skip
    async with contextlib.aclosing(_lines(order)) as lines:
        async for line in lines:
            answer = msgspec.json.decode(line, type=_Answer)
            if answer.frames is not None:
                return answer.frames
            await at(answer.at)
    raise BrokenVideo("its scenes cannot be told apart")


async def moments(path: Path, folder: Path, at: Sequence[float]) -> Sequence[Picture]:
    """What is seen at those seconds. Raises SoundUnreadable."""
    order: dict[str, Any] = {
        "do": "moments", "path": _place(path), "folder": _place(folder), "at": list(at)
    }  # fmt: skip
    async with contextlib.aclosing(_lines(order)) as lines:
        async for line in lines:
            return msgspec.json.decode(line, type=_Answer).frames or ()
    raise BrokenVideo("that moment cannot be shown")


def _place(path: Path) -> str:
    # The child works in a folder of its own.
    return str(path.absolute())


async def _lines(order: dict[str, Any]) -> AsyncGenerator[bytes]:
    """What the child says. Raises SoundUnreadable where it says that it cannot, or nothing at all."""
    async with child(order, _CHILD) as (process, said):
        assert process.stdout is not None
        some = False
        try:
            async with asyncio.timeout(_SECONDS):
                while line := await process.stdout.readline():
                    if b'"slug"' in line[:9]:
                        failed = msgspec.json.decode(line, type=_Answer)
                        raise _PROBLEMS.get(failed.slug, BrokenVideo)(failed.detail)
                    some = b'"at"' not in line[:6]
                    yield line
                code = await process.wait()
        except TimeoutError as error:
            raise BrokenVideo(f"it was not decoded within {_SECONDS:.0f} seconds; send it in parts") from error
        if not some:
            log.warning("video.child_died", exit_code=code, said=await asyncio.to_thread(last_words, said))
            raise BrokenVideo("decoding it took more than a video may, or broke its decoder")
