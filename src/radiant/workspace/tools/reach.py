"""Whom tools may call: which hosts a workspace lets `http_fetch` read, and which inner ones the platform's operator lists.

The guard itself is `infra.httpclient`: a name is resolved and its addresses looked at in the moment of the connection,
which is made to one of them. Here is only decided whether an inner address may be called at all.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin

from radiant.infra.http1.message import Target, target_of
from radiant.infra.httpclient import AddressBlocked, HttpClient, HttpError, NotSendable
from radiant.kit.errors import Invalid
from radiant.workspace.tools.base import BadArguments, ToolFailed
from radiant.workspace.tools.problems import BadToolAddress

MOST_BYTES = 2 * 2**20
MOST_REDIRECTS = 5
_READERS = 2
_USUAL_PORTS = frozenset({80, 443})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RULE = re.compile(
    r"(?P<host>\*|(?:\*\.)?[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>\*|[0-9]{1,5}))?"
)


class BadHostRule(Invalid):
    """Not a way to name hosts."""

    slug = "bad-host-rule"


@dataclass(frozen=True, slots=True)
class HostRule:
    """Hosts by name: `example.org`, `*.example.org` (all below it), `*` (all). `port`: None for 80 and 443, 0 for all."""

    host: str
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> "HostRule":
        """`host`, `host:port` or `host:*`. Raises BadHostRule."""
        found = _RULE.fullmatch(text.strip().lower())
        port = found["port"] if found else None
        if found is None or (port not in (None, "*") and not 0 < int(port or 0) < 65536):
            raise BadHostRule(
                f"{text[:200]!r}: give example.org, *.example.org or *, and a port where it is not 80 or 443"
            )
        return cls(found["host"].strip("[]"), None if port is None else 0 if port == "*" else int(port))

    def names(self, target: Target) -> bool:
        """Whether it names that host, whatever the port."""
        if self.host.startswith("*."):
            return target.host.endswith(self.host[1:])
        return self.host in ("*", target.literal or target.host)

    def holds(self, target: Target) -> bool:
        """Whether it names where that leads, the port included."""
        ports = _USUAL_PORTS if self.port is None else (self.port or target.port,)
        return target.port in ports and self.names(target)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that was read whole. `url`: where it came from at last; headers by lower-case name."""

    url: str
    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes


class Reach:
    """One per process. `inner`: hosts on this machine or its network that tools may call; `outer`: the most that a
    workspace may let `http_fetch` read."""

    def __init__(self, http: HttpClient, inner: Sequence[str] = (), outer: Sequence[str] = ("*",)) -> None:
        self.http = http
        # Documents are read by a process each.
        self.readers = asyncio.Semaphore(_READERS)
        self._inner = [HostRule.of(each) for each in inner]
        self._outer = [HostRule.of(each) for each in outer]

    def is_inner(self, target: Target) -> bool:
        """Whether the operator lists it."""
        return any(rule.holds(target) for rule in self._inner)

    def may_read(self, target: Target, allowed: Sequence[HostRule]) -> bool:
        """Whether `http_fetch` may read it: the workspace lists it, and the operator has nothing against it."""
        if self.is_inner(target):
            # `*` means all that are outside.
            return any(rule.holds(target) for rule in allowed if rule.host != "*")
        return any(rule.holds(target) for rule in allowed) and any(rule.names(target) for rule in self._outer)

    def check_address(self, url: str, field: str) -> str:
        """The address of a webhook or server that is kept: https, or an inner one of the operator's list. Raises
        BadToolAddress."""
        try:
            target = target_of(url)
        except NotSendable as error:
            raise BadToolAddress(f"{field}: {error}; give an address that begins with https://") from error
        if self.is_inner(target):
            return url
        if not target.tls:
            raise BadToolAddress(f"{field}: give an address that begins with https://")
        if "." not in target.host and target.literal is None:
            raise BadToolAddress(
                f"{field}: a name of the inner network; the platform's operator lists those that tools may call"
            )
        return url

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, seconds: float,
        most: int = MOST_BYTES,
    ) -> Fetched:  # fmt: skip
        """One request without redirects; inner addresses only of the operator's list. Raises ToolFailed."""
        try:
            target = target_of(url)
            response = await self.http.request(
                method, url, headers=dict(headers), body=body, first=seconds, allow_private=self.is_inner(target)
            )
            try:
                read = await response.read(most, idle=seconds)
            finally:
                response.close()
        except NotSendable as error:
            raise BadArguments(f"{error}") from error
        except AddressBlocked as error:
            raise ToolFailed(f"{error}: it is on this machine or its network, or answers with credentials") from error
        except HttpError as error:
            raise ToolFailed(f"{error}", again=not error.begun) from error
        return Fetched(url, response.status, response.headers, response.content_type, read)

    async def read(self, method: str, url: str, allowed: Sequence[HostRule], seconds: float) -> Fetched:
        """GET or HEAD with redirects, of which each is looked at as if it had been asked for. Raises ToolFailed."""
        url = urldefrag(url.strip()).url
        for _ in range(MOST_REDIRECTS + 1):
            try:
                target = target_of(url)
            except NotSendable as error:
                raise BadArguments(f"arguments.url: {error}") from error
            if not self.may_read(target, allowed):
                raise ToolFailed(
                    f"{target.host}:{target.port} is not among the hosts that may be read here"
                    f" ({', '.join(_named(rule) for rule in allowed[:20]) or 'none'}); an admin lists them under Settings, Tools"
                )
            found = await self.send(
                method, url, headers={"Accept": "text/html, text/*, application/json, */*;q=0.5"}, seconds=seconds
            )
            location = found.headers.get("location")
            if found.status not in _REDIRECTS or location is None:
                return found
            try:
                url = urldefrag(urljoin(url, location)).url
            except ValueError as error:
                raise ToolFailed("it redirects to what is no address") from error
        raise ToolFailed(f"it redirects more than {MOST_REDIRECTS} times")


def _named(rule: HostRule) -> str:
    return rule.host if rule.port is None else f"{rule.host}:{rule.port or '*'}"
