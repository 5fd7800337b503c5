"""Which addresses may be called, and the names that lead to them."""

import asyncio
import encodings.idna
import ipaddress
import socket

from radiant.infra.http1.errors import ConnectFailed

# Cloud machines answer with credentials here. 169.254/16 and fe80::/10 are refused as link-local.
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
# Shared address space of carriers (RFC 6598): not "private" to the standard library, and not public either.
_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def address_allowed(text: str, *, allow_private: bool) -> bool:
    """Whether a connection to this IP address may be made. Metadata and link-local addresses: never."""
    address = ipaddress.ip_address(text.split("%", 1)[0])
    if isinstance(address, ipaddress.IPv6Address):
        # 64:ff9b::/96 is how a NAT64 network spells an IPv4 address.
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
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


def ascii_host(host: str) -> str:
    """A host as it is sent: lower case, IDNA where it needs it. Raises UnicodeError."""
    if host.isascii():
        return host.lower()
    # By name, so that the codec's file is not read on the loop, at the first such host.
    return ".".join(encodings.idna.ToASCII(label).decode() for label in host.split(".")).lower()


class Resolver:
    """Names -> addresses, each answer kept for `ttl` seconds, at most `size` of them. Who asks while the same
    name is being asked for waits for that answer; who is cancelled meanwhile leaves the others waiting."""

    def __init__(self, *, ttl: float = 60.0, size: int = 1024) -> None:
        self._ttl = ttl
        self._size = size
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses in the system's order of preference, at least one. Raises ConnectFailed."""
        loop = asyncio.get_running_loop()
        known = self._known.get(host)
        if known is not None and loop.time() < known[0]:
            return known[1]
        task = self._asking.get(host)
        if task is None:
            task = self._asking[host] = loop.create_task(self._ask(host))
            task.add_done_callback(lambda done: self._answered(host, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if task.cancelled() and (caller is None or not caller.cancelling()):
                # The resolver was closed; nobody cancelled who asked.
                raise ConnectFailed("the client is closed") from None
            raise

    def _answered(self, host: str, task: asyncio.Task[tuple[str, ...]]) -> None:
        self._asking.pop(host, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._known) >= self._size:
            # The oldest answer goes; a dict keeps the order in which they came.
            self._known.pop(next(iter(self._known)))
        self._known.pop(host, None)
        self._known[host] = (asyncio.get_running_loop().time() + self._ttl, task.result())

    @staticmethod
    async def _ask(host: str) -> tuple[str, ...]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ConnectFailed("there is no such host") from error
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses:
            raise ConnectFailed("there is no such host")
        return addresses

    def close(self) -> None:
        """Stop asking; who waits gets ConnectFailed."""
        for task in list(self._asking.values()):
            task.cancel()
