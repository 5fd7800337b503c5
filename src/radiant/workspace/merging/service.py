"""Merges: models are asked side by side, what they say is merged as a run apart from the request that asked for it."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog

from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import ChatRequest, Message
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.foundation.runs import store as runs_store
from radiant.foundation.runs.hub import BUG, INTERRUPTED, LEASE, RunHub, RunLog
from radiant.infra.db import Database, TenantDb, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import RunId, uuid7
from radiant.kit.money import ZERO, nano, plain
from radiant.workspace.chats import messages_store
from radiant.workspace.chats.beginning import begin_with
from radiant.workspace.chats.schemas import Chat
from radiant.workspace.merging import best_of, consensus, debate, learning, store, synthesis
from radiant.workspace.merging.asking import Asker, OutOfBudget, Role, Said
from radiant.workspace.merging.panel import Panel, bare, panel_of
from radiant.workspace.merging.posterior import unknown_pair
from radiant.workspace.merging.quality import MOST_LABELS, UNCALIBRATED, Quality, quality_of
from radiant.workspace.merging.schemas import (
    Again,
    DebateTurn,
    Feedback,
    GivenResponse,
    MadeMerge,
    Merge,
    MergeResponse,
    NewMerge,
    Status,
    Strategy,
)
from radiant.workspace.merging.store import Stored
from radiant.workspace.merging.work import Candidate, Outcome, RunCode, Work

log = structlog.get_logger()

KIND = "merge"
# So many other prompts answered with the very same words make an answer a constant one.
_CONSTANT = 3
_STRATEGIES: dict[Strategy, Callable[[Work], Awaitable[Outcome]]] = {
    "consensus": consensus.decide,
    "best_of": best_of.decide,
    "synthesize": synthesis.decide,
    "debate": debate.decide,
}
_NO_ANSWERS = {
    "slug": "no-answers",
    "title": "No answers",
    "detail": "none of the models answered; each says why. Choose others, or connect their providers",
}


class NoSuchMerge(NotFound):
    """No merge of that id is the caller's."""

    slug = "no-such-merge"


class StillMerging(Conflict):
    """The merge has not ended."""

    slug = "still-merging"


class JudgeIsCandidate(Invalid):
    """A model cannot judge its own answer."""

    slug = "judge-is-candidate"


class NothingToLabel(Conflict):
    """The merge has no result."""

    slug = "nothing-to-label"


class NoResult(Conflict):
    """The merge decided nothing, or has not ended."""

    slug = "no-result"


@dataclass(slots=True)
class _Going:
    """A merge while it runs; what is in it is kept, however it ends."""

    id: UUID
    new: NewMerge
    candidates: list[Candidate]
    began: float = field(default_factory=time.perf_counter)
    asker: Asker | None = None
    work: Work | None = None
    outcome: Outcome | None = None


class Merging:
    """Made once by a root. `catch_up`: brings calls that have just ended into routing's history. `run_code`: a port for
    who has a sandbox."""

    def __init__(
        self, database: Database, inference: Inference, runs: RunHub, catch_up: Callable[[], Awaitable[None]],
        run_code: RunCode | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._inference = inference
        self._runs = runs
        self._catch_up = catch_up
        self._run_code = run_code

    async def merge(self, caller: Caller, new: NewMerge, key: str | None) -> MadeMerge:
        """Begin a merge. Raises JudgeIsCandidate, IdempotencyMismatch, Conflict, and the problems of resolving the judge
        and the writer."""
        await self._check_named(caller, new)
        return await self._begin(caller, new, key, f"merge:{new.model_dump_json()}")

    async def again(self, caller: Caller, merge_id: UUID, how: Again, key: str | None) -> MadeMerge:
        """Merge the answers of an earlier merge in another way. Raises NoSuchMerge, StillMerging, and what `merge` does."""
        async with caller.db(self._database).tx() as tx:
            merge = await _read(tx, merge_id)
            rows = await store.responses(tx, merge_id)
        if merge is None:
            raise NoSuchMerge("there is no such merge")
        if merge.status == "running":
            raise StillMerging("the merge is still running; wait for its answers")
        decisions = [row["decision_id"] for row in rows if row["round"] == 0 and row["error"] is None]
        given = [
            GivenResponse(
                model=one.model, response=one.response, tokens=one.tokens_used, latency_ms=one.latency_ms,
                cost=one.cost, message_id=one.message_id,
            )
            for one in merge.responses
            if one.error is None
        ]  # fmt: skip
        if not given:
            raise NothingToLabel("none of its models answered, so there is nothing to merge; make a new one")
        new = NewMerge(prompt=merge.prompt, responses=given, **how.model_dump())
        await self._check_named(caller, new)
        return await self._begin(caller, new, key, f"again:{merge_id}:{how.model_dump_json()}", decisions)

    async def _check_named(self, caller: Caller, new: NewMerge) -> None:
        candidates = {bare(name) for name in (*new.models, *(one.model for one in new.responses))}
        for member, name in (("judge_model", new.judge_model), ("writer_model", new.writer_model)):
            if name is None:
                continue
            model = (await self._inference.target(caller, name)).model.id
            if member == "judge_model" and candidates & {bare(model), bare(name)}:
                raise JudgeIsCandidate(
                    f"judge_model: {model} is one of the candidates; name another, or leave it out to have one chosen"
                )

    async def _begin(
        self, caller: Caller, new: NewMerge, key: str | None, request: str, known: Sequence[UUID | None] = ()
    ) -> MadeMerge:
        """`known`: the calls that gave the answers that are brought along, where they are at hand."""
        self._runs.must_have_room()
        made = MadeMerge(id=uuid7(), run_id=RunId(uuid7()))
        async with caller.db(self._database).tx() as tx:
            before = await idempotency.claim(tx, key, request)
            if before is not None:
                return MadeMerge.model_validate(before)
            messages = [one.message_id for one in new.responses if one.message_id is not None]
            decisions = await messages_store.decisions_of(tx, list(messages)) if messages else {}
            candidates = _candidates(new, decisions)
            for one, decision in zip(candidates, known, strict=False):
                one.decision_id = one.decision_id or decision
            await runs_store.insert(tx, made.run_id, KIND, self._runs.owner, LEASE, {"merge_id": str(made.id)})
            options = new.model_dump(mode="json", exclude={"prompt", "strategy", "responses"})
            models = [one.model for one in candidates]
            await store.insert(tx, made.id, made.run_id, new.prompt, new.strategy, models, options)
            given = [_stored(one) for one in candidates if one.given]
            if given:
                await store.put_responses(tx, made.id, given)
            await idempotency.remember(tx, key, made.model_dump(mode="json"))
        going = _Going(made.id, new, candidates)

        async def body(run: RunLog) -> None:
            await self._run(caller, going, run)

        self._runs.start(caller.db(self._database), made.run_id, body)
        return made

    # --- the run ---

    async def _run(self, caller: Caller, going: _Going, run: RunLog) -> None:
        """The body of the run: always ends it, with whatever was said kept."""
        status: Status = "completed"
        error: dict[str, Any] | None = None
        try:
            going.outcome = outcome = await self._work(caller, going, run)
            if outcome.decision == "no_answers":
                status, error = "failed", _NO_ANSWERS
            elif any(one.error is not None for one in going.candidates):
                status = "partial"
        except asyncio.CancelledError:
            status, error = ("cancelled", None) if run.cancel_requested else ("failed", INTERRUPTED)
        except Problem as problem:
            status, error = "failed", problem.summary()
        except Exception as bug:
            log.error("run.bug", run_id=str(run.run_id), exc_info=bug)
            status, error = "failed", BUG
        ending = asyncio.ensure_future(self._finish(going, run, status, error))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending  # it ends in any case
            return
        if error is None and status != "cancelled":
            await self._teach(caller, going)

    async def _work(self, caller: Caller, going: _Going, run: RunLog) -> Outcome:
        new = going.new
        panel = await panel_of(self._inference, caller, new.prompt)
        going.asker = asker = Asker(self._inference, caller, run.run_id, new.max_cost, panel.decision)
        run.append(
            "asked",
            {"models": [one.model for one in going.candidates], "given": len(new.responses), "task": panel.task},
        )
        for one in going.candidates:
            if one.given:
                run.append("answer", _told(one))
        await asyncio.gather(*(self._ask(going, run, asker, one) for one in going.candidates if not one.given))
        work = going.work = Work(
            new.prompt, going.candidates, panel, asker, run.append, unknown_pair,
            rounds=new.rounds, seed=going.id.int % (1 << 31), keep_turns=_keeper(run.db, going.id),
            run_code=self._run_code,
        )  # fmt: skip
        return await self._decide(caller, going, work, panel, run.db)

    async def _ask(self, going: _Going, run: RunLog, asker: Asker, one: Candidate) -> None:
        """Have a model answer the prompt; keep the answer, or why there is none, at once."""
        request = ChatRequest(model="", messages=[Message.of("user", going.new.prompt)])
        try:
            said = await asker.hear(one.model, request, "answer", going.new.seconds)
        except OutOfBudget:
            said = Said(one.model, error=_BudgetOfMerge("max_cost is reached, so it was not asked"))
        except Problem as problem:
            said = Said(one.model, error=problem)
        one.model, one.text, one.error = said.model, said.text, said.error
        one.tokens, one.cost, one.latency_ms, one.decision_id = (
            said.tokens,
            said.cost,
            said.latency_ms,
            said.decision_id,
        )
        async with run.db.tx() as tx:
            await store.put_responses(tx, going.id, [_stored(one)])
        run.append("answer" if one.error is None else "answer_failed", _told(one))

    async def _decide(self, caller: Caller, going: _Going, work: Work, panel: Panel, db: TenantDb) -> Outcome:
        new = going.new
        there = [one for one in work.candidates if one.usable]
        if not there:
            return Outcome("no_answers", "nobody answered")
        if len(there) == 1:
            return _only(there[0], len(work.candidates))
        for one in there:
            one.record = panel.record(one.model)
        async with db.tx() as tx:
            constant = await store.constants(
                tx, [one.model for one in there], [one.text for one in there], new.prompt, _CONSTANT
            )
        positions = [one.position for one in there if one.model in constant]
        await asyncio.to_thread(work.examine, positions)
        async with db.tx() as tx:
            work.agreements = await learning.known(tx, work.kind, there)
        if not work.usable:
            return Outcome("none_usable", "gates")
        if new.strategy in ("best_of", "synthesize"):
            work.judge_model = new.judge_model or panel.pick([*work.models, *filter(None, [new.writer_model])])
        if new.strategy in ("synthesize", "consensus"):
            work.writer_model = new.writer_model or panel.pick(list(filter(None, [work.judge_model])))
        return await _STRATEGIES[new.strategy](work)

    async def _finish(self, going: _Going, run: RunLog, status: Status, error: dict[str, Any] | None) -> None:
        """End the run and the merge in one transaction."""
        work, outcome, asker = going.work, going.outcome, going.asker
        quality = Quality(None, UNCALIBRATED)
        if outcome is not None and work is not None and outcome.confidence is not None and outcome.result is not None:
            async with run.db.tx() as tx:
                labels = await store.labels(tx, going.new.strategy, work.kind, MOST_LABELS)
            quality = await asyncio.to_thread(
                quality_of, going.new.strategy, work.kind, outcome.confidence, outcome.votes, labels
            )
        result = _columns(going, quality)
        data: dict[str, Any] = dict(error) if status == "failed" and error is not None else {}

        async def keep(tx: Tx) -> None:
            await store.finish(tx, going.id, status, result, error)
            there = [one for one in going.candidates if one.text or one.error is not None]
            weights = outcome.weights if outcome is not None else {}
            await store.weigh(
                tx, going.id, [one.position for one in there], [weights.get(one.position, ZERO) for one in there],
                [one.value for one in there], [one.copy_of for one in there], [",".join(one.gates) for one in there],
                [one.ability for one in there],
            )  # fmt: skip
            merge = await _read(tx, going.id)
            if merge is not None:
                data["merge"] = merge.model_dump(mode="json")

        if asker is not None:
            run.append("usage", {"cost": plain(asker.cost), "tokens": dict(asker.tokens)})
        state = "cancelled" if status == "cancelled" else "failed" if status == "failed" else "done"
        await run.finish(state, "failed" if status == "failed" else "done", data, keep)

    async def _teach(self, caller: Caller, going: _Going) -> None:
        """What the judge said is evidence for the Brain. A merge that cannot tell it has ended all the same."""
        work, outcome = going.work, going.outcome
        if work is None or outcome is None or work.judge_model is None or not outcome.judgements:
            return
        decisions = {one.position: one.decision_id for one in going.candidates}
        try:
            await learning.tell_brain(
                self._database, caller, work.judge_model, outcome.judgements, decisions, self._catch_up
            )
        except Problem as problem:
            log.warning("merge.untold", merge_id=str(going.id), error=problem.slug)

    # --- reading, deleting, labelling ---

    async def get(self, caller: Caller, merge_id: UUID) -> Merge:
        """Everything about a merge. Raises NoSuchMerge."""
        async with caller.db(self._database).tx() as tx:
            merge = await _read(tx, merge_id)
        if merge is None:
            raise NoSuchMerge("there is no such merge")
        return merge

    async def to_chat(self, caller: Caller, merge_id: UUID) -> Chat:
        """Begin a chat with the prompt and the result. Raises NoSuchMerge, NoResult."""
        merge = await self.get(caller, merge_id)
        if merge.final_result is None:
            raise NoResult("the merge has no result to go on from; merge the answers again by another strategy")
        async with caller.db(self._database).tx() as tx:
            return await begin_with(tx, merge.prompt, merge.final_result)

    async def delete(self, caller: Caller, merge_id: UUID) -> None:
        """Delete a merge. Raises NoSuchMerge, StillMerging."""
        async with caller.db(self._database).tx() as tx:
            if await store.get(tx, merge_id) is None:
                raise NoSuchMerge("there is no such merge")
            if not await store.delete(tx, merge_id):
                raise StillMerging("the merge is still running; cancel its run first")

    async def label(self, caller: Caller, merge_id: UUID, feedback: Feedback) -> Merge:
        """Keep whether a result is good. Raises NoSuchMerge, NothingToLabel."""
        merge = await self.get(caller, merge_id)
        if merge.final_result is None:
            raise NothingToLabel("the merge has no result that could be good or not")
        chosen = next((cluster.value for cluster in merge.clusters if cluster.chosen), None)
        right, wrong = (chosen, None) if feedback.good else (None, chosen)
        decision: UUID | None = None
        async with caller.db(self._database).tx() as tx:
            was = await store.put_good(tx, merge_id, feedback.good)
            if merge.confidence is not None:
                await store.put_label(
                    tx, merge_id, merge.merge_strategy, merge.answer_kind, merge.confidence, feedback.good
                )
            if was is not None and was["before"] is None and chosen is not None and merge.answer_kind != "text":
                values = [(one.model, one.answer) for one in merge.responses if one.copy_of is None]
                if rows := learning.lessons(values, right, wrong):
                    await store.add_agreements(tx, merge.answer_kind, rows)
                if right is not None and merge.turns:
                    await store.put_flips(tx, merge_id, right)
            for row in await store.responses(tx, merge_id):
                if merge.chosen is not None and (row["round"], row["position"]) == (0, merge.chosen):
                    decision = row["decision_id"]
        if decision is not None:
            await learning.tell_thumbs(self._database, caller, decision, feedback.good, self._catch_up)
        return await self.get(caller, merge_id)


class _BudgetOfMerge(Problem):
    """The merge's own max_cost is spent."""

    status, slug = 402, "merge-budget-spent"


def _keeper(db: TenantDb, merge_id: UUID) -> Callable[[list[Stored]], Awaitable[None]]:
    async def keep(turns: list[Stored]) -> None:
        async with db.tx() as tx:
            await store.put_responses(tx, merge_id, turns)

    return keep


def _candidates(new: NewMerge, decisions: dict[UUID, UUID]) -> list[Candidate]:
    given = [
        Candidate(
            at, one.model, one.response, given=True, tokens=one.tokens, latency_ms=one.latency_ms, cost=one.cost,
            message_id=one.message_id, decision_id=None if one.message_id is None else decisions.get(one.message_id),
        )
        for at, one in enumerate(new.responses)
    ]  # fmt: skip
    return given + [Candidate(len(given) + at, name) for at, name in enumerate(new.models)]


def _stored(one: Candidate) -> Stored:
    return Stored(
        position=one.position, model=one.model, response=one.text, tokens=one.tokens, latency_ms=one.latency_ms,
        cost=one.cost, given=one.given, message_id=one.message_id, decision_id=one.decision_id,
        error=None if one.error is None else one.error.summary(),
    )  # fmt: skip


def _told(one: Candidate) -> dict[str, Any]:
    data: dict[str, Any] = {
        "position": one.position, "model": one.model, "response": one.text, "tokens": one.tokens,
        "latency_ms": one.latency_ms, "cost": None if one.cost is None else plain(one.cost), "given": one.given,
    }  # fmt: skip
    if one.error is not None:
        data["error"] = one.error.summary()
    return data


def _only(one: Candidate, count: int) -> Outcome:
    """One answer is nobody's consensus, and it is the result."""
    by = "the only answer" if count == 1 else f"the only one of {count} that answered"
    return Outcome("only_answer", by, one.text, one.position, None, {one.position: Decimal(1)})


def _columns(going: _Going, quality: Quality) -> dict[str, Any]:
    """What `store.finish` writes."""
    outcome, work, asker = going.outcome, going.work, going.asker
    asked: Sequence[Candidate] = [one for one in going.candidates if one.given]
    # Answers that were brought along were paid for too.
    total = sum((one.cost for one in asked if one.cost is not None), asker.cost if asker else ZERO)
    tokens = asker.tokens if asker else Counter[Role]()
    columns: dict[str, Any] = {
        "total_cost": str(nano(total)),
        "judge_tokens": tokens["judge"],
        "writer_tokens": tokens["writer"],
        "judge_model": work.judge_model if work else going.new.judge_model,
        "writer_model": work.writer_model if work else going.new.writer_model,
        "latency_ms": round((time.perf_counter() - going.began) * 1000),
        "notes": work.notes if work else [],
        "quality_basis": quality.basis,
        "quality_score": quality.score,
    }
    if work is not None:
        columns |= {"task_type": work.panel.task, "answer_kind": work.kind}
    if outcome is not None:
        columns |= {
            "final_result": outcome.result, "decision": outcome.decision, "decided_by": outcome.decided_by[:100],
            "confidence": outcome.confidence, "chosen": outcome.chosen,
            "clusters": [one.model_dump(mode="json") for one in outcome.clusters],
            "claims": [one.model_dump(mode="json") for one in outcome.claims],
            "judgements": [one.model_dump(mode="json") for one in outcome.judgements],
            "provenance": [one.model_dump(mode="json") for one in outcome.provenance],
        }  # fmt: skip
    return columns


async def _read(tx: Tx, merge_id: UUID) -> Merge | None:
    row = await store.get(tx, merge_id)
    if row is None:
        return None
    rows = [dict(one) for one in await store.responses(tx, merge_id)]
    return Merge(
        **dict(row),
        responses=[MergeResponse.model_validate(one) for one in rows if one["round"] == 0],
        turns=[DebateTurn.model_validate(one) for one in rows if one["round"] > 0],
    )


async def keep_abandoned(tx: Tx, run_id: RunId, error: dict[str, Any]) -> None:
    """End the merge of a dead process; the answers that came are there."""
    await store.interrupt(tx, run_id, error)
