"""The client of other people's HTTP: one pool of connections a process, made by a root and passed down.

Redirects are never followed, proxies and cookies never used: a request goes where it was sent or nowhere.
Names are resolved here, so that a name which points inside is caught at the moment of the connection and
not only when it was entered (DNS rebinding).
"""

import ipaddress
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

# Cloud machines answer with credentials here. 169.254/16 and fe80::/10 are refused as link-local.
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
# Shared address space of carriers (RFC 6598): not "private" to the standard library, and not public either.
_CARRIER = ipaddress.ip_network("100.64.0.0/10")


def address_allowed(text: str, *, allow_private: bool) -> bool:
    """Whether a connection to this IP address may be made. Metadata and link-local addresses: never."""
    address = ipaddress.ip_address(text.split("%", 1)[0])
    if isinstance(address, ipaddress.IPv6Address):
        # 64:ff9b::/96 is how a NAT64 network spells an IPv4 address.
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return address_allowed(str(inner), allow_private=allow_private)
    if address in METADATA_ADDRESSES or address.is_link_local:
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    if allow_private:
        return True
    if address.version == 4 and address in _CARRIER:
        return False
    return address.is_global


class AddressBlocked(OSError):
    """The name resolves to an address that may not be called."""


class _GuardedResolver(AbstractResolver):
    """Resolves in a thread, and drops nothing quietly: one forbidden address refuses the name."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = aiohttp.ThreadedResolver()
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            if not address_allowed(result["host"], allow_private=self._allow_private):
                raise AddressBlocked(f"{host} leads to an address that may not be called")
        return results

    async def close(self) -> None:
        await self._inner.close()


class HttpClient:
    """Pools of connections: some may reach private addresses (the operator's choice), the others only public ones.

    Use as `async with HttpClient() as http`. `connect_timeout` in seconds covers name, TCP and TLS; how
    long a response may take is the caller's to say, request by request.
    """

    def __init__(self, *, connect_timeout: float = 10.0, keepalive: float = 30.0) -> None:
        self._connect_timeout = connect_timeout
        self._keepalive = keepalive
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}

    def session(self, *, allow_private: bool, keep_alive: bool = True) -> aiohttp.ClientSession:
        """The pool. Call inside a running loop; pass `allow_redirects=False` with each request. Without `keep_alive`
        each request has a connection of its own, for servers that close kept ones without saying so first."""
        session = self._sessions.get((allow_private, keep_alive))
        if session is None:
            connector = aiohttp.TCPConnector(
                resolver=_GuardedResolver(allow_private=allow_private),
                limit=0,
                keepalive_timeout=self._keepalive if keep_alive else None,
                force_close=not keep_alive,
                ttl_dns_cache=60,
            )
            session = self._sessions[allow_private, keep_alive] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout),
                headers={"User-Agent": "radiant"},
                trust_env=False,
                read_bufsize=2**17,
            )
        return session

    async def close(self) -> None:
        """Close both pools; connections under way are cut."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
