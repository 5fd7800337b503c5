"""A canvas's document: what is on it, read and changed within a pycrdt Doc. Pure; whoever calls holds the transaction.

    artifacts    {id: {type, title, language, x, y, width, height, z, collapsed, body: Text, created_by, created_at, source}}
    provenance   {id: {kind, model, …}}        named by the attribute `src` of spans of bodies

Clients write into it too, so whatever is read is looked at: what is no artifact is left out, and numbers are kept in bounds.
Offsets inside a Doc of pycrdt count bytes of UTF-8; those that are told here count UTF-16 units, as browsers do.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast, get_args
from uuid import UUID

from pycrdt import Doc, Map, Text
from pydantic import ValidationError

from radiant.kit.ids import parse_uuid
from radiant.workspace.canvas.differing import Edit as Edit
from radiant.workspace.canvas.differing import edits
from radiant.workspace.canvas.schemas import MOST_ARTIFACTS, MOST_TITLE, ArtifactType, Provenance, Span

TYPES: frozenset[str] = frozenset(get_args(ArtifactType))
BOUNDS: Mapping[str, tuple[int, int, int]] = {
    "x": (-1_000_000, 1_000_000, 0), "y": (-1_000_000, 1_000_000, 0), "width": (1, 100_000, 400),
    "height": (1, 100_000, 300), "z": (-1_000_000, 1_000_000, 0),
}  # fmt: skip
_MOST_BODY = 5_000_000
_MOST_PROVENANCE = 5000
_MOST_SPANS = 10_000
_GAP = 24


@dataclass(slots=True)
class Drawn:
    """An artifact as the document has it."""

    id: UUID
    type: ArtifactType
    title: str = ""
    language: str | None = None
    x: int = 0
    y: int = 0
    width: int = 400
    height: int = 300
    z: int = 0
    collapsed: bool = False
    content: str = ""
    spans: list[Span] = field(default_factory=list[Span])
    created_by: UUID | None = None
    created_at: str | None = None
    source: str | None = None


def artifacts_of(doc: "Doc[Any]") -> "Map[Any]":
    """The map of artifacts, by their ids."""
    return doc.get("artifacts", type=Map)


def read(doc: "Doc[Any]") -> list[Drawn]:
    """What is on the canvas, the lowest first."""
    held = artifacts_of(doc)
    found = [one for key in list(held.keys())[: MOST_ARTIFACTS * 2] if (one := drawn(held, key)) is not None]
    found.sort(key=lambda one: (one.z, one.created_at or "", one.id))
    return found[:MOST_ARTIFACTS]


def find(doc: "Doc[Any]", artifact_id: UUID) -> Drawn | None:
    """That artifact."""
    held = artifacts_of(doc)
    return drawn(held, str(artifact_id)) if str(artifact_id) in held else None


def drawn(held: "Map[Any]", key: str) -> Drawn | None:
    """What stands under the key, where it is an artifact."""
    artifact_id, value = parse_uuid(key), held[key]
    if artifact_id is None or str(artifact_id) != key or not isinstance(value, Map):
        return None
    entry = cast("Map[Any]", value)
    facts: dict[str, Any] = {name: entry[name] for name in entry.keys()}  # noqa: SIM118 - a Map is no dict
    body = facts.get("body")
    if facts.get("type") not in TYPES or not isinstance(body, Text):
        return None
    content, spans = said(body)
    numbers = {name: _bounded(facts.get(name), *bounds) for name, bounds in BOUNDS.items()}
    return Drawn(
        id=artifact_id, type=facts["type"], title=(_words(facts.get("title")) or "")[:MOST_TITLE],
        language=(_words(facts.get("language")) or "")[:50] or None, **numbers,
        collapsed=facts.get("collapsed") is True, content=content, spans=spans,
        created_by=parse_uuid(_words(facts.get("created_by")) or ""), created_at=_words(facts.get("created_at")),
        source=(_words(facts.get("source")) or "")[:300] or None,
    )  # fmt: skip


def said(body: "Text") -> tuple[str, list[Span]]:
    """A body's text, and where its parts come from."""
    texts: list[str] = []
    spans: list[Span] = []
    at = 0
    for part, attributes in body.diff():
        if not isinstance(part, str):
            continue
        text = part.replace("\x00", "\ufffd")
        texts.append(text)
        end = at + units(text)
        source = (attributes or {}).get("src")
        if isinstance(source, str) and source and len(spans) < _MOST_SPANS:
            if spans and spans[-1].end == at and spans[-1].provenance_id == source[:100]:
                spans[-1] = Span(start=spans[-1].start, end=end, provenance_id=source[:100])
            else:
                spans.append(Span(start=at, end=end, provenance_id=source[:100]))
        at = end
    return "".join(texts)[:_MOST_BODY], spans


def add(doc: "Doc[Any]", one: Drawn, at: datetime) -> None:
    """Put an artifact on the canvas, or again what was taken off."""
    body = Text()
    artifacts_of(doc)[str(one.id)] = Map(
        {
            "type": one.type, "title": one.title, "language": one.language or "", "x": one.x, "y": one.y,
            "width": one.width, "height": one.height, "z": one.z, "collapsed": one.collapsed, "body": body,
            "created_by": str(one.created_by) if one.created_by else "",
            "created_at": one.created_at or at.isoformat(), "source": one.source or "",
        }
    )  # fmt: skip
    _write(body, one.content, one.spans)


def change(doc: "Doc[Any]", artifact_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of its facts: title, language, x, y, width, height, z, collapsed, source."""
    entry = artifacts_of(doc)[str(artifact_id)]
    for name, value in facts.items():
        if name not in entry or entry[name] != value:
            entry[name] = value


def remove(doc: "Doc[Any]", artifact_id: UUID) -> None:
    """Take it off the canvas."""
    held = artifacts_of(doc)
    if str(artifact_id) in held:
        del held[str(artifact_id)]


def body_of(doc: "Doc[Any]", artifact_id: UUID) -> "Text":
    """The body of an artifact that is there."""
    return artifacts_of(doc)[str(artifact_id)]["body"]


def rewrite(body: "Text", new: str, source: str | None) -> None:
    """Let the body say `new`, by few changes: what stays keeps where it comes from, what is new comes from `source`."""
    apply(body, edits(str(body), new), source)


def rewrite_as(body: "Text", new: str, spans: list[Span]) -> None:
    """Let the body say `new`, with all of it from where `spans` say."""
    rewrite(body, new, None)
    wanted = list(_in_bytes(new, spans))
    if list(_in_bytes(new, said(body)[1])) != wanted:
        body.format(0, len(new.encode()), {"src": None})
        for start, end, source in wanted:
            body.format(start, end, {"src": source})


def apply(body: "Text", changes: list[Edit], source: str | None) -> None:
    """Make those changes of the body's characters."""
    text = str(body)
    # From the last to the first, so that places before stay where they are.
    for one in reversed(changes):
        start = len(text[: one.start].encode())
        length = len(text[one.start : one.end].encode())
        if length:
            del body[start : start + length]
        if one.new:
            body.insert(start, one.new, {"src": source})


def apply_with_spans(body: "Text", changes: list[Edit], spans: list[list[Span]]) -> None:
    """Make those changes; each brings along where its words come from."""
    text = str(body)
    for one, known in reversed(list(zip(changes, spans, strict=True))):
        apply(body, [Edit(one.start, one.end, "")], None)
        _write(body, one.new, known, len(text[: one.start].encode()))


def whole(content: str, source: str) -> Span:
    """All of a text, from there."""
    return Span(start=0, end=units(content), provenance_id=source)


def spans_of(kept: list[dict[str, Any]]) -> list[Span]:
    """Spans as rows keep them."""
    return [Span.model_validate(one) for one in kept]


def _write(body: "Text", content: str, spans: list[Span], place: int = 0) -> None:
    data, at = content.encode(), 0
    parts: list[tuple[int, int, str | None]] = []
    for start, end, source in _in_bytes(content, spans):
        parts += [(at, start, None), (start, end, source)]
        at = end
    for start, end, source in [*parts, (at, len(data), None)]:
        if end > start:
            body.insert(place + start, data[start:end].decode(), {"src": source})


def _in_bytes(text: str, spans: list[Span]) -> Iterator[tuple[int, int, str]]:
    """Spans that follow each other, in bytes; those that do not fit the text are left out."""
    done = 0
    for span in sorted(spans, key=lambda one: one.start):
        start, end = character(text, span.start), character(text, span.end)
        if done <= start < end <= len(text):
            yield len(text[:start].encode()), len(text[:end].encode()), span.provenance_id
            done = end


# --- where words come from ---


def note(doc: "Doc[Any]", provenance: Provenance) -> str:
    """Keep where words come from; the id that spans name it by. The same twice is kept once."""
    facts = provenance.model_dump(mode="json", exclude_none=True)
    name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    held = doc.get("provenance", type=Map)
    if name not in held:
        held[name] = facts
    return name


def provenance_of(doc: "Doc[Any]") -> dict[str, Provenance]:
    """Where words come from, by id; what is not in the form is left out."""
    held = doc.get("provenance", type=Map)
    found: dict[str, Provenance] = {}
    for key in list(held.keys())[:_MOST_PROVENANCE]:
        value = held[key]
        if not isinstance(value, dict) or len(key) > 100:
            continue
        facts = {name: one for name, one in cast("dict[str, Any]", value).items() if name in Provenance.model_fields}
        if isinstance(facts.get("cost_nano"), float):
            facts["cost_nano"] = int(facts["cost_nano"])
        try:
            found[key] = Provenance.model_validate(facts)
        except (ValidationError, ValueError, OverflowError):
            continue
    return found


# --- places ---


def room_for(there: list[Drawn], width: int, height: int) -> tuple[int, int]:
    """Where an artifact of that size covers no other: right of the last row, else below all."""
    if not there:
        return 0, 0
    last = max(there, key=lambda one: (one.y, one.x))
    x, y = min(last.x + last.width + _GAP, 1_000_000), last.y
    covered = any(
        one.x < x + width and x < one.x + one.width and one.y < y + height and y < one.y + one.height for one in there
    )
    if not covered and x + width <= 1600:
        return x, y
    left = min(one.x for one in there)
    return left, min(max(one.y + one.height for one in there) + _GAP, 1_000_000)


def units(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def character(text: str, unit: int) -> int:
    """The character at that UTF-16 unit; one past the text's length where the unit is past its end."""
    if text.isascii():
        return unit if unit <= len(text) else len(text) + 1
    before = text.encode("utf-16-le", "surrogatepass")[: unit * 2]
    found = len(before.decode("utf-16-le", "ignore"))
    return found if unit <= units(text) else len(text) + 1


def _bounded(value: Any, least: int, most: int, otherwise: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return otherwise
    return round(min(max(value, least), most))


def _words(value: Any) -> str | None:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else None
