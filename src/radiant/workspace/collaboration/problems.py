"""What can go wrong with a room."""

from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthenticated, Unavailable


class RoomNotFound(NotFound):
    """No room of that id is open to the caller."""

    slug = "no-such-room"


class RoomClosed(Conflict):
    """The room takes no edits until it is opened again."""

    slug = "room-closed"


class RoomFull(Conflict):
    """As many people as it takes are in it already."""

    slug = "room-full"


class NotYourRole(Forbidden):
    """The caller's role in this room does not allow it."""

    slug = "not-your-role"


class LastOwner(Conflict):
    """A room keeps an owner."""

    slug = "last-owner"


class NoSuchPerson(NotFound):
    """Nobody of that id in this workspace, or in this room."""

    slug = "no-such-person"


class NoSuchInvitation(NotFound):
    """The link was taken back, has run out, or never was one."""

    slug = "no-such-invitation"


class NoSuchVersion(NotFound):
    """The room has no such version."""

    slug = "no-such-version"


class NoSuchComment(NotFound):
    """The room has no such comment."""

    slug = "no-such-comment"


class MadeElsewhere(Invalid):
    """Rooms of this type come with what they are for."""

    slug = "made-elsewhere"


class TicketRefused(Unauthenticated):
    """The ticket is forged, broken or past its minute."""

    slug = "ticket-refused"


class RoomTooLarge(Problem):
    """The document would be larger than the plan gives."""

    status, slug = 413, "room-too-large"


class RoomUnavailable(Unavailable):
    """The process that has the room, or the database that keeps it, cannot be reached just now."""

    slug = "room-unavailable"


class HistoryGone(NotFound):
    """What the document said then is kept no more."""

    slug = "history-gone"
