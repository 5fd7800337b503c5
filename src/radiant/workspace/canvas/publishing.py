"""Publications: fixed copies of canvases that whoever has the address reads, until they are revoked."""

import asyncio
import secrets
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.sessions import hash_token
from radiant.foundation.runs import idempotency
from radiant.kit.ids import uuid7
from radiant.workspace.canvas import store
from radiant.workspace.canvas.colouring import coloured
from radiant.workspace.canvas.live import Live
from radiant.workspace.canvas.problems import NoSuchPublication
from radiant.workspace.canvas.schemas import Publication
from radiant.workspace.collaboration import store as rooms_store

_TOKEN_BYTES = 24


class Publishing:
    """`url`: of the origin where published canvases are, and nothing else is."""

    def __init__(self, live: Live, url: str) -> None:
        self._live = live
        self.url = url

    async def publish(self, caller: Caller, canvas_id: UUID, key: str | None) -> Publication:
        """Publish a canvas as it is now. Raises NoSuchCanvas, MayNotChange, IdempotencyMismatch."""
        reached = await self._live.reach(caller, canvas_id, to_change=True)
        await self._live.catch_up(reached)
        canvas = await self._live.canvas(caller, canvas_id)
        artifacts = sorted(canvas.artifacts, key=lambda one: (one.position.y, one.position.x))
        runs = await asyncio.to_thread(lambda: [coloured(one) for one in artifacts])
        snapshot = {
            "name": canvas.canvas_name,
            "artifacts": [
                {**one.model_dump(mode="json", include={"type", "title", "content", "spans"}), "runs": of_one}
                for one, of_one in zip(artifacts, runs, strict=True)
            ],
            "provenance": {
                name: one.model_dump(mode="json", exclude_none=True, exclude={"prompt", "by"})
                for name, one in canvas.provenance.items()
            },
        }
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        url = f"{self.url}/{token}"
        async with self._live.tx(caller) as tx:
            before = await idempotency.claim(tx, key, f"publication:{canvas_id}")
            if before is not None:
                return Publication.model_validate(before)
            row = await store.lock(tx, canvas_id)
            assert row is not None
            made = await store.insert_publication(
                tx, row["user_id"], row["shared"], uuid7(), canvas_id, hash_token(token), canvas.version, snapshot
            )
            await store.note_published(tx, canvas_id, url)
            await rooms_store.log_action(
                tx, reached.room_id, "canvas_published", {"publication_id": str(made["id"]), "version": canvas.version}
            )
            publication = Publication.model_validate({**made, "url": url})
            await idempotency.remember(tx, key, publication.model_dump(mode="json"))
        return publication

    async def latest(self, caller: Caller, canvas_id: UUID) -> list[Publication]:
        """What was published of it. Raises NoSuchCanvas."""
        await self._live.reach(caller, canvas_id)
        async with self._live.tx(caller) as tx:
            return [Publication.model_validate(dict(row)) for row in await store.publications(tx, canvas_id)]

    async def revoke(self, caller: Caller, canvas_id: UUID, publication_id: UUID) -> None:
        """Let it lead nowhere. Raises NoSuchCanvas, MayNotChange, NoSuchPublication."""
        reached = await self._live.reach(caller, canvas_id, to_change=True)
        async with self._live.tx(caller) as tx:
            if not await store.revoke(tx, canvas_id, publication_id):
                raise NoSuchPublication("this canvas has no such publication")
            await store.note_unpublished(tx, canvas_id)
            await rooms_store.log_action(
                tx, reached.room_id, "publication_revoked", {"publication_id": str(publication_id)}
            )
