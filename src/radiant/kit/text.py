"""Small, pure text functions."""

import json


def shorten(text: str, limit: int) -> str:
    """`text` on one line and at most `limit` characters, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head).rstrip() + "…"


def quoted(value: object) -> str:
    """Data for a prompt, as JSON, in which no mark of ours can stand."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")


def close_reason(text: str) -> str:
    """As much of it as the frame that closes a WebSocket may carry (RFC 6455, 5.5): 123 bytes."""
    return text.encode()[:120].decode(errors="ignore")
