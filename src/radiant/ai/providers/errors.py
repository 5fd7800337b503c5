"""How an upstream can fail. One typed error for each way, each a Problem that our doors can answer with.

`retryable`: the same request may well succeed a moment later. Nothing here ever holds a key, and an
upstream's own words are passed on only where they tell the caller what to change (bad requests).
"""

import math
from typing import Any, ClassVar

from radiant.kit.errors import Problem


class UpstreamError(Problem):
    """The provider did not give an answer. `provider` names it; `upstream_status` is its HTTP status, if
    any.
    """

    status, slug = 502, "upstream-failed"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        retry_after: float | None = None,
        upstream_status: int | None = None,
        **extra: Any,
    ) -> None:
        headers = {"Retry-After": str(max(1, math.ceil(retry_after)))} if retry_after is not None else {}
        super().__init__(detail, headers=headers, provider=provider, **extra)
        self.provider = provider
        self.retry_after = retry_after
        self.upstream_status = upstream_status


class UpstreamRateLimited(UpstreamError):
    """429: the provider's limit for this key; `retry_after` where it told."""

    status, slug, retryable = 429, "upstream-rate-limited", True


class UpstreamQuotaExhausted(UpstreamError):
    """The account at the provider has no credit left: waiting does not help."""

    status, slug = 502, "upstream-quota-exhausted"


class UpstreamOverloaded(UpstreamError):
    """503, 529 or an overloaded event: the provider is too busy."""

    status, slug, retryable = 503, "upstream-overloaded", True


class UpstreamBroken(UpstreamError):
    """Another 5xx, or an error event in mid-stream."""

    status, slug, retryable = 502, "upstream-broken", True


class UpstreamTimeout(UpstreamError):
    """It did not connect, did not begin, or fell silent for longer than allowed."""

    status, slug, retryable = 504, "upstream-timeout", True


class UpstreamUnreachable(UpstreamError):
    """Refused, reset, no such host, bad TLS."""

    status, slug, retryable = 502, "upstream-unreachable", True


class UpstreamBadCredentials(UpstreamError):
    """401 or 403: the provider refused our key. Our caller's own credentials were fine, hence 502."""

    status, slug = 502, "upstream-bad-credentials"


class UpstreamBadRequest(UpstreamError):
    """The provider cannot take this request; `detail` ends in its own words."""

    status, slug = 400, "upstream-bad-request"


class UpstreamModelNotFound(UpstreamError):
    """The provider has no such model, or the key may not use it."""

    status, slug = 404, "upstream-model-not-found"


class ContextTooLong(UpstreamBadRequest):
    """Prompt and answer together exceed what the model can hold."""

    status, slug = 400, "context-too-long"


class ContentFiltered(UpstreamBadRequest):
    """The provider's own filter refused the prompt."""

    status, slug = 400, "content-filtered"


class CutStream(UpstreamError):
    """The connection ended before the answer did."""

    status, slug, retryable = 502, "upstream-cut-stream", True


class MalformedStream(UpstreamError):
    """What came is not the protocol."""

    status, slug = 502, "upstream-malformed"


class AddressRefused(Problem):
    """A base URL that we will not call."""

    status, slug = 422, "address-refused"
