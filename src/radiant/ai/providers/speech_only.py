"""Vendors that hear and speak, and do nothing else: as providers they are connected, tested and shown. What they are for
is in `ai.speech`."""

from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.vendors import Vendor, vendor
from radiant.ai.providers.wire import Deadline, call_json
from radiant.infra.httpclient import HttpClient

_CHECK_SECONDS = 15.0


def key_headers(connection: Connection) -> Mapping[str, str]:
    """How the connection's vendor is given the key."""
    if not connection.api_key:
        return {}
    known, key = vendor(connection.provider), connection.api_key.reveal()
    protocol = known.protocol if known is not None else ""
    if protocol == "deepgram":
        return {"Authorization": f"Token {key}"}
    if protocol == "elevenlabs":
        return {"xi-api-key": key}
    return {"Authorization": f"Bearer {key}"}


class SpeechOnly:
    """A `Provider` without models for chats and embeddings."""

    retries = 0

    def __init__(self, http: HttpClient, vendor: Vendor) -> None:
        self._http = http
        self._vendor = vendor

    def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """Raises UpstreamBadRequest."""
        raise self._none("chats", connection)

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """Raises UpstreamBadRequest."""
        raise self._none("embeddings", connection)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """None: what it lists are voices and ears, and those are in the catalogue."""
        return []

    async def check(self, connection: Connection) -> None:
        """One GET that costs nothing."""
        await call_json(
            self._http, "GET", self._vendor.check_path, connection, key_headers(connection), None,
            dict[str, msgspec.Raw], Deadline(_CHECK_SECONDS),
        )  # fmt: skip

    def _none(self, what: str, connection: Connection) -> UpstreamBadRequest:
        name = self._vendor.display_name
        return UpstreamBadRequest(f"{name} has no models for {what}: it hears and speaks", provider=connection.provider)
