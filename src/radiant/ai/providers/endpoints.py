"""Endpoints beyond chat and embeddings that some vendors of OpenAI's protocol serve in the same words: responses,
completions, moderations, images, rerank. Which one has which is data of `vendors.toml`."""

from dataclasses import replace
from typing import Literal
from urllib.parse import quote, urlsplit

from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wires import Wire

Endpoint = Literal["responses", "completions", "moderations", "images", "rerank"]
_PATHS: dict[str, str] = {
    "responses": "/responses",
    "completions": "/completions",
    "moderations": "/moderations",
    "images": "/images/generations",
    "rerank": "/rerank",
}
# Which of them Azure's classic address has under a deployment, and which stand beside the deployments.
_BESIDE_DEPLOYMENTS = frozenset({"responses"})


def endpoint_wire(
    endpoint: Endpoint, vendor: Vendor | None, connection: Connection, model: str
) -> tuple[Wire, Connection] | None:
    """How the vendor is asked there, and at which address; None where it has no such endpoint. `model`: the
    upstream's own name, which Azure's classic address holds."""
    if vendor is None or endpoint not in vendor.endpoints:
        return None
    path = vendor.endpoints[endpoint] or _PATHS[endpoint]
    if vendor.protocol == "azure":
        return _azure(endpoint, path, vendor, connection, model)
    if vendor.protocol != "openai":
        return None
    if path.startswith("//"):
        # Elsewhere on the same host.
        parts = urlsplit(connection.base_url)
        connection, path = replace(connection, base_url=f"{parts.scheme}://{parts.netloc}"), path[1:]
    return Wire("openai", vendor, path), connection


def _azure(
    endpoint: Endpoint, path: str, vendor: Vendor, connection: Connection, model: str
) -> tuple[Wire, Connection]:
    base = connection.base_url.replace("{resource}", connection.settings.get("resource", "")).rstrip("/")
    if version := connection.settings.get("api_version"):
        base = base.removesuffix("/v1")
        deployment = "" if endpoint in _BESIDE_DEPLOYMENTS else f"/deployments/{quote(model, safe='')}"
        path = f"{deployment}{path}?api-version={quote(version, safe='')}"
    headers = dict(connection.headers)
    if connection.api_key:
        # Azure's own header; the wire adds OpenAI's only where there is a key.
        headers["api-key"] = connection.api_key.reveal()
    return Wire("openai", vendor, path), replace(connection, base_url=base, api_key=None, headers=headers)


def under(wire: Wire, rest: str, query: str = "") -> str:
    """The path of something below the endpoint, such as `/resp_1/cancel`, with what the wire's own path asks."""
    path, _, own = wire.path.partition("?")
    asked = "&".join(part for part in (own, query) if part)
    return f"{path}{rest}?{asked}" if asked else f"{path}{rest}"
