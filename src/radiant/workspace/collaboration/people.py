"""Who is in a room and what they may do there."""

from dataclasses import dataclass
from typing import Literal, NewType
from uuid import UUID

from radiant.kit.errors import Conflict, NotFound, Problem, TooManyRequests, Unavailable
from radiant.kit.ids import TenantId, UserId

RoomId = NewType("RoomId", UUID)
RoomRole = Literal["owner", "editor", "commenter", "viewer"]
WRITERS: frozenset[str] = frozenset({"owner", "editor"})

# Dark enough for white letters on them (4.5:1), apart from each other in hue.
COLOURS = ("#b3261e", "#9a4600", "#6d5e00", "#386a20", "#006b5c", "#00658f", "#3f51b5", "#7b3ea8", "#a4327f", "#5d5d66")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a person, or a model (`model`: its id) that writes for them."""

    tenant_id: TenantId
    user_id: UserId
    name: str
    model: str | None = None


class RoomNotFound(NotFound):
    """No room of that id for this person."""

    slug = "room-not-found"


class RoomClosed(Conflict):
    """The room is closed: it can be read over REST, and reopened."""

    slug = "room-closed"


class RoomFull(Conflict):
    """The room has all the participants that it takes."""

    slug = "room-full"


class RoomTooLarge(Problem):
    """The document would be larger than the plan gives."""

    status, slug = 413, "room-too-large"


class RoomBusy(TooManyRequests):
    """What was written waits for the database, and no more of it is held."""

    slug = "room-busy"


class RoomUnavailable(Unavailable):
    """The process that has the room cannot be reached just now."""

    slug = "room-unavailable"
