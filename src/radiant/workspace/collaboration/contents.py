"""What a document says, as texts, and how two of its states differ. Pure."""

import difflib
from collections.abc import Iterator
from typing import Any, cast

from pycrdt import Doc, Map
from pycrdt import Text as YText

from radiant.workspace.collaboration.schemas import LineHunk, RoomText, RoomTextChange

CONTENT, ARTIFACTS = "content", "artifacts"
_AROUND = 3


def texts(doc: "Doc[Any]") -> list[RoomText]:
    """The texts of a document: its `content`, and each artifact's body, in the order of their titles."""
    found: list[RoomText] = []
    roots = set(doc.keys())
    if CONTENT in roots:
        found.append(RoomText(path=CONTENT, text=str(doc.get(CONTENT, type=YText))))
    if ARTIFACTS in roots:
        found += sorted(_artifacts(doc.get(ARTIFACTS, type=Map)), key=lambda one: (one.title or "", one.path))
    return found


def _artifacts(artifacts: "Map[Any]") -> Iterator[RoomText]:
    for key in artifacts.keys():  # noqa: SIM118 - a Map of pycrdt is no dict
        artifact = artifacts[key]
        if isinstance(artifact, Map) and "body" in (held := cast("Map[Any]", artifact)):
            title = str(held["title"]) if held.get("title") else None
            yield RoomText(path=f"{ARTIFACTS}/{key}", title=title, text=str(held["body"]))


def changes(before: list[RoomText], after: list[RoomText]) -> list[RoomTextChange]:
    """The texts that differ, line by line."""
    old, new = {text.path: text for text in before}, {text.path: text for text in after}
    found: list[RoomTextChange] = []
    for path in dict.fromkeys([*old, *new]):
        was, now = old.get(path), new.get(path)
        if was is not None and now is not None and was.text == now.text:
            continue
        kind = "added" if was is None else "removed" if now is None else "changed"
        title = now.title if now is not None else was.title if was is not None else None
        lines = hunks(was.text if was else "", now.text if now else "")
        found.append(RoomTextChange(path=path, title=title, kind=kind, hunks=lines))
    return found


def hunks(before: str, after: str) -> list[LineHunk]:
    """How two texts differ by lines, with three lines around each change."""
    # What both begin and end with costs nothing to see, and is most of a document.
    old, new = before.splitlines(), after.splitlines()
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    start = max(0, head - _AROUND)
    end = max(0, tail - _AROUND)
    matcher = difflib.SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end])
    found: list[LineHunk] = []
    for group in matcher.get_grouped_opcodes(_AROUND):
        for tag, a, b, c, d in group:
            at = a + start + 1, c + start + 1
            if tag == "equal":
                found.append(LineHunk(kind="same", before=at[0], after=at[1], lines=old[start + a : start + b]))
                continue
            if b > a:
                found.append(LineHunk(kind="removed", before=at[0], after=at[1], lines=old[start + a : start + b]))
            if d > c:
                found.append(LineHunk(kind="added", before=at[0], after=at[1], lines=new[start + c : start + d]))
    return found
