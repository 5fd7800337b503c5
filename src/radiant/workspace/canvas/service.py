"""Canvases: made, found, changed, removed. Whatever changes what is on one changes its document, and the rows follow."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pycrdt import Doc

from radiant.ai.inference.service import Inference
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.infra.db import Database
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Invalid
from radiant.kit.ids import ChatId, uuid7
from radiant.workspace.canvas import documents, exporting, importing, store
from radiant.workspace.canvas.differing import edits
from radiant.workspace.canvas.documents import Drawn
from radiant.workspace.canvas.exporting import Made
from radiant.workspace.canvas.live import Live, Reached, shown, summary
from radiant.workspace.canvas.problems import (
    CanvasFull,
    NewerVersion,
    NoSuchArtifact,
    NoSuchArtifactVersion,
    NoSuchCanvas,
    NothingToUndo,
)
from radiant.workspace.canvas.proposing import Proposing
from radiant.workspace.canvas.publishing import Publishing
from radiant.workspace.canvas.putting import Putter, Source
from radiant.workspace.canvas.schemas import (
    MOST_ARTIFACTS,
    MOST_BODY,
    Artifact,
    ArtifactChange,
    ArtifactVersion,
    Canvas,
    CanvasChange,
    CanvasSummary,
    DeletedArtifact,
    Difference,
    ExportFormat,
    ImportedArtifact,
    NewArtifact,
    NewCanvas,
    Provenance,
    SourceKind,
    VersionSummary,
)
from radiant.workspace.canvas.templates import TEMPLATES
from radiant.workspace.canvas.validating import check, check_language
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.problems import NoSuchChat
from radiant.workspace.collaboration import contents
from radiant.workspace.collaboration import store as rooms_store
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import NewRoom
from radiant.workspace.collaboration.service import create as create_room

_COPY_STEP = 32
_MOST_Z = 1_000_000


class Canvases:
    """Made once by a root. `sources`: from where things are put on canvases; `published_url`: where published ones are."""

    def __init__(
        self, database: Database, rooms: Rooms, inference: Inference, sources: Mapping[SourceKind, Source],
        published_url: str, clock: Clock = utc_now,
    ) -> None:  # fmt: skip
        self.live = Live(database, rooms)
        self.putting = Putter(self.live, sources, clock)
        self.proposing = Proposing(self.live, inference, clock)
        self.publishing = Publishing(self.live, published_url)
        self._clock = clock

    # --- canvases ---

    async def create(self, caller: Caller, new: NewCanvas, key: str | None) -> Canvas:
        """Make a canvas, its room, and what its type begins with. Raises NoSuchChat, BadArtifact, IdempotencyMismatch."""
        begin = new.artifacts if new.artifacts is not None else TEMPLATES[new.canvas_type].artifacts
        for one in begin:
            check(one.type, one.content)
            check_language(one.language)
        name = new.canvas_name or TEMPLATES[new.canvas_type].name
        return await self._make(
            caller, name, new.canvas_type, new.chat_id, begin, {}, key, f"canvas:{new.model_dump_json()}"
        )

    async def _make(
        self, caller: Caller, name: str, kind: str, chat_id: ChatId | None, begin: Sequence[NewArtifact],
        provenance: Mapping[str, Provenance], key: str | None, request: str,
    ) -> Canvas:  # fmt: skip
        canvas_id = uuid7()
        async with self.live.tx(caller) as tx:
            before = await idempotency.claim(tx, key, request)
            if before is not None:
                canvas_id = UUID(before["id"])
            else:
                if chat_id is not None and await chats_store.get(tx, chat_id) is None:
                    raise NoSuchChat("chat_id: there is no such chat")
                room_id = await create_room(tx, NewRoom(room_name=name[:100], room_type="canvas", access="invited"))
                await store.insert(tx, canvas_id, room_id, name, kind, chat_id)
                await idempotency.remember(tx, key, {"id": str(canvas_id)})
        if before is None and begin:
            reached = await self.live.reach(caller, canvas_id)
            await self.live.edit(caller, reached, lambda doc: self._fill(doc, reached, begin, provenance))
        return await self.live.canvas(caller, canvas_id)

    def _fill(
        self, doc: "Doc[Any]", reached: Reached, begin: Sequence[NewArtifact], provenance: Mapping[str, Provenance]
    ) -> None:
        names = {name: documents.note(doc, one) for name, one in provenance.items()}
        for z, one in enumerate(begin):
            drawn = self._drawn(doc, reached, one, uuid7())
            if isinstance(one, ImportedArtifact):
                drawn.collapsed = one.is_collapsed
                drawn.spans = [
                    span.model_copy(update={"provenance_id": names[span.provenance_id]})
                    for span in one.spans
                    if span.provenance_id in names
                ]
            drawn.z = z
            documents.add(doc, drawn, self._clock())

    async def page(
        self,
        caller: Caller,
        chat_id: ChatId | None,
        search: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[CanvasSummary]:
        """The caller's, and those opened to them."""
        async with self.live.tx(caller) as tx:
            return [summary(row, row["role"]) for row in await store.page(tx, chat_id, search, before, limit)]

    async def get(self, caller: Caller, canvas_id: UUID) -> Canvas:
        """A canvas as its document is now. Raises NoSuchCanvas."""
        await self.live.catch_up(await self.live.reach(caller, canvas_id))
        return await self.live.canvas(caller, canvas_id)

    async def rename(self, caller: Caller, canvas_id: UUID, wanted: CanvasChange) -> Canvas:
        """Raises NoSuchCanvas, MayNotChange, NewerVersion."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        async with self.live.tx(caller) as tx:
            if await store.rename(tx, canvas_id, wanted.canvas_name, wanted.version) is None:
                row = await store.get(tx, canvas_id)
                raise _newer(row["version"] if row else None)
            await rooms_store.log_action(tx, reached.room_id, "canvas_renamed", {"canvas_name": wanted.canvas_name})
        return await self.live.canvas(caller, canvas_id)

    async def delete(self, caller: Caller, canvas_id: UUID) -> None:
        """Delete a canvas, its room and what was published of it. Raises NoSuchCanvas, MayNotChange."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        async with self.live.tx(caller) as tx:
            if not await store.delete(tx, canvas_id):
                raise NoSuchCanvas("only its owner deletes a canvas; you can leave its room instead")
            await rooms_store.delete(tx, reached.room_id)
        await self.live.rooms.drop(reached.by.tenant_id, reached.room_id)

    async def duplicate(self, caller: Caller, canvas_id: UUID, key: str | None) -> Canvas:
        """A copy of the caller's own, with what is known of where words come from. Raises NoSuchCanvas."""
        canvas = await self.get(caller, canvas_id)
        begin = [
            ImportedArtifact(
                type=one.type, title=one.title, content=one.content[:MOST_BODY], language=one.language,
                position=one.position, size=one.size, is_collapsed=one.is_collapsed, spans=one.spans,
            )
            for one in canvas.artifacts
        ]  # fmt: skip
        name = f"{canvas.canvas_name[:190]} (copy)"
        return await self._make(
            caller, name, canvas.canvas_type, None, begin, canvas.provenance, key, f"canvas-copy:{canvas_id}"
        )

    async def import_file(self, caller: Caller, filename: str, data: bytes, key: str | None) -> Canvas:
        """A canvas of a file. Raises BadImport."""
        read = await asyncio.to_thread(importing.read, filename, data)
        return await self._make(
            caller, read.name, read.canvas_type, None, read.artifacts, read.provenance, key,
            f"canvas-import:{importing.digest(data)}",
        )  # fmt: skip

    async def export(self, caller: Caller, canvas_id: UUID, form: ExportFormat) -> Made:
        """The canvas as a file. Raises NoSuchCanvas, TypesettingFailed."""
        return await exporting.export(await self.get(caller, canvas_id), form)

    # --- artifacts ---

    async def artifact(self, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
        """Raises NoSuchCanvas, NoSuchArtifact."""
        await self.live.catch_up(await self.live.reach(caller, canvas_id))
        return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))

    async def add(self, caller: Caller, canvas_id: UUID, new: NewArtifact, key: str | None) -> Artifact:
        """Put an artifact on a canvas. Raises NoSuchCanvas, MayNotChange, BadArtifact, CanvasFull."""
        check(new.type, new.content)
        check_language(new.language)
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        artifact_id = uuid7()
        async with self.live.tx(caller) as tx:
            before = await idempotency.claim(tx, key, f"artifact:{canvas_id}:{new.model_dump_json()}")
            if before is not None:
                artifact_id = UUID(before["id"])
            await idempotency.remember(tx, key, {"id": str(artifact_id)})
        if before is not None:
            await self.live.catch_up(reached)
            return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))
        await self.live.catch_up(reached)

        def put(doc: "Doc[Any]") -> None:
            there = documents.read(doc)
            if len(there) >= MOST_ARTIFACTS:
                raise CanvasFull(f"a canvas takes {MOST_ARTIFACTS} artifacts; remove some, or make another canvas")
            drawn = self._drawn(doc, reached, new, artifact_id)
            drawn.z = _above(there)
            documents.add(doc, drawn, self._clock())

        await self.live.edit(caller, reached, put)
        return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))

    def _drawn(self, doc: "Doc[Any]", reached: Reached, new: NewArtifact, artifact_id: UUID) -> Drawn:
        there = documents.read(doc) if new.position is None else []
        place = (
            documents.room_for(there, new.size.width, new.size.height)
            if new.position is None
            else (new.position.x, new.position.y)
        )
        drawn = Drawn(
            id=artifact_id, type=new.type, title=new.title, language=new.language, x=place[0], y=place[1],
            width=new.size.width, height=new.size.height, content=new.content, created_by=reached.by.user_id,
        )  # fmt: skip
        if new.provenance is not None and new.content:
            said = new.provenance.model_copy(update={"by": str(reached.by.user_id)})
            drawn.spans = [documents.whole(new.content, documents.note(doc, said))]
        return drawn

    async def change(self, caller: Caller, canvas_id: UUID, artifact_id: UUID, wanted: ArtifactChange) -> Artifact:
        """Change an artifact that still is of the version that was read. Raises NoSuchCanvas, MayNotChange,
        NoSuchArtifact, NewerVersion, BadArtifact."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        row = await self.live.artifact_row(caller, canvas_id, artifact_id)
        if row["version"] != wanted.version:
            raise _newer(row["version"])
        if wanted.content is not None:
            check(row["artifact_type"], wanted.content)
        check_language(wanted.language)
        facts = _wanted_facts(wanted)
        base: str = row["content"]
        rewritten = wanted.content is not None and wanted.content != base
        says = rewritten or any(
            name in facts and (facts[name] or None) != (row[name] or None) for name in ("title", "language")
        )
        if says:
            async with self.live.tx(caller) as tx:
                if not await store.claim_version(tx, canvas_id, artifact_id, wanted.version):
                    raise _newer(await _version_of(self.live, caller, canvas_id, artifact_id))
        changes = await asyncio.to_thread(edits, base, wanted.content or "") if rewritten else []

        def apply(doc: "Doc[Any]") -> bool:
            now = documents.find(doc, artifact_id)
            if now is None:
                raise NoSuchArtifact("the artifact was removed meanwhile")
            if rewritten and now.content != base:
                return False
            documents.change(doc, artifact_id, facts)
            documents.apply(documents.body_of(doc, artifact_id), changes, None)
            return True

        if not await self.live.edit(caller, reached, apply, claimed=artifact_id if says else None):
            raise _newer(await _version_of(self.live, caller, canvas_id, artifact_id))
        return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))

    async def remove(self, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> None:
        """Raises NoSuchCanvas, MayNotChange, NoSuchArtifact."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        await self.live.artifact_row(caller, canvas_id, artifact_id)
        await self.live.edit(caller, reached, lambda doc: documents.remove(doc, artifact_id))

    async def duplicate_artifact(self, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
        """Raises NoSuchCanvas, MayNotChange, NoSuchArtifact, CanvasFull."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        copy_id = uuid7()

        def copy(doc: "Doc[Any]") -> None:
            there = documents.read(doc)
            one = next((drawn for drawn in there if drawn.id == artifact_id), None)
            if one is None:
                raise NoSuchArtifact("there is no such artifact on this canvas; it may have been removed")
            if len(there) >= MOST_ARTIFACTS:
                raise CanvasFull(f"a canvas takes {MOST_ARTIFACTS} artifacts; remove some, or make another canvas")
            one.id, one.z, one.source, one.created_at = copy_id, _above(there), None, None
            one.x, one.y = min(one.x + _COPY_STEP, 1_000_000), min(one.y + _COPY_STEP, 1_000_000)
            one.title = f"{one.title[:190]} (copy)" if one.title else ""
            one.created_by = reached.by.user_id
            documents.add(doc, one, self._clock())

        await self.live.edit(caller, reached, copy)
        return shown(await self.live.artifact_row(caller, canvas_id, copy_id))

    async def stack(self, caller: Caller, canvas_id: UUID, artifact_id: UUID, *, above: bool) -> Artifact:
        """Above all others, or below them. Raises NoSuchCanvas, MayNotChange, NoSuchArtifact."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)

        def move(doc: "Doc[Any]") -> None:
            there = documents.read(doc)
            if all(one.id != artifact_id for one in there):
                raise NoSuchArtifact("there is no such artifact on this canvas; it may have been removed")
            others = [one for one in there if one.id != artifact_id]
            z = (
                max((one.z for one in others), default=-1) + 1
                if above
                else min((one.z for one in others), default=1) - 1
            )
            if abs(z) <= _MOST_Z:
                documents.change(doc, artifact_id, {"z": z})
                return
            ids = [one.id for one in others]
            for place, one in enumerate([*ids, artifact_id] if above else [artifact_id, *ids]):
                documents.change(doc, one, {"z": place})

        await self.live.edit(caller, reached, move)
        return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))

    # --- what was removed ---

    async def trash(self, caller: Caller, canvas_id: UUID) -> list[DeletedArtifact]:
        """Raises NoSuchCanvas."""
        await self.live.catch_up(await self.live.reach(caller, canvas_id))
        async with self.live.tx(caller) as tx:
            return [DeletedArtifact.model_validate(dict(row)) for row in await store.trash(tx, canvas_id)]

    async def undo(self, caller: Caller, canvas_id: UUID) -> Artifact:
        """Put back what the caller removed last. Raises NoSuchCanvas, MayNotChange, NothingToUndo, CanvasFull."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        async with self.live.tx(caller) as tx:
            rows = await store.trash(tx, canvas_id)
        mine = next((row for row in rows if row["deleted_by"] == reached.by.user_id), None)
        if mine is None:
            raise NothingToUndo("you removed nothing from this canvas that could be put back")
        return await self._put_back(caller, reached, mine)

    async def restore(self, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
        """Put back what was removed. Raises NoSuchCanvas, MayNotChange, NoSuchArtifact, CanvasFull."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        async with self.live.tx(caller) as tx:
            rows = await store.trash(tx, canvas_id)
        row = next((row for row in rows if row["id"] == artifact_id), None)
        if row is None:
            raise NoSuchArtifact("no artifact of that id was removed from this canvas in the last 30 days")
        return await self._put_back(caller, reached, row)

    async def _put_back(self, caller: Caller, reached: Reached, row: Any) -> Artifact:
        drawn = Drawn(
            id=row["id"], type=row["type"], title=row["title"], language=row["language"], x=row["position_x"],
            y=row["position_y"], width=row["width"], height=row["height"], z=row["z_index"],
            collapsed=row["is_collapsed"], content=row["content"], spans=documents.spans_of(row["spans"]),
            created_by=row["created_by"], created_at=row["created_at"].isoformat(), source=row["metadata"].get("source"),
        )  # fmt: skip

        def put(doc: "Doc[Any]") -> None:
            if len(documents.read(doc)) >= MOST_ARTIFACTS:
                raise CanvasFull(f"a canvas takes {MOST_ARTIFACTS} artifacts; remove some, or make another canvas")
            if documents.find(doc, drawn.id) is None:
                documents.add(doc, drawn, self._clock())

        await self.live.edit(caller, reached, put)
        return shown(await self.live.artifact_row(caller, reached.id, drawn.id))

    # --- versions ---

    async def versions(
        self, caller: Caller, canvas_id: UUID, artifact_id: UUID, before: str | None, limit: int
    ) -> list[VersionSummary]:
        """Raises NoSuchCanvas, NoSuchArtifact."""
        if before is not None and not before.isdecimal():
            raise Invalid("cursor: not one of ours; leave it out to start from the first page")
        await self.artifact(caller, canvas_id, artifact_id)
        async with self.live.tx(caller) as tx:
            rows = await store.versions(tx, artifact_id, None if before is None else int(before), limit)
        return [VersionSummary.model_validate(dict(row)) for row in rows]

    async def version(self, caller: Caller, canvas_id: UUID, artifact_id: UUID, number: int) -> ArtifactVersion:
        """Raises NoSuchCanvas, NoSuchArtifact, NoSuchArtifactVersion."""
        await self.artifact(caller, canvas_id, artifact_id)
        async with self.live.tx(caller) as tx:
            row = await store.version(tx, artifact_id, number)
        if row is None:
            raise NoSuchArtifactVersion(f"the artifact has no version {number}, or it is not kept any more")
        return ArtifactVersion.model_validate(dict(row))

    async def name_version(self, caller: Caller, canvas_id: UUID, artifact_id: UUID, name: str) -> ArtifactVersion:
        """Raises NoSuchCanvas, MayNotChange, NoSuchArtifact."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        await self.live.catch_up(reached)
        await self.live.project(caller, reached, claimed=artifact_id)
        row = await self.live.artifact_row(caller, canvas_id, artifact_id)
        async with self.live.tx(caller) as tx:
            await store.name_version(tx, artifact_id, row["version"], name)
            return ArtifactVersion.model_validate(dict(await _the(store.version(tx, artifact_id, row["version"]))))

    async def compare(
        self, caller: Caller, canvas_id: UUID, artifact_id: UUID, one: int, other: int | None
    ) -> Difference:
        """How a version differs from another, or from the current one. Raises NoSuchCanvas, NoSuchArtifact, NoSuchArtifactVersion."""
        before = await self.version(caller, canvas_id, artifact_id, one)
        if other is None:
            other = int((await self.live.artifact_row(caller, canvas_id, artifact_id))["version"])
        after = await self.version(caller, canvas_id, artifact_id, other)
        hunks = await asyncio.to_thread(contents.hunks, before.content, after.content)
        return Difference(from_version=one, to_version=other, hunks=hunks)

    async def restore_version(self, caller: Caller, canvas_id: UUID, artifact_id: UUID, number: int) -> Artifact:
        """Let it say again what it said then. Raises NoSuchCanvas, MayNotChange, NoSuchArtifact, NoSuchArtifactVersion."""
        reached = await self.live.reach(caller, canvas_id, to_change=True)
        version = await self.version(caller, canvas_id, artifact_id, number)

        def back(doc: "Doc[Any]") -> None:
            if documents.find(doc, artifact_id) is None:
                raise NoSuchArtifact("the artifact was removed meanwhile")
            documents.rewrite_as(documents.body_of(doc, artifact_id), version.content, version.spans)

        await self.live.edit(caller, reached, back)
        return shown(await self.live.artifact_row(caller, canvas_id, artifact_id))


def _above(there: list[Drawn]) -> int:
    return min(max((one.z for one in there), default=-1) + 1, _MOST_Z)


def _wanted_facts(wanted: ArtifactChange) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if wanted.title is not None:
        facts["title"] = wanted.title
    if "language" in wanted.model_fields_set:
        facts["language"] = wanted.language or ""
    if wanted.position is not None:
        facts |= {"x": wanted.position.x, "y": wanted.position.y}
    if wanted.size is not None:
        facts |= {"width": wanted.size.width, "height": wanted.size.height}
    if wanted.z_index is not None:
        facts["z"] = wanted.z_index
    if wanted.is_collapsed is not None:
        facts["collapsed"] = wanted.is_collapsed
    return facts


async def _version_of(live: Live, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> int:
    return (await live.artifact_row(caller, canvas_id, artifact_id))["version"]


def _newer(version: int | None) -> NewerVersion:
    return NewerVersion(
        f"it was changed since you read it and is at version {version} now: read it again", version=version
    )


async def _the(row: Any) -> Any:
    found = await row
    if found is None:
        raise NoSuchArtifactVersion("the version is not kept any more")
    return found
