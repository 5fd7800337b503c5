"""What policies allow, fill in and refuse; pure."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.inference.model import Model
from radiant.ai.policies import bodies
from radiant.ai.policies.bodies import Endpoint
from radiant.ai.policies.problems import MissingTag, PolicyViolation
from radiant.ai.policies.rules import Enforced, Patterns, Rules, enforced
from radiant.ai.policies.schemas import EFFORTS, PolicySettings
from radiant.ai.providers.chat import ChatRequest, Message
from radiant.kit.ids import uuid7

GPT = Model(id="gpt-4o", display_name="", provider="openai", upstream_id="gpt-4o", aliases=("chatgpt",))
O3 = Model(id="o3", display_name="", provider="openai", upstream_id="o3", capabilities=frozenset({"text", "reasoning"}))
CLAUDE = Model(
    id="claude-opus-4-6", display_name="", provider="anthropic", upstream_id="claude-opus-4-6",
    capabilities=frozenset({"text", "reasoning"}), max_output_tokens=1000,
)  # fmt: skip
LOCAL = Model(id="smollm2-135m-instruct", display_name="", provider="local", upstream_id="smollm2-135m-instruct")


def policy(of_key: bool = False, **said: Any) -> Enforced:
    """A policy that says so."""
    settings = PolicySettings.model_validate({"name": "key" if of_key else "all", **said})
    row = settings.model_dump() | {"id": uuid7(), "api_key_id": uuid7() if of_key else None}
    return enforced(row)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "GPT-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-*", "gpt-4o", True),
        ("*", "anything", True),
        ("*mini", "gpt-4o-mini", True),
        ("gpt-*-mini", "gpt-4o-mini", True),
        ("a*b*a", "aba", True),
        ("aba*aba", "aba", False),
        ("gpt.4o", "gptx4o", False),
        ("a**b", "ab", True),
    ],
)
def test_a_star_stands_for_any_characters_and_nothing_else_does(pattern: str, name: str, fits: bool) -> None:
    assert Patterns([pattern]).fit([name]) is fits


@given(st.lists(st.text("ab*", max_size=6), max_size=4), st.text("ab", max_size=8))
def test_patterns_agree_with_the_slow_way(patterns: list[str], name: str) -> None:
    def slow(text: str, rest: str) -> bool:
        if not text:
            return not rest
        if text[0] == "*":
            return slow(text[1:], rest) or (bool(rest) and slow(text, rest[1:]))
        return bool(rest) and rest[0] == text[0] and slow(text[1:], rest[1:])

    assert Patterns(patterns).fit([name]) is any(slow(pattern, name) for pattern in patterns)


def test_a_model_is_meant_by_its_id_its_providers_name_and_its_aliases() -> None:
    for pattern in ("gpt-4o", "openai/*", "chatgpt"):
        assert Rules([policy(allowed_models=[pattern])]).why_not(GPT) is None
        assert Rules([policy(denied_models=[pattern])]).why_not(GPT)
    why = Rules([policy(allowed_models=["claude-*", "local/*"])]).why_not(GPT)
    assert why == "the policy 'all' does not allow gpt-4o; it allows claude-*, local/*"


def test_denied_goes_before_allowed() -> None:
    rules = Rules([policy(allowed_models=["openai/*"], denied_models=["gpt-4o"])])
    assert rules.why_not(GPT) == "the policy 'all' denies gpt-4o"
    assert rules.why_not(O3) is None


def test_a_key_can_only_narrow_what_its_workspace_allows() -> None:
    rules = Rules([policy(allowed_models=["openai/*"]), policy(True, allowed_models=["*"])])
    assert rules.why_not(GPT) is None
    assert rules.why_not(CLAUDE)
    narrowed = Rules([policy(allowed_models=["openai/*"]), policy(True, allowed_models=["o3"])])
    assert "'key'" in (narrowed.why_not(GPT) or "")
    with pytest.raises(PolicyViolation, match="Settings, Policies"):
        narrowed.check(GPT)


@given(
    st.integers(1, 100), st.none() | st.integers(1, 100), st.none() | st.integers(1, 100), st.none() | st.integers(1, 9)
)
def test_no_value_passes_either_maximum(asked: int, ours: int | None, keys: int | None, default: int | None) -> None:
    of_key: dict[str, Any] = {"maximum": keys, "default": min(default, keys) if default and keys else default}
    rules = Rules([
        policy(parameters={"max_tokens": {"maximum": ours}}), policy(True, parameters={"max_tokens": of_key}),
    ])  # fmt: skip
    maxima = [most for most in (ours, keys) if most is not None]
    assert rules.bounded("max_tokens", asked, "max_tokens") == min([asked, *maxima])
    filled = rules.default("max_tokens")
    if maxima:
        assert isinstance(filled, int)
        assert filled <= min(maxima)
    assert bodies.tokens_asked(rules, asked) == min([asked, *maxima])


def test_a_refusal_names_the_field_and_the_policy() -> None:
    rules = Rules([policy(parameters={"max_tokens": {"maximum": 10, "over": "refuse"}})])
    with pytest.raises(PolicyViolation, match=r"max_completion_tokens: the policy 'all' allows at most 10") as raised:
        limited(rules, "chat", {"max_completion_tokens": 11})
    assert raised.value.param == "max_completion_tokens"
    assert limited(rules, "chat", {"max_tokens": 10}) == {"max_tokens": 10}


def limited(rules: Rules, endpoint: Endpoint, body: dict[str, Any]) -> dict[str, Any]:
    fields = msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])
    bodies.limit(rules, fields, endpoint)
    return msgspec.json.decode(msgspec.json.encode(fields))


def filled(rules: Rules, endpoint: Endpoint, body: dict[str, Any], model: Model) -> dict[str, Any]:
    fields = msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])
    bodies.fill(rules, fields, endpoint, model)
    return msgspec.json.decode(msgspec.json.encode(fields))


CLAMPED = {
    "max_tokens": {"maximum": 100}, "temperature": {"maximum": 0.5}, "n": {"maximum": 2},
    "reasoning_effort": {"maximum": "low"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "body", "expected"),
    [
        ("chat", {"max_tokens": 500, "temperature": 1, "n": 9}, {"max_tokens": 100, "temperature": 0.5, "n": 2}),
        ("chat", {"max_completion_tokens": 500, "max_tokens": 7}, {"max_completion_tokens": 100, "max_tokens": 7}),
        ("chat", {"reasoning_effort": "high"}, {"reasoning_effort": "low"}),
        ("chat", {"reasoning_effort": "beyond"}, {"reasoning_effort": "low"}),
        ("chat", {"reasoning_effort": "minimal"}, {"reasoning_effort": "minimal"}),
        ("chat", {"temperature": "hot", "n": None}, {"temperature": "hot", "n": None}),
        ("responses", {"max_output_tokens": 500}, {"max_output_tokens": 100}),
        (
            "responses",
            {"reasoning": {"effort": "xhigh", "summary": "auto"}},
            {"reasoning": {"effort": "low", "summary": "auto"}},
        ),
        ("completions", {"max_tokens": 500, "best_of": 5}, {"max_tokens": 100, "best_of": 2}),
        ("images", {"n": 4, "prompt": "x"}, {"n": 2, "prompt": "x"}),
        ("messages", {"max_tokens": 500}, {"max_tokens": 100}),
        ("messages", {"output_config": {"effort": "max"}}, {"output_config": {"effort": "low"}}),
        (
            "messages",
            {"thinking": {"type": "enabled", "budget_tokens": 20000}},
            {"thinking": {"type": "enabled", "budget_tokens": 4095}},
        ),
        ("messages", {"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}}),
        ("embeddings", {"max_tokens": 500}, {"max_tokens": 500}),
    ],
)
def test_each_endpoint_is_bounded_in_its_own_words(
    endpoint: Endpoint, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert limited(Rules([policy(parameters=CLAMPED)]), endpoint, body) == expected


def test_thinking_is_switched_off_where_no_reasoning_is_allowed() -> None:
    rules = Rules([policy(parameters={"reasoning_effort": {"maximum": "none"}})])
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert limited(rules, "messages", thinking) == {"thinking": {"type": "disabled"}}


def test_defaults_are_filled_where_nothing_was_said_and_the_model_takes_them() -> None:
    rules = Rules([
        policy(parameters={
            "max_tokens": {"default": 2000}, "temperature": {"default": 0.2}, "reasoning_effort": {"default": "low"},
        })
    ])  # fmt: skip
    assert filled(rules, "chat", {}, GPT) == {"max_tokens": 2000, "temperature": 0.2}
    assert filled(rules, "chat", {"max_completion_tokens": 5, "temperature": 0}, GPT) == {
        "max_completion_tokens": 5, "temperature": 0,
    }  # fmt: skip
    # o3 refuses a temperature, and reasons.
    assert filled(rules, "chat", {}, O3) == {"max_tokens": 2000, "reasoning_effort": "low"}
    # No more than the model can write.
    assert filled(rules, "messages", {}, CLAUDE)["max_tokens"] == 1000


def test_a_maximum_of_tokens_is_a_default_too() -> None:
    rules = Rules([policy(parameters={"max_tokens": {"maximum": 50}})])
    assert filled(rules, "chat", {}, GPT) == {"max_tokens": 50}
    assert bodies.tokens_asked(rules, None) == 50


def test_the_neutral_form_is_bounded_alike() -> None:
    rules = Rules([policy(parameters=CLAMPED)])
    ask = ChatRequest(model="", messages=[Message.of("user", "x")], temperature=2.0, reasoning_effort="max")
    bounded = bodies.bounded_request(rules, ask, O3)
    assert (bounded.max_tokens, bounded.temperature, bounded.reasoning_effort) == (100, 0.5, "low")


def test_tags_are_wanted_by_name_and_of_the_values_given() -> None:
    rules = Rules([
        policy(required_tags=[{"name": "project"}]), policy(True, required_tags=[{"name": "env", "values": ["a", "b"]}])
    ])  # fmt: skip
    rules.check_tags({"project": "x", "env": "b"})
    with pytest.raises(MissingTag, match="the tag project"):
        rules.check_tags({"env": "a"})
    with pytest.raises(MissingTag, match=r"does not know this value of the tag env: give \(one of a, b\)"):
        rules.check_tags({"project": "x", "env": "c"})


def test_metadata_gives_tags_and_is_kept_from_those_who_refuse_it() -> None:
    rules = Rules([policy(required_tags=[{"name": name} for name in ("project", "n", "deep", "long", "yes")])])
    metadata = {"user_id": "u", "project": "x", "n": 3, "deep": {}, "long": "x" * 257, "yes": True}
    fields: Any = {"metadata": msgspec.Raw(msgspec.json.encode(metadata))}
    assert bodies.metadata_tags(rules, fields) == {"project": "x", "n": "3"}
    assert bodies.without_tags(fields)
    assert msgspec.json.decode(fields["metadata"]) == {"user_id": "u"}
    alone: Any = {"metadata": msgspec.Raw(b'{"project":"x"}')}
    assert bodies.without_tags(alone)
    assert alone == {}


def test_a_key_says_anew_what_a_name_stands_for() -> None:
    rules = Rules([policy(aliases={"fast": ["a"], "best": ["b"]}), policy(True, aliases={"fast": ["c", "auto"]})])
    assert rules.alias("fast") == ("c", "auto")
    assert rules.alias("best") == ("b",)
    assert rules.alias("gpt-4o") is None


@pytest.mark.parametrize(
    "said",
    [
        {"allowed_models": []},
        {"allowed_models": ["two words"]},
        {"aliases": {"auto": ["x"]}},
        {"aliases": {"auto:economy": ["x"]}},
        {"aliases": {"x": []}},
        {"aliases": {"x": ["gpt-*"]}},
        {"parameters": {"max_tokens": {"default": 10, "maximum": 5}}},
        {"parameters": {"reasoning_effort": {"default": "high", "maximum": "low"}}},
        {"parameters": {"temperature": {"maximum": 3}}},
        {"parameters": {"nonsense": {}}},
        {"required_tags": [{"name": "a b"}]},
        {"required_tags": [{"name": "a"}, {"name": "a"}]},
        {"name": " "},
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        PolicySettings.model_validate({"name": "p", **said})


def test_efforts_are_in_order() -> None:
    rules = Rules([policy(parameters={"reasoning_effort": {"maximum": "medium"}})])
    got = [rules.bounded("reasoning_effort", effort, "x") for effort in EFFORTS]
    assert got == ["none", "minimal", "low", "medium", "medium", "medium", "medium"]
