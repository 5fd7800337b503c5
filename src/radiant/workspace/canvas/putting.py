"""Answers on a canvas: of a chat, a pane, a merge, a Think Tank session. Fenced parts become artifacts of their type, each part
knows where its words come from, and what was put before is brought up to date instead of standing there twice."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pycrdt import Doc

from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.kit.clock import Clock
from radiant.kit.ids import MessageId, uuid7
from radiant.kit.money import nano
from radiant.kit.text import shorten
from radiant.workspace.canvas import documents, store
from radiant.workspace.canvas.differing import Edit, edits
from radiant.workspace.canvas.documents import Drawn
from radiant.workspace.canvas.live import Live, Reached, shown
from radiant.workspace.canvas.problems import CanvasFull, NothingToPut
from radiant.workspace.canvas.schemas import (
    MOST_ARTIFACTS,
    MOST_BODY,
    ArtifactType,
    FromMessage,
    FromPane,
    FromReasoning,
    Provenance,
    PutResult,
    Putting,
    SourceKind,
    Span,
)
from radiant.workspace.canvas.validating import LANGUAGES, problem_of
from radiant.workspace.chats import messages_store
from radiant.workspace.chats.schemas import Message

_MOST_PIECES = 40
_TYPES: Mapping[str, ArtifactType] = {
    "html": "html", "mermaid": "mermaid", "svg": "svg", "json": "json", "csv": "table", "markdown": "markdown",
    "md": "markdown",
}  # fmt: skip
_SIZES: Mapping[ArtifactType, tuple[int, int]] = {"markdown": (520, 420), "code": (520, 360), "html": (560, 420)}


@dataclass(frozen=True, slots=True)
class Words:
    """Words that come from one place."""

    text: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Put:
    """What a source has: its words in order. `key`: what it is known by when it is put again."""

    key: str
    title: str
    words: Sequence[Words]


Source = Callable[[Caller, UUID, UUID | None], Awaitable[Put]]
"""What the caller's thing of that id says (of a pane: the message that is named, or the last). Raises its own NotFound."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One artifact to be."""

    source: str
    type: ArtifactType
    title: str
    language: str | None
    words: Sequence[Words]

    @property
    def content(self) -> str:
        return "".join(one.text for one in self.words)


class Putter:
    """Puts on canvases what `sources` have."""

    def __init__(self, live: Live, sources: Mapping[SourceKind, Source], clock: Clock) -> None:
        self._live = live
        self._sources = sources
        self._clock = clock

    async def put(self, caller: Caller, canvas_id: UUID, wanted: Putting, key: str | None) -> PutResult:
        """Raises NoSuchCanvas, MayNotChange, NothingToPut, CanvasFull, and the source's own NotFound."""
        reached = await self._live.reach(caller, canvas_id, to_change=True)
        found = await self._found(caller, wanted)
        pieces = await asyncio.to_thread(_pieces, found, parted=wanted.form == "artifacts")
        if not pieces:
            raise NothingToPut("from: it has no words that could be put on a canvas")
        await self._live.catch_up(reached)
        async with self._live.tx(caller) as tx:
            before = await idempotency.claim(tx, key, f"put:{canvas_id}:{wanted.model_dump_json()}")
            if before is None:
                await idempotency.remember(tx, key, {"done": True})
            rows = await store.artifacts(tx, canvas_id)
        bases = {row["metadata"].get("source"): row["content"] for row in rows}
        changes = await asyncio.to_thread(
            lambda: {one.source: edits(bases[one.source], one.content) for one in pieces if one.source in bases}
        )
        ids: list[UUID] = []
        if before is None:
            ids = await self._live.edit(
                caller, reached, lambda doc: self._write(doc, reached, pieces, bases, changes), models=_models(pieces)
            )
        async with self._live.tx(caller) as tx:
            rows = {row["id"]: row for row in await store.artifacts(tx, canvas_id)}
        if before is not None:
            sources = {one.source for one in pieces}
            ids = [row["id"] for row in rows.values() if row["metadata"].get("source") in sources]
        return PutResult(artifacts=[shown(rows[one]) for one in ids if one in rows])

    async def _found(self, caller: Caller, wanted: Putting) -> Put:
        source = wanted.source
        if isinstance(source, FromMessage):
            async with self._live.tx(caller) as tx:
                message = await messages_store.get(tx, source.chat_id, MessageId(source.message_id))
            if message is None:
                raise NothingToPut("from: there is no such message in a chat of yours")
            return put_of(message, "chat", message.model)
        ask = self._sources.get(source.kind)
        if ask is None:
            raise NothingToPut(f"from: nothing is put from a {source.kind} here")
        if isinstance(source, FromPane):
            return await ask(caller, source.pane_id, source.message_id)
        return await ask(caller, source.session_id if isinstance(source, FromReasoning) else source.merge_id, None)

    def _write(
        self, doc: "Doc[Any]", reached: Reached, pieces: Sequence[_Piece], bases: Mapping[str, str],
        changes: Mapping[str, list[Edit]],
    ) -> list[UUID]:  # fmt: skip
        there = documents.read(doc)
        by_source = {one.source: one for one in there if one.source}
        if len(there) + sum(1 for one in pieces if one.source not in by_source) > MOST_ARTIFACTS:
            raise CanvasFull(f"a canvas takes {MOST_ARTIFACTS} artifacts; remove some, or make another canvas")
        ids: list[UUID] = []
        for piece in pieces:
            spans, names = self._spans(doc, reached, piece)
            known = by_source.get(piece.source)
            if known is not None:
                ids.append(known.id)
                if known.content != piece.content:
                    body = documents.body_of(doc, known.id)
                    # As long as nobody wrote into it since, the changes are those that were looked for beside the loop.
                    found = changes.get(piece.source) if known.content == bases.get(piece.source) else None
                    documents.apply(body, edits(known.content, piece.content) if found is None else found, names[0])
                    documents.change(doc, known.id, {"type": piece.type, "language": piece.language or ""})
                continue
            width, height = _SIZES.get(piece.type, (480, 320))
            x, y = documents.room_for(there, width, height)
            drawn = Drawn(
                id=uuid7(), type=piece.type, title=piece.title, language=piece.language, x=x, y=y, width=width,
                height=height, z=max((one.z for one in there), default=-1) + 1, content=piece.content, spans=spans,
                created_by=reached.by.user_id, source=piece.source,
            )  # fmt: skip
            documents.add(doc, drawn, self._clock())
            there.append(drawn)
            ids.append(drawn.id)
        return ids

    def _spans(self, doc: "Doc[Any]", reached: Reached, piece: _Piece) -> tuple[list[Span], list[str]]:
        spans: list[Span] = []
        names: list[str] = []
        at = 0
        for one in piece.words:
            end = at + documents.units(one.text)
            names.append(documents.note(doc, one.provenance.model_copy(update={"by": str(reached.by.user_id)})))
            spans.append(Span(start=at, end=end, provenance_id=names[-1]))
            at = end
        return spans, names


def put_of(message: Message, kind: str, model: str | None, session_id: UUID | None = None) -> Put:
    """An answer that a model gave. Raises NothingToPut."""
    text = "\n\n".join(part["text"] for part in message.content if part.get("type") == "text").strip()
    if not text or message.status == "streaming":
        raise NothingToPut("from: the message has no words yet; wait until it is done")
    said = Provenance(
        kind="person" if message.role == "user" else "pane" if kind == "pane" else "chat",
        run_id=_spelt(message.run_id), message_id=str(message.id), session_id=_spelt(session_id), model=model,
        cost_nano=None if message.cost is None else int(nano(message.cost).scaleb(9)),
        decision_id=_spelt(message.decision_id), at=message.created_at,
    )  # fmt: skip
    return Put(f"message:{message.id}", shorten(text, 80), [Words(text, said)])


def _spelt(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _models(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    return tuple({one.provenance.model: None for piece in pieces for one in piece.words if one.provenance.model})


def _pieces(found: Put, *, parted: bool) -> list[_Piece]:
    words = [Words(one.text.replace("\x00", "\ufffd")[:MOST_BODY], one.provenance) for one in found.words if one.text]
    text = "".join(one.text for one in words)[:MOST_BODY]
    if not text.strip():
        return []
    fences = _fences(text)[:_MOST_PIECES] if parted else []
    pieces: list[_Piece] = []
    rest: list[tuple[int, int]] = []
    at = 0
    for number, fence in enumerate(fences, 1):
        rest.append((at, fence.begin))
        at = fence.end
        content = text[fence.inner_begin : fence.inner_end]
        kind: ArtifactType = _TYPES.get(fence.info, "code")
        language = fence.info if kind == "code" and fence.info in LANGUAGES else None
        if kind != "code" and problem_of(kind, content) is not None:
            kind, language = "code", fence.info if fence.info in LANGUAGES else "text"
        title = f"{found.title[:60]} ({fence.info or 'code'} {number})"
        pieces.append(
            _Piece(
                f"{found.key}/{number}", kind, title, language or ("text" if kind == "code" else None),
                _cut(words, [(fence.inner_begin, fence.inner_end)]),
            )
        )  # fmt: skip
    rest.append((at, len(text)))
    told = _cut(words, rest)
    if "".join(one.text for one in told).strip():
        pieces.insert(0, _Piece(f"{found.key}/text", "markdown", found.title, None, told))
    return [one for one in pieces if one.content.strip()]


@dataclass(frozen=True, slots=True)
class _Fence:
    begin: int
    inner_begin: int
    inner_end: int
    end: int
    info: str


def _fences(text: str) -> list[_Fence]:
    """Fenced blocks that stand by themselves, in characters."""
    from markdown_it import MarkdownIt  # read when the first answer is put

    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    # The parser counts \n, \r\n and \r as ends of lines alone; whoever writes others gets no fence that is off.
    if len(starts) - 1 != len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - (text[-1:] in "\r\n"):
        return []
    found: list[_Fence] = []
    for token in MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).parse(text):
        if token.type != "fence" or token.level != 0 or token.map is None:
            continue
        first, last = token.map
        last = min(last, len(starts) - 1)
        closed = text[starts[last - 1] : starts[last]].strip().startswith(token.markup[:3]) and last - 1 > first
        inner_begin, inner_end = starts[first + 1], starts[last - 1] if closed else starts[last]
        info = token.info.strip().split(None, 1)[0].lower() if token.info.strip() else ""
        found.append(_Fence(starts[first], inner_begin, max(inner_begin, inner_end), starts[last], info[:40]))
    return found


def _cut(words: Sequence[Words], ranges: Sequence[tuple[int, int]]) -> list[Words]:
    """Those characters, each from where it comes."""
    found: list[Words] = []
    for begin, end in ranges:
        at = 0
        for one in words:
            inside = one.text[max(0, begin - at) : max(0, end - at)]
            if inside:
                if found and found[-1].provenance is one.provenance:
                    found[-1] = Words(found[-1].text + inside, one.provenance)
                else:
                    found.append(Words(inside, one.provenance))
            at += len(one.text)
    return found
