"""Canvases as callers reach them: who may, the live document, and rows that are not older than it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pycrdt import Doc

from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, Tx
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.canvas import store
from radiant.workspace.canvas.problems import MayNotChange, NoSuchArtifact, NoSuchCanvas
from radiant.workspace.canvas.projection import project, state_of
from radiant.workspace.canvas.schemas import Artifact, Canvas, CanvasSummary, Position, Provenance, Size
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import WRITE, Role, RoomId
from radiant.workspace.collaboration.service import author_name

T = TypeVar("T")
# Reads of a document that is written meanwhile.
_READS = 5


@dataclass(frozen=True, slots=True)
class Reached:
    """A canvas that the caller may see, and as whom they change it."""

    id: UUID
    room_id: RoomId
    row: Row
    role: Role
    by: Author


class Live:
    """The way to canvases and their documents."""

    def __init__(self, database: Database, rooms: Rooms) -> None:
        self.database = database
        self.rooms = rooms

    @contextlib.asynccontextmanager
    async def tx(self, caller: Caller) -> AsyncIterator[Tx]:
        """A transaction of the caller's."""
        async with caller.db(self.database).tx() as tx:
            yield tx

    async def reach(self, caller: Caller, canvas_id: UUID, *, to_change: bool = False) -> Reached:
        """The canvas. Raises NoSuchCanvas, MayNotChange."""
        async with self.tx(caller) as tx:
            row = await store.get(tx, canvas_id)
            role: Role | None = row["role"] if row is not None else None
            if row is None or role is None or row["room_id"] is None:
                raise NoSuchCanvas("there is no such canvas, or it was not opened to you; ask its owner")
            by = Author(TenantId(tx.tenant_id), UserId(tx.user_id), await author_name(tx))
        if to_change and role not in WRITE:
            raise MayNotChange(f"this takes the role editor in the canvas's room; you are {role} there: ask its owner")
        return Reached(canvas_id, RoomId(row["room_id"]), row, role, by)

    async def catch_up(self, reached: Reached) -> None:
        """Let the rows say what was written until now, by whom it was."""
        await self.rooms.quiet(reached.by.tenant_id, reached.room_id)

    async def edit(
        self, caller: Caller, reached: Reached, change: "Callable[[Doc[Any]], T]", *, models: tuple[str, ...] = (),
        claimed: UUID | None = None,
    ) -> T:  # fmt: skip
        """Change the document, then the rows. What `change` raises is raised, before it has changed anything. Raises
        RoomClosed."""
        async with self.rooms.editing(reached.by, reached.room_id) as doc:
            result = change(doc)
        await self.project(caller, reached, models=models, claimed=claimed)
        return result

    async def project(
        self, caller: Caller, reached: Reached, *, models: tuple[str, ...] = (), claimed: UUID | None = None
    ) -> None:
        """Bring the rows to the document as it is now, in the caller's name."""
        for attempt in range(_READS):
            async with self.tx(caller) as tx:
                before = await store.last_seq(tx, reached.room_id)
            doc = await self.rooms.reading(reached.by.tenant_id, reached.room_id)
            state = await state_of(doc, before or 0)
            async with self.tx(caller) as tx:
                # A document that was written meanwhile may be newer than the number says: it is read again, for what is
                # written by an older number would lose to nothing.
                if attempt < _READS - 1 and await store.last_seq(tx, reached.room_id) != before:
                    continue
                await project(tx, reached.id, state, {reached.by.user_id}, models, claimed=claimed)
            break
        # The room knows who wrote since it was quiet; this is told, and is not to be said again of what others write.
        await self.catch_up(reached)

    async def artifact_row(self, caller: Caller, canvas_id: UUID, artifact_id: UUID) -> Row:
        """The artifact's row. Raises NoSuchArtifact."""
        async with self.tx(caller) as tx:
            row = await store.artifact(tx, canvas_id, artifact_id)
        if row is None:
            raise NoSuchArtifact("there is no such artifact on this canvas; it may have been removed")
        return row

    async def canvas(self, caller: Caller, canvas_id: UUID) -> Canvas:
        """A canvas with what is on it. Raises NoSuchCanvas."""
        async with self.tx(caller) as tx:
            row = await store.get(tx, canvas_id)
            role: Role | None = row["role"] if row is not None else None
            if row is None or role is None:
                raise NoSuchCanvas("there is no such canvas, or it was not opened to you; ask its owner")
            rows = await store.artifacts(tx, canvas_id)
        held: dict[str, Any] = row["content"].get("provenance", {})
        return Canvas(
            **summary(row, role).model_dump(),
            artifacts=[shown(one) for one in rows],
            provenance={name: Provenance.model_validate(one) for name, one in held.items()},
        )


def summary(row: Row, role: Role) -> CanvasSummary:
    """A canvas as lists show it."""
    return CanvasSummary.model_validate({**row, "role": role})


def shown(row: Row) -> Artifact:
    """An artifact as callers see it."""
    metadata: dict[str, Any] = row["metadata"]
    return Artifact(
        id=row["id"], type=row["artifact_type"], title=row["title"], content=row["content"], language=row["language"],
        position=Position(x=row["position_x"], y=row["position_y"]),
        size=Size(width=row["width"], height=row["height"]), z_index=row["z_index"], is_collapsed=row["is_collapsed"],
        version=row["version"], spans=row["spans"], problem=metadata.get("problem"), metadata=metadata,
        created_by=row["created_by"], created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip
