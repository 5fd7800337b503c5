"""Turns of a chat: a question is kept, its answer streams as a run apart from the request that asked for it."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog

from radiant.ai.inference.auto import Following
from radiant.ai.inference.chosen import Answer
from radiant.ai.inference.metered import INTERNAL, Labels
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import (
    ChatRequest,
    Fold,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCallDelta,
)
from radiant.ai.routing.needs import Asked
from radiant.foundation.files import service as files
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.foundation.runs import store as runs_store
from radiant.foundation.runs.hub import INTERRUPTED, LEASE, RunHub, RunLog
from radiant.infra.db import Database, TenantDb, Tx
from radiant.infra.objects import ObjectStore
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import AssetId, ChatId, MessageId, RunId, uuid7
from radiant.kit.money import plain
from radiant.kit.text import shorten
from radiant.workspace.chats import messages_store
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.schemas import Chat, ChatParameters, Content, Message, NewTurn, Retry, Turn
from radiant.workspace.documents.citing import LOCAL_PASSAGES, PASSAGES, Citing
from radiant.workspace.personalization.applying import BUDGET, LOCAL_BUDGET, TASTES, Recall
from radiant.workspace.turns.prompt import assemble, spoken_as, with_found

log = structlog.get_logger()

KIND = "turn"


class NothingAsked(Invalid):
    """The question has neither words nor pictures."""

    slug = "nothing-asked"


class StillAnswering(Conflict):
    """The message that this should follow is not finished."""

    slug = "still-answering"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked, where that is more than its chat says. `shared`: system text before the chat's own;
    `documents`: knowledge bases besides the chat's own."""

    model: str | None = None
    system_prompt: str | None = None
    shared: str = ""
    parameters: ChatParameters = field(default_factory=ChatParameters)
    documents: Sequence[UUID] = ()
    labels: Labels = INTERNAL

    def instructions(self, chat: Chat) -> str:
        """The system text. What many chats share comes first: models keep what prompts begin with."""
        own = chat.system_prompt if self.system_prompt is None else self.system_prompt
        return "\n\n".join(text for text in (self.shared, own) if text.strip())


AS_THE_CHAT = Manner()


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that is kept and waits for its transaction to be committed: then `Turns.start` it."""

    turn: Turn
    chat: Chat
    model: str
    manner: Manner


class Turns:
    """Takes turns. Made once by a root."""

    def __init__(
        self, database: Database, inference: Inference, runs: RunHub, objects: ObjectStore, recall: Recall,
        citing: Citing,
    ) -> None:  # fmt: skip
        self._database = database
        self._inference = inference
        self._runs = runs
        self._objects = objects
        self._recall = recall
        self._citing = citing

    async def ask(self, caller: Caller, chat_id: ChatId, new: NewTurn, key: str | None) -> Turn:
        """Keep a question and start its answer. Raises NotFound, NothingAsked, StillAnswering, IdempotencyMismatch."""
        db = caller.db(self._database)
        async with db.tx() as tx:
            before = await idempotency.claim(tx, key, f"{chat_id}:{new.model_dump_json()}")
            if before is not None:
                return Turn.model_validate(before)
            begun = await self.begin(tx, chat_id, new)
            await idempotency.remember(tx, key, begun.turn.model_dump(mode="json"))
        return self.start(caller, begun)

    async def retry(self, caller: Caller, chat_id: ChatId, message_id: MessageId, retry: Retry) -> Turn:
        """Another answer to the question that `message_id` answers (or is), as its sibling. Raises NotFound."""
        async with caller.db(self._database).tx() as tx:
            begun = await self.begin_retry(tx, chat_id, message_id, retry)
        return self.start(caller, begun)

    async def begin(self, tx: Tx, chat_id: ChatId, new: NewTurn, manner: Manner = AS_THE_CHAT) -> Begun:
        """Keep a question and the place of its answer. Raises as `ask` does."""
        must_say_something(new.content)
        chat = await _chat(tx, chat_id)
        parent_id = new.parent_id if "parent_id" in new.model_fields_set else chat.leaf_message_id
        if parent_id is not None:
            await _must_be_finished(tx, chat_id, parent_id)
        content = [item.model_dump(mode="json") for item in new.content]
        for item in new.content:
            if item.type == "image" and await files.find(tx, item.asset_id) is None:
                raise NotFound("content.asset_id: there is no such file")
        question = await messages_store.insert_user(tx, MessageId(uuid7()), chat_id, parent_id, content)
        return await self._begin(tx, chat, question, new.model, manner)

    async def begin_retry(
        self, tx: Tx, chat_id: ChatId, message_id: MessageId, retry: Retry, manner: Manner = AS_THE_CHAT
    ) -> Begun:
        """Keep the place of another answer. Raises NotFound."""
        chat = await _chat(tx, chat_id)
        message = await messages_store.get(tx, chat_id, message_id)
        if message is not None and message.role == "assistant" and message.parent_id is not None:
            message = await messages_store.get(tx, chat_id, message.parent_id)
        if message is None or message.role != "user":
            raise NotFound("there is no such answer in this chat")
        return await self._begin(tx, chat, message, retry.model, manner)

    async def _begin(self, tx: Tx, chat: Chat, question: Message, model: str | None, manner: Manner) -> Begun:
        self._runs.must_have_room()
        run_id = RunId(uuid7())
        asked = model or manner.model
        chosen = asked or chat.model
        await runs_store.insert(tx, run_id, KIND, self._runs.owner, LEASE, {"chat_id": str(chat.id), "model": chosen})
        answer = await messages_store.insert_answer(tx, MessageId(uuid7()), chat.id, question.id, chosen, run_id)
        words = _words(question)
        await chats_store.advance(tx, chat.id, answer.id, shorten(words, 60) or "Picture", asked)
        turn = Turn(run_id=run_id, user_message=question, assistant_message=answer)
        return Begun(turn, chat, chosen, manner)

    def start(self, caller: Caller, begun: Begun) -> Turn:
        """Let the model answer, now that the turn is committed."""

        async def body(run: RunLog) -> None:
            await self._answer(caller, begun, run)

        self._runs.start(caller.db(self._database), begun.turn.run_id, body)
        return begun.turn

    async def _answer(self, caller: Caller, begun: Begun, run: RunLog) -> None:
        """The body of the run: always ends it, with whatever was said kept."""
        chat, model, manner = begun.chat, begun.model, begun.manner
        spoken = Fold()
        request = ChatRequest(model="", messages=[])
        answer: Answer | None = None
        try:
            db = run.db
            context, local = await self._inference.models.room(db, model)
            budget = LOCAL_BUDGET if local else BUDGET
            async with db.tx() as tx:
                path = await messages_store.path(tx, chat.id, begun.turn.user_message.id)
            words = _words(begun.turn.user_message)
            bases = [*chat.documents, *manner.documents]
            recalled, brought = await asyncio.gather(
                self._recall.recall(caller, chat.id, words, budget),
                self._citing.bring(caller, bases, words, LOCAL_PASSAGES if local else PASSAGES),
            )
            await self._recall.keep(caller, begun.turn.assistant_message.id, recalled)
            await self._citing.keep(caller, begun.turn.assistant_message.id, brought)
            instructions = "\n\n".join(text for text in (manner.instructions(chat), recalled.about) if text.strip())
            request = await assemble(instructions, path, lambda asset: self._image(db, asset), context)
            request = spoken_as(request, manner.parameters)
            if model == "auto" and recalled.level in TASTES:
                model = f"auto:{recalled.level}"
            # Routing reads what was asked, not what is known besides.
            asked = Asked(request=partial(_itself, request), conversation=str(chat.id))
            found = "\n\n".join(text for text in (recalled.found, brought.text) if text)
            request = with_found(request, found)
            labels = msgspec.structs.replace(manner.labels, run_id=run.run_id)
            answer = await self._inference.open(caller, model, request, labels, asked=asked, rated=True)
            run.append("started", {"model": answer.model, "provider": answer.provider, "reason": answer.reason})
            async with contextlib.aclosing(answer.events) as events:
                async for event in events:
                    spoken.add(event)
                    match event:
                        case TextDelta(text):
                            run.append("text", {"text": text})
                        case ReasoningDelta(text) if text:
                            run.append("reasoning", {"text": text})
                        case ToolCallDelta(index, call_id, name, arguments):
                            run.append(
                                "tool_call", {"index": index, "id": call_id, "name": name, "arguments": arguments}
                            )
                        case _:
                            pass
        except asyncio.CancelledError:
            if not run.cancel_requested:
                await self._fail(run, spoken, answer, INTERRUPTED)
            else:
                await self._finish(run, spoken, answer, "stopped", None)
        except Problem as problem:
            following: Following | None = None
            # Stopped meanwhile: it ends all the same.
            with contextlib.suppress(asyncio.CancelledError):
                tried = answer.model if answer is not None else model
                following = await self._inference.next_best(caller, tried, request, problem)
            await self._fail(run, spoken, answer, problem.summary() | {"next_best": following})
        else:
            await self._finish(run, spoken, answer, "complete", spoken.stop_reason)

    async def _finish(
        self, run: RunLog, spoken: Fold, answer: Answer | None, status: str, stop_reason: str | None
    ) -> None:
        data: dict[str, Any] = {"stop_reason": stop_reason}

        async def keep(tx: Tx) -> None:
            message = await _store_end(tx, run.run_id, spoken, answer, status, None, stop_reason)
            if message is not None:
                data["message"] = message.model_dump(mode="json")

        state = "cancelled" if status == "stopped" else "done"
        if answer is not None:
            usage = answer.receipt.usage
            run.append(
                "usage",
                {
                    "input_tokens": usage.input_tokens,
                    "output_tokens": usage.output_tokens,
                    "cost": plain(answer.receipt.cost),
                },
            )
        await run.finish(state, "done", data, keep)

    async def _fail(self, run: RunLog, spoken: Fold, answer: Answer | None, error: dict[str, Any]) -> None:
        async def keep(tx: Tx) -> None:
            await _store_end(tx, run.run_id, spoken, answer, "failed", error, None)

        await run.finish("failed", "failed", error, keep)

    async def _image(self, db: TenantDb, asset_id: AssetId) -> tuple[str, bytes] | None:
        async with db.tx() as tx:
            asset = await files.find(tx, asset_id)
        if asset is None:
            return None
        return asset.media_type, await files.read_bytes(self._objects, asset)


def _words(question: Message) -> str:
    return " ".join(item["text"] for item in question.content if item["type"] == "text")


def _itself(request: ChatRequest) -> ChatRequest:
    return request


def must_say_something(content: Sequence[Content]) -> None:
    """Raises NothingAsked."""
    if not any(item.type == "image" or item.text.strip() for item in content):
        raise NothingAsked("content: write something")


def _content(spoken: Fold) -> tuple[list[dict[str, Any]], str]:
    content: list[dict[str, Any]] = []
    reasoning = ""
    for part in spoken.partial():
        if isinstance(part, TextPart) and part.text:
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, ReasoningPart):
            reasoning += part.text
    return content, reasoning.replace("\x00", "\ufffd")


async def _store_end(
    tx: Tx, run_id: RunId, spoken: Fold, answer: Answer | None, status: str, error: dict[str, Any] | None,
    stop_reason: str | None,
) -> Message | None:  # fmt: skip
    content, reasoning = _content(spoken)
    if answer is None:
        return await messages_store.finish(tx, run_id, status, content, reasoning, error)
    receipt = answer.receipt
    return await messages_store.finish(
        tx, run_id, status, content, reasoning, error, stop_reason, answer.model, answer.decision_id,
        receipt.usage.input_tokens, receipt.usage.output_tokens, receipt.cost, receipt.first_token_ms,
        receipt.duration_ms,
    )  # fmt: skip


async def keep_abandoned(tx: Tx, run_id: RunId, error: dict[str, Any]) -> None:
    """What a dead process had written of an answer becomes its message."""
    text: list[str] = []
    reasoning: list[str] = []
    after = 0
    while events := await runs_store.events_after(tx, run_id, after, 1000):
        after = events[-1].seq
        text += [event.data["text"] for event in events if event.kind == "text"]
        reasoning += [event.data["text"] for event in events if event.kind == "reasoning"]
    content = [{"type": "text", "text": "".join(text)}] if text else []
    await messages_store.finish(tx, run_id, "failed", content, "".join(reasoning), error)


async def _chat(tx: Tx, chat_id: ChatId) -> Chat:
    chat = await chats_store.lock(tx, chat_id)
    if chat is None:
        raise NotFound("there is no such chat")
    return chat


async def _must_be_finished(tx: Tx, chat_id: ChatId, message_id: MessageId | UUID) -> None:
    parent = await messages_store.get(tx, chat_id, MessageId(message_id))
    if parent is None:
        raise NotFound("parent_id: there is no such message in this chat")
    if parent.status == "streaming":
        raise StillAnswering("the answer before is still being written; stop it or wait")
