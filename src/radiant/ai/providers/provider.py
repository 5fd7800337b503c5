"""What a provider is: four calls over one connection. Modules of this package implement it."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event


class Secret:
    """A key that does not print itself: `repr`, `str` and logs show only that there is one."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key, for the header that needs it and nothing else."""
        return self._value

    def hint(self) -> str:
        """Enough to tell two keys apart by eye: the last four characters of a long one."""
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else "…"

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first`: until the response begins; `idle`: between two pieces of a stream; `total`: the whole
    call, retries and all, or None for as long as it keeps talking."""

    connect: float = 10.0
    first: float = 120.0
    idle: float = 120.0
    total: float | None = None


class Bearer(Protocol):
    """Who authorizes the calls of a connection whose key is not one that stays, but a token that ends."""

    async def headers(self) -> Mapping[str, str]:
        """Headers of the next call. Raises UpstreamError."""
        ...

    def refused(self) -> None:
        """The upstream did not take them (401)."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom to call. `provider` is a name of `vendors.toml`, or "local"; `allow_private`: the
    operator chose this address, so it may be on this machine or its network (see
    `addresses.check_base_url`).
    """

    provider: str
    base_url: str
    api_key: Secret | None = None
    timeouts: Timeouts = Timeouts()
    allow_private: bool = False
    keep_alive: bool = True
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the vendor needs, by the names of its `fields`: region, project, api_version …"""
    secrets: Mapping[str, Secret] = field(default_factory=dict[str, Secret])
    """Those of its fields that are secret."""
    name: str = "default"
    """Which of several keys for one provider this is."""
    owner: str = ""
    """Whose connection it is: a tenant's id, or "" for the platform's."""
    bearer: Bearer | None = field(default=None, repr=False, compare=False)
    """In the place of `api_key`."""
    told: Callable[[Mapping[str, str]], None] | None = field(default=None, repr=False, compare=False)
    """Hears the headers of every answer, refusals among them: see `health.Lease.listening`."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that the upstream says it has; what it does not say is None."""

    id: str
    context_length: int | None = None


class Provider(Protocol):
    """A translator of one protocol. Holds no state of a call; all failures are `UpstreamError`.

    An answer is asked for once: `retry.Asking` tries again (429, 5xx, no connection), by another key where that helps.
    """

    @property
    def retries(self) -> int:
        """How often a failure that may pass is tried again by the same key."""
        ...

    def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes. Closing the iterator (`aclosing`) closes the upstream connection at
        once.
        """
        ...

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """Vectors of texts."""
        ...

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """What the upstream offers this key."""
        ...

    async def check(self, connection: Connection) -> None:
        """A cheap call that fails (UpstreamBadCredentials, UpstreamUnreachable, …) where this connection
        would.
        """
        ...
