"""Rules over a request: its body in the words of each endpoint, or its neutral form."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, cast

import msgspec

from radiant.ai.policies.rules import ModelFacts, Rules
from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.vendors import vendor

Endpoint = Literal["chat", "messages", "responses", "completions", "embeddings", "images", "other"]
Fields = MutableMapping[str, msgspec.Raw]

# Endpoint -> parameter -> where it stands in the body.
_WHERE: dict[Endpoint, dict[str, tuple[str, ...]]] = {
    "chat": {
        "max_tokens": ("max_completion_tokens", "max_tokens"), "temperature": ("temperature",), "top_p": ("top_p",),
        "n": ("n",), "reasoning_effort": ("reasoning_effort",),
    },
    "completions": {
        "max_tokens": ("max_tokens",), "temperature": ("temperature",), "top_p": ("top_p",), "n": ("n", "best_of"),
    },
    "responses": {
        "max_tokens": ("max_output_tokens",), "temperature": ("temperature",), "top_p": ("top_p",),
        "reasoning_effort": ("reasoning.effort",),
    },
    "messages": {
        "max_tokens": ("max_tokens",), "temperature": ("temperature",), "top_p": ("top_p",),
        "reasoning_effort": ("output_config.effort",),
    },
    "images": {"n": ("n",)},
    "embeddings": {},
    "other": {},
}  # fmt: skip
# The most tokens of thinking (Anthropic's way) that each effort stands for; see anthropic_request.
_THINKING: dict[str, int] = {"minimal": 1024, "low": 4095, "medium": 16_383, "high": 10_000_000}
_MOST_TAG = 256
_NEUTRAL = ("max_tokens", "temperature", "top_p", "reasoning_effort")


def _get(fields: Mapping[str, Any], where: str) -> Any:
    outer, dot, inner = where.partition(".")
    raw = fields.get(outer)
    value = msgspec.json.decode(raw) if isinstance(raw, msgspec.Raw) else raw
    if not dot:
        return value
    return cast("dict[str, Any]", value).get(inner) if isinstance(value, dict) else None


def _set(fields: Fields, where: str, value: Any) -> None:
    outer, dot, inner = where.partition(".")
    if dot:
        raw = fields.get(outer)
        held: Any = msgspec.json.decode(raw) if raw is not None else None
        value = {**(cast("dict[str, Any]", held) if isinstance(held, dict) else {}), inner: value}
    fields[outer] = msgspec.Raw(msgspec.json.encode(value))


def limit(rules: Rules, fields: Fields, endpoint: Endpoint) -> bool:
    """Bring the parameters of a body down to their maxima; whether anything changed. Raises PolicyViolation where a
    policy would rather refuse. What is no number is left to whoever reads the body next."""
    changed = False
    for parameter, places in _WHERE[endpoint].items():
        for where in places:
            value = _get(fields, where)
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                continue
            bounded = rules.bounded(parameter, value, where)
            if bounded != value:
                _set(fields, where, bounded)
                changed = True
    if endpoint == "messages" and (thinking := _bounded_thinking(rules, _get(fields, "thinking"))) is not None:
        fields["thinking"] = msgspec.Raw(msgspec.json.encode(thinking))
        changed = True
    return changed


def _bounded_thinking(rules: Rules, thinking: Any) -> dict[str, Any] | None:
    """Anthropic's thinking by a budget of tokens, brought down to the greatest effort that is allowed."""
    if not isinstance(thinking, dict):
        return None
    given = cast("dict[str, Any]", thinking)
    budget = given.get("budget_tokens")
    if given.get("type") != "enabled" or not isinstance(budget, int):
        return None
    effort = next((name for name, most in _THINKING.items() if budget <= most), "max")
    allowed = str(rules.bounded("reasoning_effort", effort, "thinking.budget_tokens"))
    if allowed == effort:
        return None
    return {"type": "disabled"} if allowed == "none" else {**given, "budget_tokens": _THINKING[allowed]}


def fill(rules: Rules, fields: Fields, endpoint: Endpoint, model: ModelFacts) -> bool:
    """Fill in defaults where a body says nothing and the model takes them; whether anything changed."""
    changed = False
    for parameter, places in _WHERE[endpoint].items():
        if any(_get(fields, where) is not None for where in places):
            continue
        value = rules.default_for(parameter, model)
        if value is None or (parameter == "reasoning_effort" and not _takes_effort(endpoint, fields, model)):
            continue
        _set(fields, places[-1], value)
        changed = True
    return changed


def _takes_effort(endpoint: Endpoint, fields: Mapping[str, Any], model: ModelFacts) -> bool:
    if endpoint != "messages":
        return True
    known = vendor(model.provider)
    by_budget = known is not None and model.upstream_id.startswith(tuple(known.budget_thinking) or ("\x00",))
    return not by_budget and _get(fields, "thinking") is None


def bounded_request(rules: Rules, request: ChatRequest, model: ModelFacts) -> ChatRequest:
    """The neutral request under the rules: brought down to the maxima, defaults filled in. Raises PolicyViolation."""
    changes: dict[str, Any] = {}
    for parameter in _NEUTRAL:
        value = getattr(request, parameter)
        found = rules.default_for(parameter, model) if value is None else rules.bounded(parameter, value, parameter)
        if found is not None and found != value:
            changes[parameter] = found
    return msgspec.structs.replace(request, **changes) if changes else request


def tokens_asked(rules: Rules, given: int | None) -> int | None:
    """How long an answer may get: what was asked for within its bounds, or the default. For estimates: refuses
    nothing."""
    default = rules.default("max_tokens")
    if given is None:
        return default if isinstance(default, int) else None
    maxima = [most for policy in rules.policies if isinstance(most := policy.maximum("max_tokens"), int)]
    return min([given, *maxima])


def metadata_tags(rules: Rules, fields: Mapping[str, Any]) -> dict[str, str]:
    """Of a body's `metadata` what the rules want as tags, where it is a short text or a whole number."""
    wanted = {tag.name for policy in rules.policies for tag in policy.required_tags}
    given = _get(fields, "metadata")
    if not isinstance(given, dict):
        return {}
    pairs = cast("dict[str, Any]", given).items()
    return {
        name: str(value)
        for name, value in pairs
        if name in wanted
        and isinstance(value, str | int)
        and not isinstance(value, bool)
        and len(str(value)) <= _MOST_TAG
        and "\x00" not in str(value)
    }


def without_tags(fields: Fields) -> bool:
    """Leave of Anthropic's `metadata` what Anthropic knows of; whether anything changed."""
    given = _get(fields, "metadata")
    if not isinstance(given, dict) or set(cast("dict[str, Any]", given)) <= {"user_id"}:
        return False
    kept = {name: value for name, value in cast("dict[str, Any]", given).items() if name == "user_id"}
    if kept:
        _set(fields, "metadata", kept)
    else:
        del fields["metadata"]
    return True
