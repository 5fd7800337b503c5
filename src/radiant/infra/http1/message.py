"""Requests as bytes: URLs taken apart, heads written, nothing let through that could say more than it should."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from radiant.infra.http1.addresses import ascii_host
from radiant.infra.http1.errors import NotSendable

Headers = Sequence[tuple[str, str]] | Mapping[str, str]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Sent twice they do what they do once (RFC 9110, 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_PLAIN, _FIXED, _AGENT, _ENCODING, _ACCEPT = range(5)
_SPECIAL = {
    "user-agent": _AGENT,
    "accept-encoding": _ENCODING,
    "accept": _ACCEPT,
    # These decide how the bytes after them are read: ours alone to say.
    **dict.fromkeys(
        ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection"), _FIXED
    ),
    **dict.fromkeys(("te", "trailer", "upgrade", "expect", "proxy-authorization"), _FIXED),
}
# Names that were looked at, so that each is looked at once. Bounded, since callers may pass on others' names.
_kinds: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `literal`: the address that the host spells; `start`: the rest of the first line and the
    Host header."""

    tls: bool
    host: str
    port: int
    literal: str | None
    authority: str
    start: str
    origin: str


def target_of(url: str) -> Target:
    """Take a URL apart. Raises NotSendable: only http and https, no user or password, no fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = ascii_host(parts.hostname or "")
    except (ValueError, UnicodeError) as error:
        raise NotSendable("the URL is not one") from error
    if _UNSAFE.search(url) or parts.scheme not in ("http", "https") or "@" in parts.netloc or "#" in url:
        raise NotSendable("the URL is not one that may be called")
    literal: str | None = None
    try:
        literal = str(ipaddress.ip_address(host))
    except ValueError:
        if len(host) > 253 or _HOST.fullmatch(host) is None:
            raise NotSendable("the URL's host is not one") from None
    if "%" in host or port == 0 or parts.netloc.endswith(":"):
        raise NotSendable("the URL's host is not one")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    if not path.isascii():
        raise NotSendable("the URL's path holds characters that must be escaped")
    tls = parts.scheme == "https"
    usual = 443 if tls else 80
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port in (None, usual) else f"{shown}:{port}"
    return Target(
        tls=tls,
        host=host.rstrip("."),
        port=port or usual,
        literal=literal,
        authority=authority,
        start=f" {path} HTTP/1.1\r\nHost: {authority}",
        origin=f"{parts.scheme}://{host}:{port or usual}",
    )


def head_of(method: str, target: Target, headers: Headers, body: bytes | None, *, keep_alive: bool) -> bytes:
    """The head of a request. Raises NotSendable, never with a header's value in its words."""
    if method not in METHODS:
        raise NotSendable("the method is not one that we send")
    lines = [method + target.start]
    agent = encoding = accept = False
    items = headers.items() if isinstance(headers, (dict, Mapping)) else headers
    for name, value in items:
        kind = _kinds.get(name)
        if kind is None:
            kind = _kind_of(name)
        if kind:
            if kind == _FIXED:
                _check_fixed(name, value, target, body)
                continue
            agent = agent or kind == _AGENT
            encoding = encoding or kind == _ENCODING
            accept = accept or kind == _ACCEPT
        lines.append(f"{name}: {value}")
    if not agent:
        lines.append("User-Agent: radiant")
    if not encoding:
        lines.append("Accept-Encoding: identity")
    if not accept:
        lines.append("Accept: */*")
    if not keep_alive:
        lines.append("Connection: close")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    elif method in _WITH_BODY:
        lines.append("Content-Length: 0")
    breaks = len(lines) + 2
    lines.append("\r\n")
    text = "\r\n".join(lines)
    if text.count("\r") != breaks or text.count("\n") != breaks or "\0" in text:
        raise NotSendable("a header holds a line break or a NUL")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise NotSendable("a header holds a character that HTTP cannot carry") from error


def _kind_of(name: str) -> int:
    if _NAME.fullmatch(name) is None:
        raise NotSendable("a header's name is not one")
    kind = _SPECIAL.get(name.lower(), _PLAIN)
    if len(_kinds) >= 1024:
        _kinds.clear()
    _kinds[name] = kind
    return kind


def _check_fixed(name: str, value: str, target: Target, body: bytes | None) -> None:
    """A header that is ours to write may be given where it says what we say (a signature covers the host)."""
    lowered = name.lower()
    if lowered == "host" and value.lower() == target.authority:
        return
    if lowered == "content-length" and value == str(len(body or b"")):
        return
    raise NotSendable(f"the header {lowered} is not the caller's to set")
