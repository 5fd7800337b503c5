"""Turns of panes: one question to several, another answer, a question asked otherwise, stop."""

from collections.abc import Awaitable, Callable, Sequence

from radiant.ai.inference.metered import Labels
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.foundation.runs.hub import RunHub
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import ChatId, PaneId, PanesId, uuid7
from radiant.workspace.chats import messages_store
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.schemas import NewChat, NewTurn, Retry
from radiant.workspace.concurrent_chat import common, service, store, turns_store
from radiant.workspace.concurrent_chat.schemas import (
    NewPanesTurn,
    Pane,
    PaneEdit,
    PaneIds,
    PaneRetry,
    PanesTurn,
    RefusedPane,
    Started,
)
from radiant.workspace.turns.service import Begun, Manner, Turns, must_say_something

PROTOCOL = "concurrent-chat"


class PanesNotChosen(Invalid):
    """The panes go each their own way, and it is not said which are asked."""

    slug = "panes-not-chosen"


class NothingStarted(Conflict):
    """No pane could start; `refused` says why, pane by pane."""

    slug = "nothing-started"


class PaneTurns:
    """Takes turns of panes. Made once by a root."""

    def __init__(self, database: Database, turns: Turns, runs: RunHub) -> None:
        self._database = database
        self._turns = turns
        self._runs = runs

    async def ask(self, caller: Caller, session_id: PanesId, new: NewPanesTurn, key: str | None) -> PanesTurn:
        """Ask panes one question. One that cannot start does not hinder the others.

        Raises NoSuchSession, NoSuchPane, PanesNotChosen, NoCommonAnswer, NothingAsked, NothingStarted,
        IdempotencyMismatch.
        """
        must_say_something(new.content)
        begun: list[Begun] = []
        async with caller.db(self._database).tx() as tx:
            before = await idempotency.claim(tx, key, f"{session_id}:{new.model_dump_json()}")
            if before is not None:
                return PanesTurn.model_validate(before)
            row = await service.locked(tx, session_id)
            panes = _chosen(await store.panes(tx, session_id), new.pane_ids, row["sync_mode"])
            last = await turns_store.last_turn(tx, session_id)
            if row["sync_mode"] == "synchronized" and last is not None:
                await common.settle(tx, session_id, last)
            turn = 1 if last is None else last["turn"] + 1

            async def begin(pane: Pane) -> Begun:
                chat_id = pane.chat_id or await _new_chat(tx, pane)
                return await self._turns.begin(tx, chat_id, NewTurn(content=new.content), _manner(row, pane))

            started, refused = await _each(tx, panes, begin, begun)
            await turns_store.insert_turn(
                tx, session_id, turn, row["sync_mode"], [(one.pane_id, one.user_message.id) for one in started]
            )
            await store.change_session(tx, session_id)
            result = PanesTurn(turn=turn, started=started, refused=refused)
            await idempotency.remember(tx, key, result.model_dump(mode="json"))
        for one in begun:
            self._turns.start(caller, one)
        return result

    async def retry(self, caller: Caller, session_id: PanesId, pane_id: PaneId, retry: PaneRetry) -> PanesTurn:
        """Another answer in that pane, perhaps of another model. Raises NoSuchSession, NoSuchPane, NotFound."""

        async def begin(tx: Tx, row: Row, pane: Pane) -> Begun:
            again = Retry(model=retry.model)
            return await self._turns.begin_retry(tx, _chat_of(pane), retry.message_id, again, _manner(row, pane))

        return await self._one(caller, session_id, pane_id, begin)

    async def edit(self, caller: Caller, session_id: PanesId, pane_id: PaneId, edit: PaneEdit) -> PanesTurn:
        """The question asked otherwise in that pane, as a sibling of the first. Raises NoSuchSession, NoSuchPane,
        NotFound, NothingAsked."""

        async def begin(tx: Tx, row: Row, pane: Pane) -> Begun:
            chat_id = _chat_of(pane)
            question = await messages_store.get(tx, chat_id, edit.message_id)
            if question is None or question.role != "user":
                raise NotFound("message_id: there is no such question in this pane")
            again = NewTurn(content=edit.content, parent_id=question.parent_id)
            begun = await self._turns.begin(tx, chat_id, again, _manner(row, pane))
            await turns_store.add_question(tx, session_id, question.id, pane_id, begun.turn.user_message.id)
            return begun

        return await self._one(caller, session_id, pane_id, begin)

    async def _one(
        self, caller: Caller, session_id: PanesId, pane_id: PaneId,
        begin: Callable[[Tx, Row, Pane], Awaitable[Begun]],
    ) -> PanesTurn:  # fmt: skip
        async with caller.db(self._database).tx() as tx:
            row = await service.locked(tx, session_id)
            pane = service.pane_of(await store.panes(tx, session_id), pane_id)
            begun = await begin(tx, row, pane)
            last = await turns_store.last_turn(tx, session_id)
            await store.change_session(tx, session_id)
        self._turns.start(caller, begun)
        return PanesTurn(turn=last["turn"] if last else 0, started=[_started(pane, begun)], refused=[])

    async def stop(self, db: TenantDb, session_id: PanesId, pane_ids: PaneIds | None) -> list[PaneId]:
        """Ask the panes, or all, to stop; those that were writing. Raises NoSuchSession, NoSuchPane."""
        panes = await service.get_panes(db, session_id)
        chosen = panes if pane_ids is None else [service.pane_of(panes, each) for each in dict.fromkeys(pane_ids)]
        stopped: list[PaneId] = []
        for pane in chosen:
            if pane.run_id is not None:
                await self._runs.cancel(db, pane.run_id)
                stopped.append(pane.id)
        return stopped


def _chosen(panes: Sequence[Pane], pane_ids: PaneIds | None, mode: str) -> list[Pane]:
    if pane_ids is None:
        if mode == "independent":
            raise PanesNotChosen(
                "pane_ids: the panes are independent; say which are asked, or set the mode to broadcast"
            )
        return list(panes)
    return [service.pane_of(panes, each) for each in dict.fromkeys(pane_ids)]


async def _each(
    tx: Tx, panes: Sequence[Pane], begin: Callable[[Pane], Awaitable[Begun]], begun: list[Begun]
) -> tuple[list[Started], list[RefusedPane]]:
    """Who starts and who cannot, each undone by itself. Raises NothingStarted."""
    started: list[Started] = []
    refused: list[RefusedPane] = []
    for pane in panes:
        try:
            async with tx.savepoint():
                one = await begin(pane)
        except Problem as problem:
            refused.append(RefusedPane(pane_id=pane.id, error=problem.summary()))
        else:
            begun.append(one)
            started.append(_started(pane, one))
    if not started:
        why = "; ".join(dict.fromkeys(str(one.error["detail"]) for one in refused))
        raise NothingStarted(f"no pane could start: {why}", refused=[one.model_dump(mode="json") for one in refused])
    return started, refused


def _started(pane: Pane, begun: Begun) -> Started:
    turn = begun.turn
    return Started(
        pane_id=pane.id, chat_id=begun.chat.id, run_id=turn.run_id, user_message=turn.user_message,
        assistant_message=turn.assistant_message,
    )  # fmt: skip


def _manner(row: Row, pane: Pane) -> Manner:
    return Manner(
        model=pane.model, system_prompt=pane.system_prompt, shared=row["shared_context"] or "",
        parameters=pane.parameters, documents=row["documents"],
        labels=Labels(protocol=PROTOCOL, tags={"session": str(row["id"]), "pane": str(pane.id)}),
    )  # fmt: skip


def _chat_of(pane: Pane) -> ChatId:
    if pane.chat_id is None:
        raise NotFound("the chat of this pane was deleted; its next question starts another")
    return pane.chat_id


async def _new_chat(tx: Tx, pane: Pane) -> ChatId:
    """A chat in place of the one that was deleted."""
    chat_id = ChatId(uuid7())
    await chats_store.insert(tx, chat_id, NewChat(model=pane.model, system_prompt=pane.system_prompt), of_pane=True)
    await store.change_pane(tx, pane.id, None, None, None, chat_id)
    return chat_id
