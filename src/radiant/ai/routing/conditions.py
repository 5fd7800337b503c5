"""When a rule holds: a closed schema, and its compiled form. Every condition that is given must hold; one that is left
out holds always, and 0 is a figure like any other."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from pydantic import AliasChoices, BeforeValidator, Field, field_serializer, model_validator

from radiant.ai.catalog.models import Capability
from radiant.ai.routing.needs import Level, TaskType
from radiant.foundation.tenants.schemas import Plan
from radiant.kit.linear import found_by
from radiant.kit.money import plain
from radiant.kit.schema import Strict

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
_CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
_MOST = 100


def _one_is_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _known(value: object) -> object:
    """Raises ValueError that names what is no capability."""
    for name in value if isinstance(value, list) else ():  # type: ignore[reportUnknownVariableType]
        if name not in _CAPABILITIES:
            raise ValueError(f"there is no capability {name!r}; those that there are: {', '.join(_CAPABILITIES)}")
    return value  # type: ignore[reportUnknownVariableType]


def _names(name: str, *others: str) -> AliasChoices:
    return AliasChoices(name, *others)


class TimeWindow(Strict):
    """Hours of days where somebody lives: from `start` until just before `end`. An end before the start lies on the
    next day. `zone`: a name of the IANA database."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)] = list(DAYS)
    start: time = time(0)
    end: time = time(0)
    zone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"

    @model_validator(mode="after")
    def _no_zone_in_times(self) -> "TimeWindow":
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("start and end take no offset: zone says where it is")
        return self

    @field_serializer("start", "end")
    def _short(self, value: time) -> str:
        return value.isoformat("minutes" if not value.second and not value.microsecond else "auto")

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the moment lies in it."""
        there = at.astimezone(zone)
        now, day = there.time(), there.weekday()
        days = {DAYS.index(name) for name in self.days}
        if self.start < self.end:
            return day in days and self.start <= now < self.end
        # Over midnight; the same time twice is a whole day.
        return (day in days and now >= self.start) or ((day - 1) % 7 in days and now < self.end)


class Conditions(Strict):
    """All that are given must hold."""

    task_types: Annotated[
        # Lengths belong to the lists themselves: beside a validator they would be asked of None too.
        Annotated[list[TaskType], Field(min_length=1)] | None,
        BeforeValidator(_one_is_a_list),
        Field(validation_alias=_names("task_types", "task_type", "taskType")),
    ] = None
    min_tokens: Annotated[int | None, Field(ge=0, validation_alias=_names("min_tokens", "minTokens"))] = None
    """Of the prompt, by estimate; the figure itself is in."""
    max_tokens: Annotated[int | None, Field(ge=0, validation_alias=_names("max_tokens", "maxTokens"))] = None
    capabilities: Annotated[
        Annotated[list[Capability], Field(min_length=1, max_length=20)] | None, BeforeValidator(_known)
    ] = None
    """What the request needs, besides other things."""
    user_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=_MOST)] = None
    """One of these asks. With `group_ids`: one of these, or somebody of one of those."""
    group_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=_MOST)] = None
    languages: Annotated[list[Language] | None, Field(min_length=1, max_length=_MOST)] = None
    plans: Annotated[list[Plan] | None, Field(min_length=1)] = None
    quality_levels: Annotated[list[Level] | None, Field(min_length=1)] = None
    window: TimeWindow | None = None
    max_cost: Annotated[Decimal | None, Field(ge=0, le=1000, validation_alias=_names("max_cost", "maxCost"))] = None
    """The rule holds for those of its models that cost no more, by estimate, in dollars."""
    max_latency_ms: Annotated[
        int | None, Field(ge=0, le=3_600_000, validation_alias=_names("max_latency_ms", "maxLatencyMs"))
    ] = None
    pattern: Annotated[str | None, Field(min_length=1, max_length=500)] = None
    """Found somewhere in what was asked last: RE2."""

    @model_validator(mode="after")
    def _can_hold(self) -> "Conditions":
        if self.min_tokens is not None and self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise ValueError("min_tokens lies above max_tokens, so it would never hold")
        if self.pattern is not None:
            try:
                found_by(self.pattern)
            except ValueError as error:
                raise ValueError(f"pattern: {error}") from error
        return self

    @field_serializer("max_cost")
    def _as_digits(self, value: Decimal | None) -> str | None:
        return None if value is None else plain(value)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions are asked about. `text` None: it is not known any more, and neither is whether a pattern would
    be found."""

    task: TaskType
    language: str
    text: str | None
    input_tokens: int
    capabilities: frozenset[str]
    user_id: UUID
    groups: frozenset[UUID] = frozenset()
    plan: str = "standard"
    level: Level = "balanced"
    at: datetime = datetime(2000, 1, 1, tzinfo=UTC)


Test = Callable[[Situation], bool]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; reads a file. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"window.zone: there is no zone {name!r}; give a name such as Europe/Berlin") from error


class Compiled:
    """Conditions, ready to be asked: the cheap ones first."""

    __slots__ = ("_tests", "bounded", "conditions", "needs_groups")

    def __init__(self, conditions: Conditions) -> None:
        """Reads a file where a zone is named. Raises ValueError where there is no such zone."""
        self.conditions = conditions
        self.needs_groups = conditions.group_ids is not None
        self.bounded = conditions.max_cost is not None or conditions.max_latency_ms is not None
        self._tests: Sequence[tuple[str, Test]] = list(_tests(conditions))

    def unmet(self, situation: Situation) -> str | None:
        """The first condition that does not hold, or None."""
        for name, holds in self._tests:
            if not holds(situation):
                return name
        return None


def _tests(given: Conditions) -> list[tuple[str, Test]]:
    tests: list[tuple[str, Test]] = []
    if given.task_types is not None:
        tasks = frozenset(given.task_types)
        tests.append(("task_types", lambda at: at.task in tasks))
    if (least := given.min_tokens) is not None:
        tests.append(("min_tokens", lambda at: at.input_tokens >= least))
    if (most := given.max_tokens) is not None:
        tests.append(("max_tokens", lambda at: at.input_tokens <= most))
    if given.capabilities is not None:
        needed = frozenset(given.capabilities)
        tests.append(("capabilities", lambda at: needed <= at.capabilities))
    if given.user_ids is not None or given.group_ids is not None:
        people, groups = frozenset(given.user_ids or ()), frozenset(given.group_ids or ())
        name = "user_ids" if given.user_ids is not None else "group_ids"
        tests.append((name, lambda at: at.user_id in people or not groups.isdisjoint(at.groups)))
    if given.languages is not None:
        languages = frozenset(given.languages)
        tests.append(("languages", lambda at: at.language in languages))
    if given.plans is not None:
        plans = frozenset(given.plans)
        tests.append(("plans", lambda at: at.plan in plans))
    if given.quality_levels is not None:
        levels = frozenset(given.quality_levels)
        tests.append(("quality_levels", lambda at: at.level in levels))
    if (window := given.window) is not None:
        zone = zone_of(window.zone)
        tests.append(("window", lambda at: window.covers(at.at, zone)))
    if given.pattern is not None:
        found = found_by(given.pattern)
        tests.append(("pattern", lambda at: at.text is not None and found(at.text)))
    return tests
