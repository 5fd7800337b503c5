"""One-time codes by time (RFC 6238: SHA-1, six digits, thirty seconds, as every authenticator app reads them), and
recovery codes. Pure."""

import base64
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote, urlencode

PERIOD = 30
_DIGITS = 6
_SECRET_BYTES = 20
_RECOVERY_CODES = 10
_RECOVERY_CHARACTERS = 16


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def spelled(secret: bytes) -> str:
    """The secret in base 32, to be typed where no picture can be taken."""
    return base64.b32encode(secret).decode().rstrip("=")


def code_of(secret: bytes, step: int) -> str:
    """The code of a step of thirty seconds (RFC 4226, 5.3)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_of(secret: bytes, code: str, now: float) -> int | None:
    """The step that a code is of, the one before and the one after included for clocks that differ, or None."""
    present = int(now) // PERIOD
    found = None
    for step in (present - 1, present, present + 1):
        # All are compared, so time does not tell which fits.
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            found = step
    return found


def uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What the QR code says (the Key URI Format that authenticator apps share)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": spelled(secret), "issuer": issuer, "algorithm": "SHA1", "digits": _DIGITS, "period": PERIOD},
        quote_via=quote,
    )


def recovery_codes() -> list[str]:
    """Ten codes of 80 bits, in groups that can be written down."""
    return [_grouped(base64.b32encode(secrets.token_bytes(10)).decode()) for _ in range(_RECOVERY_CODES)]


def _grouped(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, _RECOVERY_CHARACTERS, 4))


def plain(code: str) -> str:
    """A typed code without the spaces and hyphens that people put in."""
    return "".join(code.split()).replace("-", "").upper()


def hash_recovery_code(code: str) -> bytes:
    """What is stored of a recovery code: its 80 random bits need no slow hash."""
    return hashlib.sha256(b"radiant recovery code\0" + plain(code).encode()).digest()
