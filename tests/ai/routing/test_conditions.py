"""When rules hold: each condition, what is refused when it is written, and zones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from radiant.ai.routing.conditions import Compiled, Conditions, Situation
from radiant.kit.ids import uuid7

PERSON, GROUP = uuid7(), uuid7()


def situation(**said: Any) -> Situation:
    facts: dict[str, Any] = {
        "task": "code", "language": "de", "text": "Please debug my Python", "input_tokens": 500,
        "capabilities": frozenset({"text", "tools"}), "user_id": PERSON, "groups": frozenset({GROUP}),
        "plan": "standard", "level": "balanced", "at": datetime(2026, 7, 6, 8, 30, tzinfo=UTC),
    }  # fmt: skip
    return Situation(**(facts | said))


def unmet(conditions: dict[str, Any], **said: Any) -> str | None:
    return Compiled(Conditions.model_validate(conditions)).unmet(situation(**said))


def test_without_conditions_a_rule_always_holds() -> None:
    assert unmet({}) is None


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"task_types": ["code", "chat"]}, None),
        ({"task_types": ["chat"]}, "task_types"),
        ({"taskType": "code"}, None),
        ({"taskType": "vision"}, "task_types"),
        ({"min_tokens": 500, "max_tokens": 500}, None),
        ({"minTokens": 501}, "min_tokens"),
        ({"maxTokens": 499}, "max_tokens"),
        ({"capabilities": ["tools"]}, None),
        ({"capabilities": ["tools", "vision"]}, "capabilities"),
        ({"user_ids": [str(PERSON)]}, None),
        ({"user_ids": [str(GROUP)]}, "user_ids"),
        ({"group_ids": [str(GROUP)]}, None),
        ({"group_ids": [str(PERSON)]}, "group_ids"),
        ({"user_ids": [str(GROUP)], "group_ids": [str(GROUP)]}, None),
        ({"languages": ["de", "en"]}, None),
        ({"languages": ["en"]}, "languages"),
        ({"plans": ["standard"]}, None),
        ({"plans": ["free", "enterprise"]}, "plans"),
        ({"quality_levels": ["balanced"]}, None),
        ({"quality_levels": ["premium"]}, "quality_levels"),
        ({"pattern": r"(?i)\bpython\b"}, None),
        ({"pattern": r"^python$"}, "pattern"),
    ],
)
def test_each_condition_holds_or_is_the_one_that_does_not(conditions: dict[str, Any], expected: str | None) -> None:
    assert unmet(conditions) == expected


def test_f11_14_zero_is_a_figure() -> None:
    assert unmet({"max_tokens": 0}) == "max_tokens"
    assert unmet({"max_tokens": 0}, input_tokens=0) is None
    assert unmet({"min_tokens": 0}, input_tokens=0) is None


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ({"task_tpye": "code"}, "task_tpye"),
        ({"task_types": ["coding"]}, "task_types"),
        ({"task_types": []}, "task_types"),
        ({"capabilities": ["sight"]}, "capabilities"),
        ({"plans": ["gold"]}, "plans"),
        ({"min_tokens": -1}, "min"),
        ({"min_tokens": 5, "max_tokens": 4}, "max_tokens"),
        ({"pattern": "(a"}, "pattern"),
        ({"pattern": r"(a)\1"}, "backreferences"),
        ({"pattern": "a*"}, "empty"),
        ({"window": {"start": "25:00"}}, "start"),
        ({"window": {"days": ["someday"]}}, "days"),
        ({"window": {"start": "09:00+02:00"}}, "zone"),
        ({"max_cost": -1}, "cost"),
    ],
)
def test_f11_14_a_rule_that_is_wrong_is_refused_and_the_place_named(conditions: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Conditions.model_validate(conditions)


def test_a_zone_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        Compiled(Conditions.model_validate({"window": {"zone": "Europe/Atlantis"}}))


@pytest.mark.parametrize(
    ("window", "at", "inside"),
    [
        # In July Berlin is two hours ahead, in January one.
        ({"start": "09:00", "end": "17:00", "zone": "Europe/Berlin"}, "2026-07-06T07:00", True),
        ({"start": "09:00", "end": "17:00", "zone": "Europe/Berlin"}, "2026-07-06T15:00", False),
        ({"start": "09:00", "end": "17:00", "zone": "Europe/Berlin"}, "2026-01-05T07:30", False),
        ({"start": "09:00", "end": "17:00", "zone": "Europe/Berlin"}, "2026-01-05T08:00", True),
        ({"days": ["sat", "sun"]}, "2026-07-05T12:00", True),
        ({"days": ["sat", "sun"]}, "2026-07-06T12:00", False),
        # Sunday evening in Los Angeles is Monday in UTC.
        ({"days": ["sun"], "zone": "America/Los_Angeles"}, "2026-07-06T02:00", True),
        # Friday night goes on until Saturday morning.
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-07-03T23:00", True),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-07-04T05:59", True),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-07-04T06:00", False),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-07-03T05:00", False),
    ],
)
def test_a_window_lies_where_somebody_lives(window: dict[str, Any], at: str, inside: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert unmet({"window": window}, at=moment) == (None if inside else "window")


def test_what_is_kept_of_conditions_reads_as_it_was_written() -> None:
    said = {
        "task_types": ["code"], "min_tokens": 0, "window": {"days": ["mon"], "start": "09:00", "end": "17:30",
        "zone": "Europe/Berlin"}, "max_cost": "0.01", "pattern": "x+",
    }  # fmt: skip
    kept = Conditions.model_validate(said).model_dump(mode="json", exclude_none=True)
    assert kept == said
    assert Conditions.model_validate(kept).model_dump(mode="json", exclude_none=True) == said
