"""What a canvas's document says, as rows: artifacts, and a version of each whose content changed. The document is the truth."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pycrdt import Doc

from radiant.infra.db import Database, Row, Tx
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.canvas import documents, store
from radiant.workspace.canvas.documents import Drawn
from radiant.workspace.canvas.schemas import Provenance
from radiant.workspace.canvas.validating import problem_of
from radiant.workspace.collaboration.rooms import QuietRoom

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class State:
    """What a document said at that number of its log."""

    seq: int
    drawn: list[Drawn]
    provenance: dict[str, Provenance]
    problems: dict[UUID, str]


async def state_of(doc: "Doc[Any]", seq: int) -> State:
    """Read a document. What takes long is done beside the loop."""
    drawn = documents.read(doc)
    provenance = documents.provenance_of(doc)

    def look() -> dict[UUID, str]:
        found = ((one.id, problem_of(one.type, one.content)) for one in drawn)
        return {artifact_id: problem for artifact_id, problem in found if problem is not None}

    return State(seq, drawn, provenance, await asyncio.to_thread(look))


async def project(
    tx: Tx, canvas_id: UUID, state: State, authors: Collection[UserId], models: Collection[str] = (),
    *, claimed: UUID | None = None,
) -> None:  # fmt: skip
    """Bring the rows to what the document said; what is older than they are is left alone. The canvas's row is held
    meanwhile, so two at once never give one number to two versions. `claimed`: the artifact whose next version was taken
    for this, and is written even if its words are the same."""
    canvas = await store.lock(tx, canvas_id)
    if canvas is None or state.seq < canvas["projected_seq"]:
        return
    rows = {row["id"]: row for row in await store.all_artifacts(tx, canvas_id)}
    sole = next(iter(authors)) if len(authors) == 1 else None
    changed = False
    for one in state.drawn:
        row = rows.get(one.id)
        facts = _facts(one, state.problems.get(one.id), row)
        if row is None:
            facts["created_by"] = str(one.created_by or sole or "") or None
            if not await store.insert_artifact(tx, canvas["user_id"], canvas["shared"], canvas_id, facts):
                log.warning("canvas.artifact_id_taken", canvas_id=str(canvas_id), artifact_id=str(one.id))
                continue
            number: int | None = 1
        else:
            number = _next_version(row, one, claimed=one.id == claimed)
            if not _differs(row, facts) and number is None:
                continue
            await store.update_artifact(tx, canvas_id, number or row["version"], facts)
        changed = True
        if number is not None:
            await store.insert_version(
                tx, canvas["user_id"], canvas["shared"], one.id, number, one.content, facts["spans"], sorted(authors),
                sorted(models),
            )  # fmt: skip
    there = {one.id for one in state.drawn}
    gone = [row["id"] for row in rows.values() if row["deleted_at"] is None and row["id"] not in there]
    if gone:
        await store.set_deleted(tx, canvas_id, gone, sole)
        changed = True
    content = {
        "provenance": {name: one.model_dump(mode="json", exclude_none=True) for name, one in state.provenance.items()}
    }
    changed = changed or content != canvas["content"]
    if changed or state.seq > canvas["projected_seq"]:
        await store.set_content(tx, canvas_id, state.seq, content, changed=changed)


def _next_version(row: Row, one: Drawn, *, claimed: bool) -> int | None:
    """The number of the version to write; None where what it says was written."""
    if row["content"] == one.content and row["artifact_type"] == one.type and not (claimed and not row["has_version"]):
        return None
    # A number without a version was taken by whoever is changing it now, and is written by whoever is first.
    return row["version"] + 1 if row["has_version"] else row["version"]


def _facts(one: Drawn, problem: str | None, row: Row | None) -> dict[str, Any]:
    kept = (
        {}
        if row is None
        else {name: value for name, value in row["metadata"].items() if name not in ("problem", "source")}
    )
    metadata = kept | ({"problem": problem} if problem else {}) | ({"source": one.source} if one.source else {})
    return {
        "id": str(one.id), "artifact_type": one.type, "title": one.title, "content": one.content,
        "language": one.language, "position_x": one.x, "position_y": one.y, "width": one.width, "height": one.height,
        "z_index": one.z, "is_collapsed": one.collapsed, "spans": [span.model_dump() for span in one.spans],
        "metadata": metadata,
    }  # fmt: skip


def _differs(row: Row, facts: dict[str, Any]) -> bool:
    return row["deleted_at"] is not None or any(row[name] != value for name, value in facts.items() if name != "id")


class Projecting:
    """Hears of rooms that became quiet. Whose canvas it is, the room alone says, so it is asked across tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, quiet: QuietRoom) -> None:
        """Write the rows of a canvas's room."""
        if quiet.room_type != "canvas":
            return
        async with self._database.system("canvas projection").tx() as tx:
            canvas = await store.of_room(tx, quiet.tenant_id, quiet.room_id)
        if canvas is None:
            return
        state = await state_of(quiet.doc, quiet.seq)
        owner = self._database.tenant(TenantId(quiet.tenant_id), UserId(canvas["user_id"]))
        async with owner.tx() as tx:
            await project(tx, canvas["id"], state, quiet.authors, quiet.models)
