"""The catalogue that this release declares: the two files beside this module, typed."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec

from radiant.ai.catalog.models import ExternalEntry, SelfHostedEntry


class _SelfHosted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: Sequence[SelfHostedEntry]


def _read(name: str) -> bytes:
    return resources.files("radiant.ai.catalog").joinpath(name).read_bytes()


@cache
def external_entries() -> Mapping[str, Sequence[ExternalEntry]]:
    """Models by provider."""
    return msgspec.toml.decode(_read("external_models.toml"), type=dict[str, list[ExternalEntry]])


@cache
def self_hosted_entries() -> Sequence[SelfHostedEntry]:
    """Self-hosted models without packaged files."""
    return msgspec.toml.decode(_read("self_hosted_models.toml"), type=_SelfHosted).model
