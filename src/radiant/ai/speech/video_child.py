"""Looks into one video in a process of its own, under the limits of media_child.py: a script as that one is.

    python -I video_child.py     one order in JSON on the standard input, a line

`{do: "probe", path, most_seconds}` answers {format, codec, sound_codec, duration, width, height, sound, pictures,
widest_gap}: all packets are walked through, none is decoded but the first picture.

`{do: "scenes", path, folder, most, widest_gap, duration}` writes JPEG files to `folder` and answers lines of {at} in
seconds as it goes on, then {frames: [{at, file, score, width, height}]}.

`{do: "moments", path, folder, at}` writes the pictures that are shown at those seconds, and answers {frames: […]} too.

Or {slug, detail}.
"""

import bisect
import importlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
media: Any = importlib.import_module("media_child")

_MOST_PIXELS = 8192 * 4320
_SIDE = 768
# What scenes are told apart by: a picture of so many points, and how many it is looked at a second.
_SMALL = 16, 9
_EVERY = 0.19
# Of 0..1, how much of it changes at a cut; and how close pictures that are kept may be, in seconds.
_CUT, _CLOSEST = 0.08, 1.0
# From this length on, only pictures that stand by themselves are decoded, where they are dense enough.
_LONG, _DENSE = 300.0, 15.0
# So much processor time is spent on all pictures; then on those alone that stand by themselves.
_PATIENCE = 300.0
_MOST_BROKEN = 200
_TELL_EVERY = 0.5
_MOST_BYTES = 64 * 2**20


def _pictures(container: Any) -> Any:
    """The stream of moving pictures, or None."""
    attached = importlib.import_module("av").stream.Disposition.attached_pic
    streams = [one for one in container.streams.video if not one.disposition & attached]
    return streams[0] if streams else None


def _prepare(stream: Any) -> None:
    context = stream.codec_context
    _bounded(context.width, context.height)
    stream.thread_type, context.thread_count = "NONE", 1
    context.options = {"max_pixels": str(_MOST_PIXELS)}


def _bounded(width: int, height: int) -> None:
    if width * height > _MOST_PIXELS:
        raise media._Unreadable(
            "broken-video",
            f"its pictures have {width} × {height} points; at most {_MOST_PIXELS // 10**6} million are read",
        )


def _packets(av: Any, container: Any, *streams: Any) -> Iterator[Any]:
    packets = iter(container.demux(*streams))
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            # What came before the fault is what there is.
            return


def _decoded(av: Any, container: Any, stream: Any) -> Iterator[Any]:
    broken = 0
    for packet in _packets(av, container, stream):
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            broken += 1
            if broken > _MOST_BROKEN:
                raise media._Unreadable("broken-video", "it is damaged: too little of it can be decoded") from None
            continue
        for frame in frames:
            _bounded(frame.width, frame.height)
            yield frame


def _begin(container: Any) -> float:
    """When it begins by its own clock, in seconds: players count from there."""
    starts = [float(one.start_time * one.time_base) for one in container.streams if one.start_time is not None]
    return min(starts, default=0.0)


def _at(frame: Any, begin: float, before: float) -> float:
    """When a frame is shown, in seconds. One that does not say comes after the one before it."""
    return before + 0.04 if frame.pts is None else max(0.0, float(frame.pts * frame.time_base) - begin)


def _probe(av: Any, order: dict[str, Any]) -> dict[str, Any]:
    with media._open(av, order) as container:
        if len(container.streams) > media._MOST_STREAMS:
            raise media._Unreadable(
                "broken-video", f"it has {len(container.streams)} streams; send one with at most {media._MOST_STREAMS}"
            )
        pictures = _pictures(container)
        sound = container.streams.audio[0] if container.streams.audio else None
        if sound is not None:
            media._check(sound, len(container.streams))
        if pictures is None and sound is None:
            raise media._Unreadable("not-video", "there are neither pictures nor sound in it")
        if pictures is not None:
            _prepare(pictures)
        begin = _begin(container)
        end = shown = gap = 0.0
        several: Any = [one for one in (pictures, sound) if one is not None]
        width = height = 0
        for packet in _packets(av, container, *several):
            if packet.pts is None and packet.dts is None:
                continue
            at = float((packet.pts if packet.pts is not None else packet.dts) * packet.time_base) - begin
            length = float(packet.duration * packet.time_base) if packet.duration else 0.0
            end = max(end, at + length)
            if end > order["most_seconds"]:
                bound = media._spelled(order["most_seconds"])
                raise media._Unreadable("video-too-long", f"it is longer than {bound}; send it in parts")
            if packet.stream is pictures:
                if packet.is_keyframe:
                    gap, shown = max(gap, at - shown), at
                if not width:
                    width, height = _first_size(av, packet)
        if pictures is not None and not width:
            if sound is None:
                raise media._Unreadable("broken-video", "it is damaged: none of its pictures can be decoded")
            pictures = None
        return {
            "format": container.format.name, "duration": end, "width": width, "height": height,
            "codec": pictures.codec_context.name if pictures else "", "pictures": pictures is not None,
            "sound_codec": sound.codec_context.name if sound else "", "sound": sound is not None,
            "widest_gap": max(gap, end - shown),
        }  # fmt: skip


def _first_size(av: Any, packet: Any) -> tuple[int, int]:
    """How large the pictures are as shown, once one was decoded; else 0, 0."""
    try:
        for frame in packet.decode():
            _bounded(frame.width, frame.height)
            width, height = frame.width, frame.height
            return (height, width) if frame.rotation % 180 else (width, height)
    except (av.FFmpegError, ValueError):
        pass
    return 0, 0


def _small(frame: Any) -> bytes:
    """A picture as so few points that two of one scene are alike."""
    width, height = _SMALL
    plane = frame.reformat(width=width, height=height, format="rgb24").planes[0]
    data, row = bytes(plane), width * 3
    return b"".join(data[line * plane.line_size : line * plane.line_size + row] for line in range(height))


def _unlike(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / (255 * len(one))


_TURNS = {90: ("cclock",), 180: ("cclock", "cclock"), 270: ("clock",)}


def _jpeg(av: Any, frame: Any, path: str) -> tuple[int, int]:
    """Write it upright, at most _SIDE wide and high; how large it is then."""
    turns = _TURNS.get(round(frame.rotation) % 360, ())
    width, height = (frame.height, frame.width) if len(turns) == 1 else (frame.width, frame.height)
    scale = min(1.0, _SIDE / max(width, height))
    to = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
    graph = av.filter.Graph()
    begin = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    steps = [graph.add("transpose", f"dir={turn}") for turn in turns]
    steps.append(graph.add("scale", f"w={to[0]}:h={to[1]}:out_range=pc"))
    steps += [graph.add("format", "pix_fmts=yuvj420p"), graph.add("buffersink")]
    begin.link_to(steps[0])
    for one, next_ in itertools.pairwise(steps):
        one.link_to(next_)
    graph.configure()
    frame.pts = None
    graph.push(frame)
    graph.push(None)
    picture = graph.pull()
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.qmin = encoder.qmax = 4
    picture.pts, picture.time_base = 0, encoder.time_base
    data = b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
    with open(path, "wb") as file:
        file.write(data)
    return picture.width, picture.height


class _Kept:
    """At most so many pictures, those of the clearest cuts; the first stays."""

    def __init__(self, av: Any, folder: str, most: int) -> None:
        self._av, self._folder, self._most = av, folder, most
        self.frames: list[dict[str, Any]] = []
        self._scores: list[tuple[float, float]] = []

    def keep(self, frame: Any, at: float, score: float) -> None:
        if len(self.frames) >= self._most:
            if score <= self._scores[0][0]:
                return
            _score, gone = self._scores.pop(0)
            place = next(place for place, one in enumerate(self.frames) if one["at"] == gone)
            os.unlink(os.path.join(self._folder, self.frames.pop(place)["file"]))
        name = f"{round(at * 1000):010d}.jpg"
        width, height = _jpeg(self._av, frame, os.path.join(self._folder, name))
        if self.frames:
            bisect.insort(self._scores, (score, at))
        self.frames.append({"at": at, "file": name, "score": round(score, 4), "width": width, "height": height})


def _scenes(av: Any, order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    with media._open(av, order) as container:
        stream = _pictures(container)
        _prepare(stream)
        duration = order["duration"]
        if duration > _LONG and order["widest_gap"] < _DENSE:
            stream.codec_context.skip_frame = "NONKEY"
        kept = _Kept(av, order["folder"], max(2, order["most"]))
        # Where nothing changes for long there is a picture all the same, to be asked about.
        at_least = max(30.0, duration / max(2, order["most"]))
        begin, at, looked, kept_at, told = _begin(container), 0.0, -_EVERY, 0.0, time.monotonic()
        before = last = b""
        for frame in _decoded(av, container, stream):
            at = _at(frame, begin, at)
            if at - looked < _EVERY:
                continue
            looked = at
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                tell({"at": at})
            if time.process_time() > _PATIENCE:
                stream.codec_context.skip_frame = "NONKEY"
            small = _small(frame)
            # A cut, or a slow change that has come to as much.
            score = max(_unlike(small, before), _unlike(small, last)) if last else 1.0
            before = small
            if not last or (score >= _CUT and at - kept_at >= _CLOSEST) or at - kept_at >= at_least:
                kept.keep(frame, at, score)
                last, kept_at = small, at
        return {"frames": kept.frames}


def _moments(av: Any, order: dict[str, Any]) -> dict[str, Any]:
    frames: list[dict[str, Any]] = []
    for place, wanted in enumerate(order["at"]):
        with media._open(av, order) as container:
            stream = _pictures(container)
            _prepare(stream)
            begin, at = _begin(container), 0.0
            if wanted > 2.0:
                try:
                    container.seek(int((wanted + begin) / stream.time_base), stream=stream, backward=True)
                except (av.FFmpegError, ValueError):
                    # It has no index: it is walked through from its beginning.
                    container.seek(0)
            shown, shown_at = None, 0.0
            for frame in _decoded(av, container, stream):
                at = _at(frame, begin, at)
                if shown is not None and at > wanted:
                    break
                shown, shown_at = frame, at
            if shown is None:
                continue
            name = f"moment-{place}.jpg"
            width, height = _jpeg(av, shown, os.path.join(order["folder"], name))
            frames.append({"at": shown_at, "file": name, "score": 0.0, "width": width, "height": height})
    if not frames:
        raise media._Unreadable("broken-video", "it is damaged: no picture of that moment can be decoded")
    return {"frames": frames}


def main() -> None:
    """Take the order, do it."""
    order: dict[str, Any] = {"raw": None} | json.loads(sys.stdin.buffer.readline())
    answer = os.dup(1)
    os.dup2(2, 1)

    def tell(found: dict[str, Any]) -> None:
        os.write(answer, json.dumps(found).encode() + b"\n")

    media._limit(_MOST_BYTES)
    try:
        av: Any = importlib.import_module("av")
        if order["do"] == "probe":
            found = _probe(av, order)
        else:
            found = _scenes(av, order, tell) if order["do"] == "scenes" else _moments(av, order)
    except media._Unreadable as error:
        slug = "not-video" if error.slug == "not-sound" else error.slug
        found = {"slug": slug.replace("broken-sound", "broken-video"), "detail": error.detail}
    except MemoryError:
        found = {"slug": "broken-video", "detail": "decoding it takes more memory than a video may"}
    except (OSError, ValueError) as error:
        found = {"slug": "broken-video", "detail": f"it cannot be decoded: {error}"[:300]}
    tell(found)
    os._exit(0)


if __name__ == "__main__":
    main()
