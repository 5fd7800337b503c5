"""One error as it is kept: what the spool holds, and a row of error_logs after it. Bounded in every direction."""

import hashlib
from typing import Any, Literal
from uuid import UUID

import msgspec

from radiant.kit.ids import TenantId, UserId

Severity = Literal["debug", "info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = ("critical", "error", "warning", "info", "debug")
TallyKind = Literal["transaction", "session", "crash", "check_in", "log", "discarded"]

# Bytes of one that is kept: what is past that is left out, the least telling first.
MOST_BYTES = 200_000
MOST_FRAMES, MOST_CRUMBS, MOST_CHAIN, MOST_TAGS = 100, 100, 10, 50
_MOST_MESSAGE, _MOST_LINE, MOST_STACK = 8_000, 300, 60_000
_CRUMBS_OF_LARGE = 20


class Frame(msgspec.Struct, omit_defaults=True):
    """A place in a program: `line` as it stands there, with some lines around it."""

    function: str = ""
    module: str = ""
    file: str = ""
    number: int | None = None
    column: int | None = None
    in_app: bool = False
    line: str = ""
    before: list[str] = []
    after: list[str] = []
    variables: dict[str, str] = {}


class Raised(msgspec.Struct, omit_defaults=True):
    """One exception of a chain; frames from the outermost to where it was raised."""

    type: str
    message: str = ""
    module: str = ""
    handled: bool = True
    frames: list[Frame] = []


class Crumb(msgspec.Struct, omit_defaults=True):
    """What happened before."""

    at: float | None = None
    category: str = ""
    level: str = ""
    message: str = ""
    data: dict[str, str] = {}


class Occurrence(msgspec.Struct, omit_defaults=True, tag_field="_", tag="e"):
    """An error that happened. `at` in seconds of Unix; `chain` from the cause to what was thrown last."""

    id: UUID
    at: float
    message: str
    type: str = "Error"
    code: str = "UNKNOWN"
    severity: Severity = "error"
    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    of_platform: bool = False
    project_id: int | None = None
    event_id: UUID | None = None
    chain: list[Raised] = []
    stack: str = ""
    crumbs: list[Crumb] = []
    tags: dict[str, str] = {}
    request: dict[str, str] = {}
    contexts: dict[str, dict[str, str]] = {}
    sdk: str = ""
    trace_id: str = ""
    request_id: str = ""
    service: str = ""
    function: str = ""
    release: str = ""
    environment: str = ""
    affected: bytes = b""
    given_fingerprint: list[str] = []
    # Filled by `grouping`.
    template: str = ""
    culprit: str = ""
    fingerprint: bytes = b""
    grouping_version: int = 0

    @property
    def owner_id(self) -> UUID:
        """Whose it is: the tenant's, or zeros for the platform's."""
        return self.tenant_id if self.tenant_id is not None and not self.of_platform else UUID(int=0)

    def context(self) -> dict[str, Any]:
        """What error_logs.context holds."""
        kept = {
            "chain": msgspec.to_builtins(self.chain),
            "crumbs": msgspec.to_builtins(self.crumbs),
            "tags": self.tags,
            "request": self.request,
            "contexts": self.contexts,
            "sdk": self.sdk,
        }
        return {name: value for name, value in kept.items() if value}


class Tally(msgspec.Struct, omit_defaults=True, tag_field="_", tag="t"):
    """Something counted and not kept. `at` in seconds of Unix."""

    at: float
    kind: TallyKind
    items: int = 1
    tenant_id: TenantId | None = None
    project_id: int | None = None

    @property
    def owner_id(self) -> UUID:
        """Whose it is."""
        return self.tenant_id or UUID(int=0)


Kept = Occurrence | Tally
_encoder = msgspec.msgpack.Encoder()
decode = msgspec.msgpack.Decoder(Kept).decode


def encode(kept: Kept) -> bytes:
    """As the spool holds it: at most MOST_BYTES, whatever was given."""
    data = _encoder.encode(kept)
    if len(data) <= MOST_BYTES or isinstance(kept, Tally):
        return data
    for less in (_fewer_crumbs, _no_variables, _no_contexts, _no_source, _no_stack):
        less(kept)
        data = _encoder.encode(kept)
        if len(data) <= MOST_BYTES:
            break
    return data


def _fewer_crumbs(kept: Occurrence) -> None:
    kept.crumbs = kept.crumbs[-_CRUMBS_OF_LARGE:]
    for crumb in kept.crumbs:
        crumb.data = {}


def _no_variables(kept: Occurrence) -> None:
    for raised in kept.chain:
        for frame in raised.frames:
            frame.variables = {}


def _no_contexts(kept: Occurrence) -> None:
    kept.contexts, kept.request = {}, {}


def _no_source(kept: Occurrence) -> None:
    for raised in kept.chain:
        for frame in raised.frames:
            frame.before, frame.after = [], []


def _no_stack(kept: Occurrence) -> None:
    kept.chain, kept.crumbs, kept.stack, kept.tags = kept.chain[-1:], [], kept.stack[:_MOST_LINE], {}
    for raised in kept.chain:
        raised.frames = raised.frames[-10:]


def affected_by(project_id: int | None, identity: str) -> bytes:
    """16 bytes that tell one affected person from another within a project, and nobody who they are."""
    return hashlib.sha256(f"{project_id}/{identity}".encode("utf-8", "replace")).digest()[:16]


def cut(text: str, most: int) -> str:
    """`text`, at most that many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def bound(kept: Occurrence) -> None:
    """Cut each part to what is kept of it. The first and the last frames tell more than those between."""
    kept.message = cut(kept.message, _MOST_MESSAGE)
    kept.chain = kept.chain[-MOST_CHAIN:]
    for raised in kept.chain:
        raised.message = cut(raised.message, _MOST_MESSAGE)
        raised.type = cut(raised.type, 200)
        if len(raised.frames) > MOST_FRAMES:
            raised.frames = raised.frames[: MOST_FRAMES // 2] + raised.frames[-MOST_FRAMES // 2 :]
        for frame in raised.frames:
            frame.function, frame.module = cut(frame.function, 200), cut(frame.module, 200)
            frame.file, frame.line = cut(frame.file, 400), cut(frame.line, _MOST_LINE)
            frame.before = [cut(line, _MOST_LINE) for line in frame.before[-5:]]
            frame.after = [cut(line, _MOST_LINE) for line in frame.after[:5]]
    kept.crumbs = kept.crumbs[-MOST_CRUMBS:]
    for crumb in kept.crumbs:
        crumb.message = cut(crumb.message, 1000)
    kept.tags = {cut(name, 64): cut(value, 200) for name, value in list(kept.tags.items())[:MOST_TAGS]}
    kept.stack = cut(kept.stack, MOST_STACK)


def stack_text(chain: list[Raised]) -> str:
    """The chain as people read it, the last call last."""
    parts: list[str] = []
    for raised in chain:
        lines = [
            f"  {frame.file or frame.module}:{frame.number or '?'} in {frame.function or '?'}"
            + (f"\n    {frame.line.strip()}" if frame.line.strip() else "")
            for frame in raised.frames
        ]
        parts.append("\n".join([*lines, f"{raised.type}: {raised.message}"]))
    return "\n\n".join(parts)
