"""Tools that a workspace defines itself: an address that is called by POST, signed. See docs/how-to/tools.md."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from radiant.infra.secrets import SecretRef, Secrets
from radiant.kit.webhook import signature
from radiant.workspace.tools.base import BadArguments, Citation, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.reach import Fetched, Reach

_REFUSED = (400, 422)
_LATER = (408, 425, 429)
_MOST_CITATIONS = 50


@dataclass(frozen=True, slots=True)
class WebhookTool:
    """`url`: what is called; `credential`: whose value signs the calls."""

    reach: Reach
    secrets: Secrets
    name: str
    description: str
    url: str
    credential: UUID | None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    side_effects: bool = True
    type: ToolType = "webhook"

    def absent(self) -> str | None:
        """Why it cannot be called."""
        return None if self.credential else "the credential that signs its calls was deleted; choose another"

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises ToolFailed, and the vault's problems."""
        assert self.credential is not None
        secret = await self.secrets.lease(use.caller.tenant_id, SecretRef(self.credential), f"tool {self.name}")
        call = {"call_id": str(use.call_id), "tool": self.name, "arguments": arguments}
        body = json.dumps(call).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/plain",
            "Idempotency-Key": str(use.call_id),
            "X-Radiant-Signature": signature(secret, int(time.time()), body),
        }
        answer = await self.reach.send("POST", self.url, headers=headers, body=body, seconds=use.seconds)
        if answer.status in _REFUSED:
            raise BadArguments(f"{self.name} refused the call ({answer.status}): {_words(answer)}")
        if not 200 <= answer.status < 300:
            later = answer.status in _LATER or answer.status >= 500
            raise ToolFailed(f"{self.name} answered {answer.status}: {_words(answer)}", again=later)
        return _result(answer)


def _words(answer: Fetched) -> str:
    return answer.body[:500].decode("utf-8", "replace").strip() or "nothing"


def _result(answer: Fetched) -> ToolResult:
    """`{"text", "data", "citations"}`, each of them optional; any other JSON is data; what is no JSON is text."""
    text = answer.body.decode("utf-8", "replace")
    if not (answer.content_type == "application/json" or answer.content_type.endswith("+json")):
        return ToolResult(text)
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolFailed("the webhook says that its answer is JSON, and it is none") from error
    answered = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    if not {"text", "data"} & set(answered):
        return ToolResult(_shown(cast("object", said)), said)
    data, citations = answered.get("data"), answered.get("citations")
    told = answered.get("text")
    found = cast("list[Any]", citations) if isinstance(citations, list) else []
    rows = [cast("dict[str, Any]", each) for each in found if isinstance(each, dict)]
    return ToolResult(
        told if isinstance(told, str) else _shown(data),
        data,
        tuple(
            Citation(
                str(each["source"])[:2000], str(each.get("title") or "")[:500], str(each.get("quote") or "")[:2000]
            )
            for each in rows[:_MOST_CITATIONS]
            if each.get("source")
        ),
    )


def _shown(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)
