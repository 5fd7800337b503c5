"""How each upstream does, and whom to ask now: a bound on calls at once, a circuit breaker, the limits that its
headers tell, and the choice among several keys.

In memory, for each process and (connection, model); bounded. Nothing waits here: `enter` gives a lease or says when to
come back, before the upstream has to refuse. One call costs two dictionary look-ups and some additions.

    async with await upstreams.enter(keys, "gpt-6.2-sol") as lease:
        ... call with lease.connection ...
        lease.succeeded(headers)
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamBadCredentials,
    UpstreamBroken,
    UpstreamError,
    UpstreamOverloaded,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.limits import Limits
from radiant.ai.providers.provider import Connection

State = Literal["closed", "open", "half-open"]

# What says that the upstream is ill. A limit or a bad request is no illness.
_ILL = (UpstreamBroken, UpstreamOverloaded, UpstreamTimeout, UpstreamUnreachable, CutStream, MalformedStream)
_OF_THE_KEY = (UpstreamBadCredentials, UpstreamQuotaExhausted)
OF_ONE_KEY = (UpstreamRateLimited, *_OF_THE_KEY)
"""What another key of the same provider may not meet."""
LIMITED_REST = 2.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of a process. Seconds, calls, shares."""

    concurrency: int = 512
    """Calls at once for each key and model."""
    consecutive: int = 5
    ratio: float = 0.5
    """Of the last `window` calls, once there were `least`."""
    window: int = 20
    least: int = 10
    rest: float = 10.0
    """How long the circuit stays open at first; it doubles with each probe that fails, up to `longest_rest`."""
    longest_rest: float = 120.0
    refused_key_rest: float = 60.0
    limited_rest: float = LIMITED_REST
    """How long a key that was refused by its limit rests, where it did not say."""
    kept: int = 4096


class UpstreamsResting(UpstreamError):
    """Every key for this model rests: it failed, or its limit is used up. `retry_after` says until when."""

    status, slug, retryable = 503, "upstream-resting", True


class UpstreamBusy(UpstreamError):
    """As many calls as may run at once are running."""

    status, slug, retryable = 503, "upstream-busy", True


@dataclass(frozen=True, slots=True)
class Health:
    """One line of the page. `until`: seconds for which it rests yet."""

    provider: str
    name: str
    model: str
    owner: str
    state: State
    running: int
    calls: int
    failures: int
    last_error: str
    resting: float
    requests_left: int | None
    tokens_left: int | None


class _Line:
    """What is known of one key and model."""

    __slots__ = (
        "calls", "consecutive", "failures", "last_error", "limits", "outcomes", "probing", "rest", "running", "state",
        "until",
    )  # fmt: skip

    def __init__(self, policy: Policy) -> None:
        self.running = 0
        self.calls = 0
        self.failures = 0
        self.consecutive = 0
        self.outcomes = 0
        """The last calls as bits, 1 for a failure; a leading 1 marks how many there were."""
        self.state: State = "closed"
        self.until = 0.0
        self.rest = policy.rest
        self.probing = False
        self.last_error = ""
        self.limits = Limits()

    def note(self, failed: bool, policy: Policy) -> None:
        bits = (self.outcomes or 1) << 1 | failed
        if bits >> (policy.window + 1):
            bits = bits & ((1 << policy.window) - 1) | (1 << policy.window)
        self.outcomes = bits

    def share_failed(self, policy: Policy) -> float:
        """Of the last calls, 0 while there were too few."""
        seen = max(0, self.outcomes.bit_length() - 1)
        return (self.outcomes.bit_count() - 1) / seen if seen >= policy.least else 0.0


class Lease:
    """One call under way. Ended by `succeeded` or `failed`, once; left without a word (a caller that went away), it
    only gives its place back. `connection` is the key to call with."""

    __slots__ = ("_done", "_key", "_line", "_probe", "_upstreams", "connection")

    def __init__(self, upstreams: "Upstreams", connection: Connection, key: "_Key", line: _Line, probe: bool) -> None:
        self.connection = connection
        self._upstreams = upstreams
        self._key = key
        self._line = line
        self._probe = probe
        self._done = False

    def listening(self) -> Connection:
        """`connection`, whose answers' headers are read as they come, so that neither `succeeded` nor `failed` needs
        them. For providers, which do not hand headers on."""
        return replace(self.connection, told=self._upstreams.reader(self._line))

    def succeeded(self, headers: Mapping[str, str] | None = None) -> None:
        """The upstream answered; its headers tell what is left of its limits."""
        if self._end():
            self._upstreams.note_success(self._line, headers)

    def failed(self, error: BaseException, headers: Mapping[str, str] | None = None) -> None:
        """The call failed. Only an UpstreamError says anything of the upstream."""
        if self._end():
            self._upstreams.note_failure(self._key, self._line, error, headers)

    def release(self) -> None:
        """Give the place back, without a verdict."""
        self._end()

    def _end(self) -> bool:
        if self._done:
            return False
        self._done = True
        self._line.running -= 1
        if self._probe:
            self._line.probing = False
        return True

    async def __aenter__(self) -> "Lease":
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, UpstreamError):
            self.failed(error)
        self.release()


_Key = tuple[str, str, str, str]
_RESTED = "it was switched off for a time, after an error"


class Upstreams:
    """Made once by a root. `clock`: monotonic seconds."""

    def __init__(self, policy: Policy = Policy(), clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._lines: OrderedDict[tuple[_Key, str], _Line] = OrderedDict()
        self._keys_rest: dict[_Key, float] = {}
        self._providers_rest: dict[str, float] = {}

    def rest_provider(self, provider: str, seconds: float) -> None:
        """Do not ask that provider for so long, whoever's the key."""
        if len(self._providers_rest) >= self._policy.kept:
            self._providers_rest.clear()
        self._providers_rest[provider] = self._clock() + seconds

    async def enter(self, connections: Connection | Sequence[Connection], model: str, tokens: int = 0) -> Lease:
        """A place for one call of `model`, by the least busy key that may be used; `tokens`: what it will use, by
        estimate. Raises UpstreamsResting, UpstreamBusy."""
        now = self._clock()
        keys = (connections,) if isinstance(connections, Connection) else connections
        best: tuple[float, Connection, _Key, _Line] | None = None
        wait, why = float("inf"), ""
        busy = False
        for connection in keys:
            key = _key_of(connection)
            line = self._line(key, model)
            rest, reason = self._resting(key, line, now, tokens)
            if rest > 0:
                if rest < wait:
                    wait, why = rest, reason
                continue
            if line.running >= self._policy.concurrency:
                busy = True
                continue
            load = line.running + (1 - line.limits.share_left(now)) if len(keys) > 1 else 0.0
            if best is None or load < best[0]:
                best = (load, connection, key, line)
        if best is None:
            provider = keys[0].provider if keys else ""
            if busy:
                raise UpstreamBusy(
                    f"{provider}: {self._policy.concurrency} calls of {model} run already",
                    provider=provider,
                    retry_after=1,
                )
            raise UpstreamsResting(
                f"{provider} is not asked for {model} just now: {why}", provider=provider, retry_after=wait
            )
        _, connection, key, line = best
        probe = line.state != "closed"
        if probe:
            line.state, line.probing = "half-open", True
        line.running += 1
        line.calls += 1
        line.limits.take(tokens)
        return Lease(self, connection, key, line, probe)

    def rests(self, connections: Sequence[Connection], model: str, tokens: int = 0) -> str | None:
        """Why none of these keys can be asked for `model` just now, or None where one can. Takes no place."""
        now, why = self._clock(), None
        for connection in connections:
            key = _key_of(connection)
            line = self._lines.get((key, model))
            if line is None:
                if self._providers_rest.get(key[1], 0.0) > now:
                    why = _RESTED
                elif self._keys_rest.get(key, 0.0) > now:
                    why = "its key was refused"
                else:
                    return None
                continue
            rest, why = self._resting(key, line, now, tokens)
            if rest <= 0:
                return None
        return why

    def _line(self, key: _Key, model: str) -> _Line:
        name = (key, model)
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(self._policy)
            if len(self._lines) > self._policy.kept:
                self._forget_one()
        return line

    def _forget_one(self) -> None:
        """The oldest line on which nothing runs."""
        for name, line in self._lines.items():
            if not line.running:
                del self._lines[name]
                return

    def _resting(self, key: _Key, line: _Line, now: float, tokens: int) -> tuple[float, str]:
        """Seconds for which this key may not be asked, and why; 0: ask."""
        if self._providers_rest and (until := self._providers_rest.get(key[1], 0.0)) > now:
            return until - now, _RESTED
        if self._keys_rest and (until := self._keys_rest.get(key, 0.0)) > now:
            return until - now, "its key was refused"
        if line.state == "half-open" and line.probing:
            return 1.0, f"it failed and is being tried again ({line.last_error})"
        if line.state == "open" and line.until > now:
            return line.until - now, f"it failed too often ({line.last_error})"
        wait = line.limits.wait(now, tokens)
        return wait, "its limit is used up" if wait else ""

    def reader(self, line: _Line) -> Callable[[Mapping[str, str]], None]:
        """For leases."""
        return lambda headers: line.limits.read(headers, self._clock())

    def note_success(self, line: _Line, headers: Mapping[str, str] | None) -> None:
        """For leases."""
        line.consecutive = 0
        line.note(False, self._policy)
        if line.state != "closed":
            line.state, line.rest, line.outcomes = "closed", self._policy.rest, 0
        if headers:
            line.limits.read(headers, self._clock())

    def note_failure(self, key: _Key, line: _Line, error: BaseException, headers: Mapping[str, str] | None) -> None:
        """For leases."""
        now, policy = self._clock(), self._policy
        if headers:
            line.limits.read(headers, now)
        if not isinstance(error, UpstreamError):
            return
        if isinstance(error, UpstreamRateLimited):
            line.limits.refuse(now + (policy.limited_rest if error.retry_after is None else error.retry_after))
        elif isinstance(error, _OF_THE_KEY):
            if len(self._keys_rest) >= policy.kept:
                self._keys_rest.clear()
            self._keys_rest[key] = now + policy.refused_key_rest
        if not isinstance(error, _ILL):
            # It answered, whatever it said.
            line.consecutive = 0
            if line.state == "half-open":
                line.state, line.rest, line.outcomes = "closed", policy.rest, 0
            return
        line.failures += 1
        line.consecutive += 1
        line.last_error = error.slug
        line.note(True, policy)
        if line.state == "half-open":
            line.rest = min(policy.longest_rest, line.rest * 2)
            self._open(line, now, error)
        elif line.consecutive >= policy.consecutive or line.share_failed(policy) >= policy.ratio:
            self._open(line, now, error)

    def _open(self, line: _Line, now: float, error: UpstreamError) -> None:
        line.state = "open"
        line.until = now + max(line.rest, error.retry_after or 0.0)

    def forget(self, owner: str, provider: str) -> None:
        """The owner's keys for a provider were changed: what was known of them says nothing any more."""
        for key in [key for key in self._keys_rest if key[:2] == (owner, provider)]:
            del self._keys_rest[key]
        stale = [name for name, line in self._lines.items() if name[0][:2] == (owner, provider) and not line.running]
        for name in stale:
            del self._lines[name]

    def snapshot(self, owners: Sequence[str] | None = None) -> list[Health]:
        """Every line of those owners ("" is the platform), or of all."""
        now = self._clock()
        found: list[Health] = []
        for (key, model), line in self._lines.items():
            owner, provider, name, _ = key
            if owners is not None and owner not in owners:
                continue
            rest = max(0.0, self._resting(key, line, now, 0)[0])
            found.append(
                Health(
                    provider=provider,
                    name=name,
                    model=model,
                    owner=owner,
                    state=line.state,
                    running=line.running,
                    calls=line.calls,
                    failures=line.failures,
                    last_error=line.last_error,
                    resting=round(rest, 1),
                    requests_left=line.limits.requests_left(now),
                    tokens_left=line.limits.tokens_left(now),
                )
            )
        return found


def _key_of(connection: Connection) -> _Key:
    return connection.owner, connection.provider, connection.name, connection.base_url
