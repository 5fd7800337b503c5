"""What binds one caller's calls: the tenant's policy and then the key's. Pure; a later policy can only narrow, since
each one's refusals and maxima hold by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from radiant.ai.policies.cache import CacheRule, cacheable
from radiant.ai.policies.guards import Guard
from radiant.ai.policies.logs import LogRule
from radiant.ai.policies.problems import MissingTag, PolicyViolation
from radiant.ai.policies.schemas import EFFORTS, CacheSettings, LoggingSettings, Parameters, RequiredTag
from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.vendors import vendor
from radiant.infra.db import Row

Parameter = str
Value = int | float | str
_NOTE = "or have an admin change the policy under Settings, Policies"
_SHOWN = 8


class ModelFacts(Protocol):
    """What of a model matters here; inference's Model is one."""

    @property
    def id(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def upstream_id(self) -> str: ...
    @property
    def aliases(self) -> Sequence[str]: ...
    @property
    def capabilities(self) -> frozenset[str]: ...
    @property
    def max_output_tokens(self) -> int | None: ...


def names_of(model: ModelFacts) -> tuple[str, ...]:
    """Every name by which a pattern may mean the model."""
    return (model.id, f"{model.provider}/{model.id}", f"{model.provider}/{model.upstream_id}", *model.aliases)


class Patterns:
    """Names with * for any characters, compared whole and without regard to case."""

    __slots__ = ("_pieces", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self._pieces = [text.lower().split("*") for text in self.texts]

    def fit(self, names: Sequence[str]) -> bool:
        """Whether one of the names fits one of the patterns."""
        return any(_fits(name.lower(), pieces) for pieces in self._pieces for name in names)

    def __str__(self) -> str:
        more = len(self.texts) - _SHOWN
        return ", ".join(self.texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _fits(name: str, pieces: Sequence[str]) -> bool:
    # The first place is as good as any for each piece between stars, so nothing is tried twice.
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return name == first
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@dataclass(frozen=True, slots=True)
class Enforced:
    """One policy, ready to be asked."""

    id: UUID
    name: str
    allowed: Patterns | None
    denied: Patterns
    aliases: Mapping[str, tuple[str, ...]]
    parameters: Parameters
    required_tags: tuple[RequiredTag, ...]
    cache: CacheSettings | None = None
    logging: LoggingSettings | None = None

    def why_not(self, model: ModelFacts) -> str | None:
        """Why this policy does not allow the model, or None."""
        names = names_of(model)
        if self.denied.fit(names):
            return f"the policy {self.name!r} denies {model.id}"
        if self.allowed is not None and not self.allowed.fit(names):
            return f"the policy {self.name!r} does not allow {model.id}; it allows {self.allowed}"
        return None

    def maximum(self, parameter: Parameter) -> Value | None:
        """The most that it allows of a parameter, if it bounds it."""
        return getattr(getattr(self.parameters, parameter), "maximum", None)

    def default(self, parameter: Parameter) -> Value | None:
        """What it fills in, if anything."""
        return getattr(getattr(self.parameters, parameter), "default", None)


def above(value: Value, maximum: Value) -> bool:
    """Whether a value exceeds a maximum; an effort that nobody knows counts as the greatest."""
    if isinstance(maximum, str):
        return (EFFORTS.index(value) if value in EFFORTS else len(EFFORTS)) > EFFORTS.index(maximum)  # type: ignore[arg-type]
    return isinstance(value, int | float) and value > maximum


class Rules:
    """All policies that bind a call. `empty`: none does, and nothing needs to be asked."""

    __slots__ = ("_aliases", "cache", "empty", "guards", "has_parameters", "logging", "policies")

    def __init__(self, policies: Sequence[Enforced] = (), guards: Sequence[Guard] = ()) -> None:
        self.policies = tuple(policies)
        self.guards = tuple(guards)
        self.empty = not policies
        # A key's own meaning of a name goes before its tenant's; whatever it means, both must allow it.
        self._aliases: dict[str, tuple[str, ...]] = {}
        for policy in self.policies:
            self._aliases |= policy.aliases
        # Whether any parameter is bound or has a default.
        self.has_parameters = any(policy.parameters != _NO_PARAMETERS for policy in self.policies)
        self.cache = _cache_of(self.policies)
        self.logging = _logging_of(self.policies)

    @property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Names that policies give to chains of models."""
        return self._aliases

    def alias(self, name: str) -> tuple[str, ...] | None:
        """The models that the name stands for, or None where it is no alias."""
        return self._aliases.get(name) if self._aliases else None

    def why_not(self, model: ModelFacts) -> str | None:
        """Why the model may not be used, or None."""
        for policy in self.policies:
            if why := policy.why_not(model):
                return why
        return None

    def check(self, model: ModelFacts) -> None:
        """Raises PolicyViolation where the model may not be used."""
        for policy in self.policies:
            if why := policy.why_not(model):
                raise PolicyViolation(
                    f"{why}: ask for one that GET /v1/models lists, {_NOTE}", policy=policy.name, param="model"
                )

    def check_tags(self, tags: Mapping[str, str]) -> None:
        """Raises MissingTag."""
        for policy in self.policies:
            for tag in policy.required_tags:
                value = tags.get(tag.name)
                one_of = f" (one of {', '.join(tag.values[:_SHOWN])})" if tag.values else ""
                if not value:
                    raise MissingTag(
                        f"the policy {policy.name!r} wants each call to carry the tag {tag.name}{one_of}: send the header"
                        f" X-Radiant-Tags: {tag.name}=…, or metadata.{tag.name} in the body",
                        policy=policy.name, tag=tag.name,
                    )  # fmt: skip
                if tag.values and value not in tag.values:
                    raise MissingTag(
                        f"the policy {policy.name!r} does not know this value of the tag {tag.name}: give{one_of}",
                        policy=policy.name, tag=tag.name,
                    )  # fmt: skip

    @property
    def parsed(self) -> bool:
        """Whether prompts and answers have to be read, so that none may be relayed byte for byte."""
        return bool(self.guards)

    def kept(self, request: ChatRequest) -> bool:
        """Whether an answer to the request may be kept, or be one that was."""
        return self.cache is not None and cacheable(self.cache.settings, request)

    @property
    def wants_tags(self) -> bool:
        """Whether calls must carry tags."""
        return any(policy.required_tags for policy in self.policies)

    def bounded(self, parameter: Parameter, value: Value, field: str) -> Value:
        """The value, or the maximum where it lies above. Raises PolicyViolation where the policy would rather refuse;
        it names the field."""
        for policy in self.policies:
            maximum = policy.maximum(parameter)
            if maximum is None or not above(value, maximum):
                continue
            if getattr(policy.parameters, parameter).over == "refuse":
                raise PolicyViolation(
                    f"{field}: the policy {policy.name!r} allows at most {maximum}; ask for no more, {_NOTE}",
                    policy=policy.name, param=field,
                )  # fmt: skip
            value = maximum
        return value

    def default(self, parameter: Parameter) -> Value | None:
        """What to fill in where a call says nothing, or None. A bound on tokens is one of its own, since without a
        limit an answer may have any length."""
        found: Value | None = None
        for policy in self.policies:
            own = policy.default(parameter)
            found = own if own is not None else found
        if found is None and parameter == "max_tokens":
            found = min((most for most in self._maxima(parameter) if isinstance(most, int)), default=None)
        if found is None:
            return None
        for most in self._maxima(parameter):
            found = most if above(found, most) else found
        return found

    def _maxima(self, parameter: Parameter) -> list[Value]:
        return [most for policy in self.policies if (most := policy.maximum(parameter)) is not None]

    def default_for(self, parameter: Parameter, model: ModelFacts) -> Value | None:
        """The default where that model takes the parameter: what it would refuse is not filled in."""
        value = self.default(parameter)
        if value is None:
            return None
        if parameter == "max_tokens" and isinstance(value, int) and model.max_output_tokens is not None:
            return min(value, model.max_output_tokens)
        if parameter == "reasoning_effort" and "reasoning" not in model.capabilities:
            return None
        if parameter in ("temperature", "top_p") and not _takes_sampling(model):
            return None
        return value


def _logging_of(policies: Sequence[Enforced]) -> LogRule | None:
    """The same for what is kept of calls."""
    found: LogRule | None = None
    for policy in policies:
        if policy.logging is not None:
            found = LogRule(policy.id, policy.logging) if policy.logging.is_active else None
    return found


def _cache_of(policies: Sequence[Enforced]) -> CacheRule | None:
    """A key's own cache before its workspace's; off is a word of its own."""
    found: CacheRule | None = None
    for policy in policies:
        if policy.cache is not None:
            found = CacheRule(policy.id, policy.cache) if policy.cache.mode != "off" else None
    return found


_NO_PARAMETERS = Parameters()
NO_RULES = Rules()


def _takes_sampling(model: ModelFacts) -> bool:
    known = vendor(model.provider)
    if known is None:
        return True
    name = model.upstream_id
    if known.fixed_sampling and name.startswith(tuple(known.fixed_sampling)):
        return False
    return not known.takes_sampling or name.startswith(tuple(known.takes_sampling))


def enforced(row: Row) -> Enforced:
    """A policy from its row."""
    allowed = row["allowed_models"]
    return Enforced(
        id=row["id"],
        name=row["name"],
        allowed=None if allowed is None else Patterns(allowed),
        denied=Patterns(row["denied_models"]),
        aliases={name: tuple(chain) for name, chain in row["aliases"].items()},
        parameters=Parameters.model_validate(row["parameters"]),
        required_tags=tuple(RequiredTag.model_validate(tag) for tag in row["required_tags"]),
        cache=None if row["cache"] is None else CacheSettings.model_validate(row["cache"]),
        logging=None if row["logging"] is None else LoggingSettings.model_validate(row["logging"]),
    )
