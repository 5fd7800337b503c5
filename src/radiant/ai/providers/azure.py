"""Azure OpenAI: OpenAI's protocol under the address of one's own resource, with deployments for models."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from radiant.ai.providers.entra import Entra
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.vendors import Vendor
from radiant.infra.httpclient import HttpClient


def at_resource(connection: Connection) -> Connection:
    """The connection with the address of its own resource; the classic one where an API version is set."""
    base = connection.base_url.replace("{resource}", connection.settings.get("resource", "")).rstrip("/")
    if connection.settings.get("api_version"):
        base = base.removesuffix("/v1")
    return replace(connection, base_url=base)


def path_of(connection: Connection, path: str, model: str = "") -> str:
    """Where `path` is; below the deployment `model` at the classic address, or beside the deployments without one."""
    version = connection.settings.get("api_version")
    if not version:
        return path
    deployment = f"/deployments/{quote(model, safe='')}" if model else ""
    return f"{deployment}{path}?api-version={quote(version, safe='')}"


class Azure(OpenAICompatible):
    """A `Provider`. With `settings["api_version"]` it takes the classic path of a deployment, else `/openai/v1`.

    A model is a deployment's name. Azure lists the models that could be deployed, not the deployments, so
    `settings["deployments"]` may name them, by commas.
    """

    def __init__(self, http: HttpClient, vendor: Vendor) -> None:
        super().__init__(http, vendor)
        self._entra = Entra(http)

    def signed_in(self, connection: Connection) -> Connection:
        """The connection, by Entra ID where it has no API key."""
        return connection if connection.api_key else replace(connection, bearer=self._entra.bearer(connection))

    def _at(self, connection: Connection) -> Connection:
        return at_resource(connection)

    def _path(self, connection: Connection, path: str, model: str = "") -> str:
        return path_of(connection, path, model)

    def _headers(self, connection: Connection) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if connection.api_key:
            headers["api-key"] = connection.api_key.reveal()
        return headers

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """The deployments that were entered; where none were, the models that Azure knows."""
        named = [name.strip() for name in connection.settings.get("deployments", "").split(",")]
        if any(named):
            return [ListedModel(name) for name in named if name]
        return await super().list_models(connection)
