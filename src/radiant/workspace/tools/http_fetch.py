"""`http_fetch`: reads what a web address says, of hosts that the workspace lists."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from radiant.workspace.documents import reading
from radiant.workspace.documents.reading import DocumentUnreadable
from radiant.workspace.tools.base import Citation, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.reach import Fetched, HostRule, Reach

HTTP_FETCH = "http_fetch"
_PLAIN = ("text/", "application/json", "application/xml", "application/javascript", "application/x-ndjson")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCUMENTS: Mapping[str, str] = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/xml": ".xml", "application/pdf": ".pdf",
    _OFFICE + "wordprocessingml.document": ".docx", _OFFICE + "spreadsheetml.sheet": ".xlsx",
    _OFFICE + "presentationml.presentation": ".pptx", "application/vnd.oasis.opendocument.text": ".odt",
    "application/rtf": ".rtf", "application/epub+zip": ".epub",
}  # fmt: skip
_SHOWN_HEADERS = ("content-type", "content-length", "last-modified", "etag", "location", "date")


_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "http:// or https://"},
        "method": {"enum": ["GET", "HEAD"], "default": "GET", "description": "HEAD: the headers alone."},
    },
    "required": ["url"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class HttpFetch:
    """`hosts`: that the workspace lists."""

    reach: Reach
    hosts: Sequence[HostRule] = ()
    name: str = HTTP_FETCH
    type: ToolType = "http"
    description: str = "Read a web address: the text of a page, a PDF or another document, or JSON as it is. Only some hosts may be read."
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises ToolFailed."""
        method = arguments.get("method", "GET")
        found = await self.reach.read(method, arguments["url"], self.hosts, use.seconds)
        headers = {name: found.headers[name] for name in _SHOWN_HEADERS if name in found.headers}
        data = {"url": found.url, "status": found.status, "headers": headers, "bytes": len(found.body)}
        first = f"{found.url} answered {found.status}"
        if method == "HEAD" or not found.body:
            return ToolResult(first + "".join(f"\n{name}: {value}" for name, value in headers.items()), data)
        title, text = await _text(found, self.reach.readers)
        return ToolResult(f"{first}\n\n{text}", data, (Citation(found.url, title),) if found.status < 400 else ())


async def _text(found: Fetched, readers: asyncio.Semaphore) -> tuple[str, str]:
    """The title, where it has one, and the text."""
    kind = found.content_type or "text/plain"
    suffix = _DOCUMENTS.get(kind)
    if suffix is None and (kind.startswith(_PLAIN) or kind.endswith("+json")):
        return "", _decoded(found)
    if suffix is None:
        raise ToolFailed(f"it is {kind[:100]}, of which no text can be read")
    try:
        async with readers:
            read = await reading.read(found.body, f"page{suffix}")
    except DocumentUnreadable as error:
        raise ToolFailed(f"it is {kind[:100]}, and no text could be read of it: {error.detail}") from error
    return read.title or urlsplit(found.url).hostname or "", read.text


def _decoded(found: Fetched) -> str:
    charset = found.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        return found.body.decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return found.body.decode("utf-8", "replace")
