"""Which errors are the same one. As Sentry does: what the client says; else the type and the program's own frames;
else the message with the values taken out of it. The version of this is kept with each group: a change here is a new
version, and groups of the old one stay as they are."""

import hashlib
import re
from collections.abc import Sequence

import msgspec

from radiant.foundation.error_tracking.occurrence import Frame, Occurrence, Raised, cut

VERSION = 1
_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")
_MOST_TEMPLATE = 1000

# Longest forms first: what one has taken is not looked at again.
_VALUES = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)"
    r"|(?P<email>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})"
    r"|(?P<url>\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]{1,2000})"
    r"|(?P<date>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} [A-Z][a-z]{2} \d{4}(?: \d{2}:\d{2}:\d{2})?(?: GMT| [+-]\d{4})?"
    r"|\b\d{1,2}[/.]\d{1,2}[/.]\d{4}\b|\b\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\b)"
    r"|(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\w:]))"
    r"|(?P<hex>\b0[xX][0-9a-fA-F]{1,64}\b|\b(?=[0-9a-fA-F]{0,32}\d)(?=[0-9a-fA-F]{0,32}[a-fA-F])[0-9a-fA-F]{8,128}\b)"
    r"|(?P<str>\"[^\"\n]{0,1000}\"|(?<!\w)'[^'\n]{0,1000}'(?!\w)|`[^`\n]{0,1000}`)"
    r"|(?P<taken>\[(?:SECRET|EMAIL|CARD|PRIVATE|PRIVATE_KEY|removed)\])"
    r"|(?P<id>\b(?=[A-Za-z_-]{0,40}\d)[A-Za-z]{1,10}[_-][A-Za-z0-9]{12,64}\b)"
    r"|(?P<num>(?<![A-Za-z0-9_])[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d{1,3})?)"
)
_HASHED_ASSET = re.compile(r"[-.][A-Za-z0-9_]{8,20}(?=\.(?:m?js|cjs)$)")


def template_of(message: str) -> str:
    """The message with its values taken out: `user <num> of <email> is not there`. Of one line, bounded."""
    line = " ".join(cut(message, 4 * _MOST_TEMPLATE).split())
    return cut(_VALUES.sub(lambda match: f"<{match.lastgroup}>", line), _MOST_TEMPLATE)


def code_of(code: str, kind: str, message: str) -> str:
    """The error's own code where it has one; else by what its type and message say."""
    if code and code != "UNKNOWN":
        return cut(code, 50)
    said = f"{kind} {message}".lower()
    if "econnrefused" in said or "connection refused" in said or "connectionrefused" in said:
        return "CONN_REFUSED"
    if "timeout" in said or "timed out" in said or "etimedout" in said:
        return "TIMEOUT"
    if "rate limit" in said or "ratelimit" in said or "rate_limit" in said or "too many requests" in said:
        return "RATE_LIMIT"
    return "UNKNOWN"


def _frame_parts(frame: Frame) -> tuple[str, str, str]:
    place = frame.module or _HASHED_ASSET.sub("", frame.file.rsplit("/", 1)[-1])
    return place, frame.function, template_of(frame.line)


def _told_by(frames: Sequence[Frame]) -> list[tuple[str, str, str]]:
    """The program's own frames, or all where it has none of its own; a recursion once, however deep."""
    own = [frame for frame in frames if frame.in_app] or list(frames)
    parts: list[tuple[str, str, str]] = []
    for frame in own:
        part = _frame_parts(frame)
        if part not in parts[-4:]:
            parts.append(part)
    return parts


def _of_chain(chain: Sequence[Raised], message: str) -> list[object]:
    parts: list[object] = []
    for raised in chain:
        frames = _told_by(raised.frames)
        parts.append([raised.type, frames] if frames else [raised.type, template_of(raised.message or message)])
    return parts


def _default(kept: Occurrence) -> list[object]:
    if kept.chain:
        return ["chain", *_of_chain(kept.chain, kept.message)]
    return ["message", kept.type, template_of(kept.message)]


def _components(kept: Occurrence) -> list[object]:
    if not kept.given_fingerprint:
        return _default(kept)
    parts: list[object] = ["given"]
    for part in kept.given_fingerprint:
        parts += [_default(kept)] if _DEFAULT.fullmatch(part.strip()) else [part]
    return _default(kept) if parts == ["given", _default(kept)] else parts


def _culprit(kept: Occurrence) -> str:
    if kept.chain:
        frames = kept.chain[-1].frames
        last = next((frame for frame in reversed(frames) if frame.in_app), frames[-1] if frames else None)
        if last is not None:
            return cut(".".join(part for part in (last.module or last.file, last.function) if part), 200)
    return cut(".".join(part for part in (kept.service, kept.function) if part), 200)


def group(kept: Occurrence) -> None:
    """Fill in what its group is known by. After scrubbing: what was taken out tells nothing apart."""
    kept.code = code_of(kept.code, kept.type, kept.message)
    kept.template = template_of(kept.message)
    kept.culprit = _culprit(kept)
    kept.fingerprint = hashlib.sha256(msgspec.json.encode(_components(kept))).digest()
    kept.grouping_version = VERSION
