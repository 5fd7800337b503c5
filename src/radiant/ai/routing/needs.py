"""What a request asks of a model, and the names by which one leaves the choice to routing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, get_args

import msgspec

from radiant.ai.providers.chat import ChatRequest

# Estimates of a prompt err on the high side, by a third in English, and counts by some percent either way. What may fit
# is let through: the model itself has the last word.
_LEAST, _LEAST_COUNTED = 0.7, 0.9

Level = Literal["economy", "balanced", "premium"]
TaskType = Literal["chat", "code", "analysis", "creative", "vision", "audio"]
TASKS: tuple[TaskType, ...] = get_args(TaskType)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The request as routing reads it, where it is read at all. `seconds`: how long its answer may take to begin, by
    the caller; `hedge_after`: after so many the second model is asked beside the first; `resolve`: the row of auto-resolve that wants to know how it ends."""

    request: Callable[[], ChatRequest]
    conversation: str = ""
    seconds: float | None = None
    hedge_after: float | None = None
    max_cost: Decimal | None = None
    max_latency_ms: int | None = None
    preferred_provider: str | None = None
    resolve: str | None = None


class Needs(msgspec.Struct, frozen=True):
    """What a request asks of a model. Tokens are estimates; where `counted`, those of the prompt are the caller's own
    figure or by the model's family of tokenizers."""

    capabilities: frozenset[str]
    input_tokens: int
    output_tokens: int
    asked: Asked | None = None
    counted: bool = False


def level_of(model: str) -> Level | None:
    """The level that `auto`, `auto:economy`, … names, or None where `model` is no such name."""
    if model == "auto":
        return "balanced"
    prefix, _, level = model.partition(":")
    return level if prefix == "auto" and level in get_args(Level) else None  # type: ignore[return-value]


def lack(capabilities: frozenset[str], context_length: int | None, needs: Needs) -> str | None:
    """What a model with these lacks for the request, or None."""
    if not needs.capabilities <= capabilities:
        return f"has no {' or '.join(sorted(needs.capabilities - capabilities))}"
    least = needs.input_tokens * (_LEAST_COUNTED if needs.counted else _LEAST)
    if context_length is not None and least >= context_length:
        return f"holds {context_length} tokens; the prompt has about {needs.input_tokens}"
    return None
