"""The score: hard filters first, then four terms relative to the candidates; what must hold whatever the figures are."""

import functools
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.ai.routing.evidence import Seen, Sums
from radiant.ai.routing.needs import Level, Needs, level_of
from radiant.ai.routing.quality import Quality
from radiant.ai.routing.reader import Reader
from radiant.ai.routing.score import (
    Bounds,
    Estimated,
    Judge,
    Option,
    Refused,
    Scored,
    Weights,
    confidence,
    none_fits,
    preferring,
    scored,
    sift,
    weights_of,
)
from radiant.ai.routing.statistics import NOTHING_KNOWN, Figures, View

CAPABILITIES = ("text", "vision", "tools", "json_schema")
LEVELS: tuple[Level, ...] = ("economy", "balanced", "premium")
PLAIN = Needs(frozenset({"text"}), 1000, 4096)
WEIGHTS = Weights()

TENANT = "mine"

reader = functools.cache(Reader)
unit = st.floats(0, 1)
prices = st.none() | st.decimals(0, 100, places=4)
capabilities = st.frozensets(st.sampled_from(CAPABILITIES))
needs_of_any = st.builds(
    Needs, capabilities=capabilities, input_tokens=st.integers(0, 300_000), output_tokens=st.integers(0, 10_000)
)
bounds_of_any = st.builds(
    Bounds,
    max_cost=st.none() | st.decimals(0, 5, places=6),
    max_latency_ms=st.none() | st.integers(0, 100_000),
)


@st.composite
def fleets(draw: st.DrawFn) -> list[Option]:
    ids = draw(st.lists(st.text("abcdef-0123", min_size=1, max_size=8), unique=True, min_size=1, max_size=12))
    return [
        Option(
            id=name,
            provider=draw(st.sampled_from(["openai", "anthropic", "local"])),
            capabilities=draw(capabilities),
            context_length=draw(st.none() | st.integers(1, 1_000_000)),
            input_price=draw(prices),
            output_price=draw(prices),
            priors={"overall": draw(unit)},
            local=draw(st.booleans()),
            warm=draw(st.booleans()),
            excluded=draw(st.none() | st.just("not installed")),
        )
        for name in ids
    ]


def option(name: str = "m", **more: object) -> Option:
    facts: dict[str, object] = {
        "provider": "openai", "capabilities": frozenset({"text"}), "context_length": 8000,
        "input_price": Decimal(1), "output_price": Decimal(2), "priors": {"overall": 0.5},
    }  # fmt: skip
    return Option(id=name, **(facts | more))  # type: ignore[arg-type]


def awake(_: Option) -> None:
    return None


def judge(view: View, fleet: list[Option]) -> Judge:
    return reader().judge(view, fleet, TENANT, Seen("chat"))


def taught(*said: tuple[str, float, int]) -> View:
    """What so many scores of models' answers taught a tenant."""
    own: Sums = {}
    quality = Quality({}, own=own)
    for model, score, times in said:
        for _ in range(times):
            quality.learn(model, score, Seen("chat"), TENANT)
    return View({}, {}, own)


def sifted(
    fleet: list[Option], needs: Needs = PLAIN, bounds: Bounds = Bounds(), view: View = NOTHING_KNOWN,
    resting: Callable[[Option], str | None] = awake,
) -> tuple[list[Estimated], list[Refused]]:  # fmt: skip
    return sift(fleet, lambda _: needs, "chat", bounds, view, judge(view, fleet), resting)


def ranked(fleet: list[Option], level: Level = "balanced", view: View = NOTHING_KNOWN) -> list[Scored]:
    return scored(sifted(fleet, view=view)[0], weights_of(WEIGHTS, level))


@settings(deadline=None)
@given(fleets(), needs_of_any, bounds_of_any, st.sampled_from(LEVELS))
def test_f11_2_f11_3_what_is_scored_fits_and_of_all_others_it_is_said_why(
    fleet: list[Option], needs: Needs, bounds: Bounds, level: Level
) -> None:
    fit, refused = sifted(fleet, needs, bounds)
    assert sorted([one.option.id for one in fit] + [one.id for one in refused]) == sorted(one.id for one in fleet)
    for one in fit:
        assert one.option.excluded is None
        assert needs.capabilities <= one.option.capabilities
        assert bounds.max_cost is None or (one.cost is not None and one.cost <= bounds.max_cost)
        assert bounds.max_latency_ms is None or one.latency_ms <= bounds.max_latency_ms
    assert all(one.why for one in refused)
    found = scored(fit, weights_of(WEIGHTS, level))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        terms = (one.terms.cost, one.terms.latency, one.terms.quality, one.terms.reliability)
        assert all(0 <= term <= 1.000001 for term in terms)
        assert 0 <= one.score <= 1.000001
    if not fit:
        problem = none_fits(refused)
        assert [item["model"] for item in problem.extra["candidates"]] == [one.id for one in refused]


@settings(deadline=None)
@given(fleets(), st.sampled_from(LEVELS), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(fleet: list[Option], level: Level, random: object) -> None:
    shuffled = list(fleet)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    needs = Needs(frozenset(), 0, 0)
    weights = weights_of(WEIGHTS, level)
    assert scored(sifted(shuffled, needs)[0], weights) == scored(sifted(fleet, needs)[0], weights)


@settings(deadline=None)
@given(fleets(), st.sampled_from(LEVELS))
def test_dearer_worse_and_slower_never_beats_cheaper_better_and_faster(fleet: list[Option], level: Level) -> None:
    found = scored(sifted(fleet, Needs(frozenset(), 1000, 1000))[0], weights_of(WEIGHTS, level))
    for one in found:
        for other in found:
            better, worse = one.estimated, other.estimated
            cheaper = worse.cost is None or (better.cost is not None and better.cost <= worse.cost)
            if cheaper and better.latency_ms <= worse.latency_ms and better.quality.low >= worse.quality.low:
                assert one.score >= other.score


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("auto", "balanced"), ("auto:economy", "economy"), ("auto:balanced", "balanced"), ("auto:premium", "premium"),
        ("auto:", None), ("auto:best", None), ("automatic", None), ("gpt-4o:premium", None), ("", None),
    ],
)  # fmt: skip
def test_a_level_is_named_by_auto_alone(name: str, level: str | None) -> None:
    assert level_of(name) == level


def test_the_specifications_weights_and_what_levels_make_of_them() -> None:
    assert weights_of(WEIGHTS, "balanced") == Weights(0.25, 0.25, 0.35, 0.15)
    for level, expected in (("economy", (0.5, 0.2, 0.15, 0.15)), ("premium", (0.05, 0.1, 0.7, 0.15))):
        found = weights_of(WEIGHTS, level)  # type: ignore[arg-type]
        assert (found.cost, found.latency, found.quality, found.reliability) == pytest.approx(expected)
    odd = weights_of(Weights(3, 0, 1, 0), "balanced")
    assert (odd.cost, odd.quality) == (0.75, 0.25)


def test_f17_2_economy_takes_the_cheap_one_and_premium_the_good_one() -> None:
    cheap = option("cheap", input_price=Decimal("0.1"), output_price=Decimal("0.1"), priors={"overall": 0.5})
    good = option("good", input_price=Decimal(10), output_price=Decimal(30), priors={"overall": 0.95})
    assert ranked([good, cheap], "economy")[0].id == "cheap"
    assert ranked([good, cheap], "premium")[0].id == "good"


def test_an_unknown_price_counts_as_the_dearest_and_keeps_to_no_budget() -> None:
    unknown = option("a-unknown", input_price=None)
    assert [one.id for one in ranked([unknown, option("known")])] == ["known", "a-unknown"]
    _, refused = sifted([unknown], bounds=Bounds(max_cost=Decimal(100)))
    assert "price is not known" in refused[0].why


def test_f11_9_what_lies_over_the_budget_never_wins_and_the_cheapest_that_would_do_is_named() -> None:
    fleet = [option("a", input_price=Decimal(5)), option("b", input_price=Decimal(3)), option("c", excluded="off")]
    fit, refused = sifted(fleet, bounds=Bounds(max_cost=Decimal("0.001")))
    assert fit == []
    problem = none_fits(refused)
    assert problem.extra["cheapest"]["model"] == "b"
    assert "b" in problem.detail
    assert {one["model"]: one["why"] for one in problem.extra["candidates"]}["c"] == "off"


def test_f11_14_zero_is_a_bound_and_not_its_absence() -> None:
    fleet = [option("paid"), option("free", input_price=Decimal(0), output_price=Decimal(0))]
    fit, _ = sifted(fleet, bounds=Bounds(max_cost=Decimal(0)))
    assert [one.option.id for one in fit] == ["free"]
    fit, _ = sifted(fleet, bounds=Bounds(max_latency_ms=0))
    assert fit == []


def test_f11_15_price_and_speed_count_without_any_limit() -> None:
    dear, cheap = option("a-dear", input_price=Decimal(20)), option("z-cheap")
    assert [one.id for one in ranked([dear, cheap])] == ["z-cheap", "a-dear"]
    cold, warm = option("a-cold", local=True, warm=False), option("z-warm", local=True)
    assert [one.id for one in ranked([cold, warm])] == ["z-warm", "a-cold"]


def test_f11_10_a_model_without_history_has_priors_and_one_that_fails_sinks() -> None:
    failing = View({("bad", "chat"): Figures(successes=5, failures=45, output_tokens=1500)}, {})
    assert [one.id for one in ranked([option("bad"), option("new")], view=failing)] == ["new", "bad"]
    new = ranked([option("new")])[0].estimated
    assert (new.latency_ms > 0, 0.9 < new.reliability < 1) == (True, True)


def test_f11_12_quality_is_the_prior_of_the_task_corrected_by_what_was_said() -> None:
    writer = option("writer", priors={"overall": 0.6, "chat": 0.8})
    coder = option("coder", priors={"overall": 0.7})
    assert ranked([writer, coder])[0].id == "writer"
    assert ranked([writer, coder], view=taught(("writer", 0.1, 60)))[0].id == "coder"


def test_with_little_evidence_the_lower_bound_decides() -> None:
    tried = option("tried", priors={"overall": 0.7})
    new = option("new", priors={"overall": 0.72})
    known = taught(("tried", 0.7, 200))
    by_quality = scored(sifted([tried, new], view=known)[0], Weights(0, 0, 1, 0))
    assert [one.id for one in by_quality] == ["tried", "new"]


def test_f11_8_a_preferred_provider_decides_within_the_margin_and_not_beyond() -> None:
    near = option("near", provider="anthropic", priors={"overall": 0.48})
    best = option("best", priors={"overall": 0.5})
    found = ranked([near, best])
    gap = found[0].score - found[1].score
    assert [one.id for one in found] == ["best", "near"]
    assert preferring(found, "anthropic", gap + 0.001)[0].id == "near"
    assert preferring(found, "anthropic", gap - 0.001)[0].id == "best"
    assert preferring(found, None, 1)[0].id == "best"
    assert preferring(found, "google", 1)[0].id == "best"


def test_confidence_grows_with_the_distance_to_the_second() -> None:
    even = confidence(ranked([option("a"), option("b")]), WEIGHTS)
    clear = confidence(ranked([option("a"), option("b", priors={"overall": 0.05})]), WEIGHTS)
    assert even == pytest.approx(0.5)
    assert 0.9 < clear <= 1
    assert confidence(ranked([option("a")]), WEIGHTS) == 1


def test_f11_2_an_obstacle_says_what_is_missing() -> None:
    def why(one: Option, needs: Needs = PLAIN) -> str | None:
        _, refused = sifted([one], needs)
        return refused[0].why if refused else None

    assert why(option()) is None
    assert why(option(excluded="needs a key for OpenAI")) == "needs a key for OpenAI"
    assert why(option(), Needs(frozenset({"text", "vision", "tools"}), 100, 100)) == "has no tools or vision"
    assert why(option(), Needs(frozenset({"text"}), 12000, 0)) == "holds 8000 tokens; the prompt has about 12000"
    assert why(option(), Needs(frozenset({"text"}), 9000, 0)) is None, "an estimate that may err decides nothing"
    assert why(option(context_length=None), Needs(frozenset({"text"}), 10**9, 0)) is None
    _, refused = sifted([option()], resting=lambda _: "is not asked just now")
    assert refused[0].resting


def test_estimates_are_real_and_follow_what_answers_were_like() -> None:
    long = View({("m", "chat"): Figures(successes=100, output_tokens=200_000)}, {})
    short, more = (sifted([option()], view=view)[0][0] for view in (NOTHING_KNOWN, long))
    assert short.cost == Decimal("0.0016")  # 1,000 tokens at $1 a million, 300 at $2
    assert more.cost is not None
    assert Decimal("0.004") < more.cost < Decimal("0.006")
    bounded = sifted([option()], Needs(frozenset({"text"}), 1000, 10), view=long)[0][0]
    assert bounded.cost == Decimal("0.00102")
