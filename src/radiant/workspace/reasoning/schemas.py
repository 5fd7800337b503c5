"""Shapes of Think Tank. Money in dollars, times in milliseconds, confidences 0..1.

Those that another slice has a shape of the same name of are `Reasoning…` in the API's description, and so in the page's types.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from radiant.kit.linear import found_by
from radiant.kit.money import Dollars
from radiant.kit.schema import Strict

Strategy = Literal["stepwise", "vote", "tree"]
Complexity = Literal["low", "medium", "high"]
StepType = Literal["decompose", "reason", "execute", "verify", "synthesize"]
Status = Literal["running", "waiting", "paused", "completed", "partial", "failed", "cancelled"]
"""`waiting`: for a person (a plan to look at, a tool that has effects); `completed`: it ended and the solution stands;
`partial`: it ended with what is proven so far."""
Verdict = Literal["confirmed", "refuted", "inconclusive"]
NodeState = Literal["pending", "running", "verified", "answered", "failed", "skipped"]
"""`answered`: there is an answer that no verifier confirmed; `skipped`: something that it needs has failed."""
Domain = Literal["general", "math", "code", "research", "data", "planning"]

MAX_PROBLEM = 100_000
MOST_NODES = 40
MOST_CHECKS = 10
_LARGE = 10**9

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
ModelName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")
]
NodeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class ExpressionCheck(Strict):
    """The answer is an arithmetic expression that `equals` this and, where `uses` is given, uses exactly those numbers."""

    type: Literal["expression"] = "expression"
    equals: Annotated[Words, Field(min_length=1, max_length=200)]
    uses: list[Annotated[Words, Field(min_length=1, max_length=50)]] | None = Field(default=None, max_length=100)


class ValueCheck(Strict):
    """The answer is this number, exactly or within `within`."""

    type: Literal["value"] = "value"
    equals: Annotated[Words, Field(min_length=1, max_length=200)]
    within: Annotated[Words, Field(max_length=50)] | None = None


def _readable(pattern: str) -> str:
    found_by(whole(pattern))
    return pattern


def whole(pattern: str) -> str:
    """The pattern that a text has to fit from end to end."""
    return rf"(?s)\A(?:{pattern})\z"


class PatternCheck(Strict):
    """The answer matches a regular expression (RE2), as a whole."""

    type: Literal["pattern"] = "pattern"
    pattern: Annotated[Words, Field(min_length=1, max_length=1000), AfterValidator(_readable)]


class CodeCheck(Strict):
    """The answer's code passes these tests: Python with `assert`, run in the sandbox after it."""

    type: Literal["tests"] = "tests"
    tests: Annotated[Words, Field(min_length=1, max_length=20_000)]


Check = Annotated[ExpressionCheck | ValueCheck | PatternCheck | CodeCheck, Field(discriminator="type")]
"""What the caller knows of a right answer without knowing it."""


class ReasoningBudget(Strict):
    """What a session may use; it ends as `partial` at the first that is reached. The call in flight is let finish, or is
    cut at `seconds`."""

    tokens: int | None = Field(default=None, ge=0, le=_LARGE)
    cost: Decimal | None = Field(default=None, ge=0, le=_LARGE)
    seconds: int | None = Field(default=1800, ge=0, le=86_400)
    steps: int | None = Field(default=100, ge=0, le=1000)


Budget = ReasoningBudget


class Options(Strict):
    """How to think. `strategy`: chosen by the problem's complexity where it is left out; `model`: for every step, else the
    Brain chooses one for each; `max_steps`: sub-problems at most; `samples`: answers of `vote`, and candidates a level of
    `tree`; `tools`: those that may be used, null: all that the caller may use; `documents`: knowledge bases to look into;
    `review_plan`: wait for a person before the plan runs; `stop_at`: how confident an answer that is not verified has to
    be to count as a solution."""

    domain: Domain = "general"
    strategy: Strategy | None = None
    model: ModelName | None = None
    max_steps: int = Field(default=10, ge=1, le=MOST_NODES)
    samples: int = Field(default=5, ge=1, le=100)
    tools: list[ToolName] | None = Field(default=None, max_length=50)
    documents: list[UUID] = Field(default=[], max_length=20)
    checks: list[Check] = Field(default=[], max_length=MOST_CHECKS)
    budget: Budget = Budget()
    review_plan: bool = False
    stop_at: float = Field(default=0.8, ge=0, le=1)


class NewReasoningSession(Options):
    """A problem to be solved."""

    problem: Annotated[Words, Field(min_length=1, max_length=MAX_PROBLEM)]

    @model_validator(mode="after")
    def _some(self) -> "NewReasoningSession":
        if not self.problem.strip():
            raise ValueError("problem: write something")
        return self


NewSession = NewReasoningSession


class MadeSession(BaseModel):
    """A session that began; it is followed at /api/reasoning/sessions/{id}/events."""

    id: UUID
    status: Status = "running"


class PlannedNode(Strict):
    """A sub-problem. `depends_on`: those whose answers it needs; `difficulty` chooses its model where none is named;
    `tools`: the only ones that it may use."""

    id: NodeId
    question: Annotated[Words, Field(min_length=1, max_length=4000)]
    depends_on: list[NodeId] = Field(default=[], max_length=MOST_NODES)
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    tools: list[ToolName] = Field(default=[], max_length=20)
    model: ModelName | None = None


class ReasoningEvidence(BaseModel):
    """What a verifier found. `verifier`: arithmetic, checks, tests, citations, units, derivation, tool."""

    verifier: str
    verdict: Verdict
    detail: str


Evidence = ReasoningEvidence


class Source(BaseModel):
    """What an answer cites. `source`: `document:ID`, `memory:ID` or an address."""

    source: str
    title: str
    quote: str


class ToolCall(BaseModel):
    """A call of a tool. `error`: why it has no result."""

    call_id: UUID
    tool: str
    arguments: dict[str, Any]
    text: str
    error: str | None
    citations: list[Source]
    duration_ms: int


class Step(BaseModel):
    """One step, as thinktank_steps keeps it. `confidence`: by what verified it; `self_confidence`: what the model said of
    itself, which counts for nothing; `verifier`: what confirmed it."""

    id: UUID
    step_number: int
    step_type: StepType
    node_id: str | None
    attempt: int
    description: str
    reasoning: str | None
    result: str | None
    confidence: float | None
    self_confidence: float | None
    verifier: str | None
    verdict: Verdict | None
    evidence: list[Evidence]
    tool_calls: list[ToolCall]
    model_used: str | None
    input_tokens: int
    output_tokens: int
    tokens_used: int
    cost: Dollars
    duration_ms: int
    error: str | None
    created_at: datetime


class ReasoningNode(PlannedNode):
    """A sub-problem and what has become of it. `basis`: what its confidence rests on, in words; `attempts`: tries so far."""

    state: NodeState = "pending"
    answer: str | None = None
    confidence: float | None = None
    basis: str | None = None
    verifiers: list[str] = []
    attempts: int = 0
    error: str | None = None
    cost: Dollars = Decimal(0)


Node = ReasoningNode


class Asked(BaseModel):
    """What a waiting session asks its person. `plan`: look at it, change it, approve; `tool`: may it be called with these
    arguments? `again`: it was under way when the server stopped, and may have taken effect; make the call once more?"""

    kind: Literal["plan", "tool"]
    call_id: UUID | None = None
    node_id: str | None = None
    tool: str | None = None
    arguments: dict[str, Any] | None = None
    again: bool = False


class ReasoningFailure(BaseModel):
    """Why it failed, or is only partial."""

    slug: str
    title: str
    detail: str


Failure = ReasoningFailure


class ReasoningSessionSummary(BaseModel):
    """A session in the list."""

    id: UUID
    problem_summary: str
    domain: Domain
    strategy: Strategy | None
    complexity: Complexity | None
    status: Status
    solution_found: bool
    avg_confidence: float | None
    total_steps: int
    total_tokens: int
    total_cost: Dollars
    created_at: datetime
    completed_at: datetime | None


SessionSummary = ReasoningSessionSummary


class ReasoningSession(SessionSummary):
    """Everything about a session. `confidence`: of the solution, along what it rests on; `basis`: on what, in words;
    `last_event`: the number of the last event, to follow from."""

    problem: str
    options: Options
    solution: str | None
    answer: str | None
    confidence: float | None
    basis: str | None
    notes: list[str]
    error: Failure | None
    good: bool | None
    nodes: list[Node]
    plan_revision: int
    constraints: list[str]
    asks: list[Asked]
    steps: list[Step]
    last_event: int


Session = ReasoningSession


class EditPlan(Strict):
    """Put another plan in the place of this one, before it runs or while it does: nodes that are unchanged keep what they
    have. `revision`: of the plan that was edited, so that no other edit is lost."""

    kind: Literal["plan"] = "plan"
    nodes: list[PlannedNode] = Field(min_length=1, max_length=MOST_NODES)
    revision: int = Field(ge=0)


class Approve(Strict):
    """Let the plan run."""

    kind: Literal["approve"] = "approve"


class AddConstraint(Strict):
    """Something that everything from now on must keep to."""

    kind: Literal["constraint"] = "constraint"
    text: Annotated[Words, Field(min_length=1, max_length=4000)]


class RetryNode(Strict):
    """Solve a node anew, and what rests on it; by another model where one is named. A session that ended goes on."""

    kind: Literal["retry"] = "retry"
    node_id: NodeId
    model: ModelName | None = None


class DecideTool(Strict):
    """Allow or refuse a call that has effects outside."""

    kind: Literal["tool"] = "tool"
    call_id: UUID
    allow: bool


class Pause(Strict):
    """Begin nothing new; what is under way ends."""

    kind: Literal["pause"] = "pause"


class Resume(Strict):
    """Go on: after a pause, or from `partial` or `failed`, with more budget where it is given."""

    kind: Literal["resume"] = "resume"
    budget: Budget | None = None


Steering = Annotated[
    EditPlan | Approve | AddConstraint | RetryNode | DecideTool | Pause | Resume, Field(discriminator="kind")
]


class ReasoningFeedback(Strict):
    """Whether the solution is right: what confidences are calibrated by."""

    good: bool


Feedback = ReasoningFeedback
