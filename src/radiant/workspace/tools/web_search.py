"""`web_search`: through the provider that the workspace's admins set up, and not there without one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

from radiant.infra.secrets import SecretRef, Secrets
from radiant.workspace.tools.base import Citation, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.reach import Reach

SearchProvider = Literal["brave", "tavily", "searxng"]
ENDPOINTS: Mapping[str, str] = {
    "brave": "https://api.search.brave.com/res/v1/web/search",
    "tavily": "https://api.tavily.com/search",
}
WEB_SEARCH = "web_search"
_MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class _Hit:
    title: str
    url: str
    text: str


_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": 400, "description": "What is looked for."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 20, "default": 5},
    },
    "required": ["query"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class WebSearch:
    """`url`: of SearXNG; `credential`: the key of Brave or Tavily, in the vault."""

    reach: Reach
    secrets: Secrets
    provider: SearchProvider | None = None
    url: str | None = None
    credential: UUID | None = None
    endpoints: Mapping[str, str] = field(default_factory=lambda: ENDPOINTS)
    name: str = WEB_SEARCH
    type: ToolType = "search"
    description: str = "Search the web; titles, addresses and excerpts of the pages that fit best."
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    def absent(self) -> str | None:
        """Why there is none."""
        if self.provider is None:
            return "no provider is set up; an admin chooses Brave, Tavily or SearXNG under Settings, Tools"
        if self.provider == "searxng":
            return None if self.url else "the address of SearXNG is missing"
        return None if self.credential else f"the key of {self.provider} is not in the vault any more"

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises ToolFailed, and the vault's problems."""
        limit: int = arguments.get("limit", 5)
        hits = (await self._found(arguments["query"], limit, use))[:limit]
        text = "\n\n".join(f"{number}. {hit.title}\n{hit.url}\n{hit.text}" for number, hit in enumerate(hits, 1))
        data = [{"title": hit.title, "url": hit.url, "text": hit.text} for hit in hits]
        return ToolResult(
            text or "Nothing was found.", data, tuple(Citation(hit.url, hit.title, hit.text) for hit in hits)
        )

    async def _found(self, query: str, limit: int, use: Use) -> list[_Hit]:
        if self.provider == "searxng":
            assert self.url is not None
            asked = urlencode({"q": query, "format": "json"})
            answer = await self._ask("GET", f"{self.url.rstrip('/')}/search?{asked}", {}, None, use)
            return _hits(answer.get("results"), "content")
        assert self.provider is not None
        assert self.credential is not None
        key = await self.secrets.lease(use.caller.tenant_id, SecretRef(self.credential), "tool web_search")
        endpoint = self.endpoints[self.provider]
        if self.provider == "brave":
            asked = urlencode({"q": query, "count": limit})
            answer = await self._ask("GET", f"{endpoint}?{asked}", {"X-Subscription-Token": key}, None, use)
            web = answer.get("web")
            return _hits(cast("dict[str, Any]", web).get("results") if isinstance(web, dict) else None, "description")
        body = json.dumps({"query": query, "max_results": limit}).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        answer = await self._ask("POST", endpoint, headers, body, use)
        return _hits(answer.get("results"), "content")

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, use: Use
    ) -> dict[str, Any]:
        found = await self.reach.send(
            method, url, headers={"Accept": "application/json", **headers}, body=body, seconds=use.seconds
        )
        if found.status in (401, 403):
            raise ToolFailed(f"{self.provider} refused its key ({found.status}); an admin enters another in the vault")
        if found.status != 200:
            raise ToolFailed(
                f"{self.provider} answered {found.status}", again=found.status == 429 or found.status >= 500
            )
        try:
            answer: Any = json.loads(found.body)
        except (ValueError, RecursionError) as error:
            raise ToolFailed(f"{self.provider} answered something that is no JSON") from error
        if not isinstance(answer, dict):
            raise ToolFailed(f"{self.provider} answered in another form than it documents")
        return cast("dict[str, Any]", answer)


def _hits(results: object, text: str) -> list[_Hit]:
    """What of a list can be used; others' answers may hold anything."""
    hits: list[_Hit] = []
    for each in cast("list[object]", results) if isinstance(results, list) else []:
        row = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
        url = row.get("url")
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            said = {name: str(row.get(name) or "")[:_MOST_WORDS] for name in ("title", text)}
            hits.append(_Hit(said["title"] or url, url, said[text]))
    return hits
