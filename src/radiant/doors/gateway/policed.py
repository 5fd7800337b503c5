"""Policies at the door: what every endpoint does with a body before anything is made of it.

    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "chat")
    … Labels(tags=ruled.tags), decode(ruled.body, …), and, of what is relayed, ruled.fill(fields, model)

Which models may be used is checked below, by `Inference.choose` and `Inference.target`.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from radiant.ai.policies import bodies
from radiant.ai.policies.bodies import Endpoint, Fields
from radiant.ai.policies.rules import ModelFacts, Rules
from radiant.ai.providers.chat import ChatRequest
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.foundation.identity.callers import Caller


class Ruled(msgspec.Struct, frozen=True):
    """A request as the caller's policies let it be. Defaults depend on the model: they are filled in by `fill` where a
    body is relayed, and by inference where it is translated."""

    rules: Rules
    body: bytes
    tags: Mapping[str, str]
    endpoint: Endpoint
    fresh: bool = False
    """The caller wants no answer that was kept (Cache-Control: no-store), and none kept."""
    private: Sequence[str] = ()
    """Texts in the body that are to be kept nowhere."""

    def reads(self, neutral: Callable[[], ChatRequest], extra: Callable[[], object]) -> bool:
        """Whether the answer has to be read on its way, so that it may not be relayed: always under guardrails; for a
        cache or a log where the neutral form has a word for all that is asked (`extra`: for what it has none)."""
        rules = self.rules
        cached = rules.cache is not None and not self.fresh
        if rules.parsed or not (cached or rules.logging is not None):
            return rules.parsed
        try:
            return not extra() and (rules.logging is not None or rules.kept(neutral()))
        except BadRequest:
            return False

    def fill(self, fields: Fields, model: ModelFacts) -> bool:
        """Fill defaults into a body that is relayed to `model`; whether anything changed."""
        return self.rules.has_parameters and bodies.fill(self.rules, fields, self.endpoint, model)

    def tokens(self, given: int | None) -> int | None:
        """How long the answer may get, where `given` was asked for."""
        return given if self.rules.empty else bodies.tokens_asked(self.rules, given)


async def under_policy(engine: Engine, call: Call, caller: Caller, body: bytes, endpoint: Endpoint) -> Ruled:
    """The request with its parameters within their bounds and the tags that it must carry. Costs one look into memory
    where there is no policy. Raises PolicyViolation (403), MissingTag (400), BadRequest."""
    policies = engine.inference.policies
    rules = policies.known(caller) or await policies.of(caller)
    tags = call.tags()
    fresh = rules.cache is not None and b"no-store" in call.headers.get(b"cache-control", b"").lower()
    if rules.empty or not (rules.has_parameters or rules.wants_tags):
        return Ruled(rules, body, tags, endpoint, fresh)
    fields = decode(body, dict[str, msgspec.Raw])
    changed = bodies.limit(rules, fields, endpoint)
    if rules.wants_tags:
        tags = {**bodies.metadata_tags(rules, fields), **tags}
        rules.check_tags(tags)
        if endpoint == "messages":
            changed = bodies.without_tags(fields) or changed
    return Ruled(rules, msgspec.json.encode(fields) if changed else body, tags, endpoint, fresh)
