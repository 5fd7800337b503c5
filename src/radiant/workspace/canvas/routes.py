"""/api/canvas."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Path, Query, Request, Response, UploadFile
from pydantic import Field

from radiant.foundation.identity.dependencies import AnyCaller, MemberCaller
from radiant.http.idempotency import IdempotencyKey
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.ids import ChatId
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.canvas import templates
from radiant.workspace.canvas.schemas import (
    Accepting,
    Artifact,
    ArtifactChange,
    ArtifactVersion,
    Canvas,
    CanvasChange,
    CanvasSummary,
    DeletedArtifact,
    Difference,
    ExportFormat,
    NamedVersion,
    NewArtifact,
    NewCanvas,
    NewProposal,
    Proposal,
    Publication,
    PutResult,
    Putting,
    Template,
    VersionSummary,
)
from radiant.workspace.canvas.service import Canvases

router = APIRouter(prefix="/api/canvas", tags=["canvas"])
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
_Compared = Annotated[int, Field(ge=1, le=2**31 - 1)]
_CANVAS, _ARTIFACT = "/canvases/{canvas_id}", "/canvases/{canvas_id}/artifacts/{artifact_id}"
_PROPOSAL = _ARTIFACT + "/proposals/{proposal_id}"


def canvases_of(request: Request) -> Canvases:
    """The canvases that the root made."""
    return request.app.state.canvases


@router.get("/templates")
async def list_templates(caller: AnyCaller) -> ItemsOf[Template]:
    """What a new canvas can begin with."""
    del caller
    return ItemsOf(items=list(templates.TEMPLATES.values()))


@router.post("/canvases", status_code=201)
async def create(
    request: Request, caller: MemberCaller, new: NewCanvas, idempotency_key: IdempotencyKey = None
) -> Canvas:
    """Make a canvas and its room."""
    return await canvases_of(request).create(caller, new, idempotency_key)


@router.get("/canvases")
async def list_canvases(
    request: Request,
    caller: AnyCaller,
    chat_id: ChatId | None = None,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[CanvasSummary]:
    """The caller's canvases and those that were opened to them, the latest changed first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await canvases_of(request).page(caller, chat_id, (search or "").strip() or None, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.updated_at.isoformat(), str(last.id)) if last else None)


@router.post("/import", status_code=201)
async def import_file(
    request: Request, caller: MemberCaller, file: Annotated[UploadFile, File()], idempotency_key: IdempotencyKey = None
) -> Canvas:
    """Make a canvas of a file: a zip or JSON that was exported here, or a file of a known kind."""
    return await canvases_of(request).import_file(caller, file.filename or "", await file.read(), idempotency_key)


@router.get(_CANVAS)
async def read(request: Request, caller: AnyCaller, canvas_id: UUID) -> Canvas:
    """A canvas with what is on it."""
    return await canvases_of(request).get(caller, canvas_id)


@router.patch(_CANVAS)
async def change(request: Request, caller: MemberCaller, canvas_id: UUID, wanted: CanvasChange) -> Canvas:
    """Rename a canvas."""
    return await canvases_of(request).rename(caller, canvas_id, wanted)


@router.delete(_CANVAS, status_code=204)
async def delete(request: Request, caller: MemberCaller, canvas_id: UUID) -> None:
    """Delete a canvas for good: its owner may."""
    await canvases_of(request).delete(caller, canvas_id)


@router.post(_CANVAS + "/duplicate", status_code=201)
async def duplicate(
    request: Request, caller: MemberCaller, canvas_id: UUID, idempotency_key: IdempotencyKey = None
) -> Canvas:
    """A copy that is the caller's own."""
    return await canvases_of(request).duplicate(caller, canvas_id, idempotency_key)


@router.post(_CANVAS + "/artifacts", status_code=201)
async def add(
    request: Request, caller: MemberCaller, canvas_id: UUID, new: NewArtifact, idempotency_key: IdempotencyKey = None
) -> Artifact:
    """Put an artifact on the canvas."""
    return await canvases_of(request).add(caller, canvas_id, new, idempotency_key)


@router.get(_ARTIFACT)
async def read_artifact(request: Request, caller: AnyCaller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
    """An artifact as it is now."""
    return await canvases_of(request).artifact(caller, canvas_id, artifact_id)


@router.patch(_ARTIFACT)
async def change_artifact(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, wanted: ArtifactChange
) -> Artifact:
    """Change an artifact. A content is taken over where it differs, so what others wrote elsewhere in it stays theirs."""
    return await canvases_of(request).change(caller, canvas_id, artifact_id, wanted)


@router.delete(_ARTIFACT, status_code=204)
async def remove(request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID) -> None:
    """Take an artifact off the canvas; it can be had back for 30 days."""
    await canvases_of(request).remove(caller, canvas_id, artifact_id)


@router.post(_ARTIFACT + "/duplicate", status_code=201)
async def duplicate_artifact(request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
    """A copy beside it, with what is known of where its words come from."""
    return await canvases_of(request).duplicate_artifact(caller, canvas_id, artifact_id)


@router.post(_ARTIFACT + "/front")
async def to_front(request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
    """Put it above all others."""
    return await canvases_of(request).stack(caller, canvas_id, artifact_id, above=True)


@router.post(_ARTIFACT + "/back")
async def to_back(request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
    """Put it below all others."""
    return await canvases_of(request).stack(caller, canvas_id, artifact_id, above=False)


@router.post(_ARTIFACT + "/restore")
async def restore(request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID) -> Artifact:
    """Put an artifact that was removed where it was."""
    return await canvases_of(request).restore(caller, canvas_id, artifact_id)


@router.get(_CANVAS + "/trash")
async def list_trash(request: Request, caller: AnyCaller, canvas_id: UUID) -> ItemsOf[DeletedArtifact]:
    """What was removed, the latest first."""
    return ItemsOf(items=await canvases_of(request).trash(caller, canvas_id))


@router.post(_CANVAS + "/undo")
async def undo(request: Request, caller: MemberCaller, canvas_id: UUID) -> Artifact:
    """Put back the artifact that the caller removed last. It takes back removals alone: what an artifact said before is
    had by restoring one of its versions, what a model changed by undoing its proposal; whoever edits in the room itself
    takes their own edits back there."""
    return await canvases_of(request).undo(caller, canvas_id)


@router.get(_ARTIFACT + "/versions")
async def list_versions(
    request: Request, caller: AnyCaller, canvas_id: UUID, artifact_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[VersionSummary]:
    """What the artifact said before, the latest first."""
    before = decode_cursor(cursor, 1)[0] if cursor is not None else None
    items = await canvases_of(request).versions(caller, canvas_id, artifact_id, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(str(last.version)) if last else None)


@router.post(_ARTIFACT + "/versions", status_code=201)
async def name_version(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, named: NamedVersion
) -> ArtifactVersion:
    """Give a name to what the artifact says now: a named version is kept."""
    return await canvases_of(request).name_version(caller, canvas_id, artifact_id, named.name)


@router.get(_ARTIFACT + "/versions/{version}")
async def read_version(
    request: Request, caller: AnyCaller, canvas_id: UUID, artifact_id: UUID, version: VersionNumber
) -> ArtifactVersion:
    """What the artifact said then."""
    return await canvases_of(request).version(caller, canvas_id, artifact_id, version)


@router.post(_ARTIFACT + "/versions/{version}/restore")
async def restore_version(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, version: VersionNumber
) -> Artifact:
    """Let the artifact say again what it said then, as a new version."""
    return await canvases_of(request).restore_version(caller, canvas_id, artifact_id, version)


@router.get(_ARTIFACT + "/compare")
async def compare(
    request: Request,
    caller: AnyCaller,
    canvas_id: UUID,
    artifact_id: UUID,
    from_version: Annotated[_Compared, Query(alias="from")] = 1,
    to_version: Annotated[_Compared | None, Query(alias="to", description="the current one unless named")] = None,
) -> Difference:
    """What changed between two versions, by lines."""
    return await canvases_of(request).compare(caller, canvas_id, artifact_id, from_version, to_version)


@router.post(_CANVAS + "/put", status_code=201)
async def put(
    request: Request, caller: MemberCaller, canvas_id: UUID, wanted: Putting, idempotency_key: IdempotencyKey = None
) -> PutResult:
    """Put an answer, a merge or a Think Tank result on the canvas; what was put before from there is brought up to date."""
    return await canvases_of(request).putting.put(caller, canvas_id, wanted, idempotency_key)


@router.post(_ARTIFACT + "/proposals", status_code=201)
async def propose(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, new: NewProposal,
    idempotency_key: IdempotencyKey = None,
) -> Proposal:  # fmt: skip
    """Ask a model to change a part of an artifact. Nothing changes until its proposal is accepted."""
    return await canvases_of(request).proposing.propose(caller, canvas_id, artifact_id, new, idempotency_key)


@router.get(_ARTIFACT + "/proposals")
async def list_proposals(request: Request, caller: AnyCaller, canvas_id: UUID, artifact_id: UUID) -> ItemsOf[Proposal]:
    """The latest proposals, at most 50."""
    return ItemsOf(items=await canvases_of(request).proposing.latest(caller, canvas_id, artifact_id))


@router.post(_PROPOSAL + "/accept")
async def accept(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, proposal_id: UUID, accepting: Accepting
) -> Proposal:
    """Let the model make its changes, or those that are named."""
    return await canvases_of(request).proposing.accept(caller, canvas_id, artifact_id, proposal_id, accepting.hunks)


@router.post(_PROPOSAL + "/reject")
async def reject(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, proposal_id: UUID
) -> Proposal:
    """Leave the artifact as it is."""
    return await canvases_of(request).proposing.reject(caller, canvas_id, artifact_id, proposal_id)


@router.post(_PROPOSAL + "/undo")
async def undo_proposal(
    request: Request, caller: MemberCaller, canvas_id: UUID, artifact_id: UUID, proposal_id: UUID
) -> Proposal:
    """Take back what the model changed, and nothing of what others wrote since."""
    return await canvases_of(request).proposing.undo(caller, canvas_id, artifact_id, proposal_id)


@router.post(_CANVAS + "/publications", status_code=201)
async def publish(
    request: Request, caller: MemberCaller, canvas_id: UUID, idempotency_key: IdempotencyKey = None
) -> Publication:
    """Publish the canvas as it is now: whoever has the address reads that copy."""
    return await canvases_of(request).publishing.publish(caller, canvas_id, idempotency_key)


@router.get(_CANVAS + "/publications")
async def list_publications(request: Request, caller: AnyCaller, canvas_id: UUID) -> ItemsOf[Publication]:
    """What was published, the latest first."""
    return ItemsOf(items=await canvases_of(request).publishing.latest(caller, canvas_id))


@router.delete(_CANVAS + "/publications/{publication_id}", status_code=204)
async def revoke(request: Request, caller: MemberCaller, canvas_id: UUID, publication_id: UUID) -> None:
    """Let a published address lead nowhere."""
    await canvases_of(request).publishing.revoke(caller, canvas_id, publication_id)


@router.get(_CANVAS + "/export", response_class=Response)
async def export(request: Request, caller: AnyCaller, canvas_id: UUID, format: ExportFormat = "markdown") -> Response:
    """The canvas as a file."""
    made = await canvases_of(request).export(caller, canvas_id, format)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', **made.headers}
    return Response(made.body, media_type=made.media_type, headers=headers)
