"""Decodes or encodes one sound in a process of its own, under limits: a script, so that nothing else of RADIANT is loaded.

    python -I media_child.py     one order in JSON on the standard input, a line; then what that order takes

`{do: "decode", path, out, raw, most_seconds, most_bytes}` answers one object in JSON: {format, codec, duration, streams,
rate, channels, video}, having written PCM to `out` where that is not ""; or {slug, detail}. `raw` is {format, rate,
channels} of sound without a container, or null.

`{do: "encode", format, codec, rate, from_rate, bitrate, options}` takes PCM until the end of the input, and answers
with the file as it grows.

`{do: "stream"}` takes an Opus stream in WebM or Ogg as it grows, and answers with PCM as it can; what is no such stream
ends it with the code 3, and the reason on the standard error.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

_PR_SET_PDEATHSIG = 1
_MEMORY, _CPU_SECONDS = 2 * 2**30, 900
_REASON = "reason: "
_HEARD_RATE = 16_000
_PIECE = 2**15
# What may be opened. Formats that make libav open other files or addresses (concat, hls, dash, sdp, image2, …) are not
# among them, and none is added without looking into its demuxer.
_FORMATS = "wav,w64,mp3,ogg,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,aac,aiff,caf,au,amr,mpegts,asf"
_RAW_FORMATS = {"s16le", "s32le", "mulaw", "alaw"}
_RATES = 4_000, 384_000
_MOST_CHANNELS, _MOST_STREAMS, _MOST_BROKEN = 8, 16, 200
_OURS = (b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"FORM", b"caff")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_LISTS = (
    "#extm3u",
    "ffconcat",
    "<?xml",
    "<mpd",
    "v=0",
    "[playlist]",
    "<asx",
    "<smil",
    "rtsp://",
    "http://",
    "https://",
)


class _Unreadable(Exception):
    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(detail)
        self.slug, self.detail = slug, detail


def _limit(most_bytes: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _beginning(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(4096)


def _what_else(start: bytes) -> str:
    """Why it is no sound, in words for whoever sent it."""
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").decode("latin-1").lower()
    if start.startswith(_PICTURES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "it is a picture; send a recording"
    if text.startswith(_LISTS):
        return "it is a list that names other files or addresses, which are not opened; send the recording itself"
    if not start:
        return "it is empty"
    return "it is no recording of a kind that can be heard here; send wav, mp3, m4a, ogg, flac, webm or mp4"


def _one_file(path: str, start: bytes) -> None:
    """Refuse a file with another behind it, of the containers that say where they end. Raises _Unreadable."""
    size, refused = os.path.getsize(path), False
    with open(path, "rb") as file:
        if start[:4] == b"RIFF":
            file.seek(min(size, 8 + int.from_bytes(start[4:8], "little")))
            refused = file.read(4) == b"RIFF"
        elif start[4:8] == b"ftyp":
            at, begun = 0, 0
            while at + 8 <= size:
                file.seek(at)
                head = file.read(16)
                length = int.from_bytes(head[:4], "big")
                length = int.from_bytes(head[8:16], "big") if length == 1 else length
                begun += head[4:8] == b"ftyp"
                if length < 8 or begun > 1:
                    break
                at += length
            refused = begun > 1
        elif start[:4] == b"OggS":
            refused = _chained(file)
    if refused:
        raise _Unreadable("several-sounds", "it is two recordings one after another; send each by itself")


def _chained(file: BinaryIO) -> bool:
    """Whether a stream of an Ogg file begins after another's sound did."""
    file.seek(0)
    sounding = False
    while (head := file.read(27))[:4] == b"OggS" and len(head) == 27:
        begins = bool(head[5] & 2)
        if begins and sounding:
            return True
        sounding = sounding or not begins
        file.seek(sum(file.read(head[26])), os.SEEK_CUR)
    return False


def _open(av: Any, order: dict[str, Any]) -> Any:
    path, raw = order["path"], order["raw"]
    # By its number, so that nothing can be made of its name: not a format by its ending, not an address.
    name = f"file:/proc/self/fd/{os.open(path, os.O_RDONLY | os.O_CLOEXEC)}"
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS, "enable_drefs": "0"}
    if raw is None:
        start = _beginning(path)
        _one_file(path, start)
        try:
            return av.open(name, "r", options=options, metadata_errors="replace")
        except (av.FFmpegError, ValueError) as error:
            if start.startswith(_OURS) or start[8:12] == b"WAVE" or start[4:8] == b"ftyp":
                raise _Unreadable("broken-sound", f"it is damaged: {error}"[:200]) from error
            raise _Unreadable("not-sound", _what_else(start)) from error
    if raw["format"] not in _RAW_FORMATS:
        raise _Unreadable("not-sound", f"raw sound is not read as {raw['format']}")
    layout = "mono" if raw["channels"] == 1 else f"{raw['channels']}c"
    if raw["channels"] == 2:
        layout = "stereo"
    options |= {"format_whitelist": raw["format"], "sample_rate": str(raw["rate"]), "ch_layout": layout}
    try:
        return av.open(name, "r", format=raw["format"], options=options)
    except (av.FFmpegError, ValueError) as error:
        raise _Unreadable("not-sound", f"it cannot be read as {raw['format']}: {error}"[:300]) from error


def _check(stream: Any, streams: int) -> None:
    if streams > _MOST_STREAMS:
        raise _Unreadable("broken-sound", f"it has {streams} streams; send one with at most {_MOST_STREAMS}")
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if rate and not _RATES[0] <= rate <= _RATES[1]:
        raise _Unreadable(
            "broken-sound", f"it says that it has {rate} samples a second; {_RATES[0]} to {_RATES[1]} are read"
        )
    if channels > _MOST_CHANNELS:
        raise _Unreadable("broken-sound", f"it has {channels} channels; at most {_MOST_CHANNELS} are read")


def _frames(av: Any, container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; packets that cannot be decoded are left out, if they are few."""
    broken, good = 0, 0
    packets = iter(container.demux(stream))
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.FFmpegError:
            # The rest of the file cannot be taken apart: what came before it is what there is.
            broken += 1
            break
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            broken += 1
            if broken > _MOST_BROKEN:
                raise _Unreadable("broken-sound", "it is damaged: too little of it can be decoded") from None
            continue
        good += len(frames)
        yield from frames
    if not good:
        if broken:
            raise _Unreadable("broken-sound", "it is damaged: nothing of it can be decoded")
        raise _Unreadable("no-sound", "there is no sound in it")


def _pcm(av: Any, frames: Iterator[Any]) -> Iterator[bytes]:
    """PCM at the rate that is heard. Sound whose rate or channels change in its midst goes on in the new ones."""
    resampler: Any = None
    shape: Any = None
    for frame in frames:
        if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
            if resampler is not None:
                yield from _bytes(resampler.resample(None))
            if not frame.sample_rate or not _RATES[0] <= frame.sample_rate <= _RATES[1]:
                raise _Unreadable(
                    "broken-sound", f"it has {frame.sample_rate} samples a second; {_RATES[0]} to {_RATES[1]} are read"
                )
            if len(frame.layout.channels) > _MOST_CHANNELS:
                raise _Unreadable("broken-sound", f"it has more than {_MOST_CHANNELS} channels")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=_HEARD_RATE)
            shape = frame.format.name, frame.layout.name, frame.sample_rate
        # Times of its own would make holes where a file lies about them.
        frame.pts = None
        yield from _bytes(resampler.resample(frame))
    if resampler is not None:
        yield from _bytes(resampler.resample(None))


def _bytes(frames: Any) -> Iterator[bytes]:
    for frame in frames:
        yield bytes(frame.planes[0])[: frame.samples * 2]


def _decode(av: Any, order: dict[str, Any]) -> dict[str, Any]:
    with _open(av, order) as container:
        if not container.streams.audio:
            raise _Unreadable("no-sound", "there is no sound in it")
        stream = container.streams.best("audio") or container.streams.audio[0]
        _check(stream, len(container.streams))
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        pictures = [one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic]
        found = {
            "format": container.format.name, "codec": stream.codec_context.name, "streams": len(container.streams),
            "rate": stream.codec_context.sample_rate, "channels": stream.codec_context.channels,
            "video": bool(pictures),
        }  # fmt: skip
        most = int(order["most_seconds"] * _HEARD_RATE) * 2
        written = 0
        with open(order["out"] or os.devnull, "wb") as out:
            for piece in _pcm(av, _frames(av, container, stream)):
                written += len(piece)
                if written > most:
                    bound = _spelled(order["most_seconds"])
                    raise _Unreadable("sound-too-long", f"it is longer than {bound}; send it in parts")
                out.write(piece)
    if not written:
        raise _Unreadable("no-sound", "there is no sound in it")
    # Known only when the first frame was decoded, of some.
    found["rate"] = found["rate"] or stream.codec_context.sample_rate
    return found | {"duration": written / 2 / _HEARD_RATE}


def _spelled(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"


class _Out:
    """The standard output as a file that cannot be sought in."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        return len(data)


def _encode(av: Any, order: dict[str, Any], out: int) -> None:
    options = {"flush_packets": "1", "fflags": "+bitexact", **order["options"]}
    container = av.open(_Out(out), "w", format=order["format"], container_options=options)
    stream = container.add_stream(order["codec"], rate=order["rate"])
    stream.codec_context.layout = "mono"
    if order["bitrate"]:
        stream.codec_context.bit_rate = order["bitrate"]
    rest = b""
    while piece := os.read(0, _PIECE):
        data = rest + piece
        whole = len(data) // 2 * 2
        rest = data[whole:]
        if not whole:
            continue
        frame = av.AudioFrame(format="s16", layout="mono", samples=whole // 2)
        frame.planes[0].update(data[:whole].ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts = order["from_rate"], None
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    container.close()


class _In:
    """The standard input as a file that cannot be sought in: what is there is read, and not waited for more."""

    def __init__(self) -> None:
        self.start = b""
        while len(self.start) < 4 and (piece := os.read(0, 4 - len(self.start))):
            self.start += piece
        self._left = self.start

    def read(self, most: int) -> bytes:
        if self._left:
            piece, self._left = self._left[:most], self._left[most:]
            return piece
        return os.read(0, most)


# How the streams begin that are decoded as they grow.
_STREAMS = {b"\x1aE\xdf\xa3": "matroska", b"OggS": "ogg"}


def _stream(av: Any, out: int) -> None:
    source = _In()
    if (form := _STREAMS.get(source.start)) is None:
        raise _Unreadable("not-sound", "it is no stream of Opus in WebM or Ogg")
    options = {
        "format_whitelist": "matroska,webm,ogg", "protocol_whitelist": "", "codec_whitelist": "opus,libopus",
        "probesize": "2048", "analyzeduration": "0", "fflags": "+nobuffer",
    }  # fmt: skip
    try:
        container = av.open(source, "r", format=form, options=options, metadata_errors="replace", buffer_size=2048)
    except (av.FFmpegError, ValueError) as error:
        raise _Unreadable("broken-sound", f"it is damaged: {error}"[:200]) from error
    if not container.streams.audio:
        raise _Unreadable("no-sound", "there is no sound in it")
    stream = container.streams.audio[0]
    _check(stream, len(container.streams))
    stream.thread_type, stream.codec_context.thread_count = "NONE", 1
    writer = _Out(out)
    for piece in _pcm(av, _frames(av, container, stream)):
        writer.write(piece)


def main() -> None:
    """Take the order, do it."""
    line = bytearray()
    # Byte by byte: what follows the line is sound, and none of it may be taken into a buffer.
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            os._exit(2)
        line += piece
    order = json.loads(line)
    # What libraries print must not stand in the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    _limit(order.get("most_bytes", 2**20))
    try:
        av: Any = importlib.import_module("av")
        if order["do"] == "encode":
            _encode(av, order, answer)
            os._exit(0)
        if order["do"] == "stream":
            try:
                _stream(av, answer)
            except _Unreadable as error:
                os.write(2, f"{_REASON}{error.detail}\n".encode())
                os._exit(3)
            os._exit(0)
        found = _decode(av, order)
    except _Unreadable as error:
        found = {"slug": error.slug, "detail": error.detail}
    except MemoryError:
        found = {"slug": "broken-sound", "detail": "decoding it takes more memory than a recording may"}
    except OSError as error:
        found = {"slug": "broken-sound", "detail": f"it cannot be decoded: {error}"[:300]}
    os.write(answer, json.dumps(found).encode())
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
