"""Recordings looked into, decoded and encoded by FFmpeg's libraries, in a process of its own that is bounded and thrown
away: files come from anywhere, and what they say of themselves is not believed (F21.5)."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from radiant.ai.speech.speech import HEARD_RATE, Container, Sound, SoundFormat
from radiant.infra.temporary import temporary_folder
from radiant.kit.errors import Invalid, Problem

log = structlog.get_logger()

MOST_SECONDS = 4 * 3600.0
_SECONDS = 1800.0
_MOST_ANSWER = 2**16
_PIECE = 2**15
_CHILD = Path(__file__).with_name("media_child.py")
# How the child says why it will not decode a stream.
_STREAM_REFUSED, _REASON = 3, "reason: "


class SoundUnreadable(Invalid):
    """The recording cannot be used, and trying again changes nothing."""


class NotSound(SoundUnreadable):
    """It is something else: a picture, a playlist, a text."""

    slug = "not-sound"


class BrokenSound(SoundUnreadable):
    """It is damaged, or says of itself what cannot be."""

    slug = "broken-sound"


class NoSound(SoundUnreadable):
    """It is a recording without sound."""

    slug = "no-sound"


class SoundTooLong(SoundUnreadable):
    """It is longer than allowed; the detail says how long it may be."""

    slug = "sound-too-long"


class SeveralSounds(SoundUnreadable):
    """Two recordings one after another in one file."""

    slug = "several-sounds"


class EncoderFailed(Problem):
    """Sound could not be written; a fault of ours."""

    slug = "encoder-failed"


_PROBLEMS = {problem.slug: problem for problem in (NotSound, BrokenSound, NoSound, SoundTooLong, SeveralSounds)}


class RawSound(msgspec.Struct, frozen=True, kw_only=True):
    """How to read sound that has no container: only whoever sends it knows."""

    format: Literal["s16le", "s32le", "mulaw", "alaw"] = "s16le"
    rate: int = HEARD_RATE
    channels: int = 1


# Deepgram's names of what it takes without a container.
ENCODINGS: Mapping[str, Literal["s16le", "s32le", "mulaw", "alaw"]] = {
    "linear16": "s16le", "linear32": "s32le", "mulaw": "mulaw", "alaw": "alaw",
}  # fmt: skip


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording is. `format` and `codec` by FFmpeg's names; `duration` in seconds, measured by decoding; `rate` and
    `channels` of its first sound; `streams`: how many there are of any kind; `video`: whether there are moving
    pictures."""

    format: str
    codec: str
    duration: float
    streams: int
    rate: int
    channels: int
    video: bool

    @property
    def media_type(self) -> str:
        """The media type of what its bytes are."""
        kind = "video" if self.video else "audio"
        if self.format == "matroska,webm":
            return f"{kind}/webm" if self.codec in ("opus", "vorbis") else f"{kind}/x-matroska"
        if self.format.startswith("mov,"):
            return f"{kind}/mp4"
        if self.format == "ogg":
            return f"{kind}/ogg"
        return _TYPES.get(self.format, "application/octet-stream")


_TYPES = {
    "wav": "audio/wav", "w64": "audio/x-w64", "mp3": "audio/mpeg", "flac": "audio/flac", "aac": "audio/aac",
    "aiff": "audio/aiff", "caf": "audio/x-caf", "au": "audio/basic", "amr": "audio/amr", "mpegts": "video/mp2t",
    "asf": "video/x-ms-asf", "s16le": "audio/L16", "s32le": "audio/L32", "mulaw": "audio/basic", "alaw": "audio/x-alaw-basic",
}  # fmt: skip


class _Failed(msgspec.Struct, frozen=True):
    slug: str
    detail: str


async def look(path: Path, *, raw: RawSound | None = None, most_seconds: float = MOST_SECONDS) -> Looked:
    """What a recording is and how long, found by decoding all of it. Raises SoundUnreadable."""
    return await _decode(path, None, raw, most_seconds)


async def decode(path: Path, to: Path, *, raw: RawSound | None = None, most_seconds: float = MOST_SECONDS) -> Sound:
    """The recording as PCM at HEARD_RATE in the file `to`, which is made; all channels as one. Memory stays flat however
    long it is. Raises SoundUnreadable, and then `to` is gone."""
    try:
        looked = await _decode(path, to, raw, most_seconds)
    except BaseException:
        await asyncio.to_thread(to.unlink, missing_ok=True)
        raise
    return Sound(original=path, media_type=looked.media_type, pcm=to, duration=looked.duration)


def _decoding(path: Path, to: Path | None, raw: RawSound | None, most_seconds: float) -> dict[str, Any]:
    return {
        "do": "decode", "path": str(path.absolute()), "out": str(to.absolute()) if to else "",
        "raw": msgspec.to_builtins(raw), "most_seconds": most_seconds,
        # A last second is resampled before it is seen to be too much.
        "most_bytes": int((most_seconds + 60) * HEARD_RATE * 2),
    }  # fmt: skip


async def _decode(path: Path, to: Path | None, raw: RawSound | None, most_seconds: float) -> Looked:
    async with child(_decoding(path, to, raw, most_seconds)) as (process, said):
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await process.stdout.read(_MOST_ANSWER)
                code = await process.wait()
        except TimeoutError as error:
            raise BrokenSound(f"it was not decoded within {_SECONDS:.0f} seconds; send it in parts") from error
        if not answer:
            log.warning("media.child_died", exit_code=code, said=await asyncio.to_thread(last_words, said))
            raise BrokenSound("decoding it took more than a recording may, or broke its decoder")
    if b'"slug"' in answer:
        failed = msgspec.json.decode(answer, type=_Failed)
        raise _PROBLEMS[failed.slug](failed.detail)
    return msgspec.json.decode(answer, type=Looked)


async def decode_live(pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """An Opus stream in WebM or Ogg, in pieces of any size as browsers record it, as PCM at HEARD_RATE, as it comes.
    Closing the generator ends the work at once; what `pieces` raises is raised here. Raises SoundUnreadable."""
    async with child({"do": "stream"}) as (process, said):
        assert process.stdout is not None
        async with _fed(process, pieces) as feeding:
            while data := await process.stdout.read(_PIECE):
                yield data
            code = await process.wait()
            if code == 0:
                await feeding
                return
            if feeding.done():
                feeding.result()
            words = await asyncio.to_thread(last_words, said)
        if code == _STREAM_REFUSED:
            raise BrokenSound(words.rpartition(_REASON)[2].strip())
        log.warning("media.child_died", exit_code=code, said=words)
        raise BrokenSound("decoding it took more than a recording may, or broke its decoder")


# --- written ---

# By container: FFmpeg's muxer, its encoder, the rates that it takes (none: any), and what makes it write early.
_WRITTEN: Mapping[Container, tuple[str, str, tuple[int, ...], dict[str, str]]] = {
    "pcm": ("s16le", "pcm_s16le", (), {}),
    "wav": ("wav", "pcm_s16le", (), {}),
    "ulaw": ("mulaw", "pcm_mulaw", (), {}),
    "alaw": ("alaw", "pcm_alaw", (), {}),
    "flac": ("flac", "flac", (), {}),
    "opus": ("ogg", "libopus", (8_000, 12_000, 16_000, 24_000, 48_000), {"page_duration": "100000"}),
    "mp3": ("mp3", "libmp3lame", (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
            {"write_xing": "0", "id3v2_version": "0"}),
    "aac": ("adts", "aac", (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000), {}),
}  # fmt: skip
MEDIA_TYPES: Mapping[Container, str] = {
    "pcm": "audio/pcm", "wav": "audio/wav", "ulaw": "audio/basic", "alaw": "audio/x-alaw-basic", "flac": "audio/flac",
    "opus": "audio/ogg", "mp3": "audio/mpeg", "aac": "audio/aac",
}  # fmt: skip
"""How each container is called where it is served."""


class UnwritableFormat(Invalid):
    """Sound is not written at that rate or bitrate."""

    slug = "unwritable-sound-format"


def check_format(to: SoundFormat) -> None:
    """Raises UnwritableFormat for rates and bitrates that nothing plays."""
    if not 8_000 <= to.rate <= 48_000:
        raise UnwritableFormat(f"rate: {to.rate} samples a second; give 8000 to 48000")
    if to.bitrate is not None and not 6_000 <= to.bitrate <= 320_000:
        raise UnwritableFormat(f"bitrate: {to.bitrate} bits a second; give 6000 to 320000")


async def encode(pieces: AsyncIterable[bytes], rate: int, to: SoundFormat) -> AsyncGenerator[bytes]:
    """PCM at `rate`, in pieces of any size, as the file `to`, as it grows. A rate that its container has not becomes the
    next higher one. Closing the generator ends the work at once; what `pieces` raises is raised here. Raises
    UnwritableFormat, EncoderFailed."""
    check_format(to)
    if to.container in ("pcm", "wav") and to.rate == rate:
        if to.container == "wav":
            yield wav_header(rate)
        async for piece in pieces:
            yield piece
        return
    muxer, codec, rates, options = _WRITTEN[to.container]
    order: dict[str, Any] = {
        "do": "encode", "format": muxer, "codec": codec, "from_rate": rate, "bitrate": to.bitrate, "options": options,
        "rate": min((one for one in rates if one >= to.rate), default=rates[-1]) if rates else to.rate,
    }  # fmt: skip
    async with child(order) as (process, said):
        assert process.stdout is not None
        async with _fed(process, pieces) as feeding:
            while data := await process.stdout.read(_PIECE):
                yield data
            if await process.wait() != 0:
                if feeding.done():
                    feeding.result()
                log.error("media.encoder_died", said=await asyncio.to_thread(last_words, said))
                raise EncoderFailed(f"sound could not be written as {to.container}")
            await feeding


@contextlib.asynccontextmanager
async def _fed(process: asyncio.subprocess.Process, pieces: AsyncIterable[bytes]) -> AsyncGenerator[asyncio.Task[None]]:
    assert process.stdin is not None
    feeding = asyncio.create_task(_feed(process.stdin, pieces))
    try:
        yield feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _feed(stdin: asyncio.StreamWriter, pieces: AsyncIterable[bytes]) -> None:
    try:
        async for piece in pieces:
            stdin.write(piece)
            await stdin.drain()
    except ConnectionError:
        # The encoder died: reading its answer tells why.
        return
    finally:
        stdin.close()


def wav_header(rate: int, samples: int | None = None) -> bytes:
    """The head of a WAV file of 16-bit mono; without `samples` one that says "until the end", as streams have it."""
    length = 0xFFFF_FFFF if samples is None else samples * 2
    riff = 0xFFFF_FFFF if samples is None else length + 36
    return b"".join((
        b"RIFF", riff.to_bytes(4, "little"), b"WAVEfmt ", (16).to_bytes(4, "little"), (1).to_bytes(2, "little"),
        (1).to_bytes(2, "little"), rate.to_bytes(4, "little"), (rate * 2).to_bytes(4, "little"),
        (2).to_bytes(2, "little"), (16).to_bytes(2, "little"), b"data", length.to_bytes(4, "little"),
    ))  # fmt: skip


# --- the process ---


@contextlib.asynccontextmanager
async def child(
    order: dict[str, Any], script: Path = _CHILD
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, Path]]:
    """A process that was given its order, and the file of what it complains of; killed when the block ends."""
    async with temporary_folder("media") as folder:
        said = folder / "stderr"
        log_file = await asyncio.to_thread(said.open, "wb")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(script),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log_file,
                # What it may learn of this machine is where it is to work.
                env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder)}, cwd=folder, limit=2**18,
                start_new_session=True,
            )  # fmt: skip
        finally:
            log_file.close()
        assert process.stdin is not None
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(msgspec.json.encode(order) + b"\n")
                await process.stdin.drain()
            yield process, said
        finally:
            process.stdin.close()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def last_words(said: Path) -> str:
    """The end of what a child complained of."""
    return said.read_bytes()[-500:].decode("utf-8", "replace")
