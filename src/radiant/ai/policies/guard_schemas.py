"""Shapes of guardrails: what inspects prompts and answers under a policy."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from radiant.ai.policies.schemas import ModelName, PolicyName, Strict
from radiant.kit.detect import PII_TYPES, PiiType
from radiant.kit.linear import spans_of

Kind = Literal["pii", "secrets", "regex", "size", "webhook", "model"]
Stage = Literal["before", "after", "both"]
Action = Literal["block", "redact", "pseudonymise"]
OnFailure = Literal["open", "closed"]
MOST_GUARDRAILS = 32

_Many = Annotated[int, Field(ge=1, le=100_000_000)]


class NoSettings(Strict):
    """There is nothing to set."""


class PiiSettings(Strict):
    """Which kinds of personal data."""

    types: Annotated[list[PiiType], Field(min_length=1, max_length=len(PII_TYPES))] = Field(
        default_factory=lambda: list(PII_TYPES)
    )


class RegexPattern(Strict):
    """A pattern of RE2, which takes linear time whatever the text; `label` names what it finds."""

    pattern: Annotated[str, Field(min_length=1, max_length=1000)]
    label: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,29}$")] = "MATCH"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        spans_of(pattern)
        return pattern


class RegexSettings(Strict):
    """Patterns."""

    patterns: Annotated[list[RegexPattern], Field(min_length=1, max_length=50)]


class SizeSettings(Strict):
    """Bounds of a prompt (all of them) and of an answer (characters and tokens). Tokens are estimated."""

    max_characters: _Many | None = None
    max_tokens: _Many | None = None
    max_messages: _Many | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> "SizeSettings":
        if self.max_characters is None and self.max_tokens is None and self.max_messages is None:
            raise ValueError("give max_characters, max_tokens or max_messages")
        return self


class WebhookSettings(Strict):
    """An address of the tenant's that judges texts. `on_failure` open: a webhook that does not answer lets through."""

    url: Annotated[str, Field(max_length=1000)]
    timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 3000
    on_failure: OnFailure = "closed"

    @field_validator("url")
    @classmethod
    def _is_https(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018  (raises on a bad one)
        except ValueError as error:
            raise ValueError("not an address") from error
        if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("give an address that begins with https://, without user and fragment")
        return url


class ModelSettings(Strict):
    """A model of the tenant's that answers a question about a text with yes (it breaks the rule) or no."""

    model: ModelName
    question: Annotated[str, Field(min_length=3, max_length=4000, pattern=r"^[^\x00]+$")]
    timeout_ms: Annotated[int, Field(ge=500, le=120_000)] = 20_000
    on_failure: OnFailure = "closed"


Settings = NoSettings | PiiSettings | RegexSettings | SizeSettings | WebhookSettings | ModelSettings
_OF_KIND: dict[Kind, type[Strict]] = {
    "pii": PiiSettings, "secrets": NoSettings, "regex": RegexSettings, "size": SizeSettings,
    "webhook": WebhookSettings, "model": ModelSettings,
}  # fmt: skip


def settings_of(kind: Kind, settings: dict[str, Any]) -> Any:
    """The settings, read as its kind has them. Raises ValueError."""
    return _OF_KIND[kind].model_validate(settings)


class NewGuardrail(Strict):
    """A guardrail as it is written. `stage`: of the prompt (before), of the answer (after), or of both.

    `redact` cannot be undone; `pseudonymise` puts placeholders into the prompt and the values back into the answer.
    """

    name: PolicyName
    kind: Kind
    stage: Stage
    action: Action = "block"
    settings: dict[str, Any] = Field(default_factory=dict)
    is_active: bool = True

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "NewGuardrail":
        self.settings = settings_of(self.kind, self.settings).model_dump(mode="json")
        if self.action != "block" and self.kind not in ("pii", "secrets", "regex"):
            raise ValueError(f"action: a guardrail of kind {self.kind} can only block")
        if self.action == "pseudonymise" and self.stage != "before":
            raise ValueError(
                "action: pseudonymise goes with the stage before; answers get the values back by themselves"
            )
        if self.kind == "size" and self.stage != "before" and self.settings.get("max_messages") is not None:
            raise ValueError("settings.max_messages: an answer is one message; use the stage before")
        return self


class Guardrail(BaseModel):
    """A guardrail as it stands. `signing_secret` is shown once, when a webhook is made or its secret renewed."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    policy_id: UUID
    position: int
    name: str
    kind: Kind
    stage: Stage
    action: Action
    settings: dict[str, Any]
    is_active: bool
    signing_secret: str | None = None


class Order(Strict):
    """All guardrails of a policy, in the order in which they are to be asked."""

    guardrails: Annotated[list[UUID], Field(max_length=MOST_GUARDRAILS)]
