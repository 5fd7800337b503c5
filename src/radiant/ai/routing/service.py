"""The Brain: which model a request goes to, and why.

Rules decide first, then the conversation that a request belongs to, then the score. All that it reads lies in memory
until it changes: a decision makes no trip to the database, but for a conversation that this process does not know.
"""

import asyncio
import contextlib
import hashlib
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import structlog

from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.vendors import vendors
from radiant.ai.routing import refits_store, rules, store
from radiant.ai.routing.calibration import Shifts
from radiant.ai.routing.conditions import Situation
from radiant.ai.routing.evidence import NOWHERE, Seen, Sums, sums_of
from radiant.ai.routing.explore import choose
from radiant.ai.routing.needs import Level, Needs, TaskType
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.schemas import ChosenBy
from radiant.ai.routing.score import (
    Bounds,
    Judge,
    Option,
    Refused,
    Scored,
    Weights,
    beyond,
    confidence,
    none_fits,
    preferring,
    scored,
    sift,
    weights_of,
)
from radiant.ai.routing.statistics import PLACES, Figures, Key, View
from radiant.ai.routing.words import words_of
from radiant.foundation.identity.callers import Caller
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database, Row, TenantDb
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, UserId
from radiant.kit.money import plain as digits

if TYPE_CHECKING:
    from radiant.ai.routing.reader import Reader

log = structlog.get_logger()

# How much of a prompt is read, of its end: patterns and the classifier see no more.
_READ = 8000
# Among so many of the best an exploration chooses.
_EXPLORED = 5
# So many candidates of a decision are kept for a replay.
_KEPT_CANDIDATES = 16
_TRIES = 3
_CONVERSATIONS = 50_000
# How old a view of the statistics may be while a newer one is read.
_STALE_SECONDS = 2.0


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


class Read(msgspec.Struct, frozen=True):
    """A request as it was read. `tokens`: of its prompt, by family of tokenizers; none where it was not read or the
    caller said how many there are. `conversation`: a digest of who talks and what the conversation is called, ""
    where it has no name; `goes_on`: something was answered in it already; `named`: the caller named it."""

    task: TaskType
    confidence: float
    language: str
    text: str
    difficulty: float = 0.0
    cell: int = NOWHERE
    tokens: Mapping[str, int] = {}
    conversation: str = ""
    goes_on: bool = False
    named: bool = False

    def input_tokens(self, needs: Needs) -> int:
        """Of the prompt, as rules count them: by OpenAI's present tokenizer, where it was read."""
        return self.tokens.get("o200k", needs.input_tokens)

    @property
    def seen(self) -> Seen:
        """What of it decides how good an answer is."""
        return Seen(self.task, self.difficulty, self.cell)


class Matched(msgspec.Struct, frozen=True):
    """What a rule said: the first condition that does not hold, or why none of its models can take the request, or
    neither: then `models` answer."""

    rule: Ready
    unmet: str | None
    why: str | None
    models: tuple[str, ...] = ()


@dataclass(slots=True)
class Plan:
    """Models to be tried, in this order, and how they were chosen."""

    needs: Needs
    level: Level
    read: Read
    bounds: Bounds
    weights: Weights
    preferred: str | None
    ranked: list[Scored]
    """By score, all that can take the request."""
    refused: list[Refused]
    situation: Situation
    order: list[Scored]
    chosen_by: ChosenBy
    reason: str
    confidence: float
    propensity: float = 1.0
    possible: frozenset[str] = frozenset()
    """The models that could have been chosen, where chance had a say."""
    rule: Ready | None = None
    asked: list[Matched] = field(default_factory=list[Matched])

    @property
    def tries(self) -> int:
        """How many models are tried at most: of a rule all that it names."""
        return max(_TRIES, len(self.asked[-1].models) if self.rule is not None else 0)

    def reason_of(self, at: int, failed: str | None) -> str:
        """Why the model at that place is tried."""
        if at == 0 and failed is None:
            return self.reason
        return f"{failed or 'what came before'} failed; {self.order[at].id} is next"

    def facts(self, at: int, reason: str, *, first: bool) -> Mapping[str, Any]:
        """What the ledger is told of the choice at that place. `first`: nothing was tried before."""
        found = self.order[at].estimated
        asked = self.needs.asked
        facts: dict[str, Any] = {
            "task": self.read.task, "level": self.level, "by": self.chosen_by if first else "fallback",
            "reason": reason, "position": 0 if first else max(at, 1), "latency": found.latency_ms,
            "confidence": round(self.confidence, 6),
        }  # fmt: skip
        if found.cost is not None:
            facts["cost"] = digits(found.cost)
        if self.read.cell != NOWHERE:
            facts["difficulty"], facts["cell"] = round(self.read.difficulty, 4), self.read.cell
        if self.read.conversation:
            facts["conversation"] = self.read.conversation
        if asked is not None and asked.resolve is not None:
            facts["resolve"] = asked.resolve
        if not first:
            return facts
        facts["propensity"] = self.propensity
        if self.rule is not None:
            facts["rule"], facts["rule_name"] = str(self.rule.id), self.rule.name
        facts["replay"] = {
            "in": self.situation.input_tokens, "can": sorted(self.needs.capabilities), "lang": self.read.language,
            "plan": self.situation.plan, "prefer": asked.preferred_provider if asked else None,
            "possible": sorted(self.possible or {self.order[0].id}),
            "among": [
                [
                    one.id, one.estimated.option.provider,
                    None if one.estimated.cost is None else round(float(one.estimated.cost), 9),
                    one.estimated.latency_ms, round(one.estimated.quality.low, 4), round(one.estimated.reliability, 4),
                ]
                for one in self.ranked[:_KEPT_CANDIDATES]
            ],
        }  # fmt: skip
        return facts


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
        self._views = _Views(database, changes)
        self._conversations: OrderedDict[str, str] = OrderedDict()
        self._reader: Late[Reader] = Late(_make_reader)
        self.fleet: Callable[[Caller], Awaitable[Fleet]] = _no_fleet

    def _house_changed(self, tenant_id: TenantId | None) -> None:
        # None: the platform's rules, or anything.
        self._houses.forget(None if tenant_id is None else lambda tenant, _: tenant == tenant_id)

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
            _by_rule(plan, plan.asked[-1], by_id)
        elif settings.sticky and (model := await self._held(caller, read) or "") in by_id:
            plan.order = _first(ranked, [by_id[model]])
            plan.chosen_by = "conversation"
            plan.reason = f"this conversation is with {model}, which can go on with it"
            plan.confidence = 1.0
        else:
            self._by_score(plan, 0.0 if dry else settings.exploration, settings.preferred_margin)
        return plan

    def _by_score(self, plan: Plan, exploration: float, margin: float) -> None:
        ranked = plan.ranked
        best = ranked[0]
        plan.reason = _why(plan, margin)
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
            plan.order = _first(ranked, [ranked[taken]])
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


async def _no_fleet(_: Caller) -> Fleet:
    return Fleet((), _awake)


def known_providers() -> frozenset[str]:
    """Every provider that a preference can name."""
    return frozenset(vendors()) | {"local"}


def ask(
    asked: Sequence[Ready], situation: Situation, by_id: Mapping[str, Scored], refused: Mapping[str, str]
) -> list[Matched]:
    """What each rule says, until one decides."""
    found: list[Matched] = []
    for rule in asked:
        if (unmet := rule.when.unmet(situation)) is not None:
            found.append(Matched(rule, unmet, None))
            continue
        bounds = Bounds(max_cost=rule.when.conditions.max_cost, max_latency_ms=rule.when.conditions.max_latency_ms)
        can: list[str] = []
        whys: list[str] = []
        for model in rule.models:
            one = by_id.get(model)
            why = refused.get(model, "is not among the models here") if one is None else None
            if one is not None and rule.when.bounded:
                why = beyond(one.estimated, bounds)
            if why is None:
                can.append(model)
            else:
                whys.append(f"{model} {why}")
        found.append(Matched(rule, None, None if can else "; ".join(whys), tuple(can)))
        if can:
            break
    return found


def _by_rule(plan: Plan, matched: Matched, by_id: Mapping[str, Scored]) -> None:
    chosen = [by_id[model] for model in matched.models]
    first = chosen[0]
    plan.order = _first(plan.ranked, chosen)
    plan.chosen_by, plan.rule, plan.confidence = "rule", matched.rule, 1.0
    told = "" if first.id == matched.rule.models[0] else f", since {matched.rule.models[0]} cannot take this"
    plan.reason = f"the rule {matched.rule.name!r} chooses {first.id}{told}"


def _first(ranked: Sequence[Scored], chosen: Sequence[Scored]) -> list[Scored]:
    ids = {one.id for one in chosen}
    return [*chosen, *(one for one in ranked if one.id not in ids)]


def _money(amount: Decimal | None) -> str:
    if amount is None:
        return "an unknown price"
    return "no cost" if not amount else f"about ${digits(amount.quantize(Decimal('0.000001')))}"


def _why(plan: Plan, margin: float) -> str:
    best, among = plan.ranked[0], len(plan.ranked)
    found = best.estimated
    figures = f"quality {found.quality.mean:.2f}, {_money(found.cost)}, {found.latency_ms / 1000:.1f} s"
    if among == 1:
        return f"{best.id} alone can take this {plan.read.task} request: {figures}"
    top = max(plan.ranked, key=lambda one: one.score)
    if top is not best:
        return f"{best.id} is of {plan.preferred}, which is preferred, and no more than {margin:g} behind {top.id}: {figures}"
    return f"{best.id} scores best of {among} for {plan.read.task} ({plan.level}): {figures}"


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


class _Views:
    """The statistics as each tenant sees them. While a newer view is read, the one before may serve for a moment, so
    that nobody waits each time that something was counted."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._own: Kept[TenantId, _Known] = Kept(changes, most=2_000)
        self._everybody: Kept[str, _Known] = Kept(changes)
        for table in ("brain_tenant_statistics", "brain_tenant_evidence"):
            changes.subscribe(table, self._own_changed)
        for table in ("brain_model_statistics", "brain_model_evidence", "brain_refits"):
            changes.subscribe(table, lambda _: self._everybody.forget())
        self._views: OrderedDict[TenantId, tuple[_Known, _Known, View, float]] = OrderedDict()
        self._reading: set[asyncio.Task[View]] = set()

    def _own_changed(self, tenant_id: TenantId | None) -> None:
        self._own.forget(None if tenant_id is None else lambda tenant, _: tenant == tenant_id)

    def recent(self, tenant_id: TenantId) -> View | None:
        """The view where it is here, a moment old at most."""
        kept = self._views.get(tenant_id)
        if kept is None:
            return None
        own, everybody, view, seen = kept
        now = time.monotonic()
        if self._own.get(tenant_id) is own and self._everybody.get("") is everybody:
            if now - seen > _STALE_SECONDS / 4:
                self._views[tenant_id] = own, everybody, view, now
            return view
        if now - seen > _STALE_SECONDS:
            return None
        if not self._reading:
            task = asyncio.create_task(self.read(self._database.tenant(tenant_id)))
            self._reading.add(task)
            task.add_done_callback(self._was_read)
        return view

    def _was_read(self, task: "asyncio.Task[View]") -> None:
        self._reading.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("routing.statistics_not_read", error=repr(error))

    async def read(self, db: TenantDb) -> View:
        """The view as it is now."""
        own = await self._own.read(db.tenant_id, lambda: self._read_own(db))
        everybody = await self._everybody.read("", lambda: self._read_everybody(db))
        kept = self._views.get(db.tenant_id)
        view = kept[2] if kept is not None and kept[0] is own and kept[1] is everybody else _view(own, everybody)
        self._views[db.tenant_id] = own, everybody, view, time.monotonic()
        self._views.move_to_end(db.tenant_id)
        if len(self._views) > 2_000:
            self._views.popitem(last=False)
        return view

    async def _read_own(self, db: TenantDb) -> "_Known":
        async with db.tx() as tx:
            return _Known(_figures(await store.own(tx)), sums_of(await store.own_evidence(tx), str(db.tenant_id)))

    async def _read_everybody(self, db: TenantDb) -> "_Known":
        async with db.tx() as tx:
            figures, learned = _figures(await store.everybody(tx)), sums_of(await store.evidence(tx), None)
            return _Known(figures, learned, await refits_store.shifts(tx))


@dataclass(frozen=True, slots=True)
class _Known:
    """A tenant's, or everybody's."""

    figures: dict[Key, Figures]
    learned: Sums
    shifts: Shifts = field(default_factory=dict[str, dict[str, float]])


def _view(own: _Known, everybody: _Known) -> View:
    return View(own.figures, everybody.figures, own.learned, everybody.learned, everybody.shifts)


def _figures(rows: Sequence[Row]) -> dict[Key, Figures]:
    now = utc_now()
    return {(row["model"], row["task_type"]): Figures.of_row(row, now) for row in rows if row["task_type"] in PLACES}
