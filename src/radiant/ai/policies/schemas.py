"""Shapes of policies."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radiant.kit.detect import PII_TYPES, PiiType
from radiant.kit.schema import Strict

Pattern = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00]+$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00*]+$")]
TagName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]
TagValue = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00,]+$")]
PolicyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*\S[^\x00]*$")]
Over = Literal["clamp", "refuse"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

MOST_ALIASES, MOST_IN_CHAIN = 200, 8


def _lies_above(one: Effort, other: Effort) -> bool:
    return EFFORTS.index(one) > EFFORTS.index(other)


class _Bound(Strict):
    over: Over = "clamp"
    """What happens to a call that asks for more than the maximum: it gets the maximum, or 403."""


class TokensBound(_Bound):
    """Of max_tokens."""

    default: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    maximum: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


class NumberBound(_Bound):
    """Of temperature and top_p."""

    default: Annotated[float, Field(ge=0, le=2)] | None = None
    maximum: Annotated[float, Field(ge=0, le=2)] | None = None


class CountBound(_Bound):
    """Of n, how many answers at once."""

    maximum: Annotated[int, Field(ge=1, le=128)] | None = None


class EffortBound(_Bound):
    """Of the effort of reasoning."""

    default: Effort | None = None
    maximum: Effort | None = None


class Parameters(Strict):
    """Defaults are filled in where a call says nothing; null: not bound."""

    max_tokens: TokensBound | None = None
    temperature: NumberBound | None = None
    top_p: NumberBound | None = None
    n: CountBound | None = None
    reasoning_effort: EffortBound | None = None

    @model_validator(mode="after")
    def _defaults_lie_below(self) -> "Parameters":
        for name in ("max_tokens", "temperature", "top_p"):
            bound: TokensBound | NumberBound | None = getattr(self, name)
            if bound and bound.default is not None and bound.maximum is not None and bound.default > bound.maximum:
                raise ValueError(f"{name}: the default lies above the maximum")
        effort = self.reasoning_effort
        if effort and effort.default and effort.maximum and _lies_above(effort.default, effort.maximum):
            raise ValueError("reasoning_effort: the default lies above the maximum")
        return self


class RequiredTag(Strict):
    """A tag that each call through a key must carry; `values`: one of these, or any where there are none."""

    name: TagName
    values: Annotated[list[TagValue], Field(max_length=100)] = []


class CacheSettings(Strict):
    """Answers that are kept and given again. Only to temperature 0 and without results of tools, unless said otherwise;
    `per_user`: never another person's."""

    mode: Literal["off", "exact", "semantic"] = "exact"
    ttl_seconds: Annotated[int, Field(ge=1, le=30 * 86_400)] = 3600
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 1000
    any_temperature: bool = False
    with_tool_results: bool = False
    per_user: bool = True
    threshold: Annotated[float, Field(ge=0.7, le=1)] = 0.95
    """How near two questions must lie: the cosine of their vectors."""
    embedding_model: ModelName = "all-minilm-l6-v2"


class LoggingSettings(Strict):
    """What is asked through keys and answered is kept for `days`, without the kinds of personal data in `redact`.
    `admins_read`: by the workspace's admins too, not only by the person."""

    is_active: bool = True
    days: Annotated[int, Field(ge=1, le=365)] = 30
    redact: Annotated[list[PiiType], Field(max_length=len(PII_TYPES))] = Field(default_factory=lambda: list(PII_TYPES))
    redact_secrets: bool = True
    admins_read: bool = False


class RequestLog(BaseModel):
    """A call that was kept; `snippet` is the beginning of its last message, `failure` why it has no whole answer."""

    id: UUID
    created_at: datetime
    expires_at: datetime
    protocol: str
    model: str
    failure: str | None
    user_id: UUID
    user_email: str
    api_key_id: UUID | None
    key_name: str | None
    policy_name: str | None
    snippet: str | None


class LoggedPart(BaseModel):
    """A piece of a message. Pictures and documents have no text: they are not kept."""

    type: str
    text: str = ""
    name: str = ""
    arguments: str = ""


class LoggedMessage(BaseModel):
    """A message of the question."""

    role: str
    parts: list[LoggedPart]


class LoggedRequest(BaseModel):
    """What was asked: messages, or texts, or (`relayed`) a body as it went."""

    messages: list[LoggedMessage] = []
    texts: list[str] = []
    relayed: str | None = None
    parameters: dict[str, int | float | str] = {}
    tools: list[str] = []


class LoggedResponse(BaseModel):
    """What was answered."""

    parts: list[LoggedPart]
    stop_reason: str | None


class WholeRequestLog(RequestLog):
    """The same with question and answer; `response` null: none came, or it was relayed byte for byte."""

    request: LoggedRequest
    response: LoggedResponse | None


class CacheFigures(BaseModel):
    """What a policy's cache holds."""

    entries: int
    bytes: int
    hits: int


class Purged(BaseModel):
    """How many answers were forgotten."""

    entries: int


class PolicySettings(Strict):
    """What a policy says. Models are named by id, provider/id or alias, with * for any characters."""

    name: PolicyName
    is_active: bool = True
    allowed_models: Annotated[list[Pattern], Field(min_length=1, max_length=200)] | None = None
    denied_models: Annotated[list[Pattern], Field(max_length=200)] = []
    aliases: Annotated[
        dict[ModelName, Annotated[list[ModelName], Field(min_length=1, max_length=MOST_IN_CHAIN)]],
        Field(max_length=MOST_ALIASES),
    ] = {}
    parameters: Parameters = Parameters()
    required_tags: Annotated[list[RequiredTag], Field(max_length=16)] = []
    cache: CacheSettings | None = None
    logging: LoggingSettings | None = None

    @model_validator(mode="after")
    def _names_are_free(self) -> "PolicySettings":
        for name in self.aliases:
            if name == "auto" or name.startswith("auto:"):
                raise ValueError(f"aliases: {name} is the router's own name")
        names = [tag.name for tag in self.required_tags]
        if len(set(names)) < len(names):
            raise ValueError("required_tags: one name stands there twice")
        return self


class NewPolicy(PolicySettings):
    """A policy to be made: of one key, or (null) of the workspace."""

    api_key_id: UUID | None = None


class Policy(PolicySettings):
    """A policy as it stands."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    api_key_id: UUID | None
    key_name: str | None
    key_owner: str | None
    created_at: datetime
    updated_at: datetime
