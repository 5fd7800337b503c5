"""What panes have in common in mode synchronized: one answer of each turn, from which every pane's chat goes on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, TenantDb, Tx
from radiant.kit.errors import Conflict, NotFound
from radiant.kit.ids import ChatId, MessageId, PanesId, uuid7
from radiant.workspace.chats import messages_store
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.schemas import Message
from radiant.workspace.concurrent_chat import service, store, turns_store
from radiant.workspace.concurrent_chat.schemas import Common, PanesSession

ANSWERED = ("complete", "stopped")


class NoCommonAnswer(Conflict):
    """The turn before has several answers, and none was chosen for all panes to go on from."""

    slug = "no-common-answer"


class NotSynchronized(Conflict):
    """The panes have nothing in common."""

    slug = "not-synchronized"


class TurnIsPast(Conflict):
    """The conversation went on from another turn."""

    slug = "turn-is-past"


async def choose(db: TenantDb, session_id: PanesId, chosen: Common) -> PanesSession:
    """Let every pane's chat go on from that answer. Raises NoSuchSession, NotSynchronized, TurnIsPast, NotFound."""
    async with db.tx() as tx:
        row = await service.locked(tx, session_id)
        if row["sync_mode"] != "synchronized":
            raise NotSynchronized(
                f"the panes are {row['sync_mode']}; a common answer is chosen in mode synchronized (PUT …/sync)"
            )
        last = await turns_store.last_turn(tx, session_id)
        if last is None or chosen.turn > last["turn"]:
            raise NotFound("turn: there was no such turn")
        if chosen.turn < last["turn"]:
            raise TurnIsPast(f"turn: the panes are at turn {last['turn']} already; choose an answer of that one")
        if chosen.merge_id is not None and not await turns_store.merge_exists(tx, chosen.merge_id):
            raise NotFound("merge_id: there is no such merge")
        if chosen.message_id is not None:
            message_id, chat_id = await _answer(tx, session_id, chosen.turn, chosen.message_id)
        else:
            message_id, chat_id = await _written(tx, session_id, last, chosen.text or "")
        await _share(tx, session_id, chosen.turn, chat_id, message_id)
        await turns_store.set_common(tx, session_id, chosen.turn, message_id, chosen.merge_id)
        return await service.read(tx, session_id)


async def _answer(tx: Tx, session_id: PanesId, turn: int, message_id: MessageId) -> tuple[MessageId, ChatId]:
    for answer in await turns_store.answers(tx, session_id, turn):
        if answer["id"] == message_id:
            if answer["status"] not in ANSWERED or not answer["said"]:
                raise NoCommonAnswer("message_id: that answer is not finished, or failed; choose another, or wait")
            return answer["id"], answer["chat_id"]
    raise NotFound(f"message_id: no pane answered turn {turn} by that message")


async def _written(tx: Tx, session_id: PanesId, last: Row, text: str) -> tuple[MessageId, ChatId]:
    """A text as the answer to the turn, in the first pane that was asked."""
    questions: dict[str, str] = last["questions"]
    for pane in await store.panes(tx, session_id):
        if pane.chat_id is not None and str(pane.id) in questions:
            message_id, question = MessageId(uuid7()), MessageId(UUID(questions[str(pane.id)]))
            await messages_store.insert_merged(tx, message_id, pane.chat_id, question, text)
            return message_id, pane.chat_id
    raise NotFound("turn: the chats that were asked are gone; ask again")


async def settle(tx: Tx, session_id: PanesId, last: Row) -> None:
    """Before the next turn: an answer that is the only one becomes common by itself; among several, the person chooses.

    Raises NoCommonAnswer.
    """
    if last["common"] or last["mode"] != "synchronized":
        return
    turn = last["turn"]
    answers = await turns_store.answers(tx, session_id, turn)
    if any(answer["status"] == "streaming" for answer in answers):
        raise NoCommonAnswer(
            f"turn {turn} is still being answered; wait or stop, then choose one answer for all panes (POST …/common)"
        )
    given = [answer for answer in answers if answer["status"] in ANSWERED and answer["said"]]
    if len({answer["pane_id"] for answer in given}) > 1:
        raise NoCommonAnswer(
            f"turn {turn} has {len(given)} answers, and none was chosen for all panes to go on from;"
            f" choose one, or a text made of them (POST …/common with turn {turn})"
        )
    if given:
        only = given[-1]
        await _share(tx, session_id, turn, only["chat_id"], only["id"])
        await turns_store.set_common(tx, session_id, turn, only["id"], None)


async def _share(tx: Tx, session_id: PanesId, turn: int, chat_id: ChatId, message_id: MessageId) -> None:
    """Every pane's chat shows the history that ends in that message; what one lacks of it is copied. Its other branches
    stay."""
    history = await messages_store.path(tx, chat_id, message_id)
    for pane in await store.panes(tx, session_id):
        if pane.chat_id is None or await chats_store.lock(tx, pane.chat_id) is None:
            continue
        leaf = message_id if pane.chat_id == chat_id else await _follow(tx, pane.chat_id, history)
        await chats_store.show(tx, pane.chat_id, leaf)
    await store.move_cursor(tx, session_id, turn)
    await store.change_session(tx, session_id)


async def _follow(tx: Tx, chat_id: ChatId, history: Sequence[Message]) -> MessageId:
    """The end of that history in another chat."""
    children: dict[MessageId | None, list[Message]] = {}
    for message in await messages_store.tree(tx, chat_id):
        if message.status != "streaming":
            children.setdefault(message.parent_id, []).append(message)
    at: MessageId | None = None
    rest = list(history)
    while rest and (same := _same(children.get(at, ()), rest[0])) is not None:
        at = same
        rest.pop(0)
    copies: list[dict[str, Any]] = []
    for message in rest:
        copy = MessageId(uuid7())
        copies.append(
            {
                "id": copy, "parent_id": at, "role": message.role, "content": message.content,
                "reasoning": message.reasoning, "model": message.model, "decision_id": message.decision_id,
            }
        )  # fmt: skip
        at = copy
    if copies:
        await turns_store.insert_copies(tx, chat_id, copies)
    assert at is not None
    return at


def _same(candidates: Sequence[Message], wanted: Message) -> MessageId | None:
    """The newest message that says the same, the same model's if it is an answer."""
    for message in reversed(candidates):
        if (message.role, message.content, message.model) == (wanted.role, wanted.content, wanted.model):
            return message.id
    return None
