"""What happens in a session, as it happens: its log, from any place on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from uuid import UUID

import msgspec

from radiant.http.sse import frame
from radiant.infra.changes import Changes
from radiant.infra.db import TenantDb
from radiant.kit.errors import NotFound
from radiant.workspace.reasoning import store
from radiant.workspace.reasoning.views import ENDED

_BATCH = 200
_LOOK_SECONDS = 10.0


async def follow(
    db: TenantDb, changes: Changes, session_id: UUID, after: int
) -> AsyncGenerator[tuple[int, str, dict[str, object]]]:
    """(number, kind, data) of each event past `after`, until the session ended and all is told. One that goes on after its
    end is followed anew. Raises NotFound."""
    async with db.tx() as tx:
        if await store.get(tx, session_id) is None:
            raise NotFound("there is no such session")
    happened = asyncio.Event()
    with changes.watching("thinktank_sessions", session_id, happened.set):
        while True:
            happened.clear()
            async with db.tx() as tx:
                # The state first: a session that had ended before the read has written all its events.
                row = await store.get(tx, session_id)
                rows = await store.events_after(tx, session_id, after, _BATCH)
            for one in rows:
                after = one["seq"]
                yield after, one["kind"], one["data"]
            if row is None or (row["status"] in ENDED and len(rows) < _BATCH):
                return
            if len(rows) < _BATCH:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(_LOOK_SECONDS, max(1.0, changes.believed_for))):
                        await happened.wait()


async def frames(db: TenantDb, changes: Changes, session_id: UUID, after: int) -> AsyncGenerator[bytes]:
    """The same as server-sent events."""
    async with contextlib.aclosing(follow(db, changes, session_id, after)) as events:
        async for seq, kind, data in events:
            yield frame(msgspec.json.encode(data), event=kind, id=seq)
