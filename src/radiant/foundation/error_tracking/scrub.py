"""What must not be kept is taken out before anything is kept: keys, tokens, passwords, addresses of mail, cards, and
what a tenant's own patterns find. The finders are those of the guardrails (`kit.detect`)."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from radiant.foundation.error_tracking.occurrence import MOST_STACK, Frame, Occurrence, cut, stack_text
from radiant.kit import detect
from radiant.kit.detect import Finding
from radiant.kit.linear import Spans, spans_of

REMOVED = "[removed]"
# Of one text, so much is looked at and kept.
_MOST_TEXT = 8_000
_MOST_ENTRIES, _MOST_DEPTH = 100, 5

# Names whose values are never kept, whatever they look like. Sentry's own list, and what ours would add.
_NAMES = re.compile(
    r"passw|passwd|passphrase|\bpwd\b|secret|token|api[-_]?key|apikey|access[-_]?key|private[-_]?key|signing[-_]?key"
    r"|\bauth\b|authorization|authentication|credential|cookie|session|csrf|xsrf|bearer|\bjwt\b|signature|\bdsn\b"
    r"|connection[-_]?string|database[-_]?url|card[-_]?number|\bcvv\b|\bcvc\b|\bpin\b|\bssn\b|x-forwarded-for|remote[-_]?addr"
    r"|ip[-_]?address|email|mysql_pwd|\bkey\b",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"://[^/\s@\"'<>]{1,500}@")
_IN_QUERY = re.compile(
    r"([?&;](?:[\w-]{0,40}(?:token|secret|key|password|passwd|pwd|auth|signature|sig|code|session)[\w-]{0,40})=)[^&\s#\"'<>]{1,4000}",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic|digest|token)\s{1,3}[A-Za-z0-9._~+/=:-]{6,4000}", re.IGNORECASE)
_NAMED = re.compile(
    r"((?:passw(?:or)?d|passwd|passphrase|pwd|secret|api[-_]?key|access[-_]?key|auth[-_]?token|token|private[-_]?key"
    r"|authorization|set-cookie|cookie|client[-_]?secret|connection[-_]?string)[\"']?\s{0,3}(?::=|=>|[:=]|\bis\b)\s{0,3})"
    r"(?:\"[^\"\n]{1,2000}\"|'[^'\n]{1,2000}'|[^\s\"',;&<>{}\[\]()]{1,2000})",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?<![A-Za-z0-9_/+.-])[A-Za-z0-9_+/-]{32,512}={0,2}(?![A-Za-z0-9_])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KEY_PAIR = re.compile(_UUID.pattern + r":[0-9a-f]{32}\b")
_PII = detect.pii(("email", "card"))


def _looks_random(text: str) -> bool:
    """Whether a long word is a key rather than a name: hex, or of small and large letters and digits, well mixed."""
    digits = sum(map(str.isdigit, text))
    if digits < 2 or digits == len(text) or _UUID.fullmatch(text):
        return False
    if all(character in "0123456789abcdef" for character in text.lower()):
        return True
    mixed = any(map(str.islower, text)) and any(map(str.isupper, text))
    return (mixed or ("_" not in text and "-" not in text and "/" not in text)) and detect.entropy(text) >= 3.5


def _random(text: str) -> Iterable[Finding]:
    for match in _RANDOM.finditer(text):
        if _looks_random(match[0].rstrip("=")):
            yield Finding(*match.span(), "SECRET")


class Scrubber:
    """Takes out what it knows, and what `patterns` (of RE2) find besides. Raises ValueError that names a bad one."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._own: list[Spans] = []
        for pattern in patterns:
            try:
                self._own.append(spans_of(pattern))
            except ValueError as error:
                raise ValueError(f"{pattern!r}: {error}") from error

    def text(self, text: str) -> str:
        """`text` without them, cut to what is looked at, in characters that can be kept."""
        return self._scrubbed(cut(text, _MOST_TEXT)) if text else text

    def lines(self, lines: list[str]) -> list[str]:
        """Each line without them; looked at together, which takes a tenth of the time."""
        text = self._scrubbed("\n".join(lines))
        scrubbed = text.split("\n")
        # A key of several lines was taken out whole: then each line stands for itself.
        return scrubbed if len(scrubbed) == len(lines) else [self.text(line.replace("\n", " ")) for line in lines]

    def _scrubbed(self, text: str) -> str:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        if len(text) < 6:
            return text if not self._own else self._replace(text, self._found_by_own(text))
        if "://" in text:
            text = _IN_URL.sub(f"://{REMOVED}@", text)
        if "=" in text:
            text = _IN_QUERY.sub(rf"\1{REMOVED}", text)
        text = _SCHEME.sub(rf"\1 {REMOVED}", text)
        text = _NAMED.sub(rf"\1{REMOVED}", text)
        found = [
            *detect.secrets(text), *_PII(text), *_random(text), *self._found_by_own(text),
            *(Finding(*match.span(), "SECRET") for match in _KEY_PAIR.finditer(text)),
        ]  # fmt: skip
        return self._replace(text, found)

    def _found_by_own(self, text: str) -> list[Finding]:
        return [Finding(*span, "PRIVATE") for spans in self._own for span in spans(text)]

    @staticmethod
    def _replace(text: str, found: list[Finding]) -> str:
        if not found:
            return text
        pieces: list[str] = []
        at = 0
        for finding in detect.settled(found):
            pieces += (text[at : finding.start], f"[{finding.label}]")
            at = finding.end
        return "".join([*pieces, text[at:]])

    def named(self, name: str, value: object) -> str:
        """The value of that name as a text: removed where the name says what it is."""
        if value is None:
            return ""
        if _NAMES.search(name):
            return REMOVED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool | int | float):
            return self.text(str(value))
        return cut(msgspec.json.encode(self._tree(value, 0), enc_hook=str).decode("utf-8", "replace"), _MOST_TEXT)

    def names(self, given: dict[str, Any]) -> dict[str, str]:
        """Each named value as a text."""
        return {
            cut(self.text(str(name)), 200): self.named(str(name), value)
            for name, value in list(given.items())[:_MOST_ENTRIES]
        }

    def _tree(self, value: object, depth: int) -> object:
        if depth >= _MOST_DEPTH:
            return "…"
        if isinstance(value, dict):
            entries = list(cast("dict[object, object]", value).items())[:_MOST_ENTRIES]
            return {
                self.text(str(name)): REMOVED if _NAMES.search(str(name)) else self._tree(inner, depth + 1)
                for name, inner in entries
            }
        if isinstance(value, list | tuple):
            return [self._tree(inner, depth + 1) for inner in list(cast("Sequence[object]", value))[:_MOST_ENTRIES]]
        return self.text(value) if isinstance(value, str) else value

    def occurrence(self, kept: Occurrence) -> None:
        """All of it, in place; after `occurrence.bound`, so that what is looked at is bounded."""
        said, kept.message = kept.message, self.text(kept.message)
        for raised in kept.chain:
            # What was thrown last mostly says what the whole does.
            raised.message = kept.message if raised.message == said else self.text(raised.message)
            self._frames(raised.frames)
        # Without a text of its own, the stack is written of what is clean already.
        own = "\n".join(self.lines(kept.stack.split("\n"))) if kept.stack else stack_text(kept.chain)
        kept.stack = cut(own, MOST_STACK)
        for crumb in kept.crumbs:
            crumb.message = self.text(crumb.message)
            crumb.data = self.names(crumb.data)
        kept.tags = self.names(kept.tags)
        kept.request = self.names(kept.request)
        kept.contexts = {cut(name, 64): self.names(entries) for name, entries in list(kept.contexts.items())[:20]}
        kept.given_fingerprint = [self.text(part) for part in kept.given_fingerprint[:10]]
        kept.code, kept.type = self.text(kept.code), self.text(kept.type)
        kept.function, kept.service = self.text(kept.function), self.text(kept.service)
        kept.environment = self.text(kept.environment)

    def _frames(self, frames: list[Frame]) -> None:
        if not frames:
            return
        lines = iter(self.lines([
            line for frame in frames for line in (frame.file, frame.line, *frame.before, *frame.after)
        ]))  # fmt: skip
        for frame in frames:
            frame.file, frame.line = next(lines), next(lines)
            frame.before = [next(lines) for _ in frame.before]
            frame.after = [next(lines) for _ in frame.after]
            frame.variables = self.names(frame.variables)
