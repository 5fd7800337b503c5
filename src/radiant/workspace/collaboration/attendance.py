"""Who is there: kept in the database by heartbeat, since a process may fall."""

from collections.abc import Mapping
from uuid import UUID

from radiant.infra.db import SystemDb
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.collaboration import log_store
from radiant.workspace.collaboration.room import Room
from radiant.workspace.collaboration.schemas import RoomId

_Place = tuple[TenantId, RoomId, UserId]


class Attendance:
    """Of the rooms of one process (`rooms`, which others fill and empty)."""

    def __init__(self, system: SystemDb, rooms: Mapping[RoomId, Room], beat_seconds: float) -> None:
        self._system, self._rooms, self._beat = system, rooms, beat_seconds
        self._departed: set[_Place] = set()
        self._beaten_at = 0.0

    def gone_home(self, room: Room, user_id: UserId) -> None:
        """The last connection of somebody to a room has ended."""
        self._departed.add((room.tenant_id, room.id, user_id))

    async def tell(self, now: float) -> None:
        """Say who has gone, and from time to time who is there. `now`: seconds of a clock that only goes on."""
        await self.tell_departed()
        if now - self._beaten_at >= self._beat:
            self._beaten_at = now
            if present := sorted(self._present()):
                async with self._system.tx() as tx:
                    await log_store.still_here(tx, *_columns(present))

    async def tell_departed(self) -> None:
        """Say who has gone."""
        if not self._departed:
            return
        here = self._present()
        departed = [one for one in self._departed if one not in here]
        self._departed.clear()
        if departed:
            async with self._system.tx() as tx:
                await log_store.left(tx, *_columns(departed))

    def _present(self) -> set[_Place]:
        return {
            (room.tenant_id, room.id, peer.author.user_id)
            for room in self._rooms.values()
            for peer in room.everybody()
            if not peer.trusted
        }


def _columns(rows: list[_Place]) -> tuple[list[UUID], list[UUID], list[UUID]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
