"""Endpoints beyond chat and embeddings that some vendors of OpenAI's protocol serve in the same words: responses,
completions, moderations, images, rerank. Which one has which is data of `vendors.toml`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

from radiant.ai.providers.azure import at_resource, path_of
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wires import Wire

Endpoint = Literal["chat", "embeddings", "responses", "completions", "moderations", "images", "rerank"]
_PATHS: dict[str, str] = {
    "chat": "/chat/completions",
    "embeddings": "/embeddings",
    "responses": "/responses",
    "completions": "/completions",
    "moderations": "/moderations",
    "images": "/images/generations",
    "rerank": "/rerank",
}
# Which of them Azure's classic address has under a deployment, and which stand beside the deployments.
_BESIDE_DEPLOYMENTS = frozenset({"responses"})


def endpoint_wire(
    endpoint: Endpoint, vendor: Vendor | None, keys: Sequence[Connection], model: str
) -> tuple[Wire, Sequence[Connection]] | None:
    """How the vendor is asked there, and by which keys at which address; None where it has no such endpoint. `model`:
    the upstream's own name, which Azure's classic address holds."""
    if vendor is None or endpoint not in vendor.endpoints or vendor.protocol not in ("openai", "azure"):
        return None
    path = vendor.endpoints[endpoint] or _PATHS[endpoint]
    reached = [_at(endpoint, path, vendor, key, model) for key in keys]
    first, _ = reached[0]
    # Keys of another form of address would be asked at the wrong path.
    return Wire("openai", vendor, first), [key for way, key in reached if way == first]


def _at(endpoint: Endpoint, path: str, vendor: Vendor, key: Connection, model: str) -> tuple[str, Connection]:
    if vendor.protocol == "azure":
        return _azure(endpoint, path, key, model)
    if path.startswith("//"):
        # Elsewhere on the same host.
        parts = urlsplit(key.base_url)
        return path[1:], replace(key, base_url=f"{parts.scheme}://{parts.netloc}")
    return path, key


def _azure(endpoint: Endpoint, path: str, key: Connection, model: str) -> tuple[str, Connection]:
    headers = dict(key.headers)
    if key.api_key:
        # Azure's own header; the wire adds OpenAI's only where there is a key.
        headers["api-key"] = key.api_key.reveal()
    deployment = "" if endpoint in _BESIDE_DEPLOYMENTS else model
    return path_of(key, path, deployment), replace(at_resource(key), api_key=None, headers=headers)


def under(wire: Wire, rest: str, query: str = "") -> str:
    """The path of something below the endpoint, such as `/resp_1/cancel`, with what the wire's own path asks."""
    path, _, own = wire.path.partition("?")
    asked = "&".join(part for part in (own, query) if part)
    return f"{path}{rest}?{asked}" if asked else f"{path}{rest}"
