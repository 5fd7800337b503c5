"""Videos for tests: scenes of one colour each, with or without sound, written by PyAV."""

import io
import struct
import wave
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av

Scene = tuple[tuple[int, int, int], float]
"""A colour (red, green, blue), and how many seconds it lasts."""
RED, GREEN, BLUE = (200, 20, 20), (20, 180, 40), (30, 40, 200)
SCENES: Sequence[Scene] = ((RED, 2.0), (GREEN, 2.0), (BLUE, 2.0))


def video(
    scenes: Sequence[Scene] = SCENES, *, sound: bytes | None = None, size: tuple[int, int] = (160, 120), rate: int = 10,
    container: str = "mp4", codec: str = "libx264", rotated: int = 0, every: Sequence[int] = (1,),
) -> bytes:  # fmt: skip
    """A video. `sound`: a WAV file of 16 bits; `every`: by how many frames its pictures are apart, in turn."""
    file = io.BytesIO()
    audio_codec = "libopus" if container == "webm" else "aac"
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate) if scenes else None
        if stream is not None:
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            if size[0] % 2 or size[1] % 2:
                stream.pix_fmt = "yuv444p"
            stream.time_base = Fraction(1, 1000)
            stream.codec_context.time_base = Fraction(1, 1000)
        heard: Any = None
        if sound is not None:
            with wave.open(io.BytesIO(sound)) as reader:
                channels, sound_rate = reader.getnchannels(), reader.getframerate()
                samples = reader.readframes(reader.getnframes())
            assert channels == 1
            heard = out.add_stream(audio_codec, rate=48_000)
            heard.codec_context.layout = "mono"
        at = place = 0
        begin = 0.0
        for colour, seconds in scenes:
            begin += seconds
            while at < begin * 1000:
                frame = _flat(colour, size, stream.pix_fmt)
                frame.pts, frame.time_base = at, Fraction(1, 1000)
                out.mux(stream.encode(frame))
                at += 1000 // rate * every[place % len(every)]
                place += 1
        if stream is not None:
            out.mux(stream.encode(None))
        if heard is not None:
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
            frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts = sound_rate, None
            out.mux(heard.encode(frame))
            out.mux(heard.encode(None))
    return _turned(file.getvalue(), rotated) if rotated else file.getvalue()


def _flat(colour: tuple[int, int, int], size: tuple[int, int], form: str) -> Any:
    frame = av.VideoFrame(*size, "rgb24")
    plane = frame.planes[0]
    row = (bytes(colour) * size[0]).ljust(plane.line_size, b"\0")
    plane.update(row * size[1])
    return frame.reformat(format=form)


def _turned(data: bytes, degrees: int) -> bytes:
    """The same MP4, to be shown turned clockwise: as a telephone that was held upright writes it."""
    one = 1 << 16
    matrix = {90: (0, one, 0, -one, 0, 0), 180: (-one, 0, 0, 0, -one, 0), 270: (0, -one, 0, one, 0, 0)}[degrees]
    # The first track is that of the pictures; its matrix is 44 bytes behind the name of its header.
    at = data.index(b"tkhd") + 44
    return data[:at] + struct.pack(">9i", *matrix, 0, 0, 1 << 30) + data[at + 36 :]
