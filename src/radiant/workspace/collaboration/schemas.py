"""Shapes of rooms (section 20)."""

from datetime import datetime
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

RoomId = NewType("RoomId", UUID)

Role = Literal["owner", "editor", "commenter", "viewer"]
GivenRole = Literal["editor", "commenter", "viewer"]
"""What a link may give."""
Access = Literal["invited", "tenant"]
OWNER: frozenset[Role] = frozenset({"owner"})
WRITE: frozenset[Role] = frozenset(("owner", "editor"))
COMMENT: frozenset[Role] = WRITE | frozenset[Role]({"commenter"})

_NUL = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_NUL)]
Kind = Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")]
Capacity = Annotated[int, Field(ge=1, le=10_000, description="how many people may take part")]
Body = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000, pattern=_NUL)]


def _small(value: dict[str, Any] | None) -> dict[str, Any] | None:
    size = len(str(value))
    if size > 16_000:
        raise ValueError(f"at most 16,000 characters as JSON, this has about {size:,}")
    return value


SmallJson = Annotated[dict[str, Any], AfterValidator(_small)]


class Strict(BaseModel):
    """Nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid")


class NewRoom(Strict):
    """A room to make; the caller becomes its owner."""

    room_name: Name
    room_type: Kind = "document"
    access: Access = Field("invited", description="tenant: whoever is in the workspace may enter, as an editor")
    max_participants: Capacity = 10


class RoomChange(Strict):
    """What to change of a room; what is left out stays."""

    room_name: Name | None = None
    is_active: bool | None = Field(None, description="false closes the room: it is read, not written")
    access: Access | None = None
    max_participants: Capacity | None = None


class Room(BaseModel):
    """A room as the caller sees it."""

    id: UUID
    room_name: str
    room_type: str
    access: Access
    is_active: bool
    max_participants: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    role: Role = Field(description="the caller's")
    participants: int
    online: int
    canvas_id: UUID | None = Field(None, description="the canvas that is worked on in it")


class RoomParticipant(BaseModel):
    """A person in a room."""

    user_id: UUID
    display_name: str
    email: str
    role: Role
    is_online: bool
    joined_at: datetime
    last_seen: datetime | None
    cursor_position: dict[str, Any] | None
    color: str


class RoomRoleChange(Strict):
    """The role that somebody gets."""

    role: Role


class NewRoomInvitation(Strict):
    """A link into the room for people of this workspace."""

    role: GivenRole = "editor"
    expires_in_days: int = Field(7, ge=1, le=90)


class RoomInvitation(BaseModel):
    """A link into a room. `url` is told once, when it is made."""

    id: UUID
    role: GivenRole
    uses: int
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime
    url: str | None = None


class RoomLink(Strict):
    """What a link ends in."""

    token: str = Field(min_length=20, max_length=100, pattern=r"^[\w-]+$")


class RoomPerson(BaseModel):
    """Who enters with a ticket, as others see them."""

    id: UUID
    name: str
    color: str


class RoomTicket(BaseModel):
    """Lets one connection in. Good for a minute; a connection that is in stays in."""

    ticket: str
    role: Role
    expires_at: datetime
    user: RoomPerson


class NewRoomParticipant(Strict):
    """Somebody to bring in, by the address that they sign in with."""

    email: Annotated[
        str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=320, pattern=_NUL)
    ]
    role: Role = "editor"


class RoomCursor(Strict):
    """Where the caller is in the document; null for nowhere."""

    cursor_position: SmallJson | None


class NewRoomAction(Strict):
    """Something that a client did and wants kept in the room's history."""

    action_type: Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")]
    action_data: SmallJson = {}


class RoomAction(BaseModel):
    """What somebody did in a room."""

    id: UUID
    user_id: UUID | None
    display_name: str | None
    action_type: str
    action_data: dict[str, Any] | None
    created_at: datetime


class RoomStretch(BaseModel):
    """Updates of one author that followed each other; `last_seq` is a point to look at, compare and go back to."""

    user_id: UUID | None
    display_name: str | None
    model: str | None = Field(description="wrote it for the person")
    first_seq: int
    last_seq: int
    updates: int
    began_at: datetime
    ended_at: datetime


class RoomVersionName(Strict):
    """A name for the document as it is now."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NUL)]


class RoomVersion(BaseModel):
    """A point that is kept. Without a name: kept before something was restored."""

    id: UUID
    seq: int
    name: str
    created_by: UUID | None
    display_name: str | None
    created_at: datetime


class RoomText(BaseModel):
    """One text of a document. `path`: `content`, or `artifacts/{id}`."""

    path: str
    title: str | None = None
    text: str


class RoomContents(BaseModel):
    """What a document says, or said."""

    seq: int
    texts: list[RoomText]


class LineHunk(BaseModel):
    """A run of lines: kept, gone, new. Line numbers from 1."""

    kind: Literal["same", "removed", "added"]
    before: int
    after: int
    lines: list[str]


class RoomTextChange(BaseModel):
    """How one text differs; of what did not change three lines around a change are shown."""

    path: str
    title: str | None
    kind: Literal["added", "removed", "changed"]
    hunks: list[LineHunk]


class RoomComparison(BaseModel):
    """What is different between two points."""

    before: int
    after: int
    changes: list[RoomTextChange]


class RoomRestoring(Strict):
    """The point to go back to: a version, or a number of the log. The way back is an edit, so nothing is lost."""

    version_id: UUID | None = None
    seq: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> "RoomRestoring":
        if (self.version_id is None) == (self.seq is None):
            raise ValueError("name either version_id or seq")
        return self


class CommentAnchor(Strict):
    """What in the document a comment is about. `from`, `to`: Yjs relative positions as JSON text, so that they move along."""

    artifact: UUID | None = None
    from_: str | None = Field(None, alias="from", max_length=500)
    to: str | None = Field(None, max_length=500)
    quote: str | None = Field(None, max_length=1000, pattern=_NUL)

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class NewRoomComment(Strict):
    """A comment; with `parent_id` an answer in that thread."""

    body: Body
    anchor: CommentAnchor | None = None
    parent_id: UUID | None = None
    mentions: list[UUID] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _answer(self) -> "NewRoomComment":
        if self.parent_id is not None and self.anchor is not None:
            raise ValueError("an answer stands where its thread does: leave `anchor` out")
        return self


class RoomCommentChange(Strict):
    """What to change of a comment."""

    body: Body | None = None
    resolved: bool | None = None
    mentions: list[UUID] | None = Field(None, max_length=50)


class RoomComment(BaseModel):
    """What somebody said about the document."""

    id: UUID
    room_id: UUID
    parent_id: UUID | None
    user_id: UUID | None
    display_name: str | None
    body: str
    anchor: CommentAnchor | None
    mentions: list[UUID]
    resolved_at: datetime | None
    resolved_by: UUID | None
    created_at: datetime
    updated_at: datetime
    answers: list["RoomComment"] = []


class RoomMention(BaseModel):
    """A comment that names the caller, and where."""

    room_id: UUID
    room_name: str
    canvas_id: UUID | None
    comment: RoomComment
