"""What happens to the documents of a base, as it happens."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.http.sse import frame
from radiant.infra.changes import Changes
from radiant.infra.db import TenantDb
from radiant.workspace.documents import bases_store, store
from radiant.workspace.documents.service import base_of, document_of

_PAUSE_SECONDS, _LOOK_SECONDS = 0.3, 30.0
# A row that changed before this may still have been invisible when it was looked for: no transaction lasts longer.
_UNSEEN = timedelta(seconds=90)
_AT_ONCE, _MOST_KNOWN = 200, 2000


async def follow(db: TenantDb, changes: Changes, caller: Caller, base_id: UUID) -> AsyncGenerator[bytes]:
    """From now on an event `document` each time that one of the base changed, and `base` when the base did, as where some
    were deleted; `deleted` when it is gone itself, which is the last."""
    happened = asyncio.Event()
    since = datetime.now(UTC)
    told: dict[UUID, datetime] = {}
    base = ""
    with changes.watching("documents", base_id, happened.set):
        while True:
            async with db.tx() as tx:
                rows = await store.changed(tx, base_id, since, _AT_ONCE)
                found = await bases_store.get(tx, base_id)
            if found is None:
                yield frame("{}", event="deleted")
                return
            before, base = base, base_of(found, caller).model_dump_json()
            if base != before:
                yield frame(base, event="base")
            for row in reversed(rows):
                if told.get(row["id"]) != row["updated_at"]:
                    told[row["id"]] = row["updated_at"]
                    yield frame(document_of(row).model_dump_json(), event="document")
            if rows:
                since = max(since, rows[0]["updated_at"] - _UNSEEN)
            told = {id_: at for id_, at in list(told.items())[-_MOST_KNOWN:] if at >= since}
            # Those who wait for a long time hear of it all the same, should a notice be lost.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await happened.wait()
            happened.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
