"""How one text becomes another by few changes. Pure."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Past so many tokens on both sides a part is replaced as a whole: matching takes the square of them.
_MOST_TOKENS = 2000
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of the old text are replaced by `new`."""

    start: int
    end: int
    new: str


def edits(old: str, new: str) -> list[Edit]:
    """The changes in order, at places of the old text: by lines, within changed lines by words."""
    found: list[Edit] = []
    for start, end, said in _changed(old, new, _LINES):
        part = old[start:end]
        found += [Edit(start + s, start + e, words) for s, e, words in _changed(part, said, _WORDS)]
    return _joined(found)


def applied(old: str, changes: Sequence[Edit]) -> str:
    """The old text with those changes, which are in order."""
    parts: list[str] = []
    at = 0
    for one in changes:
        parts += [old[at : one.start], one.new]
        at = one.end
    return "".join([*parts, old[at:]])


def _changed(old: str, new: str, tokens: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    head = 0
    most = min(len(old), len(new))
    while head < most and old[head] == new[head]:
        head += 1
    if tokens is _LINES:
        head = old.rfind("\n", 0, head) + 1
    tail = 0
    while tail < most - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if tokens is _LINES and tail:
        # To the end of a line in both.
        cut = old.find("\n", len(old) - tail)
        tail = len(old) - cut - 1 if cut >= 0 else 0
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if not before and not after:
        return
    ours, theirs = tokens.findall(before), tokens.findall(after)
    if not ours or not theirs or max(len(ours), len(theirs)) > _MOST_TOKENS:
        yield head, len(old) - tail, after
        return
    starts = [head]
    for token in ours:
        starts.append(starts[-1] + len(token))
    for tag, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield starts[a], starts[b], "".join(theirs[c:d])


def _joined(changes: Sequence[Edit]) -> list[Edit]:
    """Changes that touch each other are one."""
    found: list[Edit] = []
    for one in changes:
        if found and found[-1].end == one.start:
            found[-1] = Edit(found[-1].start, one.end, found[-1].new + one.new)
        elif one.start != one.end or one.new:
            found.append(one)
    return found
