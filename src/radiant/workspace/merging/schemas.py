"""Shapes of merges. Money in dollars, times in milliseconds; answers are named by their position."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from radiant.kit.ids import MessageId, RunId
from radiant.kit.money import Dollars
from radiant.kit.schema import Strict

Strategy = Literal["consensus", "best_of", "synthesize", "debate"]
Status = Literal["running", "completed", "partial", "failed", "cancelled"]
Verdict = Literal["decided", "no_consensus", "only_answer", "none_usable", "no_answers"]

MOST_ANSWERS = 12
MAX_PROMPT = 200_000
MAX_ANSWER = 100_000
# Cost and tokens that callers tell.
_LARGE = 10**9

ModelName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")
]
Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class GivenResponse(Strict):
    """An answer that is brought along."""

    model: ModelName
    response: Annotated[Words, Field(max_length=MAX_ANSWER)]
    tokens: int | None = Field(default=None, ge=0, le=_LARGE)
    latency_ms: int | None = Field(default=None, ge=0, le=_LARGE)
    cost: Decimal | None = Field(default=None, ge=0, le=_LARGE)
    message_id: MessageId | None = None


class Options(Strict):
    """How to merge. `judge_model`, `writer_model`: chosen by routing where they are not named. `rounds` of a debate.
    `max_cost`: no call is begun past it. `seconds`: for how long answers are waited for."""

    models: list[ModelName] = Field(default=[], max_length=MOST_ANSWERS)
    judge_model: ModelName | None = None
    writer_model: ModelName | None = None
    rounds: int = Field(default=2, ge=1, le=5)
    max_cost: Decimal | None = Field(default=None, ge=0, le=_LARGE)
    seconds: int = Field(default=180, ge=1, le=600)


class NewMerge(Options):
    """Answers, or models that are asked, or both."""

    prompt: Annotated[Words, Field(min_length=1, max_length=MAX_PROMPT)]
    strategy: Strategy = "consensus"
    responses: list[GivenResponse] = Field(default=[], max_length=MOST_ANSWERS)

    @model_validator(mode="after")
    def _some(self) -> "NewMerge":
        if not self.prompt.strip():
            raise ValueError("prompt: write something")
        count = len(self.responses) + len(self.models)
        if not 1 <= count <= MOST_ANSWERS:
            raise ValueError(f"give responses or models, 1 to {MOST_ANSWERS} together; there are {count}")
        return self


class Again(Strict):
    """Merge the same answers in another way."""

    strategy: Strategy
    judge_model: ModelName | None = None
    writer_model: ModelName | None = None
    rounds: int = Field(default=2, ge=1, le=5)
    max_cost: Decimal | None = Field(default=None, ge=0, le=_LARGE)


class Feedback(Strict):
    """Whether the result is right, or good."""

    good: bool


class Failure(BaseModel):
    """Why something has no answer."""

    slug: str
    title: str
    detail: str


class MergeResponse(BaseModel):
    """An answer and its part in the result. `gates`: why it was kept out; `copy_of`: an earlier answer that it repeats;
    `answer`: what it says in canonical form; `ability`: in logits, by the judge."""

    position: int
    model: str
    response: str
    given: bool
    tokens_used: int | None
    latency_ms: int | None
    cost: Dollars | None
    contribution_weight: Decimal
    answer: str | None
    copy_of: int | None
    gates: list[str]
    ability: float | None
    message_id: MessageId | None
    error: Failure | None


class DebateTurn(BaseModel):
    """What a model said in a round of a debate. `flip`: known once the result was judged."""

    round: int
    position: int
    model: str
    response: str
    answer: str | None
    changed: bool | None
    reason: str | None
    tokens_used: int | None
    cost: Dollars | None
    latency_ms: int | None
    flip: Literal["right_to_wrong", "wrong_to_right"] | None
    error: Failure | None


class MergeCluster(BaseModel):
    """Answers that say the same, and how likely they are right."""

    value: str
    members: list[int]
    probability: float
    chosen: bool = False


class MergeClaim(BaseModel):
    """What answers claim. `sources`: in whose words, by position; `used`: the result rests on it."""

    id: int
    text: str
    supporters: list[int]
    opposers: list[int]
    sources: dict[int, str]
    used: bool = False


class Judgement(BaseModel):
    """Of two answers; position -1 is the synthesis. `orders`: what was said with `a` first and with `b` first; null: no
    usable reply."""

    a: int
    b: int
    orders: list[Literal["a", "b", "tie"] | None]
    verdict: Literal["a", "b", "tie"]
    reasons: list[str] = []


class Sentence(BaseModel):
    """A sentence of the result, and what it rests on."""

    text: str
    claims: list[int]
    positions: list[int]
    supported: bool = True


class MergeSummary(BaseModel):
    """A merge in the list."""

    id: UUID
    prompt: str
    merge_strategy: Strategy
    status: Status
    decision: Verdict | None
    models_used: list[str]
    quality_score: float | None
    quality_basis: str | None
    total_cost: Dollars | None
    created_at: datetime
    completed_at: datetime | None


class Merge(MergeSummary):
    """Everything about a merge. `decided_by`: what settled it; `confidence`: how sure the strategy is, uncalibrated;
    `chosen`: the answer that was taken as it is; `notes`: what did not go as it should."""

    run_id: RunId | None
    final_result: str | None
    decided_by: str | None
    confidence: float | None
    chosen: int | None
    answer_kind: str
    task_type: str
    judge_model: str | None
    judge_tokens: int | None
    writer_model: str | None
    writer_tokens: int | None
    latency_ms: int | None
    options: dict[str, Any]
    responses: list[MergeResponse]
    turns: list[DebateTurn]
    clusters: list[MergeCluster]
    claims: list[MergeClaim]
    judgements: list[Judgement]
    provenance: list[Sentence]
    notes: list[str]
    good: bool | None
    error: Failure | None


class MadeMerge(BaseModel):
    """A merge that began; it is followed at /api/runs/{run_id}/events."""

    id: UUID
    run_id: RunId
    status: Status = "running"
