"""Tickets: what a browser shows at the door of a room, since a WebSocket carries no header of ours.

`base64(json).base64(hmac)`, good for a minute, for one person and one room. What they may do there is read from the
database at the door and again whenever it changes; the ticket says who they are. Every process of an installation makes
and reads the same: the key is derived from the password of the database role that all of them have.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from radiant.kit.ids import TenantId, UserId
from radiant.workspace.collaboration.people import COLOURS, Author
from radiant.workspace.collaboration.problems import TicketRefused
from radiant.workspace.collaboration.schemas import RoomId

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who enters which room. `hop`: made by another process of ours for somebody whom it has let in, so that this one
    serves the room itself or says that it cannot; `trusted`: whatever the person's role, for writes of the server."""

    author: Author
    room_id: RoomId
    expires_at: datetime
    hop: bool = False
    trusted: bool = False


class Tickets:
    """Makes and reads them."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(secret, b"radiant room tickets", hashlib.sha256).digest()
        self._clock = clock

    def make(
        self, author: Author, room_id: RoomId, *, hop: bool = False, trusted: bool = False
    ) -> tuple[str, datetime]:
        """A ticket and when it ends."""
        ends = int(self._clock()) + SECONDS
        said = {
            "t": author.tenant_id.hex, "u": author.user_id.hex, "n": author.name, "r": room_id.hex, "e": ends,
            "m": author.model, "h": hop, "w": trusted,
        }  # fmt: skip
        body = base64.urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode())
        return f"{body.decode()}.{self._signature(body)}", datetime.fromtimestamp(ends, UTC)

    def read(self, ticket: str) -> Ticket:
        """Who shows it. Raises TicketRefused."""
        body, _, signature = ticket.partition(".")
        if not hmac.compare_digest(self._signature(body.encode()).encode(), signature.encode()):
            raise TicketRefused("this ticket is not one of ours: ask for one with POST …/rooms/{room_id}/tickets")
        try:
            said: Any = json.loads(base64.urlsafe_b64decode(body))
        except (ValueError, binascii.Error):
            raise TicketRefused("this ticket cannot be read") from None
        if said["e"] < self._clock():
            raise TicketRefused("this ticket has ended: ask for another with POST …/rooms/{room_id}/tickets")
        author = Author(TenantId(UUID(said["t"])), UserId(UUID(said["u"])), said["n"], said["m"])
        ends = datetime.fromtimestamp(said["e"], UTC)
        return Ticket(author, RoomId(UUID(said["r"])), ends, hop=said["h"], trusted=said["w"])

    def _signature(self, body: bytes) -> str:
        digest = hmac.new(self._key, body, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode()


def colour_of(user_id: UserId) -> str:
    """The colour of a person's caret and name, the same in every room."""
    return COLOURS[hashlib.sha256(user_id.bytes).digest()[0] % len(COLOURS)]
