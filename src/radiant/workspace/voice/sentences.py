"""An answer as it streams -> what can be said of it, sentence by sentence; and what was heard of it by the time played."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 240
"""Characters of a piece; a sentence that is longer is cut at a clause, else behind a word."""
_FIRST_WORDS = 3
"""The first piece may end at a clause that has so many words, so that the sound begins early."""
_END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s)|[。！？]+|\n")
_CLAUSE = re.compile(r"[,;:—–](?=\s)|[，、；]")
_FENCE = re.compile(r"```|~~~")
_SHORT = frozenset(
    (
        "dr.",
        "mr.",
        "mrs.",
        "ms.",
        "prof.",
        "st.",
        "vs.",
        "no.",
        "e.g.",
        "i.e.",
        "etc.",
        "approx.",
        "fig.",
        "z.b.",
        "bzw.",
    )
)
_SPOKEN_AS = (
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"<?(?:https?://|www\.)\S+[^\s.,;:!?)>]>?"), ""),
    (re.compile(r"</?[A-Za-z][^>]*>"), ""),
    (re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:#{1,6}\s+|>+\s*)", re.MULTILINE), ""),
    (re.compile(r"^\s*\|?[\s:|-]*-{3,}[\s:|-]*$", re.MULTILINE), ""),
    (re.compile(r"^\s*\||\|\s*$", re.MULTILINE), ""),
    (re.compile(r"\s*\|\s*"), ", "),
    (re.compile(r"`+|\*+|~~|(?<!\w)_+|_+(?!\w)"), ""),
)


@dataclass(slots=True)
class Piece:
    """Something to be said: `text`, which is from `start` to `end` of the answer. `ms` of its sound there is by now;
    `whole`: that is all of it."""

    start: int
    end: int
    text: str
    ms: float = 0.0
    whole: bool = False

    def length(self) -> float:
        """Milliseconds; estimated, rather too long, until all of its sound is there."""
        return self.ms if self.whole else max(self.ms, len(self.text) * 65.0)


def speakable(markdown: str) -> str:
    """The words without marks, addresses and signs that nobody would read out."""
    text = markdown
    for pattern, instead in _SPOKEN_AS:
        text = pattern.sub(instead, text)
    text = "".join(each for each in text if unicodedata.category(each) not in ("So", "Sk", "Cs", "Co", "Cf", "Mn"))
    return " ".join(text.split())


class Sentences:
    """Feed it the answer; it gives each piece as soon as it is whole. Blocks of code are left out."""

    def __init__(self) -> None:
        self.text = ""
        self._at = 0
        self._in_code = False
        self._first = True

    def feed(self, more: str) -> list[Piece]:
        """The pieces that are whole now."""
        self.text += more
        return self._pieces(last=False)

    def end(self) -> list[Piece]:
        """What is left."""
        return self._pieces(last=True)

    def _pieces(self, *, last: bool) -> list[Piece]:
        found: list[Piece] = []
        while True:
            if self._in_code:
                fence = _FENCE.search(self.text, self._at)
                if fence is None:
                    # The next fence may have begun.
                    self._at = len(self.text) if last else max(self._at, len(self.text) - 2)
                    return found
                self._at, self._in_code = fence.end(), False
            rest = self.text[self._at :]
            space = len(rest) - len(rest.lstrip())
            self._at += space
            rest = rest[space:]
            if _FENCE.match(rest):
                self._at, self._in_code = self._at + 3, True
                continue
            if not rest or (not last and rest in ("`", "``", "~", "~~")):
                return found
            cut = self._cut(rest, last=last)
            if cut is None:
                return found
            text = speakable(rest[:cut])
            if any(each.isalnum() for each in text):
                found.append(Piece(self._at, self._at + cut, text))
                self._first = False
            self._at += cut

    def _cut(self, rest: str, *, last: bool) -> int | None:
        fence = _FENCE.search(rest)
        room = rest[: fence.start()] if fence else rest
        cut = next((match.end() for match in _END.finditer(room) if not _goes_on(room, match)), None)
        if self._first:
            clauses = (match.end() for match in _CLAUSE.finditer(room))
            early = next((end for end in clauses if len(room[:end].split()) >= _FIRST_WORDS), None)
            cut = min((each for each in (cut, early) if each is not None), default=None)
        if (cut or len(room)) > _LONGEST:
            head = room[:_LONGEST]
            clause = max((match.end() for match in _CLAUSE.finditer(head)), default=0)
            return clause if clause > _LONGEST // 3 else head.rfind(" ") + 1 or _LONGEST
        if cut is None and (last or fence is not None):
            return len(room)
        return cut


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """Whether the full stop ends no sentence: an abbreviation, an initial, the number of a list."""
    if not match.group().startswith("."):
        return False
    word = (text[: match.start()].split() or [""])[-1].lstrip("(\"'“*_") + "."
    line = text[: match.start()].rpartition("\n")[2].strip()
    return word.lower() in _SHORT or (len(word) == 2 and word[0].isupper() and word != "I.") or line.isdigit()


def heard_of(answer: str, pieces: Sequence[Piece], played_ms: float) -> str:
    """The beginning of the answer that was heard when so much was played: whole words, and never more."""
    end, at = 0, 0.0
    for piece in pieces:
        if piece.ms <= 0:
            if piece.whole:
                continue
            break
        length = piece.length()
        if at + length <= played_ms + 1 and piece.whole:
            at += length
            end = piece.end
            continue
        words = _words_within(piece.text, (played_ms - at) / length)
        return (answer[: piece.start] + words).rstrip() if words else answer[:end].rstrip()
    return answer[:end].rstrip()


def _words_within(text: str, share: float) -> str:
    room = len(text) * min(max(share, 0.0), 1.0)
    end = 0
    for word in re.finditer(r"\S+", text):
        if word.end() > room:
            break
        end = word.end()
    return text[:end]


def bare(text: str) -> list[str]:
    """Its words in lower case, without what is no letter or digit."""
    return [word for each in text.lower().split() if (word := "".join(filter(str.isalnum, each)))]


def is_echo(heard: str, said: str) -> bool:
    """Whether what was heard only repeats what is being said: nearly all of its words, in that order, close together."""
    words, known = bare(heard), bare(said)
    if not words or not known:
        return False
    # The longest run of the words, in order, that begins at any place of what is said.
    best = 0
    for begin in range(len(known)):
        place, matched = begin, 0
        for word in words:
            window = known[place : place + 3]
            if word in window:
                place += window.index(word) + 1
                matched += 1
        best = max(best, matched)
    return best / len(words) >= (1.0 if len(words) <= 3 else 0.75)
