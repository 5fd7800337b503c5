"""Ranking: hard filters first, then weights; what must hold whatever the figures are."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.ai.routing.service import Candidate, Level, Needs, NoModelFits, level_of, obstacle, rank

CAPABILITIES = ("text", "vision", "tools", "json_schema")
LEVELS: tuple[Level, ...] = ("economy", "balanced", "premium")

unit = st.floats(0, 1)
dollars = st.none() | st.decimals(0, 100, places=9)
capabilities = st.frozensets(st.sampled_from(CAPABILITIES))
needs_of_any = st.builds(
    Needs, capabilities=capabilities, input_tokens=st.integers(0, 300_000), output_tokens=st.integers(0, 10_000)
)


@st.composite
def fleets(draw: st.DrawFn) -> list[Candidate]:
    ids = draw(st.lists(st.text("abcdef-0123", min_size=1, max_size=8), unique=True, min_size=1, max_size=12))
    return [
        Candidate(
            id=name,
            capabilities=draw(capabilities),
            context_length=draw(st.none() | st.integers(1, 1_000_000)),
            cost=draw(dollars),
            quality=draw(unit),
            readiness=draw(unit),
            excluded=draw(st.none() | st.just("not installed")),
        )
        for name in ids
    ]


def candidate(name: str = "m", **more: object) -> Candidate:
    facts = {
        "capabilities": frozenset({"text"}), "context_length": 8000, "cost": Decimal("0.01"), "quality": 0.5,
        "readiness": 0.8,
    }  # fmt: skip
    return Candidate(id=name, **(facts | more))  # type: ignore[arg-type]


PLAIN = Needs(frozenset({"text"}), 100, 100)


@settings(deadline=None)
@given(fleets(), needs_of_any, st.sampled_from(LEVELS))
def test_what_is_ranked_is_exactly_what_fits_and_nothing_excluded(
    fleet: list[Candidate], needs: Needs, level: Level
) -> None:
    fitting = {one.id for one in fleet if obstacle(one, needs) is None}
    if not fitting:
        with pytest.raises(NoModelFits) as refused:
            rank(fleet, needs, level)
        told = refused.value.extra["candidates"]
        assert [item["model"] for item in told] == [one.id for one in fleet]
        assert [item["why"] for item in told] == [obstacle(one, needs) for one in fleet]
        return
    ranked = rank(fleet, needs, level)
    assert len(ranked) == len(fitting)
    assert {one.id for one in ranked} == fitting
    assert not {one.id for one in fleet if one.excluded} & {one.id for one in ranked}
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1.000001 for score in scores)


@settings(deadline=None)
@given(fleets(), needs_of_any, st.sampled_from(LEVELS), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(
    fleet: list[Candidate], needs: Needs, level: Level, random: object
) -> None:
    if all(obstacle(one, needs) for one in fleet):
        return
    shuffled = list(fleet)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled, needs, level) == rank(fleet, needs, level)


@settings(deadline=None)
@given(fleets(), st.sampled_from(LEVELS))
def test_dearer_worse_and_slower_never_beats_cheaper_better_and_readier(fleet: list[Candidate], level: Level) -> None:
    needs = Needs(frozenset(), 0, 0)
    if all(obstacle(one, needs) for one in fleet):
        return
    scores = {one.id: one.score for one in rank(fleet, needs, level)}
    by_id = {one.id: one for one in fleet}
    for better in scores:
        for worse in scores:
            one, other = by_id[better], by_id[worse]
            dearer = other.cost is None or (one.cost is not None and one.cost <= other.cost)
            if dearer and one.quality >= other.quality and one.readiness >= other.readiness:
                assert scores[better] >= scores[worse]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("auto", "balanced"),
        ("auto:economy", "economy"),
        ("auto:balanced", "balanced"),
        ("auto:premium", "premium"),
        ("auto:", None),
        ("auto:best", None),
        ("automatic", None),
        ("gpt-4o:premium", None),
        ("", None),
    ],
)
def test_a_level_is_named_by_auto_alone(name: str, level: str | None) -> None:
    assert level_of(name) == level


def test_an_obstacle_says_what_is_missing() -> None:
    assert obstacle(candidate(), PLAIN) is None
    assert obstacle(candidate(excluded="needs a key for OpenAI"), PLAIN) == "needs a key for OpenAI"
    wants = Needs(frozenset({"text", "vision", "tools"}), 100, 100)
    assert obstacle(candidate(), wants) == "has no tools or vision"
    assert obstacle(candidate(), Needs(frozenset({"text"}), 12000, 0)) == (
        "holds 8000 tokens; the prompt has about 12000"
    )
    assert obstacle(candidate(), Needs(frozenset({"text"}), 9000, 0)) is None, (
        "an estimate that may err decides nothing"
    )
    assert obstacle(candidate(context_length=None), Needs(frozenset({"text"}), 10**9, 0)) is None


def test_economy_takes_the_cheap_one_and_premium_the_good_one() -> None:
    cheap = candidate("cheap", cost=Decimal("0.001"), quality=0.3)
    good = candidate("good", cost=Decimal("0.1"), quality=0.9)
    assert rank([good, cheap], PLAIN, "economy")[0].id == "cheap"
    assert rank([good, cheap], PLAIN, "premium")[0].id == "good"


def test_an_unknown_price_counts_as_the_dearest() -> None:
    unknown = candidate("a-unknown", cost=None)
    dear = candidate("b-dear", cost=Decimal(9))
    cheap = candidate("c-cheap", cost=Decimal(1))
    assert [one.id for one in rank([unknown, dear, cheap], PLAIN, "balanced")] == ["c-cheap", "a-unknown", "b-dear"]


def test_among_equals_the_loaded_one_answers() -> None:
    cold, warm = candidate("a-cold", readiness=0.4), candidate("b-warm", readiness=1.0)
    assert rank([cold, warm], PLAIN, "balanced")[0].id == "b-warm"
