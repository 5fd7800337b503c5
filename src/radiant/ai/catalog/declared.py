"""The catalogue that this release declares: the two files beside this module, typed."""

from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec

from radiant.ai.catalog.models import ExternalEntry, SelfHostedEntry


class _SelfHosted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: Sequence[SelfHostedEntry]


def _read(name: str) -> bytes:
    return resources.files("radiant.ai.catalog").joinpath(name).read_bytes()


# Read with the module: later it would be a read of a file on the event loop.
_EXTERNAL = msgspec.toml.decode(_read("external_models.toml"), type=dict[str, list[ExternalEntry]])
_SELF_HOSTED = msgspec.toml.decode(_read("self_hosted_models.toml"), type=_SelfHosted).model


def external_entries() -> Mapping[str, Sequence[ExternalEntry]]:
    """Models by provider."""
    return _EXTERNAL


def self_hosted_entries() -> Sequence[SelfHostedEntry]:
    """Self-hosted models without packaged files."""
    return _SELF_HOSTED
