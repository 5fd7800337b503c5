"""The Brain: which model a request goes to, and why.

Rules decide first, then the conversation that a request belongs to, then the score. All that it reads lies in memory
until it changes: a decision makes no trip to the database, but for a conversation that this process does not know.
"""

import asyncio
import contextlib
import hashlib
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import structlog

from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.vendors import vendors
from radiant.ai.routing import rules, store
from radiant.ai.routing.conditions import Situation
from radiant.ai.routing.evidence import Seen
from radiant.ai.routing.explore import choose
from radiant.ai.routing.needs import Level, Needs
from radiant.ai.routing.plan import Plan, Read, ask, in_front
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.score import (
    Bounds,
    Judge,
    Option,
    Weights,
    confidence,
    none_fits,
    preferring,
    scored,
    sift,
    weights_of,
)
from radiant.ai.routing.statistics import View
from radiant.ai.routing.views import Views, of_tenant
from radiant.ai.routing.words import words_of
from radiant.foundation.identity.callers import Caller
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database, Row
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, UserId

if TYPE_CHECKING:
    from radiant.ai.routing.reader import Reader

log = structlog.get_logger()

# How much of a prompt is read, of its end: patterns and the classifier see no more.
_READ = 8000
# Among so many of the best an exploration chooses.
_EXPLORED = 5
_CONVERSATIONS = 50_000


class TenantSettings(msgspec.Struct, frozen=True):
    """How a workspace wants models to be chosen."""

    weights: Weights = Weights()
    preferred_provider: str | None = None
    preferred_margin: float = 0.05
    exploration: float = 0.015
    sticky: bool = True


DEFAULTS = TenantSettings()


def settings_of(row: Row | None) -> TenantSettings:
    """The installation's, with the tenant's own over them."""
    given = {} if row is None else {name: value for name, value in row.items() if value is not None}
    if "weights" in given:
        given["weights"] = Weights(**given["weights"])
    return msgspec.structs.replace(DEFAULTS, **given)


@dataclass(frozen=True, slots=True)
class House:
    """What a tenant has told routing."""

    rules: tuple[Ready, ...]
    settings: TenantSettings
    plan: str

    @property
    def asks_groups(self) -> bool:
        """Whether any rule wants to know in which groups somebody is."""
        return any(rule.when.needs_groups for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The models that a caller may choose among, and which of them rest just now. Filled by inference."""

    options: Sequence[Option]
    resting: Callable[[Option], str | None]


class Brain:
    """One per process, made by a root. `fleet` is a port that inference fills."""

    def __init__(
        self, database: Database, changes: Changes, *, chance: Callable[[], float] = random.random, now: Clock = utc_now
    ) -> None:
        self._database = database
        self._chance = chance
        self.now = now
        self._houses: Kept[TenantId, House] = Kept(changes, most=10_000)
        self._groups: Kept[tuple[TenantId, UserId], frozenset[UUID]] = Kept(changes, most=20_000)
        for table in ("brain_routing_rules", "brain_settings", "tenants"):
            changes.subscribe(table, self._house_changed)
        changes.subscribe("group_members", self._groups_changed)
        self._views = Views(database, changes)
        self._conversations: OrderedDict[str, str] = OrderedDict()
        self._reader: Late[Reader] = Late(_make_reader)
        self.fleet: Callable[[Caller], Awaitable[Fleet]] = _no_fleet
        # Hears what a person says of an answer (0..1), by its decision.
        self.heard: Callable[[Caller, UUID, float], Awaitable[None]] = _nobody_hears

    def _house_changed(self, tenant_id: TenantId | None) -> None:
        # None: the platform's rules, or anything.
        of_tenant(self._houses, tenant_id)

    def _groups_changed(self, tenant_id: TenantId | None) -> None:
        self._groups.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    async def house(self, tenant_id: TenantId) -> House:
        """What the tenant has told routing."""
        found = self._houses.get(tenant_id)
        return found if found is not None else await self._houses.read(tenant_id, lambda: self._read_house(tenant_id))

    async def _read_house(self, tenant_id: TenantId) -> House:
        async with self._database.tenant(tenant_id).tx() as tx:
            rows = await store.rules(tx)
            settings = settings_of(await store.settings(tx))
            plan = await store.plan(tx)
        ready = await asyncio.to_thread(rules.ready, rows) if rows else []
        return House(tuple(ready), settings, plan)

    async def groups_of(self, caller: Caller) -> frozenset[UUID]:
        """The groups that the caller is in."""
        key = (caller.tenant_id, caller.user_id)

        async def read() -> frozenset[UUID]:
            async with caller.db(self._database).tx() as tx:
                return frozenset(await store.groups_of(tx, caller.user_id))

        found = self._groups.get(key)
        return found if found is not None else await self._groups.read(key, read)

    async def view(self, caller: Caller) -> View:
        """What is known of models just now, as the caller's tenant sees it."""
        return await self._views.read(caller.db(self._database))

    async def plan(
        self, caller: Caller, needs: Needs, level: Level, fleet: Fleet, *, read: Read | None = None,
        house: House | None = None, situation: Situation | None = None, dry: bool = False,
    ) -> Plan:  # fmt: skip
        """The models for a request, in the order in which they are to be tried. Raises NoModelFits.

        `dry`: nothing is tried for the sake of learning. The others: known by the caller already.
        """
        house = house or await self.house(caller.tenant_id)
        read = read or await self.read(caller, needs, level)
        groups = await self.groups_of(caller) if situation is None and house.asks_groups else frozenset[UUID]()
        situation = situation or Situation(
            task=read.task, language=read.language, text=read.text, input_tokens=read.input_tokens(needs),
            capabilities=needs.capabilities, user_id=caller.user_id, groups=groups, plan=house.plan, level=level,
            at=self.now(),
        )  # fmt: skip
        asked, settings = needs.asked, house.settings
        bounds = Bounds(
            max_cost=asked.max_cost if asked else None, max_latency_ms=asked.max_latency_ms if asked else None
        )
        # May be a moment old: nobody waits for it each time that something was counted.
        view = self._views.recent(caller.tenant_id) or await self.view(caller)
        judge = await self.judge(caller, view, fleet.options, read.seen)
        sized = (await self._reader.get()).sized(needs, read.tokens)
        fit, refused = sift(fleet.options, sized, read.task, bounds, view, judge, fleet.resting)
        if not fit and not dry and any(one.resting for one in refused):
            # Whoever rests says best until when.
            fit, refused = sift(fleet.options, sized, read.task, bounds, view, judge, _awake)
        if not fit:
            raise none_fits(refused)
        weights = weights_of(settings.weights, level)
        preferred = (asked.preferred_provider if asked else None) or settings.preferred_provider
        ranked = preferring(scored(fit, weights), preferred, settings.preferred_margin)
        plan = Plan(
            needs, level, read, bounds, weights, preferred, ranked, refused, situation, ranked, "score", "",
            confidence(ranked, weights),
        )  # fmt: skip
        by_id = {one.id: one for one in ranked}
        plan.asked = ask(house.rules, situation, by_id, {one.id: one.why for one in refused})
        if plan.asked and plan.asked[-1].models:
            plan.follow_rule(plan.asked[-1], by_id)
        elif settings.sticky and (model := await self._held(caller, read) or "") in by_id:
            plan.order = in_front(ranked, [by_id[model]])
            plan.chosen_by = "conversation"
            plan.reason = f"this conversation is with {model}, which can go on with it"
            plan.confidence = 1.0
        else:
            self._by_score(plan, 0.0 if dry else settings.exploration, settings.preferred_margin)
        return plan

    def _by_score(self, plan: Plan, exploration: float, margin: float) -> None:
        ranked = plan.ranked
        best = ranked[0]
        plan.reason = plan.why_best(margin)
        if exploration <= 0:
            return
        # Those that may well be as good, by what is known of them.
        worth = [
            at for at, one in enumerate(ranked[:_EXPLORED])
            if one.estimated.quality.high >= best.estimated.quality.low
        ]  # fmt: skip
        taken, plan.propensity = choose(0, worth, exploration, self._chance())
        plan.possible = frozenset(ranked[at].id for at in (0, *worth))
        if taken:
            plan.order = in_front(ranked, [ranked[taken]])
            plan.chosen_by = "exploration"
            plan.reason = f"tried so that it is known how it does; {best.id} scores best ({best.score:.2f})"

    async def read(self, caller: Caller, needs: Needs, level: Level) -> Read:
        """What the request is about, and which conversation it belongs to."""
        asked, request = needs.asked, None
        if asked is not None:
            # What we have no word for, the upstream may know.
            with contextlib.suppress(Problem):
                request = asked.request()
        text = _last_words(request) if request is not None else ""
        reader = await self._reader.get()
        found = reader.look(text)
        task, sure = found.task, found.confidence
        for medium in ("vision", "audio"):
            if medium in needs.capabilities:
                task, sure = medium, 1.0
        if request is None or asked is None:
            return Read(task, sure, found.language, text, found.difficulty, found.cell)
        tokens: Mapping[str, int] = {}
        if not needs.counted:
            words, rest = words_of(request)
            tokens = {family: count + rest for family, count in reader.count(words).items()}
        name = asked.conversation or _beginning(request)
        digest = hashlib.blake2b(f"{caller.tenant_id}{caller.user_id}{level} {name}".encode(), digest_size=16)
        return Read(
            task, sure, found.language, text, found.difficulty, found.cell, tokens, digest.hexdigest(),
            goes_on=any(message.role == "assistant" for message in request.messages), named=bool(asked.conversation),
        )  # fmt: skip

    async def facts_of_named(self, caller: Caller, needs: Needs) -> Mapping[str, Any]:
        """What the ledger is told of a request whose model was named, so that what is said of its answer teaches."""
        # How long it is, nobody asks here.
        read = await self.read(caller, msgspec.structs.replace(needs, counted=True), "balanced")
        return {"task": read.task, "by": "named", "reason": "named", **read.place}

    async def judge(self, caller: Caller, view: View, options: Sequence[Option], seen: Seen) -> Judge:
        """How good such models' answers to such a prompt are, as far as the caller's tenant knows."""
        return (await self._reader.get()).judge(view, options, str(caller.tenant_id), seen)

    async def _held(self, caller: Caller, read: Read) -> str | None:
        """The model that the conversation has."""
        if not read.conversation or not (read.goes_on or read.named):
            return None
        model = self._conversations.get(read.conversation)
        if model is not None or not read.goes_on:
            return model
        async with caller.db(self._database).tx() as tx:
            model = await store.model_of_conversation(tx, caller.user_id, read.conversation)
        if model is not None:
            self._remember(read.conversation, model)
        return model

    def answered(self, plan: Plan, model: str) -> None:
        """The model began to answer: the conversation is with it."""
        if plan.read.conversation:
            self._remember(plan.read.conversation, model)

    def _remember(self, conversation: str, model: str) -> None:
        kept = self._conversations
        kept[conversation] = model
        kept.move_to_end(conversation)
        if len(kept) > _CONVERSATIONS:
            kept.popitem(last=False)


def _awake(_: Option) -> None:
    return None


def _make_reader() -> "Reader":
    from radiant.ai.routing.reader import Reader

    return Reader()


async def _nobody_hears(caller: Caller, decision_id: UUID, value: float) -> None:
    del caller, decision_id, value


async def _no_fleet(_: Caller) -> Fleet:
    return Fleet((), _awake)


def known_providers() -> frozenset[str]:
    """Every provider that a preference can name."""
    return frozenset(vendors()) | {"local"}


def _last_words(request: ChatRequest) -> str:
    for message in reversed(request.messages):
        if message.role == "user" and (text := message.text):
            return text[-_READ:]
    return ""


def _beginning(request: ChatRequest) -> str:
    """What tells conversations apart that nobody named: their first words."""
    words: list[str] = []
    for message in request.messages:
        words.append(message.text[:_READ])
        if message.role == "user":
            break
    return "\x1f".join(words)
