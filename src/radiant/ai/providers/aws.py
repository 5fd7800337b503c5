"""Who we are to Amazon: headers that sign one request (Signature Version 4), or a Bedrock API key as bearer.

botocore signs and finds credentials; it never speaks to Bedrock itself, so that no thread waits for a model.
"""

import asyncio
import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from radiant.ai.providers.errors import UpstreamBadCredentials, UpstreamUnreachable
from radiant.ai.providers.provider import Connection

# The chain's credentials are asked for anew this often; botocore itself renews those that end.
_KEPT_SECONDS = 60.0


@lru_cache(maxsize=1)
def _load() -> Any:
    """botocore, read when it is first needed: it costs a third of a second at the start."""
    for name in ("auth", "awsrequest", "credentials", "eventstream", "exceptions", "session"):
        importlib.import_module(f"botocore.{name}")
    return importlib.import_module("botocore")


async def load() -> Any:
    """The module, with what we use of it. The first call reads it in a thread."""
    return _load() if _load.cache_info().currsize else await asyncio.to_thread(_load)


def _find_chain() -> Any:
    """Credentials of the environment, a profile, a container or the machine: (key, secret, token), or None. Blocks."""
    found = _load().session.Session().get_credentials()
    return None if found is None else found.get_frozen_credentials()


class Signer:
    """Makes headers. One for all connections of a process: it keeps what the machine's own chain gave."""

    def __init__(self, find_chain: Callable[[], Any] = _find_chain) -> None:
        self._find_chain = find_chain
        self._chain: Any = None
        self._chain_until = 0.0
        self._chain_lock = asyncio.Lock()

    async def headers(
        self, connection: Connection, method: str, url: str, body: bytes, region: str, service: str = "bedrock"
    ) -> dict[str, str]:
        """All headers of that request. Raises UpstreamBadCredentials where there is nothing to sign with."""
        headers = {"Content-Type": "application/json"}
        if connection.api_key:
            return {**headers, "Authorization": f"Bearer {connection.api_key.reveal()}"}
        botocore = await load()
        credentials = await self._credentials(connection)
        request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers)
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    async def _credentials(self, connection: Connection) -> Any:
        botocore = await load()
        key, secret = connection.settings.get("aws_access_key_id"), connection.secrets.get("aws_secret_access_key")
        if key and secret:
            token = connection.secrets.get("aws_session_token")
            return botocore.credentials.Credentials(key, secret.reveal(), token.reveal() if token else None)
        if not connection.allow_private:
            # The machine's own identity is the operator's: a tenant may not borrow it.
            raise UpstreamBadCredentials(
                f"{connection.provider}: enter an API key, or an access key with its secret",
                provider=connection.provider,
            )
        async with self._chain_lock:
            now = asyncio.get_running_loop().time()
            if self._chain is None or now >= self._chain_until:
                try:
                    self._chain = await asyncio.to_thread(self._find_chain)
                except botocore.exceptions.BotoCoreError as error:
                    raise UpstreamUnreachable(
                        f"{connection.provider}: the machine's own credentials cannot be had: {error}",
                        provider=connection.provider,
                    ) from error
                self._chain_until = now + _KEPT_SECONDS
            if self._chain is None:
                raise UpstreamBadCredentials(
                    f"{connection.provider}: this machine has no credentials of its own; enter a key",
                    provider=connection.provider,
                )
            return self._chain
