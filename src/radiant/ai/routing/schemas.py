"""Shapes of routing's API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field, model_validator

from radiant.ai.catalog.models import Capability
from radiant.ai.routing.conditions import Conditions, Strict
from radiant.ai.routing.needs import Level, TaskType
from radiant.kit.money import Dollars

Scope = Literal["workspace", "platform"]
ChosenBy = Literal["rule", "score", "conversation", "exploration", "fallback", "named", "merge"]
RuleName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*\S[^\x00]*$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00]+$")]
ProviderName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^\s\x00]+$")]
Priority = Annotated[int, Field(ge=0, le=1_000_000)]
Prompt = Annotated[str, Field(max_length=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
MOST_RULES = 200


class RuleSettings(Strict):
    """What a rule says: where its conditions hold, `target_model` answers, and where that cannot, the others."""

    name: RuleName
    conditions: Conditions = Conditions()
    target_model: ModelName
    fallback_models: Annotated[list[ModelName], Field(max_length=8, default_factory=list)]
    is_active: bool = True
    priority: Priority | None = None
    """The lowest comes first, and of equals the oldest. None: a new one goes to the end, another keeps its place."""


class NewRule(RuleSettings):
    """`platform`: for every workspace, after its own; by the operator alone."""

    scope: Scope = "workspace"


class Rule(BaseModel):
    """A rule as it stands."""

    id: UUID
    scope: Scope
    name: str
    priority: int
    conditions: Conditions
    target_model: str
    fallback_models: list[str]
    is_active: bool
    created_at: datetime
    updated_at: datetime


class RuleOrder(Strict):
    """Every rule of the scope, once, in the order in which they are to be asked."""

    rules: Annotated[list[UUID], Field(max_length=MOST_RULES)]
    scope: Scope = "workspace"


class Context(Strict):
    """What is known of a request: the specification's RoutingContext. What is left out is read from the prompt."""

    prompt: Prompt | None = None
    task_type: Annotated[TaskType | None, Field(validation_alias=AliasChoices("task_type", "taskType"))] = None
    input_token_estimate: Annotated[
        int | None,
        Field(ge=0, le=100_000_000, validation_alias=AliasChoices("input_token_estimate", "inputTokenEstimate")),
    ] = None
    max_output_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 4096
    max_latency_ms: Annotated[
        int | None, Field(ge=0, le=3_600_000, validation_alias=AliasChoices("max_latency_ms", "maxLatencyMs"))
    ] = None
    max_cost: Annotated[
        Decimal | None, Field(ge=0, le=1_000_000, validation_alias=AliasChoices("max_cost", "maxCost"))
    ] = None
    preferred_provider: Annotated[
        ProviderName | None, Field(validation_alias=AliasChoices("preferred_provider", "preferredProvider"))
    ] = None
    requires_vision: Annotated[bool, Field(validation_alias=AliasChoices("requires_vision", "requiresVision"))] = False
    requires_audio: Annotated[bool, Field(validation_alias=AliasChoices("requires_audio", "requiresAudio"))] = False
    capabilities: Annotated[list[Capability], Field(max_length=20, default_factory=list)]
    quality_level: Annotated[Level, Field(validation_alias=AliasChoices("quality_level", "qualityLevel"))] = "balanced"
    conversation: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _says_something(self) -> "Context":
        if self.prompt is None and (self.task_type is None or self.input_token_estimate is None):
            raise ValueError("give prompt, or task_type and input_token_estimate")
        return self


class RouteRequest(Context):
    """`explain`: with every term of every candidate's score."""

    explain: bool = False


class Terms(BaseModel):
    """One figure for each of the four terms."""

    cost: float
    latency: float
    quality: float
    reliability: float


class Interval(BaseModel):
    """An estimate, the bounds within which it lies, and by how many calls or ratings."""

    mean: float
    low: float
    high: float
    evidence: float


class Choice(BaseModel):
    """A model that would do. Cost in dollars, null where its prices are not known."""

    model: str
    provider: str
    estimated_cost: Dollars | None
    estimated_latency_ms: int


class CandidateInfo(Choice):
    """With its score: the sum of `terms`, each in 0..1, by the weights. `input_tokens`: as its tokenizer counts."""

    input_tokens: int
    score: float
    terms: Terms
    quality: Interval
    reliability: float


class LeftOut(BaseModel):
    """A model that cannot take the request."""

    model: str
    why: str


class RuleRef(BaseModel):
    """Which rule."""

    id: UUID | None
    name: str
    scope: Scope


class RouteResult(Choice):
    """Which model a request would go to, and why; nothing is called. `candidates`, `left_out` and `weights` where they
    were asked for."""

    reason: str
    confidence: float
    chosen_by: ChosenBy
    rule: RuleRef | None
    task_type: TaskType
    task_confidence: float
    language: str
    input_tokens: int
    quality_level: Level
    fallbacks: list[Choice]
    weights: Terms | None = None
    candidates: list[CandidateInfo] | None = None
    left_out: list[LeftOut] | None = None


class RuleTest(Context):
    """A request that rules are asked about. `rule`: one that is not saved yet, asked among the others by its priority;
    with `replaces` in place of a saved one."""

    rule: RuleSettings | None = None
    replaces: UUID | None = None
    scope: Scope = "workspace"
    at: datetime | None = None
    """When it is asked; now where it is left out."""


class RuleAsked(BaseModel):
    """What a rule said to it. `unmet`: the first of its conditions that does not hold; `why`: its conditions hold, and
    none of its models can take the request."""

    id: UUID | None
    name: str
    scope: Scope
    holds: bool
    unmet: str | None
    why: str | None


class RuleTested(BaseModel):
    """Which rule decides, the rules that were asked before it and itself, and what would be chosen in the end."""

    matched: RuleRef | None
    asked: list[RuleAsked]
    result: RouteResult


class Settings(Strict):
    """How the workspace wants models to be chosen."""

    weights: Terms
    preferred_provider: ProviderName | None
    preferred_margin: Share
    """A preferred provider's best model is taken where its score lies no further behind."""
    exploration: Annotated[float, Field(ge=0, le=0.1)]
    """The share of requests that go to another good model, so that it is known how it would do. 0: none."""
    sticky: bool
    """A conversation keeps its model."""


class SettingsChange(Strict):
    """Null: as the installation does."""

    weights: Terms | None = None
    preferred_provider: ProviderName | None = None
    preferred_margin: Share | None = None
    exploration: Annotated[float, Field(ge=0, le=0.1)] | None = None
    sticky: bool | None = None

    @model_validator(mode="after")
    def _weigh_something(self) -> "SettingsChange":
        if self.weights is not None:
            given = (self.weights.cost, self.weights.latency, self.weights.quality, self.weights.reliability)
            if min(given) < 0 or not 0 < sum(given) <= 1000:
                raise ValueError("weights: none may be below 0, and not all 0")
        return self


class Decision(BaseModel):
    """One choice of a model, and what came of it. `success` null: nobody knows (yet)."""

    id: UUID
    user_id: UUID
    user_email: str
    task_type: TaskType | None
    selected_model: str
    provider: str
    selection_reason: str | None
    quality_level: Level
    chosen_by: ChosenBy
    rule_id: UUID | None
    rule_name: str | None
    propensity: float
    confidence: float | None
    fallback_position: int
    estimated_cost: Dollars | None
    estimated_latency_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    cost: Dollars | None
    success: bool | None
    error_kind: str | None
    rating: float | None
    """What the person themselves said of it, 0..1."""
    created_at: datetime
    ended_at: datetime | None


class Thumbs(Strict):
    """Good or not."""

    kind: Literal["thumbs"] = "thumbs"
    decision_id: UUID
    up: bool
    comment: Annotated[str | None, Field(max_length=4000)] = None


class Score(Strict):
    """How good, from 0 to 1."""

    kind: Literal["score"]
    decision_id: UUID
    score: Share
    comment: Annotated[str | None, Field(max_length=4000)] = None


class Verdict(Strict):
    """What a judge said: a model, or a program that checks answers."""

    kind: Literal["judge"]
    decision_id: UUID
    judge: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    score: Share
    comment: Annotated[str | None, Field(max_length=4000)] = None


class Preference(Strict):
    """Of two answers to one question this one was chosen."""

    kind: Literal["pair"]
    chosen: UUID
    rejected: UUID
    comment: Annotated[str | None, Field(max_length=4000)] = None

    @model_validator(mode="after")
    def _two(self) -> "Preference":
        if self.chosen == self.rejected:
            raise ValueError("chosen and rejected are one and the same decision")
        return self


FeedbackGiven = Annotated[Thumbs | Score | Verdict | Preference, Field(discriminator="kind")]


class FeedbackKept(BaseModel):
    """What is kept of it. Said again, it replaces what was said before."""

    decision_id: UUID
    kind: Literal["thumbs", "score", "judge", "pair"]
    value: float


class Figures(BaseModel):
    """How calls of a model went: the workspace's own, and everybody's beside them. Times in milliseconds, cost in
    dollars a call; null where there was no call yet."""

    calls: float
    """Of everybody, the newest weighing most."""
    own_calls: float
    reliability: Interval
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    cost: Dollars | None


class ByTask(Figures):
    """What is known of a model for one kind of task."""

    task_type: TaskType
    quality: Interval


class ModelStanding(BaseModel):
    """A model and how it does. `unavailable`: why it cannot be used, if so; `named`: calls that named it, of whatever
    task: they stand in where few of a task are known."""

    model: str
    provider: str
    unavailable: str | None
    tasks: list[ByTask]
    named: Figures


class Refit(BaseModel):
    """What the catalogue's figures of quality are moved by, fitted to judged decisions. `shifts`: by model, in logits, of
    all tasks ("") and besides of a task. Losses: surprise a decision (nats) on the newest decisions, which it did not
    see; `gain_low`: the least that it gains there, with 99 %. Above 0 it is put in force by itself."""

    version: int
    created_at: datetime
    judged: int
    held_out: int
    loss_before: float
    loss_after: float
    gain_low: float
    is_active: bool
    shifts: dict[str, dict[str, float]]


class RefitChoice(Strict):
    """Which is to be in force; null: none, and the catalogue's figures hold as they are."""

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)]


class ReplayRequest(Strict):
    """A changed set of rules or weights. What is left out is as it is. `rules`: all rules of the workspace as they would
    be; `preferred_provider`: null is none."""

    rules: Annotated[list[RuleSettings] | None, Field(max_length=MOST_RULES)] = None
    weights: Terms | None = None
    preferred_provider: ProviderName | None = None
    preferred_margin: Share | None = None
    days: Annotated[int, Field(ge=1, le=400)] = 30
    task_type: TaskType | None = None


class Replayed(BaseModel):
    """One figure: as it was, and as it would have been, with an interval of 95 %."""

    logged: float
    logged_decisions: int
    value: float
    low: float
    high: float
    effective: float


class NotReplayed(BaseModel):
    """Decisions of which nothing can be said, and why: `conversation`: they went on with the model that theirs had;
    `pattern`: whether `rule` would have found what it looks for, nobody knows, since prompts are not kept; `unnoted`:
    what was weighed was not noted."""

    why: Literal["conversation", "pattern", "unnoted"]
    rule: str | None
    decisions: int


class ReplayResult(BaseModel):
    """What the changed rules would have come to. `decisions`: those that were made anew, none older than `since`;
    `left_out`: those that could not be. `changed`: the share that would be others; `unsupported`: of those that never
    could have been tried, so they say nothing. Figures without evidence are null."""

    decisions: int
    since: datetime
    left_out: list[NotReplayed]
    changed: float
    unsupported: float
    quality: Replayed | None
    success: Replayed | None
    cost: Replayed | None
    latency_ms: Replayed | None
    models: dict[str, float]
    """The share of decisions that would go to each."""
