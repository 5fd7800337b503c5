"""What was heard as subtitles: SubRip and WebVTT."""

from collections.abc import Callable, Iterator, Sequence
from html import escape

import msgspec

from radiant.ai.speech.speech import Transcript, Word

# Netflix' and the BBC's guides agree on about this: two lines of 42 letters, no cue longer than seven seconds.
_LINE, _LINES, _LONGEST, _SHORTEST, _PAUSE = 42, 2, 7.0, 0.7, 0.8
_ENDS = (".", "!", "?", "…", "。", "！", "？")


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown from `start` until `end`, in seconds; `lines` of text."""

    start: float
    end: float
    lines: Sequence[str]
    speaker: int | None = None


def cues(heard: Transcript) -> list[Cue]:
    """What to show when. A text without times is one cue over the whole, as nobody knows better."""
    if not heard.words:
        text = " ".join(heard.text.split())
        return [Cue(start=0.0, end=max(heard.duration, _SHORTEST), lines=_folded(text))] if text else []
    groups = list(_groups(heard.words))
    found = list[Cue]()
    for place, group in enumerate(groups):
        start, end = group[0].start, max(group[-1].end, group[0].start + _SHORTEST)
        if place + 1 < len(groups):
            # Held long enough to be read, and gone before the next.
            end = max(min(end, groups[place + 1][0].start), start)
        text = " ".join(_shown(word) for word in group)
        found.append(Cue(start=start, end=end, lines=_folded(text), speaker=group[0].speaker))
    return found


def _shown(word: Word) -> str:
    return " ".join((word.shown or word.word).split())


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    group = list[Word]()
    for word in sorted(words, key=lambda word: word.start):
        if not _shown(word):
            continue
        if group:
            length = sum(len(_shown(one)) + 1 for one in group)
            last = group[-1]
            if (
                length + len(_shown(word)) > _LINE * _LINES
                or word.end - group[0].start > _LONGEST
                or word.start - last.end > _PAUSE
                or word.speaker != last.speaker
                or (_shown(last).endswith(_ENDS) and length > _LINE // 2)
            ):
                yield group
                group = []
        group.append(word)
    if group:
        yield group


def _folded(text: str) -> list[str]:
    """In two lines of like length where one would be too long."""
    if len(text) <= _LINE:
        return [text]
    middle = len(text) / 2
    breaks = [at for at, letter in enumerate(text) if letter == " "]
    if not breaks:
        return [text]
    at = min(breaks, key=lambda at: abs(at - middle))
    return [text[:at], text[at + 1 :]]


def srt(heard: Transcript) -> str:
    """As SubRip. It has no escapes: what looks like a tag or an arrow is shown with letters that look alike."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_text(cue, _plain)}\n"
        for number, cue in enumerate(cues(heard), 1)
    )


def vtt(heard: Transcript) -> str:
    """As WebVTT; who speaks stands in voice tags, where that was told apart."""
    shown = [
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n"
        + (f"<v Speaker {cue.speaker + 1}>" if cue.speaker is not None else "")
        + f"{_text(cue, lambda line: escape(line, quote=False))}\n"
        for cue in cues(heard)
    ]
    return "\n".join(["WEBVTT\n", *shown])


def _plain(line: str) -> str:
    return line.replace("-->", "→").replace("<", "‹").replace(">", "›")


def _text(cue: Cue, written: Callable[[str], str]) -> str:
    return "\n".join(written(line) for line in cue.lines)


def _time(seconds: float, point: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"
