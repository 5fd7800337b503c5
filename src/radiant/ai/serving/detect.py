"""Model servers that somebody else runs on this machine, such as Ollama: found, and offered."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from radiant.infra.httpclient import HttpClient, HttpError

_TIMEOUT = 1.5
# Kind (a name of providers/vendors.toml), port.
KNOWN = (("ollama", 11434), ("lmstudio", 1234), ("llamacpp", 8080), ("vllm", 8000))


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    object: str
    data: list[_Model] | None = None


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered: `kind` is the provider that speaks to it, `models` what it has."""

    kind: str
    base_url: str
    models: Sequence[str]


async def detect_local_servers(
    http: HttpClient, *, own_ports: Collection[int] = (), known: Sequence[tuple[str, int]] = KNOWN
) -> list[LocalServer]:
    """The servers that speak OpenAI's protocol on their usual loopback ports; never ourselves."""
    found = await asyncio.gather(*(_ask(http, kind, port) for kind, port in known if port not in own_ports))
    return [server for server in found if server is not None]


async def _ask(http: HttpClient, kind: str, port: int) -> LocalServer | None:
    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        async with asyncio.timeout(_TIMEOUT):
            response = await http.request("GET", f"{base_url}/models", allow_private=True)
            try:
                if response.status != 200:
                    return None
                body = await response.read(2**20)
            finally:
                response.close()
        listed = msgspec.json.decode(body, type=_Models)
    except (TimeoutError, HttpError, msgspec.DecodeError, UnicodeDecodeError):
        # Nothing there, or something else: both mean that there is nothing to offer.
        return None
    if listed.object != "list":
        return None
    return LocalServer(kind, base_url, [model.id for model in listed.data or ()])
