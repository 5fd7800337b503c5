"""/api/routing: rules, what would happen to a request, what happened, and what would have."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from pydantic import AwareDatetime

from radiant.ai.routing import dry_run, history, refits, replaying, rules, settings
from radiant.ai.routing.history_store import DecisionFilter
from radiant.ai.routing.needs import TaskType
from radiant.ai.routing.schemas import (
    ChosenBy,
    Decision,
    FeedbackGiven,
    FeedbackKept,
    ModelStanding,
    NewRule,
    Refit,
    RefitChoice,
    ReplayRequest,
    ReplayResult,
    RouteRequest,
    RouteResult,
    Rule,
    RuleOrder,
    RuleSettings,
    RuleTest,
    RuleTested,
    Settings,
    SettingsChange,
)
from radiant.ai.routing.service import Brain
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases, Db, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/routing", tags=["routing"])

ModelName = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


def brain_of(request: Request) -> Brain:
    """The Brain that the root made."""
    return request.app.state.brain


async def _catch_up(request: Request) -> None:
    """What has just ended is in the history."""
    await request.app.state.meter.flush()


async def _models(request: Request, caller: Caller) -> set[str]:
    """The models that a rule can name."""
    return {option.id for option in (await brain_of(request).fleet(caller)).options}


@router.get("/rules")
async def list_rules(db: Db, caller: AnyCaller) -> ItemsOf[Rule]:
    """The workspace's, then the platform's, in the order in which they are asked."""
    del caller
    return ItemsOf(items=await rules.rules(db))


@router.post("/rules", status_code=201)
async def make_rule(request: Request, database: Databases, caller: AdminCaller, new: NewRule) -> Rule:
    """Decide for requests by a rule from now on."""
    return await rules.make_rule(database, caller, new, await _models(request, caller))


@router.put("/rules")
async def order_rules(database: Databases, caller: AdminCaller, order: RuleOrder) -> ItemsOf[Rule]:
    """Ask the rules in another order, all at once."""
    return ItemsOf(items=await rules.order_rules(database, caller, order))


@router.post("/rules/test")
async def test_rules(request: Request, database: Databases, caller: MemberCaller, test: RuleTest) -> RuleTested:
    """Which rule would decide for a prompt, with one among them that is not saved yet."""
    return await dry_run.test_rules(brain_of(request), database, caller, test)


@router.get("/rules/{rule_id}")
async def get_rule(db: Db, caller: AnyCaller, rule_id: UUID) -> Rule:
    """One rule."""
    del caller
    return await rules.rule(db, rule_id)


@router.put("/rules/{rule_id}")
async def change_rule(
    request: Request, database: Databases, caller: AdminCaller, rule_id: UUID, new: RuleSettings
) -> Rule:
    """Replace what it says."""
    return await rules.change_rule(database, caller, rule_id, new, await _models(request, caller))


@router.delete("/rules/{rule_id}", status_code=204)
async def delete_rule(database: Databases, caller: AdminCaller, rule_id: UUID) -> None:
    """Delete a rule. What it decided stays in the history."""
    await rules.delete_rule(database, caller, rule_id)


@router.get("/settings")
async def get_settings(db: Db, caller: AnyCaller) -> Settings:
    """How models are chosen in the workspace."""
    del caller
    return await settings.settings(db)


@router.put("/settings")
async def change_settings(database: Databases, caller: AdminCaller, new: SettingsChange) -> Settings:
    """Choose otherwise from now on; what is left out is as the installation has it."""
    return await settings.change_settings(database, caller, new)


@router.post("/route")
async def route(request: Request, caller: MemberCaller, asked: RouteRequest) -> RouteResult:
    """Which model a request would go to, and why. Nothing is called."""
    return await dry_run.route(brain_of(request), caller, asked, explain=asked.explain)


@router.post("/feedback")
async def give_feedback(
    request: Request, database: Databases, caller: MemberCaller, said: Annotated[FeedbackGiven, Body()]
) -> FeedbackKept:
    """Say how good an answer was that was yours; said again, it replaces what was said before."""
    kept = await history.hear(database, caller, said, lambda: _catch_up(request))
    if kept.kind in ("thumbs", "score"):
        await brain_of(request).heard(caller, kept.decision_id, kept.value)
    return kept


@router.get("/history")
async def list_history(
    request: Request,
    db: Db,
    caller: AnyCaller,
    user_id: UUID | None = None,
    model: ModelName = None,
    task_type: TaskType | None = None,
    rule_id: UUID | None = None,
    chosen_by: ChosenBy | None = None,
    success: bool | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Decision]:
    """Decisions, the newest first: the workspace's for an admin, one's own otherwise. `until` itself is not in."""
    if user_id is not None and user_id != caller.user_id:
        caller.require_role(Role.ADMIN)
    of = DecisionFilter(
        user_id=user_id if caller.role >= Role.ADMIN else caller.user_id, model=model, task_type=task_type,
        rule_id=rule_id, chosen_by=chosen_by, success=success, since=since, until=until,
    )  # fmt: skip
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    await _catch_up(request)
    items = await history.decisions(db, of, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/models")
async def list_models(
    request: Request, caller: AnyCaller, task_type: TaskType | None = None, model: ModelName = None
) -> ItemsOf[ModelStanding]:
    """How each model does, by task: quality, latency, cost and reliability, with intervals."""
    return ItemsOf(items=await dry_run.standing(brain_of(request), caller, task_type, model))


@router.get("/refits")
async def list_refits(request: Request, db: Db, caller: AnyCaller) -> ItemsOf[Refit]:
    """What the catalogue's figures of quality were moved by, the newest first, and which holds."""
    return ItemsOf(items=await refits.refits(db, await _models(request, caller)))


@router.put("/refits/active")
async def choose_refit(
    request: Request, database: Databases, caller: AdminCaller, choice: RefitChoice
) -> ItemsOf[Refit]:
    """Go back to an earlier one, or to none. The operator's to say."""
    return ItemsOf(items=await refits.put_in_force(database, caller, choice.version, await _models(request, caller)))


@router.post("/replay")
async def replay(request: Request, database: Databases, caller: AdminCaller, asked: ReplayRequest) -> ReplayResult:
    """What changed rules or weights would have come to, by what was logged. Refuses where the history cannot tell."""
    await _catch_up(request)
    return await replaying.replay(brain_of(request), database, caller, asked)
