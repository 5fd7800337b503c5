"""Which addresses a provider's connection may have."""

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from radiant.ai.providers.errors import AddressRefused
from radiant.infra.httpclient import address_allowed

# Names that lead inside without being addresses. Others are checked when they are resolved.
_INSIDE = ("localhost", ".localhost", ".local", ".internal", ".home.arpa", ".lan")


def check_base_url(url: str, *, allow_private: bool) -> str:
    """`url` in its normal form (no trailing slash). Raises AddressRefused, with the reason.

    Pure: names are not resolved here; `infra.httpclient` looks at what they resolve to when it connects.
    `allow_private` is for local kinds of provider and for what the platform's operator set; metadata and
    link-local addresses are refused even so, and outside of it only https will do.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise AddressRefused("base_url: not an address") from error
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise AddressRefused("base_url: give an address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("base_url: leave out user and password; the key has its own field")
    if parts.query or parts.fragment:
        raise AddressRefused("base_url: leave out what follows ? and #")
    if any(character.isspace() or ord(character) < 33 for character in host):
        raise AddressRefused("base_url: not an address")
    if port == 0:
        raise AddressRefused("base_url: port 0 is no port")
    literal = _ip_literal(host)
    if literal is not None and not address_allowed(literal, allow_private=allow_private):
        raise AddressRefused(f"base_url: {host} may not be called from here")
    if not allow_private:
        if parts.scheme != "https":
            raise AddressRefused("base_url: a key is only sent over https")
        if host == _INSIDE[0] or host.endswith(_INSIDE[1:]) or (literal is None and "." not in host):
            raise AddressRefused(f"base_url: {host} is a name of the inner network; an operator may add it")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _ip_literal(host: str) -> str | None:
    """The address that `host` spells, or None for a name. Knows the old spellings (0x7f.1, 2130706433,
    0177.0.0.1) that the C library still reads as addresses."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    pieces = host.split(".")
    if len(pieces) > 4 or not all(pieces):
        return None
    numbers: list[int] = []
    for piece in pieces:
        try:
            if piece.startswith("0x"):
                numbers.append(int(piece, 16))
            elif piece.startswith("0") and len(piece) > 1:
                numbers.append(int(piece, 8))
            else:
                numbers.append(int(piece, 10))
        except ValueError:
            return None
    *heads, last = numbers
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        return None
    value = last
    for place, head in enumerate(heads):
        value += head << (24 - 8 * place)
    return str(ipaddress.IPv4Address(value))
