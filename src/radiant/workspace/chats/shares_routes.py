"""/api/chats/{id}/share, and /api/shared: what whoever has a link reads."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from radiant.foundation.files import service as files
from radiant.foundation.files.routes import objects_of
from radiant.foundation.identity.dependencies import AnyCaller, Databases, Db, MemberCaller
from radiant.foundation.identity.requests import settings_of
from radiant.kit.ids import ChatId
from radiant.workspace.chats import shares
from radiant.workspace.chats.schemas import NewShare, Share, SharedChat

router = APIRouter(prefix="/api", tags=["chats"])
Token = Annotated[str, Path(min_length=20, max_length=100, pattern=r"^[\w-]+$")]
# A link is for those who have it: nothing keeps what it opens, finds it, or hands it on.
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}
_SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox"}


@router.post("/chats/{chat_id}/share", status_code=201)
async def share(request: Request, db: Db, caller: MemberCaller, chat_id: ChatId, new: NewShare | None = None) -> Share:
    """Make a link by which anybody may read the chat as it is now. The one before leads nowhere from now on."""
    del caller
    return await shares.share(db, settings_of(request).base_url, chat_id, new or NewShare())


@router.get("/chats/{chat_id}/share")
async def get_share(db: Db, caller: AnyCaller, chat_id: ChatId) -> Share:
    """The chat's link; its address was told when it was made."""
    del caller
    return await shares.get_share(db, chat_id)


@router.delete("/chats/{chat_id}/share", status_code=204)
async def take_back(db: Db, caller: MemberCaller, chat_id: ChatId) -> None:
    """Let the chat's link lead nowhere."""
    del caller
    await shares.take_back(db, chat_id)


@router.get("/shared/{token}")
async def read_shared(database: Databases, response: Response, token: Token) -> SharedChat:
    """A shared chat, for whoever has its link."""
    response.headers.update(_HEADERS)
    return await shares.read(database, token)


@router.get("/shared/{token}/pictures/{number}", response_class=StreamingResponse)
async def read_picture(
    request: Request, database: Databases, token: Token, number: Annotated[int, Path(ge=0, le=100_000)]
) -> StreamingResponse:
    """A picture of a shared chat."""
    asset = await shares.picture(database, token, number)
    stream = await files.open_stream(objects_of(request), asset)
    headers = {"Content-Length": str(asset.bytes), **_HEADERS, **_SANDBOX}
    return StreamingResponse(stream, media_type=asset.media_type, headers=headers)
