"""The table of providers, `vendors.toml`, typed."""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Literal

import msgspec


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something besides the key and the address that a connection needs. `pattern` must fit the whole of it: some
    become part of the address, so it is also what keeps them from naming another host."""

    name: str
    label: str
    hint: str = ""
    pattern: str = ""
    default: str = ""
    env: str = ""
    """Where the platform's environment says it."""
    required: bool = False
    secret: bool = False
    lines: bool = False
    """Several lines, such as a key file."""


class Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provider. The fields are explained at the head of `vendors.toml`."""

    display_name: str
    protocol: Literal[
        "openai", "azure", "anthropic", "google", "vertex", "bedrock", "litellm", "deepgram", "elevenlabs"
    ]
    base_url: str
    key_env: str
    docs_url: str
    needs_key: bool = True
    local: bool = False
    operator_only: bool = False
    check_path: str = "/models"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True
    json_schema: Literal["native", "instruct"] = "native"
    seed_field: str = "seed"
    developer_role: bool = False
    required_word: Literal["required", "any"] = "required"
    drops: Sequence[str] = ()
    fixed_sampling: Sequence[str] = ()
    takes_sampling: Sequence[str] = ()
    budget_thinking: Sequence[str] = ()
    always_thinking: Sequence[str] = ()
    documents: bool = False
    endpoints: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    fields: Sequence[Field] = ()


# Read with the module: later it would be a read of a file on the event loop.
_VENDORS = msgspec.toml.decode(
    resources.files("radiant.ai.providers").joinpath("vendors.toml").read_bytes(), type=dict[str, Vendor]
)


def vendors() -> Mapping[str, Vendor]:
    """Every provider by its name, in the order of the file."""
    return _VENDORS


# The embedded models' own server, started by `serving`: llama.cpp's, at an address known when it runs.
LOCAL = Vendor(
    display_name="Local",
    protocol="openai",
    base_url="http://127.0.0.1",
    key_env="",
    docs_url="",
    needs_key=False,
    local=True,
)


def vendor(name: str) -> Vendor | None:
    """The provider called `name`, or None."""
    return LOCAL if name == "local" else vendors().get(name)
