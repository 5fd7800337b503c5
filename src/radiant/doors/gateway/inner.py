"""A request that no socket brought: a line of a batch, a response in the background. It takes the very same way as one
that did, with its caller known already."""

from collections.abc import Awaitable, Mapping
from typing import Any

import msgspec
import structlog
from starlette.types import Message

from radiant.doors.gateway.call import Call, Protocol
from radiant.doors.gateway.lanes import Bug
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.http.exchange import AsgiExchange, ClientGone
from radiant.kit.errors import Problem

log = structlog.get_logger()


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

    async def answer(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = ""
    ) -> None:
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
