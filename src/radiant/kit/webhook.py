"""How calls of other people's addresses are signed, so that they can tell them from anybody's."""

import hashlib
import hmac


def signature(secret: str, at: int, body: bytes) -> str:
    """X-Radiant-Signature: `t=<seconds>,v1=<hex of HMAC-SHA256 over "<seconds>.<body>">`."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
