"""A model as one tenant sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from radiant.ai.catalog.models import Pace
from radiant.kit.money import rate_of

_CHAT = frozenset({"text"})
Rates = tuple[int, int, int, int]


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
    minute_price: Decimal | None = None
    """Dollars a minute of what is heard."""
    character_price: Decimal | None = None
    """Dollars per million characters of what is said."""
    quality: Mapping[str, float] = field(default_factory=dict[str, float])
    aliases: Sequence[str] = ()
    local: bool = False
    license: str = ""
    note: str = ""
    pace: Pace | None = None
    thermal_state: str | None = None
    unavailable: str | None = None
    _rates: Rates | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def rates(self) -> Rates:
        """Its prices as rates of `money.cost_at`: input, output, cache read, cache write. Cached tokens cost what the
        prompt's do where no price of their own is known."""
        if self._rates is None:
            plain = self.input_price
            read = plain if self.cache_read_price is None else self.cache_read_price
            write = plain if self.cache_write_price is None else self.cache_write_price
            found = rate_of(plain), rate_of(self.output_price), rate_of(read), rate_of(write)
            object.__setattr__(self, "_rates", found)
            return found
        return self._rates

    @property
    def free(self) -> bool:
        """Whether it is known to cost nothing."""
        return self.input_price == 0 and self.output_price == 0
