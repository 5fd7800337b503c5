"""The client of other people's HTTP: one pool of connections a process, made by a root and passed down.

HTTP/1.1 by hand over asyncio and httptools, because the gateway's own work is small beside what a general client
does for each request and each streamed token. Redirects are never followed, proxies and cookies never used, nothing
pipelined: a request goes where it was sent or nowhere. Names are resolved here and connections made by address, so
that a name which points inside is caught at the moment of the connection and not only when it was entered (DNS
rebinding).
"""

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Any

from radiant.infra.http1.addresses import METADATA_ADDRESSES, Resolver, address_allowed
from radiant.infra.http1.errors import (
    AddressBlocked,
    BadHttp,
    BodyTooLarge,
    ConnectFailed,
    ConnectTimeout,
    CutConnection,
    HttpError,
    NotSendable,
    Silent,
    StaleConnection,
    TlsFailed,
)
from radiant.infra.http1.link import SLICE, Link
from radiant.infra.http1.message import IDEMPOTENT, Headers, Target, head_of, target_of
from radiant.infra.http1.response import Response

__all__ = [
    "METADATA_ADDRESSES",
    "AddressBlocked",
    "BadHttp",
    "BodyTooLarge",
    "ConnectFailed",
    "ConnectTimeout",
    "CutConnection",
    "HttpClient",
    "HttpError",
    "NotSendable",
    "Response",
    "Silent",
    "TlsFailed",
    "address_allowed",
]

# Addresses of one name that are tried.
_TRIES = 8
_MOST_HEADS = 256
_NO_LENGTH = b"Content-Length: 0\r\n\r\n"


class HttpClient:
    """Pools of connections: some may reach private addresses (the operator's choice), the others only public ones.

    Use as `async with HttpClient() as http`. `connect_timeout` in seconds bounds name, TCP and TLS of every request,
    besides its own `connect`; `keepalive`: how long a connection may lie idle; `idle_limit`: how many may, for one
    origin; `tls` makes the context, in a thread, at the first https. How long a response may take is the caller's to
    say, request by request.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 10.0,
        keepalive: float = 30.0,
        idle_limit: int = 256,
        resolver: Resolver | None = None,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._keepalive = keepalive
        self._idle_limit = idle_limit
        self._resolver = resolver or Resolver()
        self._make_tls = tls
        self._tls: asyncio.Task[ssl.SSLContext] | None = None
        self._targets: dict[str, Target] = {}
        self._heads: dict[tuple[Any, ...], bytes] = {}
        self._idle: dict[str, list[Link]] = {}
        self._links: set[Link] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        allow_private: bool = False,
        keep_alive: bool = True,
        connect: float = 10.0,
        first: float | None = None,
        framed: bool = False,
    ) -> Response:
        """Send a request; returns when the head of the response is there, whatever its status. Cancelling this, or
        closing the response before its end, cuts the connection at once.

        `connect` and `first` are seconds from now until there is a connection, and until there is a head. Without
        `keep_alive` the request has a connection of its own, for servers that close kept ones without saying so first.

        A kept connection that dies before a byte of the response is replaced by a fresh one, once, if the method is
        idempotent or if TCP says that the other side did not take the request: it reset the connection at once, or its
        end was sent before all of the request arrived. An end after it had all of it is a CutConnection: it may have
        acted on it, and a model's answer costs money, so whether to ask again is the caller's decision.

        `framed`: the body will be passed on chunk by chunk; see `Response.flow`.

        Raises HttpError: NotSendable, AddressBlocked, ConnectFailed, TlsFailed, ConnectTimeout, Silent, CutConnection,
        BadHttp.
        """
        if self._closed:
            raise HttpError("the client is closed")
        target = self._targets.get(url)
        if target is None:
            target = self._target(url)
        if method == "POST" and body is not None and isinstance(headers, dict) and "content-length" not in headers:
            data = self._post_head(url, target, headers, len(body), keep_alive)
        else:
            data = head_of(method, target, headers, body, keep_alive=keep_alive)
        large = body is not None and len(body) > SLICE
        if body and not large:
            data += body
        loop = asyncio.get_running_loop()
        until = None if first is None else loop.time() + first
        key = target.origin + "!" if allow_private else target.origin
        link = self._take(key, loop) if keep_alive else None
        while True:
            if link is None:
                patience = min(connect, self._connect_timeout)
                if until is not None:
                    patience = min(patience, max(0.0, until - loop.time()))
                link = await self._connect(target, key, allow_private, patience)
            response = link.begin(
                data, head_only=method == "HEAD", keep=keep_alive, idempotent=method in IDEMPOTENT, framed=framed
            )
            try:
                response.waiter = link.waits(None, until)
                if large:
                    assert body is not None
                    await link.send_rest(body, 0)
                if not response.status and response.error is None and not response.late:
                    await response.waiter
                response.waiter = None
            except BaseException:
                response.waiter = None
                response.close()
                raise
            if response.status:
                response.late = False
                return response
            if response.error is None:
                response.close()
                raise Silent("no response in time", begun=False)
            if not isinstance(response.error, StaleConnection):
                raise response.error
            link = None

    def _post_head(self, url: str, target: Target, headers: dict[str, str], length: int, keep_alive: bool) -> bytes:
        """The head of a POST. Calls of one connection differ in their length alone: the rest is written once, and kept
        no longer than a connection that lies idle, since there is a key in it."""
        key = url, keep_alive, *headers.items()
        start = self._heads.get(key)
        if start is None:
            start = head_of("POST", target, headers, b"", keep_alive=keep_alive).removesuffix(_NO_LENGTH)
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[key] = start
        return b"%bContent-Length: %d\r\n\r\n" % (start, length)

    def _target(self, url: str) -> Target:
        target = target_of(url)
        if len(self._targets) >= 1024:
            self._targets.clear()
        self._targets[url] = target
        return target

    # --- kept connections ---

    @property
    def idle(self) -> int:
        """How many connections lie ready."""
        return sum(len(links) for links in self._idle.values())

    @property
    def open(self) -> int:
        """How many connections there are, ready and busy."""
        return len(self._links)

    def _take(self, key: str, loop: asyncio.AbstractEventLoop) -> Link | None:
        links = self._idle.get(key)
        now = loop.time()
        while links:
            # The one used last: the others grow old and go.
            link = links.pop()
            if link.transport is not None and now < link.expires and not link.transport.is_closing():
                return link
            link.abort()
        return None

    def give_back(self, link: Link) -> None:
        """A connection may serve again. Called by the connection."""
        links = self._idle.get(link.key)
        if links is None:
            links = self._idle[link.key] = []
        if self._closed or len(links) >= self._idle_limit:
            link.abort()
            return
        loop = asyncio.get_running_loop()
        link.expires = loop.time() + self._keepalive
        links.append(link)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._keepalive / 2, self._sweep)

    def forget(self, link: Link) -> None:
        """A connection is gone. Called by the connection."""
        self._links.discard(link)
        links = self._idle.get(link.key)
        if links and link in links:
            links.remove(link)

    def _sweep(self) -> None:
        self._sweeper = None
        self._heads.clear()
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, links in list(self._idle.items()):
            for link in [link for link in links if link.expires <= now]:
                link.abort()
            if not links:
                del self._idle[key]
        if self._idle:
            self._sweeper = loop.call_later(self._keepalive / 2, self._sweep)

    # --- new connections ---

    async def _connect(self, target: Target, key: str, allow_private: bool, seconds: float) -> Link:
        try:
            async with asyncio.timeout(seconds):
                addresses = (target.literal,) if target.literal else await self._resolver.addresses(target.host)
                # One forbidden address refuses the name: none is dropped quietly.
                for address in addresses:
                    if not address_allowed(address, allow_private=allow_private):
                        raise AddressBlocked(f"{target.host} leads to an address that may not be called")
                context = await self._context() if target.tls else None
                return await self._dial(addresses[:_TRIES], target, key, context, seconds)
        except TimeoutError as error:
            raise ConnectTimeout("no connection in time") from error

    async def _dial(
        self, addresses: tuple[str, ...], target: Target, key: str, context: ssl.SSLContext | None, seconds: float
    ) -> Link:
        """The first address that accepts. Each but the last may use half of the time."""
        loop = asyncio.get_running_loop()
        share = seconds / 2 / max(1, len(addresses) - 1)
        failure: OSError | None = None
        for number, address in enumerate(addresses, 1):
            link = Link(self, loop, key)
            try:
                async with asyncio.timeout(share if number < len(addresses) else None):
                    await loop.create_connection(
                        lambda link=link: link,
                        address,
                        target.port,
                        ssl=context,
                        server_hostname=target.host if context else None,
                    )
            except ssl.SSLCertVerificationError as error:
                link.abort()
                raise TlsFailed("its certificate is not valid") from error
            except ssl.SSLError as error:
                link.abort()
                raise TlsFailed("it speaks no TLS that we accept") from error
            except OSError as error:  # among them the TimeoutError of this address
                link.abort()
                failure = error
                continue
            except BaseException:
                link.abort()
                raise
            if self._closed:
                link.abort()
                raise HttpError("the client is closed")
            self._links.add(link)
            return link
        # The system's own words by number: its message names the address, which is nobody's business.
        number = failure.errno if failure else None
        raise ConnectFailed(os.strerror(number).lower() if number else "no connection") from failure

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None or (self._tls.done() and (self._tls.cancelled() or self._tls.exception())):
            self._tls = asyncio.create_task(asyncio.to_thread(self._make_tls))
        return await asyncio.shield(self._tls)

    async def close(self) -> None:
        """Cut every connection, those under way too."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._resolver.close()
        for link in list(self._links):
            link.cut()
        self._idle.clear()
        # Transports say goodbye to the loop in its next rounds.
        for _ in range(3):
            await asyncio.sleep(0)

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
