"""Sessions of Think Tank: begun, worked on apart from any request, steered, taken up again where a process died."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from radiant.ai.inference.service import Inference
from radiant.foundation.identity.again import caller_again
from radiant.foundation.identity.callers import ALL_SCOPES, Caller
from radiant.foundation.runs import idempotency
from radiant.foundation.runs.hub import BUG, is_dead
from radiant.infra.changes import Changes
from radiant.infra.db import Database, TenantDb, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import uuid7
from radiant.kit.money import plain
from radiant.workspace.chats.beginning import begin_with
from radiant.workspace.chats.schemas import Chat
from radiant.workspace.reasoning import plans, store, views
from radiant.workspace.reasoning.checks import RunTests
from radiant.workspace.reasoning.confidence import calibrated
from radiant.workspace.reasoning.ending import Ending
from radiant.workspace.reasoning.journal import Journal, Lost
from radiant.workspace.reasoning.purse import OutOfBudget, Parked, Purse
from radiant.workspace.reasoning.schemas import (
    Approve,
    DecideTool,
    EditPlan,
    Feedback,
    MadeSession,
    NewSession,
    Options,
    Pause,
    Resume,
    RetryNode,
    Session,
    Status,
    Steering,
)
from radiant.workspace.reasoning.solver import AT_ONCE, Solver
from radiant.workspace.reasoning.steering import Steered
from radiant.workspace.reasoning.using import Toolbox

log = structlog.get_logger()

LEASE = timedelta(seconds=20)
_RENEW_SECONDS = 5.0
_LOOK_SECONDS = 5.0
_MOST_LIVE, _MOST_OF_ONE = 100, 20
_MOST_EVENTS = 20_000
_MOST_LABELS = 5000
_MOST_STEERED = 500
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class NoSuchSession(NotFound):
    """No session of that id is the caller's."""

    slug = "no-such-session"


class StillThinking(Conflict):
    """The session has not ended."""

    slug = "still-thinking"


class AlreadyEnded(Conflict):
    """The session has ended, so that cannot be done to it."""

    slug = "already-ended"


class PlanChanged(Conflict):
    """The plan is another than the one that was edited."""

    slug = "plan-changed"


class NothingToGoOn(Conflict):
    """The session has no solution, or nothing that could go on."""

    slug = "nothing-to-go-on"


@dataclass(slots=True)
class _Live:
    """A session while this process works on it."""

    id: UUID
    db: TenantDb
    caller: Caller
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    solver: Solver | None = None
    task: asyncio.Task[None] | None = None
    cancelled: bool = False
    barred: bool = False
    """Whoever asked for it, or their key, may call no more."""


class Thinking:
    """Made once by a root: `async with Thinking(...)`. `run_tests`: runs code in a sandbox; `catch_up`: brings calls that have
    just ended into the ledger; `owner`: this process, as leases name it; `after_write`: told of each event that was committed."""

    def __init__(
        self, database: Database, changes: Changes, inference: Inference, toolbox: Toolbox,
        run_tests: RunTests | None, catch_up: Callable[[], Awaitable[None]], owner: str,
        after_write: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._database = database
        self.changes = changes
        self._inference = inference
        self._toolbox = toolbox
        self._run_tests = run_tests
        self._catch_up = catch_up
        self._after_write = after_write
        self._owner = owner
        self._live: dict[UUID, _Live] = {}
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Thinking":
        self._looking = asyncio.create_task(self._look_for_abandoned())
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [live.task for live in self._live.values() if live.task is not None]
        if self._looking is not None:
            tasks.append(self._looking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- beginning ---

    async def begin(self, caller: Caller, new: NewSession, key: str | None) -> MadeSession:
        """Begin a session. Raises Invalid on tools and checks that cannot be, IdempotencyMismatch, Conflict, and the
        problems of resolving the model."""
        self._must_have_room(caller)
        await self._toolbox.offered(caller, new.tools)
        if new.model is not None:
            await self._inference.must_be_there(caller, new.model)
        made = MadeSession(id=uuid7())
        options = Options.model_validate(new.model_dump(exclude={"problem"}))
        async with caller.db(self._database).tx() as tx:
            before = await idempotency.claim(tx, key, f"think:{new.model_dump_json()}")
            if before is not None:
                return MadeSession.model_validate(before)
            kept = options.model_dump(mode="json")
            await store.insert(tx, made.id, new.problem, kept, caller.api_key_id, self._owner, LEASE)
            await store.append(tx, made.id, self._owner, "started", "started", {"options": kept})
            await idempotency.remember(tx, key, made.model_dump(mode="json"))
        self._start(caller, made.id)
        return made

    async def tools_without_effects(self, caller: Caller) -> list[str]:
        """Those that a session may use where no person is there to be asked."""
        return [tool.name for tool in await self._toolbox.offered(caller, None) if not tool.side_effects]

    def _must_have_room(self, caller: Caller) -> None:
        if len(self._live) >= _MOST_LIVE:
            raise Conflict("too many problems are being solved here; try again in a moment")
        if sum(live.caller.user_id == caller.user_id for live in self._live.values()) >= _MOST_OF_ONE:
            raise Conflict(f"{_MOST_OF_ONE} problems of yours are being solved; wait for one, or cancel one")

    def _start(self, caller: Caller, session_id: UUID) -> None:
        live = _Live(session_id, caller.db(self._database), caller)
        self._live[session_id] = live
        live.task = asyncio.create_task(self._supervise(live), name=f"think {session_id}")

    # --- working ---

    async def _supervise(self, live: _Live) -> None:
        keeper = asyncio.create_task(self._keep(live))
        try:
            with self.changes.watching("thinktank_sessions", live.id, live.changed.set):
                while not await self._worked(live):
                    pass
        except Lost:
            log.info("think.lost", session_id=str(live.id))
        except asyncio.CancelledError:
            if not live.cancelled:
                # The server stops: whoever looks next takes it up where it is.
                with contextlib.suppress(*_AWAY):
                    async with live.db.tx() as tx:
                        await store.renew(tx, live.id, self._owner, timedelta(0))
                raise
        except _AWAY as error:
            # The database is away: the lease runs out, and the session is taken up again.
            log.warning("think.database_away", session_id=str(live.id), error=str(error))
        finally:
            keeper.cancel()
            self._live.pop(live.id, None)

    async def _keep(self, live: _Live) -> None:
        """Renew the lease; hear what people say while the session is worked on."""
        ours, due = True, time.monotonic() + _RENEW_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due - time.monotonic())):
                    await live.changed.wait()
            live.changed.clear()
            solver = live.solver
            try:
                if time.monotonic() >= due:
                    due = time.monotonic() + _RENEW_SECONDS
                    async with live.db.tx() as tx:
                        ours = await store.renew(tx, live.id, self._owner, LEASE)
                    live.barred = await caller_again(live.db, live.caller.api_key_id) is None
                if solver is None:
                    continue
                before = len(solver.journal.steering)
                await solver.journal.hear()
            except _AWAY as error:
                log.warning("think.keep_failed", session_id=str(live.id), error=str(error))
                continue
            heard = Steered.of(solver.journal.steering)
            solver.purse.held = heard.paused
            if len(solver.journal.steering) > before:
                solver.touched.set()
            if live.task is not None and (heard.cancelled or live.barred or not ours) and solver.going:
                live.cancelled = True
                live.task.cancel()
                return
            await asyncio.sleep(0.05)

    async def _worked(self, live: _Live) -> bool:
        """Work until it ended, or waits; False where somebody said something just as it began to wait."""
        journal = Journal(live.db, live.id, self._owner, self._after_write)
        await journal.read()
        async with live.db.tx() as tx:
            row = await store.get(tx, live.id)
        if row is None or row["status"] != "running" or row["lease_owner"] != self._owner:
            return True
        options = Options.model_validate(row["options"])
        await self._catch_up()
        async with live.db.tx() as tx:
            spent = await store.spent(tx, live.id)
        purse = Purse(options.budget, journal.worked_seconds, AT_ONCE)
        purse.spend(max(spent["tokens"], row["total_tokens"]), max(spent["cost"], row["total_cost"]))
        purse.steps = row["total_steps"]

        async def note(complexity: str | None, strategy: str | None) -> None:
            async with live.db.tx() as tx:
                await store.note(tx, live.id, complexity, strategy)

        solver = live.solver = Solver(
            self._inference, self._toolbox, self._run_tests, live.caller, journal, purse, row["problem"], options, note
        )  # fmt: skip
        status: Status = "completed"
        ending, error = Ending(), None
        try:
            solver.going = True
            if Steered.of(journal.steering).cancelled:
                # The process that heard it died before it could end it.
                live.cancelled = True
                raise asyncio.CancelledError
            ending = await solver.run()
            await journal.hear()
            if not solver.has_heard_all():
                # Somebody edited or retried just as it ended.
                return False
            if ending.short_of is not None:
                status, error = "partial", _summary("not-all-solved", ending.short_of)
        except Parked:
            return await self._parked(live, solver)
        except OutOfBudget as out:
            status, error = (
                "partial",
                _summary("out-of-budget", f"the budget of {out.limit} is used up; give more, and resume"),
            )
            ending.notes = solver.notes
        except asyncio.CancelledError:
            if not live.cancelled:
                raise
            status = "cancelled"
            if live.barred:
                status, error = "failed", _NOT_ANY_MORE
            ending.notes = solver.notes
        except Problem as problem:
            status, error = "failed", problem.summary()
        except (Lost, *_AWAY):
            raise
        except Exception as bug:
            log.error("think.bug", session_id=str(live.id), exc_info=bug)
            status, error = "failed", BUG
        finally:
            solver.going = False
        await asyncio.shield(self._finish(live, solver, status, ending, error))
        return True

    async def _parked(self, live: _Live, solver: Solver) -> bool:
        """Let nobody work on it until a person says something; False where they have."""
        async with live.db.tx() as tx:
            row = await store.lock(tx, live.id)
            if row is None:
                return True
            unheard = await store.events_after(tx, live.id, solver.journal.seen, 1, ["steered"])
            if unheard:
                return False
            status: Status = "paused" if solver.steered.paused else "waiting"
            await store.append(tx, live.id, self._owner, "paused", None, {"status": status})
            await store.park(tx, live.id, self._owner, status)
        return True

    async def _finish(
        self, live: _Live, solver: Solver, status: Status, ending: Ending, error: dict[str, Any] | None
    ) -> None:
        """End a session: what it came to, its totals by the ledger, and the last event, in one transaction."""
        await self._catch_up()
        async with live.db.tx() as tx:
            spent = await store.spent(tx, live.id)
            labels = await store.labels(tx, _MOST_LABELS)
        confidence, how = await asyncio.to_thread(calibrated, ending.confidence, labels)
        rated = [node.confidence for node in solver.nodes if node.confidence is not None]
        # Only what is verified, or sure enough, is a solution; what a check refutes never is.
        found = (
            status == "completed"
            and ending.answer is not None
            and (ending.verified or confidence >= solver.options.stop_at)
        )
        basis = None if ending.solution is None else f"{ending.basis} ({how})"
        result: dict[str, Any] = {
            "solution": ending.solution, "answer": ending.answer, "basis": basis, "solution_found": found,
            "confidence": None if ending.solution is None else round(confidence, 8), "notes": ending.notes, "error": error,
            "avg_confidence": round(sum(rated) / len(rated), 2) if rated else None,
            "total_tokens": spent["tokens"], "total_cost": plain(spent["cost"]),
        }  # fmt: skip
        async with live.db.tx() as tx:
            if await store.append(tx, live.id, self._owner, "ended", None, {"status": status} | result) is None:
                raise Lost
            await store.finish(tx, live.id, self._owner, status, result)
        self._after_write("ended")

    # --- taking up what others left ---

    async def _look_for_abandoned(self) -> None:
        while True:
            try:
                await self.take_up_abandoned()
            except _AWAY as error:
                log.warning("think.look_failed", error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def take_up_abandoned(self) -> int:
        """Work on sessions whose process is gone; how many there were."""
        room = _MOST_LIVE - len(self._live)
        if room <= 0:
            return 0
        system = self._database.system("reasoning: abandoned")
        async with system.tx() as tx:
            owners = await store.owners(tx)
        dead = await asyncio.to_thread(lambda: [owner for owner in owners if is_dead(owner)])
        async with system.tx() as tx:
            rows = await store.abandoned(tx, dead, room)
        taken = 0
        for row in rows:
            if row["id"] in self._live:
                continue
            db = self._database.tenant(row["tenant_id"], row["user_id"])
            async with db.tx() as tx:
                ours = await store.take_over(tx, row["id"], dead, self._owner, LEASE)
                found = await store.get(tx, row["id"]) if ours else None
            if found is None:
                continue
            caller = await caller_again(db, found["api_key_id"], ALL_SCOPES)
            if caller is None:
                await self._end_for(db, row["id"])
                continue
            self._start(caller, row["id"])
            taken += 1
        return taken

    async def _end_for(self, db: TenantDb, session_id: UUID) -> None:
        """Whoever asked may not call any more."""
        async with db.tx() as tx:
            await store.append(tx, session_id, self._owner, "ended", None, {"status": "failed", "error": _NOT_ANY_MORE})
            await store.finish(tx, session_id, self._owner, "failed", {"error": _NOT_ANY_MORE})

    # --- what people do ---

    async def get(self, caller: Caller, session_id: UUID) -> Session:
        """Everything about a session. Raises NoSuchSession."""
        async with caller.db(self._database).tx() as tx:
            return await _read(tx, session_id)

    async def must_be(self, caller: Caller, session_id: UUID) -> None:
        """Raises NoSuchSession."""
        async with caller.db(self._database).tx() as tx:
            if await store.get(tx, session_id) is None:
                raise NoSuchSession("there is no such session")

    async def steer(self, caller: Caller, session_id: UUID, said: Steering) -> Session:
        """Say something to a session. What was said before is not said twice. Raises NoSuchSession, AlreadyEnded,
        PlanChanged, BadPlan, NothingToGoOn, Invalid, Conflict."""
        if isinstance(said, EditPlan):
            tools = {tool.name for tool in await self._toolbox.offered(caller, None)}
            plans.check(said.nodes, len(said.nodes), tools)
        if isinstance(said, RetryNode) and said.model is not None:
            await self._inference.must_be_there(caller, said.model)
        db = caller.db(self._database)
        async with db.tx() as tx:
            row = await store.lock(tx, session_id)
            if row is None:
                raise NoSuchSession("there is no such session")
            fold = views.folded(await store.events_after(tx, session_id, 0, _MOST_EVENTS, views.FOLDED))
            data = _heard(row["status"], fold, said)
            if data is None:
                return await _read(tx, session_id)
            if isinstance(said, Resume) and said.budget is not None:
                options = row["options"] | {"budget": said.budget.model_dump(mode="json")}
                await store.set_options(tx, session_id, options)
            await store.append(tx, session_id, None, "steered", None, data)
            starts = row["status"] != "running" and not isinstance(said, Pause)
            if starts:
                self._must_have_room(caller)
                await store.go_on(tx, session_id, self._owner, LEASE)
            elif isinstance(said, Pause) and row["status"] == "waiting":
                await store.set_paused(tx, session_id)
        live = self._live.get(session_id)
        if live is not None and live.solver is not None and isinstance(said, Pause):
            # At once, where it is worked on here; others hear of it.
            live.solver.purse.held = True
        if starts:
            await self._gone(session_id)
            self._start(caller, session_id)
        return await self.get(caller, session_id)

    async def _gone(self, session_id: UUID) -> None:
        """Wait until this process has let go of the session as it was before."""
        live = self._live.get(session_id)
        if live is not None and live.task is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await asyncio.shield(live.task)

    async def cancel(self, caller: Caller, session_id: UUID) -> Session:
        """End a session, wherever it is worked on; what it has is kept. Raises NoSuchSession."""
        async with caller.db(self._database).tx() as tx:
            row = await store.lock(tx, session_id)
            if row is None:
                raise NoSuchSession("there is no such session")
            if row["status"] in views.ENDED:
                return await _read(tx, session_id)
            await store.append(tx, session_id, None, "steered", None, {"kind": "cancel"})
            if row["status"] != "running":
                await store.append(tx, session_id, None, "ended", None, {"status": "cancelled"})
                await store.finish(tx, session_id, None, "cancelled", {})
        live = self._live.get(session_id)
        if live is not None and live.task is not None:
            live.changed.set()
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await asyncio.shield(live.task)
        return await self.get(caller, session_id)

    async def label(self, caller: Caller, session_id: UUID, feedback: Feedback) -> Session:
        """Keep whether the solution is right. Raises NoSuchSession, NothingToGoOn."""
        session = await self.get(caller, session_id)
        if session.solution is None or session.confidence is None:
            raise NothingToGoOn("the session has no solution that could be right or wrong")
        async with caller.db(self._database).tx() as tx:
            await store.put_good(tx, session_id, feedback.good)
            await store.put_label(tx, session_id, (session.basis or "")[:100], session.confidence, feedback.good)
            return await _read(tx, session_id)

    async def to_chat(self, caller: Caller, session_id: UUID) -> Chat:
        """Begin a chat with the problem and the solution. Raises NoSuchSession, NothingToGoOn."""
        session = await self.get(caller, session_id)
        if session.solution is None:
            raise NothingToGoOn("the session has no solution to go on from")
        async with caller.db(self._database).tx() as tx:
            return await begin_with(tx, session.problem, session.solution)

    async def delete(self, caller: Caller, session_id: UUID) -> None:
        """Delete a session that ended. Raises NoSuchSession, StillThinking."""
        async with caller.db(self._database).tx() as tx:
            if await store.get(tx, session_id) is None:
                raise NoSuchSession("there is no such session")
            if not await store.delete(tx, session_id):
                raise StillThinking("the session has not ended; cancel it first")


def _summary(slug: str, detail: str) -> dict[str, Any]:
    return {"slug": slug, "title": slug.replace("-", " ").capitalize(), "detail": detail[:2000]}


_NOT_ANY_MORE = _summary("may-not-call", "whoever asked for it, or their key, may no longer call models")


async def _read(tx: Tx, session_id: UUID) -> Session:
    row = await store.get(tx, session_id)
    if row is None:
        raise NoSuchSession("there is no such session")
    events = await store.events_after(tx, session_id, 0, _MOST_EVENTS, views.FOLDED)
    return views.session(row, await store.steps(tx, session_id), views.folded(events))


def _heard(status: Status, fold: views.Fold, said: Steering) -> dict[str, Any] | None:
    """The event that keeps what was said; None where that changes nothing. Raises what makes no sense now."""
    data: dict[str, Any] = said.model_dump(mode="json")
    ended = status in views.ENDED
    if fold.steered >= _MOST_STEERED:
        raise Conflict("this session was steered too often; begin another one")
    match said:
        case Resume():
            if status not in ("paused", "partial", "failed", "cancelled"):
                raise NothingToGoOn(f"the session is {status}; there is nothing to resume")
            return data | {"failed": fold.failed if ended else [], "goes_on": ended}
        case RetryNode():
            if said.node_id not in fold.nodes:
                raise Invalid(f"node_id: there is no {said.node_id!r} in the plan")
            return data | {"goes_on": ended}
        case _ if ended:
            raise AlreadyEnded(f"the session is {status}; retry a node, resume it, or begin another one")
        case EditPlan():
            if said.revision != max(fold.revision, 0):
                raise PlanChanged(
                    f"the plan is at revision {max(fold.revision, 0)} by now; look at it and edit that one"
                )
        case Approve():
            return None if fold.approved else data
        case DecideTool():
            decided = fold.decided.get(str(said.call_id))
            if decided is None and all(one.call_id != said.call_id for one in fold.asks):
                raise Invalid("call_id: no such call is asked for")
            if decided is not None and decided != said.allow:
                raise Conflict("that call was decided before")
            return None if decided is not None else data
        case Pause():
            return None if status == "paused" else data
        case _:
            pass
    return data
