"""A request that no socket brought: a line of a batch, a response in the background. It takes the very same way as one
that did, with its caller known already."""

from collections.abc import Awaitable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import structlog
from starlette.types import Message

from radiant.doors.gateway import inner_store as store
from radiant.doors.gateway.call import Call, Protocol
from radiant.doors.gateway.lanes import Bug
from radiant.foundation.identity.callers import Caller, role_of
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.http.exchange import AsgiExchange, ClientGone
from radiant.infra.db import TenantDb
from radiant.kit.errors import Problem
from radiant.kit.ids import ApiKeyId

log = structlog.get_logger()


async def caller_again(db: TenantDb, api_key_id: UUID | None) -> Caller | None:
    """Whoever asked for it, by that key of theirs or as the page does, as they may call now; None where they, or the
    key, no longer may."""
    async with db.tx() as tx:
        row = await store.creator(tx, api_key_id)
    if row is None or db.user_id is None:
        return None
    return Caller(
        tenant_id=db.tenant_id, user_id=db.user_id, role=role_of(row["role"]), is_operator=False,
        kind="api_key" if api_key_id else "user", scopes=frozenset(row["scopes"] or ("inference",)),
        api_key_id=ApiKeyId(api_key_id) if api_key_id else None,
    )  # fmt: skip


async def _nobody() -> Message:
    raise ClientGone


async def _unsent(_: Message) -> None:
    raise RuntimeError("nobody listens to a request from inside")


class InnerCall(Call):
    """Holds its answer: `status` and `answered`, a JSON object."""

    __slots__ = ("_known", "_sent", "answered")

    def __init__(
        self, caller: Caller, path: str, body: bytes, protocol: Protocol, headers: Mapping[bytes, bytes] | None = None
    ) -> None:
        scope = {"type": "http", "method": "POST", "path": path, "headers": list((headers or {}).items())}
        super().__init__(AsgiExchange(scope, _nobody, _unsent), protocol, limit=0)
        self._known = caller
        self._sent = body
        self.answered: dict[str, Any] = {}

    async def identify(self, keys: KnownKeys) -> Caller:
        """Whoever it was made for."""
        self.caller = self._known
        self._known.require_scope("inference")
        return self._known

    async def body(self) -> bytes:
        """What it was made with."""
        return self._sent

    async def answer(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Keep the answer."""
        self.status = status
        self.answered = msgspec.json.decode(body, type=dict[str, Any])

    def watch(self, on_gone: Any) -> None:
        """There is no client that could go away."""

    async def run(self, work: Awaitable[None]) -> None:
        """Do the work; a problem becomes the answer, and so does a bug of ours."""
        try:
            await work
        except Problem as problem:
            await self.refuse(problem)
        except Exception as error:
            log.error("bug", request_id=self.request_id, path=self.path, **self.whose(), exc_info=error)
            await self.refuse(Bug(f"something went wrong on our side (request {self.request_id})"))
