"""SQL of canvases and of what is on them."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from radiant.infra.db import Row, Tx


async def insert(tx: Tx, canvas_id: UUID, room_id: UUID, name: str, kind: str, chat_id: UUID | None) -> None:
    """A canvas of the caller's own."""
    await tx.run(
        "insert into canvases (id, tenant_id, user_id, room_id, canvas_name, canvas_type, chat_id)"
        " values ($3, $1, $2, $4, $5, $6, $7)",
        tx.tenant_id, tx.user_id, canvas_id, room_id, name, kind, chat_id,
    )  # fmt: skip


# Of canvas c, for $2 of the workspace $1. Whose canvas it is stays its owner, whatever its room says; else it is the room's
# to say, once the canvas was opened.
_ROLE: LiteralString = "app.room_role(case when c.user_id = u.id then 'owner' else p.role end, case when c.shared then r.access end, u.role, u.status)"
_FROM: LiteralString = (
    " from canvases c join users u on u.tenant_id = c.tenant_id and u.id = $2"
    " left join collaboration_rooms r on r.tenant_id = c.tenant_id and r.id = c.room_id"
    " left join room_participants p on p.tenant_id = c.tenant_id and p.room_id = c.room_id and p.user_id = u.id"
    " where c.tenant_id = $1"
)


async def get(tx: Tx, canvas_id: UUID) -> Row | None:
    """A canvas, with the caller's `role` in it; None in the row where its room does not let them in."""
    return await tx.one_or_none(
        "select c.id, c.user_id, c.shared, c.chat_id, coalesce(c.canvas_name, '') as canvas_name, c.canvas_type, c.content,"
        " c.version, c.is_published, c.published_url, c.room_id, c.projected_seq, c.created_at, c.updated_at,"
        " (select count(*) from artifacts a where a.tenant_id = $1 and a.canvas_id = c.id and a.deleted_at is null)"
        "  as artifact_count, " + _ROLE + " as role" + _FROM + " and c.id = $3",
        tx.tenant_id, tx.user_id, canvas_id,
    )  # fmt: skip


async def page(
    tx: Tx, chat_id: UUID | None, search: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """The caller's canvases and those that were opened to them, the latest changed first."""
    return await tx.all(
        "select c.id, c.user_id, c.shared, c.chat_id, coalesce(c.canvas_name, '') as canvas_name, c.canvas_type, c.version,"
        " c.is_published, c.published_url, c.room_id, c.created_at, c.updated_at,"
        " (select count(*) from artifacts a where a.tenant_id = $1 and a.canvas_id = c.id and a.deleted_at is null)"
        "  as artifact_count,"
        " " + _ROLE + " as role" + _FROM + " and " + _ROLE + " is not null"
        " and ($3::uuid is null or c.chat_id = $3)"
        " and ($4::text is null or position(lower($4) in lower(coalesce(c.canvas_name, ''))) > 0"
        "  or exists (select from artifacts a where a.tenant_id = $1 and a.canvas_id = c.id and a.deleted_at is null"
        "   and (position(lower($4) in lower(coalesce(a.title, ''))) > 0 or position(lower($4) in lower(a.content)) > 0)))"
        " and ($5::timestamptz is null or (c.updated_at, c.id) < ($5, $6::uuid))"
        " order by c.updated_at desc, c.id desc limit $7",
        tx.tenant_id, tx.user_id, chat_id, search, *(before or (None, None)), limit,
    )  # fmt: skip


async def rename(tx: Tx, canvas_id: UUID, name: str, version: int | None) -> int | None:
    """The canvas's new version; None where it has another than `version`."""
    return await tx.value(
        "update canvases set canvas_name = $3, version = version + 1, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and ($4::integer is null or version = $4) returning version",
        tx.tenant_id, canvas_id, name, version,
    )  # fmt: skip


async def delete(tx: Tx, canvas_id: UUID) -> bool:
    """Delete the caller's own canvas with all that is on it."""
    return bool(
        await tx.run(
            "delete from canvases where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, canvas_id,
        )
    )  # fmt: skip


async def open_up(tx: Tx, room_id: UUID) -> None:
    """Let others than its owner see the room's canvas: the room says who. Whoever may open the room may do this."""
    await tx.run(
        "update canvases set shared = true where tenant_id = $1 and room_id = $2 and not shared", tx.tenant_id, room_id
    )


async def of_room(tx: Tx, tenant_id: UUID, room_id: UUID) -> Row | None:
    """{id, user_id} of the room's canvas. System transaction."""
    return await tx.one_or_none(
        "select id, user_id from canvases where tenant_id = $1 and room_id = $2", tenant_id, room_id
    )


async def lock(tx: Tx, canvas_id: UUID) -> Row | None:
    """{user_id, shared, projected_seq, version, content}, held until the transaction ends: one projection at a time."""
    return await tx.one_or_none(
        "select user_id, shared, projected_seq, version, content from canvases where tenant_id = $1 and id = $2 for update",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


async def set_content(tx: Tx, canvas_id: UUID, seq: int, content: dict[str, Any], *, changed: bool) -> None:
    """What the document says besides artifacts, and up to where in its log."""
    await tx.run(
        "update canvases set projected_seq = greatest(projected_seq, $3), content = $4,"
        " version = version + case when $5 then 1 else 0 end,"
        " updated_at = case when $5 then current_timestamp else updated_at end where tenant_id = $1 and id = $2",
        tx.tenant_id, canvas_id, seq, content, changed,
    )  # fmt: skip


async def last_seq(tx: Tx, room_id: UUID) -> int | None:
    """The last number in the room's log; None where there is no room."""
    return await tx.value(
        "select last_seq from collaboration_rooms where tenant_id = $1 and id = $2", tx.tenant_id, room_id
    )


# --- artifacts ---


async def artifacts(tx: Tx, canvas_id: UUID) -> list[Row]:
    """What is on the canvas, the lowest first."""
    return await tx.all(
        "select id, artifact_type, coalesce(title, '') as title, content, language, position_x, position_y, width, height,"
        " z_index, is_collapsed, version, spans, metadata, created_by, created_at, updated_at from artifacts"
        " where tenant_id = $1 and canvas_id = $2 and deleted_at is null order by z_index, created_at, id",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


async def artifact(tx: Tx, canvas_id: UUID, artifact_id: UUID) -> Row | None:
    """One that is on the canvas."""
    return await tx.one_or_none(
        "select id, artifact_type, coalesce(title, '') as title, content, language, position_x, position_y, width, height,"
        " z_index, is_collapsed, version, spans, metadata, created_by, created_at, updated_at from artifacts"
        " where tenant_id = $1 and canvas_id = $2 and id = $3 and deleted_at is null",
        tx.tenant_id, canvas_id, artifact_id,
    )  # fmt: skip


async def all_artifacts(tx: Tx, canvas_id: UUID) -> list[Row]:
    """Those that were removed too, held until the transaction ends."""
    return await tx.all(
        "select id, artifact_type, coalesce(title, '') as title, content, language, position_x, position_y, width, height,"
        " z_index, is_collapsed, version, spans, metadata, created_by, deleted_at,"
        " exists (select from artifact_versions v where v.tenant_id = $1 and v.artifact_id = artifacts.id"
        "  and v.version = artifacts.version) as has_version"
        " from artifacts where tenant_id = $1 and canvas_id = $2 order by id for update",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


async def insert_artifact(tx: Tx, owner: UUID, shared: bool, canvas_id: UUID, one: dict[str, Any]) -> bool:
    """A new artifact. False where its id, which clients choose, is somebody else's."""
    return bool(
        await tx.run(
            "insert into artifacts (id, tenant_id, user_id, shared, canvas_id, artifact_type, title, content, language,"
            " position_x, position_y, width, height, z_index, is_collapsed, spans, metadata, created_by)"
            " select a.id, $1, $2, $3, $4, a.artifact_type, a.title, a.content, a.language, a.position_x, a.position_y,"
            "  a.width, a.height, a.z_index, a.is_collapsed, a.spans, a.metadata,"
            "  (select u.id from users u where u.tenant_id = $1 and u.id = a.created_by)"
            " from jsonb_to_record($5::jsonb) as a(id uuid, artifact_type text, title text, content text, language text,"
            "  position_x integer, position_y integer, width integer, height integer, z_index integer,"
            "  is_collapsed boolean, spans jsonb, metadata jsonb, created_by uuid) on conflict (id) do nothing",
            tx.tenant_id, owner, shared, canvas_id, one,
        )
    )  # fmt: skip


async def update_artifact(tx: Tx, canvas_id: UUID, version: int, one: dict[str, Any]) -> None:
    """What an artifact is now; one that was removed is there again."""
    await tx.run(
        "update artifacts set artifact_type = a.artifact_type, title = a.title, content = a.content,"
        " language = a.language, position_x = a.position_x, position_y = a.position_y, width = a.width,"
        " height = a.height, z_index = a.z_index, is_collapsed = a.is_collapsed, spans = a.spans, metadata = a.metadata,"
        " version = $3, deleted_at = null, deleted_by = null, updated_at = current_timestamp"
        " from jsonb_to_record($4::jsonb) as a(id uuid, artifact_type text, title text, content text, language text,"
        "  position_x integer, position_y integer, width integer, height integer, z_index integer,"
        "  is_collapsed boolean, spans jsonb, metadata jsonb)"
        " where artifacts.tenant_id = $1 and artifacts.canvas_id = $2 and artifacts.id = a.id",
        tx.tenant_id, canvas_id, version, one,
    )  # fmt: skip


async def set_deleted(tx: Tx, canvas_id: UUID, artifact_ids: list[UUID], by: UUID | None) -> None:
    """They are off the canvas."""
    await tx.run(
        "update artifacts set deleted_at = clock_timestamp(), deleted_by ="
        "  (select u.id from users u where u.tenant_id = $1 and u.id = $4)"
        " where tenant_id = $1 and canvas_id = $2 and id = any($3::uuid[]) and deleted_at is null",
        tx.tenant_id, canvas_id, artifact_ids, by,
    )  # fmt: skip


async def claim_version(tx: Tx, canvas_id: UUID, artifact_id: UUID, version: int) -> bool:
    """Take the next version number, for who read `version` and no other."""
    return bool(
        await tx.run(
            "update artifacts set version = version + 1 where tenant_id = $1 and canvas_id = $2 and id = $3 and version = $4"
            " and deleted_at is null",
            tx.tenant_id, canvas_id, artifact_id, version,
        )
    )  # fmt: skip


async def trash(tx: Tx, canvas_id: UUID) -> list[Row]:
    """What was removed, the latest first."""
    return await tx.all(
        "select id, artifact_type as type, coalesce(title, '') as title, content, deleted_by, deleted_at, created_by, language,"
        " position_x, position_y, width, height, z_index, is_collapsed, spans, metadata, created_at"
        " from artifacts where tenant_id = $1 and canvas_id = $2 and deleted_at is not null"
        " order by deleted_at desc, id desc limit 200",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


# --- versions ---


async def insert_version(
    tx: Tx, owner: UUID, shared: bool, artifact_id: UUID, version: int, content: str, spans: list[dict[str, Any]],
    authors: list[UUID], models: list[str],
) -> None:  # fmt: skip
    """What the artifact says as of that version. The number is its alone: two at once are an error, not a guess."""
    await tx.run(
        "insert into artifact_versions (tenant_id, user_id, shared, artifact_id, version, content, spans, created_by,"
        " authors, models) values ($1, $2, $3, $4, $5, $6, $7,"
        " case when cardinality($8::uuid[]) = 1 then (select u.id from users u where u.tenant_id = $1 and u.id = ($8::uuid[])[1])"
        " end, $8, $9)",
        tx.tenant_id, owner, shared, artifact_id, version, content, spans, authors, models,
    )  # fmt: skip


async def versions(tx: Tx, artifact_id: UUID, before: int | None, limit: int) -> list[Row]:
    """The latest first."""
    return await tx.all(
        "select v.version, v.name, v.created_by, u.name as created_by_name, v.authors, v.models,"
        " length(v.content) as length, v.created_at from artifact_versions v"
        " left join users u on u.tenant_id = $1 and u.id = v.created_by"
        " where v.tenant_id = $1 and v.artifact_id = $2 and ($3::integer is null or v.version < $3)"
        " order by v.version desc limit $4",
        tx.tenant_id, artifact_id, before, limit,
    )  # fmt: skip


async def version(tx: Tx, artifact_id: UUID, number: int) -> Row | None:
    """One, with what it says."""
    return await tx.one_or_none(
        "select v.version, v.name, v.created_by, u.name as created_by_name, v.authors, v.models,"
        " length(v.content) as length, v.created_at, v.content, v.spans from artifact_versions v"
        " left join users u on u.tenant_id = $1 and u.id = v.created_by"
        " where v.tenant_id = $1 and v.artifact_id = $2 and v.version = $3",
        tx.tenant_id, artifact_id, number,
    )  # fmt: skip


async def name_version(tx: Tx, artifact_id: UUID, number: int, name: str) -> None:
    """Keep it under a name."""
    await tx.run(
        "update artifact_versions set name = $4 where tenant_id = $1 and artifact_id = $2 and version = $3",
        tx.tenant_id, artifact_id, number, name,
    )  # fmt: skip


# --- publications ---


async def insert_publication(
    tx: Tx, owner: UUID, shared: bool, publication_id: UUID, canvas_id: UUID, token_hash: bytes, version: int,
    snapshot: dict[str, Any],
) -> Row:  # fmt: skip
    """A fixed copy."""
    return await tx.one(
        "insert into canvas_publications (id, tenant_id, user_id, shared, canvas_id, token_hash, canvas_version, snapshot,"
        " published_by) values ($5, $1, $2, $3, $6, $7, $8, $9, $4)"
        " returning id, canvas_id, canvas_version, published_by, published_at, revoked_at",
        tx.tenant_id, owner, shared, tx.user_id, publication_id, canvas_id, token_hash, version, snapshot,
    )  # fmt: skip


async def publications(tx: Tx, canvas_id: UUID) -> list[Row]:
    """The latest first."""
    return await tx.all(
        "select id, canvas_id, canvas_version, published_by, published_at, revoked_at from canvas_publications"
        " where tenant_id = $1 and canvas_id = $2 order by published_at desc, id desc limit 200",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


async def revoke(tx: Tx, canvas_id: UUID, publication_id: UUID) -> bool:
    """It leads nowhere from now on."""
    return bool(
        await tx.run(
            "update canvas_publications set revoked_at = coalesce(revoked_at, current_timestamp) where tenant_id = $1"
            " and canvas_id = $2 and id = $3",
            tx.tenant_id, canvas_id, publication_id,
        )
    )  # fmt: skip


async def note_published(tx: Tx, canvas_id: UUID, url: str) -> None:
    """Where its latest publication is."""
    await tx.run(
        "update canvases set is_published = true, published_url = $3 where tenant_id = $1 and id = $2",
        tx.tenant_id, canvas_id, url,
    )  # fmt: skip


async def note_unpublished(tx: Tx, canvas_id: UUID) -> None:
    """Nothing of it is published, if that is so; the address of what was revoked is forgotten."""
    await tx.run(
        "update canvases set is_published = false, published_url = null where tenant_id = $1 and id = $2 and not exists"
        " (select from canvas_publications p where p.tenant_id = $1 and p.canvas_id = $2 and p.revoked_at is null)",
        tx.tenant_id, canvas_id,
    )  # fmt: skip


async def published(tx: Tx, token_hash: bytes) -> Row | None:
    """What the address shows: {snapshot, canvas_version, published_at, revoked_at}; None once its canvas, its owner or the
    tenant is gone. System transaction."""
    return await tx.one_or_none(
        "select p.snapshot, p.canvas_version, p.published_at, p.revoked_at from canvas_publications p"
        " join canvases c on c.tenant_id = p.tenant_id and c.id = p.canvas_id"
        " join users u on u.tenant_id = c.tenant_id and u.id = c.user_id join tenants t on t.id = c.tenant_id"
        " where p.token_hash = $1 and u.status = 'active' and t.status = 'active'",
        token_hash,
    )


# --- proposals ---


async def insert_proposal(tx: Tx, owner: UUID, shared: bool, one: dict[str, Any]) -> None:
    """What a model proposes, or how it failed."""
    await tx.run(
        "insert into canvas_proposals (id, tenant_id, user_id, shared, asked_by, artifact_id, model, instruction,"
        " selection_start, selection_end, base_text, proposed_text, hunks, status, provenance_id, provenance, tokens, cost,"
        " error, decided_at)"
        " select a.id, $1, $2, $3, $4, a.artifact_id, a.model, a.instruction, a.selection_start, a.selection_end,"
        "  a.base_text, a.proposed_text, a.hunks, a.status, a.provenance_id, a.provenance, a.tokens, a.cost, a.error,"
        "  case when a.status = 'failed' then current_timestamp end"
        " from jsonb_to_record($5::jsonb) as a(id uuid, artifact_id uuid, model text, instruction text,"
        "  selection_start integer, selection_end integer, base_text text, proposed_text text, hunks jsonb, status text,"
        "  provenance_id text, provenance jsonb, tokens integer, cost numeric, error jsonb)",
        tx.tenant_id, owner, shared, tx.user_id, one,
    )  # fmt: skip


async def proposal(tx: Tx, artifact_id: UUID, proposal_id: UUID) -> Row | None:
    """One of the artifact's, held until the transaction ends."""
    return await tx.one_or_none(
        "select id, artifact_id, asked_by, model, instruction, selection_start, selection_end, base_text, proposed_text,"
        " hunks, accepted, status, undone, provenance_id, provenance, tokens, cost, error, applied, created_at, decided_at"
        " from canvas_proposals where tenant_id = $1 and artifact_id = $2 and id = $3 for update",
        tx.tenant_id, artifact_id, proposal_id,
    )  # fmt: skip


async def proposals(tx: Tx, artifact_id: UUID, limit: int) -> list[Row]:
    """The latest first."""
    return await tx.all(
        "select id, artifact_id, asked_by, model, instruction, selection_start, selection_end, base_text, proposed_text,"
        " hunks, accepted, status, undone, provenance_id, provenance, tokens, cost, error, created_at, decided_at"
        " from canvas_proposals where tenant_id = $1 and artifact_id = $2 order by created_at desc, id desc limit $3",
        tx.tenant_id, artifact_id, limit,
    )  # fmt: skip


async def settle_proposal(tx: Tx, artifact_id: UUID, proposal_id: UUID, status: str, accepted: list[int]) -> None:
    """It is decided."""
    await tx.run(
        "update canvas_proposals set status = $4, accepted = $5, decided_at = current_timestamp where tenant_id = $1"
        " and artifact_id = $2 and id = $3",
        tx.tenant_id, artifact_id, proposal_id, status, accepted,
    )  # fmt: skip


async def reopen_proposal(tx: Tx, artifact_id: UUID, proposal_id: UUID) -> None:
    """What was decided could not be done."""
    await tx.run(
        "update canvas_proposals set status = 'open', accepted = '{}', decided_at = null where tenant_id = $1"
        " and artifact_id = $2 and id = $3",
        tx.tenant_id, artifact_id, proposal_id,
    )  # fmt: skip


async def note_applied(
    tx: Tx, artifact_id: UUID, proposal_id: UUID, provenance_id: str, applied: dict[str, Any]
) -> None:
    """What it is known by in the document, and what takes it back."""
    await tx.run(
        "update canvas_proposals set provenance_id = $4, applied = $5 where tenant_id = $1 and artifact_id = $2 and id = $3",
        tx.tenant_id, artifact_id, proposal_id, provenance_id, applied,
    )  # fmt: skip


async def undo_proposal(tx: Tx, artifact_id: UUID, proposal_id: UUID) -> None:
    """It was taken back."""
    await tx.run(
        "update canvas_proposals set undone = true where tenant_id = $1 and artifact_id = $2 and id = $3",
        tx.tenant_id, artifact_id, proposal_id,
    )  # fmt: skip
