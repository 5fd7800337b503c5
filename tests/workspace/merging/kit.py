"""Merges through HTTP, with models whose words are scripted by their name."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.kit.server import Client
from tests.kit.upstream import Behaviour, Say, Upstream
from tests.workspace.turns.test_turns import events

JUDGE = "gpt-6.2-sol"
FOUR = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-6-luna")
Script = str | Behaviour | Callable[[Any], Behaviour | str | None]


def script(upstream: Upstream, by_model: Mapping[str, Script]) -> None:
    """Each model says its words, whatever it is asked, or what its function makes of the request."""

    def answering(body: Any) -> Behaviour | None:
        said = by_model.get(body.get("model", ""))
        if callable(said) and not isinstance(said, Say):
            said = said(body)
        return Say(said) if isinstance(said, str) else said

    upstream.answering = answering


def user_text(body: Any) -> str:
    """All that the request says besides its system prompt."""
    return "\n".join(
        message["content"] if isinstance(message["content"], str) else json.dumps(message["content"])
        for message in body["messages"]
        if message["role"] not in ("system", "developer")
    )


async def begin(client: Client, prompt: str, strategy: str, **options: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": options.pop("key")} if "key" in options else {}
    body = {"prompt": prompt, "strategy": strategy, **options}
    answer = await client.post("/api/merging", body, headers=headers)
    assert answer.status == 201, answer.body
    return answer.json()


async def merged(
    client: Client, prompt: str, strategy: str, **options: Any
) -> tuple[dict[str, Any], list[tuple[int, str, Any]]]:
    """The merge when it has ended, and the events of its run."""
    made = await begin(client, prompt, strategy, **options)
    found = await events(client, made["run_id"])
    return (await client.get(f"/api/merging/{made['id']}")).json(), found


def given(*texts: str, models: tuple[str, ...] = ("m-one", "m-two", "m-three", "m-four", "m-five")) -> list[Any]:
    """Answers to bring along."""
    return [{"model": model, "response": text} for model, text in zip(models, texts, strict=False)]


def weights(merge: Mapping[str, Any]) -> list[float]:
    return [float(one["contribution_weight"]) for one in merge["responses"]]
