"""What an upstream's headers tell of its limits, so that we hold back before it refuses.

OpenAI and those like it: x-ratelimit-{limit,remaining,reset}-{requests,tokens}, resets as 1s, 6m0s, 20ms.
Anthropic: anthropic-ratelimit-{requests,tokens,input-tokens}-{limit,remaining,reset}, resets as RFC 3339 times.
Azure: x-ratelimit-remaining-{requests,tokens} alone. All: retry-after.
"""

import re
import time
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNKNOWN_RESET = 1.0
_LONGEST = 3600.0


class _Budget:
    """One limit: what is left until its reset."""

    __slots__ = ("left", "limit", "reset_at")

    def __init__(self) -> None:
        self.left: int | None = None
        self.limit: int | None = None
        self.reset_at = 0.0

    def now_left(self, now: float) -> int | None:
        """None: unknown, or reset since."""
        return None if self.left is None or now >= self.reset_at else self.left


class Limits:
    """The limits of one key and model."""

    __slots__ = ("refused_until", "requests", "tokens")

    def __init__(self) -> None:
        self.requests = _Budget()
        self.tokens = _Budget()
        self.refused_until = 0.0

    def take(self, tokens: int) -> None:
        """A call begins: count it against what was left, until the next answer tells anew."""
        if self.requests.left is not None:
            self.requests.left -= 1
        if self.tokens.left is not None:
            self.tokens.left -= tokens

    def refuse(self, until: float) -> None:
        """The upstream refused: nothing until then."""
        self.refused_until = max(self.refused_until, until)

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a call of so many tokens has room; 0: now. A call larger than the whole limit is let through:
        only the upstream can refuse it rightly."""
        wait = self.refused_until - now if self.refused_until > now else 0.0
        if self.requests.left is None and self.tokens.left is None:
            return wait
        left = self.requests.now_left(now)
        if left is not None and left <= 0:
            wait = max(wait, self.requests.reset_at - now)
        left = self.tokens.now_left(now)
        if left is not None and (left <= 0 or (tokens > left and tokens <= (self.tokens.limit or 0))):
            wait = max(wait, self.tokens.reset_at - now)
        return wait

    def share_left(self, now: float) -> float:
        """The scarcer of the two, 0 to 1; 1 where nothing is known."""
        share = 1.0
        if self.requests.left is None and self.tokens.left is None:
            return share
        for budget in (self.requests, self.tokens):
            left = budget.now_left(now)
            if left is not None and budget.limit:
                share = min(share, max(0.0, left / budget.limit))
        return share

    def requests_left(self, now: float) -> int | None:
        """None: unknown."""
        return self.requests.now_left(now)

    def tokens_left(self, now: float) -> int | None:
        """None: unknown."""
        return self.tokens.now_left(now)

    def read(self, headers: Mapping[str, str], now: float) -> None:
        """Take what they tell; names in lower case or a mapping that does not mind. `now` by the caller's clock."""
        for budget, kind in ((self.requests, "requests"), (self.tokens, "tokens")):
            left = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
            if left is not None:
                limit, reset = headers.get(f"x-ratelimit-limit-{kind}"), headers.get(f"x-ratelimit-reset-{kind}")
            else:
                left = _number(headers.get(f"anthropic-ratelimit-{kind}-remaining"))
                if left is None:
                    continue
                limit = headers.get(f"anthropic-ratelimit-{kind}-limit")
                reset = headers.get(f"anthropic-ratelimit-{kind}-reset")
            budget.left, budget.limit = left, _number(limit)
            budget.reset_at = now + _seconds(reset)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def _seconds(text: str | None) -> float:
    """From now until the reset."""
    if not text:
        return _UNKNOWN_RESET
    if "T" in text:
        try:
            return min(_LONGEST, max(0.0, datetime.fromisoformat(text).timestamp() - time.time()))
        except ValueError:
            return _UNKNOWN_RESET
    return _span(text)


@lru_cache(maxsize=4096)
def _span(text: str) -> float:
    """Of "1m2s", "20ms" or a plain number."""
    spans = _SPAN.findall(text)
    if spans:
        return min(_LONGEST, sum(float(count) * _SECONDS[unit] for count, unit in spans))
    try:
        return min(_LONGEST, max(0.0, float(text)))
    except ValueError:
        return _UNKNOWN_RESET
