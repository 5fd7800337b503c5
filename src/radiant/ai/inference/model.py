"""A model as one tenant sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_CHAT = frozenset({"text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as a tenant sees it. Prices in dollars per million tokens, None where unknown. `unavailable`: what it
    lacks, or None."""

    id: str
    display_name: str
    provider: str
    upstream_id: str
    task: str = "chat"
    capabilities: frozenset[str] = _CHAT
    context_length: int | None = None
    max_output_tokens: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cache_read_price: Decimal | None = None
    cache_write_price: Decimal | None = None
    quality: Mapping[str, float] = field(default_factory=dict[str, float])
    aliases: Sequence[str] = ()
    local: bool = False
    license: str = ""
    note: str = ""
    thermal_state: str | None = None
    unavailable: str | None = None

    @property
    def free(self) -> bool:
        """Whether it is known to cost nothing."""
        return self.input_price == 0 and self.output_price == 0
