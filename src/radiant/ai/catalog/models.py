"""The shapes of the catalogue."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

Task: TypeAlias = Literal[
    "chat",
    "embedding",
    "image",
    "speech",
    "transcription",
    "moderation",
    "rerank",
    "end_of_turn",
    "text_recognition",
    "segmentation",
    "video",
    "inpainting",
    "interpolation",
    "upscaling",
    "face",
    "matting",
]
Capability: TypeAlias = Literal[
    "text", "vision", "tools", "json_schema", "reasoning", "embedding", "audio", "documents"
]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a model runs on one core here: tokens a second that it writes and reads, seconds to load it."""

    write: float
    read: float
    load: float


class SelfHostedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can run here, as it is declared. `memory_mb` while it answers; None: not measured."""

    id: str
    display_name: str
    category: str
    task: Task
    runtime: str
    license: str
    capabilities: Sequence[Capability] = ()
    aliases: Sequence[str] = ()
    context_length: int | None = None
    max_output_tokens: int | None = None
    memory_mb: int | None = None
    note: str = ""
    quality: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    settings: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class ExternalEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of a provider, as it is declared. Prices in US dollars per million tokens, None where unknown;
    `price_date` is the day on which `price_source` said so."""

    id: str
    upstream_id: str = ""
    """The provider's own id, where it is not `id`."""
    display_name: str
    aliases: Sequence[str] = ()
    task: Task = "chat"
    capabilities: Sequence[Capability] = ()
    context_length: int | None = None
    max_output_tokens: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cache_read_price: Decimal | None = None
    cache_write_price: Decimal | None = None
    minute_price: Decimal | None = None
    """Dollars a minute of what is heard."""
    character_price: Decimal | None = None
    """Dollars per million characters of what is said."""
    price_date: str | None = None
    price_source: str = ""
    deprecated_on: str | None = None
    quality: dict[str, float] = msgspec.field(default_factory=dict[str, float])


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the catalogue as it stands in the database."""

    model_id: str
    """The name that callers use."""
    provider: str
    """"local" for self-hosted ones."""
    upstream_id: str
    display_name: str
    aliases: Sequence[str]
    task: Task
    capabilities: frozenset[str]
    context_length: int | None
    max_output_tokens: int | None
    input_price: Decimal | None
    output_price: Decimal | None
    cache_read_price: Decimal | None
    cache_write_price: Decimal | None
    minute_price: Decimal | None
    character_price: Decimal | None
    quality: dict[str, float]
    license: str
    is_active: bool
    local: bool
    installed: bool
    """Whether a self-hosted model's files are here; True for external ones."""
    thermal_state: str | None
    memory_mb: int | None
    pace: Pace | None
    """None: not measured, or of a provider."""
    note: str
