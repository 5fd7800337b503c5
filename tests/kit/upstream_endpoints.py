"""What the OpenAI upstream of the tests serves besides chat and embeddings: responses, completions, moderations,
pictures, rankings. Counts are those of the `Say` that is planned."""

import json
from typing import Any

from aiohttp import web


def _response(say: Any, body: dict[str, Any], id: str) -> dict[str, Any]:
    output: list[dict[str, Any]] = []
    if say.reasoning:
        summary = [{"type": "summary_text", "text": say.reasoning}]
        output.append({"id": "rs_up", "type": "reasoning", "summary": summary, "encrypted_content": "vendors-own"})
    if say.text:
        content = [{"type": "output_text", "text": say.text, "annotations": [], "logprobs": []}]
        message = {"id": "msg_up", "type": "message", "role": "assistant", "status": "completed", "content": content}
        output.append(message)
    output += [
        {"id": f"fc_{call.id}", "type": "function_call", "call_id": call.id, "name": call.name,
         "arguments": call.arguments, "status": "completed"}
        for call in say.calls
    ]  # fmt: skip
    return {
        "id": id, "object": "response", "created_at": 1, "status": "completed", "model": body["model"],
        "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "vendors_own": "kept",
        "usage": {
            "input_tokens": say.input_tokens, "output_tokens": say.output_tokens,
            "total_tokens": say.input_tokens + say.output_tokens,
            "input_tokens_details": {"cached_tokens": say.cache_read_tokens},
            "output_tokens_details": {"reasoning_tokens": say.reasoning_tokens},
        },
    }  # fmt: skip


def _response_events(whole: dict[str, Any]) -> list[str]:
    events: list[str] = []

    def add(kind: str, **members: Any) -> None:
        body = {"type": kind, "sequence_number": len(events), **members}
        events.append(f"event: {kind}\ndata: {json.dumps(body)}\n\n")

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    add("response.created", response=begun)
    add("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        if item["type"] == "message":
            part = item["content"][0]
            where = {"item_id": item["id"], "output_index": index, "content_index": 0}
            add("response.output_item.added", output_index=index, item={**item, "content": []})
            add("response.content_part.added", **where, part={**part, "text": ""})
            for word in part["text"].split(" "):
                add("response.output_text.delta", **where, delta=f"{word} ", logprobs=[])
            add("response.output_text.done", **where, text=part["text"], logprobs=[])
            add("response.content_part.done", **where, part=part)
        else:
            add("response.output_item.added", output_index=index, item=item)
        add("response.output_item.done", output_index=index, item=item)
    add("response.completed", response=whole)
    return events


def _pictures(say: Any, body: dict[str, Any]) -> dict[str, Any]:
    data = [{"b64_json": "cGljdHVyZQ=="} for _ in range(body.get("n") or 1)]
    usage = {"input_tokens": say.input_tokens, "output_tokens": say.output_tokens, "total_tokens": 1}
    return {"created": 1, "data": data, "usage": usage}


def _picture_events(say: Any, body: dict[str, Any]) -> list[str]:
    usage = _pictures(say, body)["usage"]
    partial = {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": "cGE="}
    done = {"type": "image_generation.completed", "b64_json": "cGljdHVyZQ==", "usage": usage}
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in (partial, done)]


def _completion(say: Any, body: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": say.input_tokens, "completion_tokens": say.output_tokens,
             "total_tokens": say.input_tokens + say.output_tokens}  # fmt: skip
    choice = {"index": 0, "text": say.text, "finish_reason": "stop", "logprobs": None}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"],
            "choices": [choice], "usage": usage}  # fmt: skip


def _completion_events(say: Any, body: dict[str, Any]) -> list[str]:
    whole = _completion(say, body)
    usage = whole.pop("usage")
    words = [f"{word} " for word in say.text.split(" ")]
    chunks = [
        {**whole, "choices": [{"index": 0, "text": word, "finish_reason": None, "logprobs": None}]} for word in words
    ]
    chunks.append({**whole, "choices": [{"index": 0, "text": "", "finish_reason": "stop", "logprobs": None}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**whole, "choices": [], "usage": usage})
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]


def _moderation(body: dict[str, Any]) -> dict[str, Any]:
    inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
    results = [{"flagged": "kill" in str(text), "categories": {"violence": "kill" in str(text)},
                "category_scores": {"violence": 0.9}} for text in inputs]  # fmt: skip
    return {"id": "modr-1", "model": body["model"], "results": results}


def _ranking(say: Any, body: dict[str, Any]) -> dict[str, Any]:
    order = sorted(range(len(body["documents"])), key=lambda i: len(str(body["documents"][i])), reverse=True)
    results = [{"index": i, "relevance_score": 1 / (place + 1)} for place, i in enumerate(order)]
    return {
        "model": body["model"],
        "results": results[: body.get("top_n")],
        "usage": {"total_tokens": say.input_tokens},
    }


_responses = iter(range(1, 1_000_000))


def endpoint(request: web.Request, body: Any, say: Any) -> tuple[dict[str, Any], list[str]] | None:
    """The whole answer of the endpoint and the events of its stream; None where it is not served."""
    path = request.path
    if path.endswith("/responses"):
        whole = _response(say, body, f"resp_up{next(_responses)}")
        return whole, _response_events(whole)
    if "/responses/" in path:
        id = path.partition("/responses/")[2].partition("/")[0]
        if request.method == "DELETE":
            return {"id": id, "object": "response", "deleted": True}, []
        if path.endswith("/input_items"):
            return {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}, []
        return _response(say, {"model": "gpt-4o"}, id), []
    if path.endswith("/images/generations"):
        return _pictures(say, body), _picture_events(say, body)
    if path.endswith("/completions") and not path.endswith("/chat/completions"):
        return _completion(say, body), _completion_events(say, body)
    if path.endswith("/moderations"):
        return _moderation(body), []
    if path.endswith("/rerank"):
        return _ranking(say, body), []
    return None
