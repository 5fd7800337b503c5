"""Which upstreams speak which endpoint as our own doors do, and what has to be changed in a body on its way there."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from radiant.ai.providers.anthropic import VERSION_WITH_SAMPLING
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import Vendor

Family = Literal["openai", "anthropic"]
Fields = dict[str, msgspec.Raw]

_JSON = {"content-type": "application/json"}
# What a client of Anthropic's may ask of it beyond the body.
_ANTHROPIC_ASKS = (b"anthropic-version", b"anthropic-beta")


class Wire(msgspec.Struct, frozen=True):
    """How an endpoint of `family` is reached at a vendor."""

    family: Family
    vendor: Vendor
    path: str

    def headers(self, connection: Connection, asked: Mapping[bytes, bytes]) -> dict[str, str]:
        """Those of the request; `asked`: the client's own."""
        key = connection.api_key.reveal() if connection.api_key else ""
        if self.family == "openai":
            return {"content-type": "application/json", "authorization": f"Bearer {key}"} if key else _JSON
        headers = {"content-type": "application/json", "x-api-key": key, "anthropic-version": VERSION_WITH_SAMPLING}
        for name in _ANTHROPIC_ASKS:
            if (given := asked.get(name)) is not None:
                headers[name.decode()] = given.decode("latin-1")
        return headers

    def adapt(self, fields: Fields) -> bool:
        """Rename what this vendor calls otherwise; whether anything changed."""
        if self.family != "openai" or "/chat/completions" not in self.path:
            return False
        name = self.vendor.max_tokens_field
        other = "max_tokens" if name == "max_completion_tokens" else "max_completion_tokens"
        if other not in fields:
            return False
        limit = fields.pop(other)
        fields.setdefault(name, limit)
        return True


def wire_for(family: Family, endpoint: str, vendor: Vendor | None, connection: Connection) -> Wire | None:
    """How the vendor is reached if it speaks this endpoint in this family's own words, else None: then the answer is
    translated. `endpoint` such as "/chat/completions", without the version."""
    if vendor is None or vendor.protocol != family or connection.provider == "local":
        return None
    if family == "anthropic" and not connection.base_url.endswith("/v1"):
        endpoint = f"/v1{endpoint}"
    return Wire(family, vendor, endpoint)
