"""Learns what a person says, once: preferences become evidence, facts become memories."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from radiant.ai.inference.service import Inference
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import NotFound
from radiant.workspace.memory.schemas import NewMemory, Slot, Span
from radiant.workspace.memory.service import Memory
from radiant.workspace.personalization import evidence, learning_store, patterns, reading, store
from radiant.workspace.personalization.evidence import Observation
from radiant.workspace.personalization.items import Item
from radiant.workspace.personalization.schemas import Conversation, Learned

SOURCE = "conversation"
NO_MODEL = "none"
# Shorter ones say nothing that rules do not find.
_WORTH_ASKING = 25
_CONFIDENCE = {"explicit": 0.8, "inference": 0.55}


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the person's. `id` where it is kept."""

    text: str
    at: datetime
    id: UUID | None = None


class Learning:
    """Made once by a root. `model`: who reads what people say beside the rules; "none": nobody; None: the cheapest
    of connected providers that keeps to a schema, nobody where there is none."""

    def __init__(
        self, database: Database, inference: Inference, memory: Memory, model: str | None, now: Clock = utc_now
    ) -> None:
        self._database = database
        self._inference = inference
        self._memory = memory
        self._model = model
        self._now = now
        self._tools = Late(_load)

    async def learn_from_conversation(self, caller: Caller, conversation: Conversation) -> Learned:
        """Learn from what the person says in it. Nothing where learning is off. Raises NotFound for a chat, or a message,
        that is not theirs."""
        own = [one for one in conversation.messages if one.role == "user" and one.content.strip()]
        named = [one.id for one in own if one.id is not None]
        async with caller.db(self._database).tx() as tx:
            settings = await store.settings(tx)
            remembers: bool | None = True
            if conversation.chat_id is not None:
                remembers = await learning_store.chat_remembers(tx, conversation.chat_id)
            state = await learning_store.state(tx, named)
        if remembers is None:
            raise NotFound("chat_id: there is no such chat")
        if strange := [one for one in named if one not in state]:
            raise NotFound(
                f"messages: {strange[0]} is no question of yours; leave the id out to learn from the words alone"
            )
        now = self._now()
        said = [
            Said(one.content, min(one.at or now, now), one.id) for one in own if not state.get(one.id or UUID(int=0))
        ]
        text = "\n".join(f"{one.at or ''} {one.content}" for one in own)
        session = str(conversation.chat_id or hashlib.sha256(text.encode()).hexdigest())
        return await self._learn(caller, said, session, teach=settings.learning_enabled and remembers, count=True)

    async def learn_chat(self, caller: Caller, chat_id: UUID, *, count: bool = True) -> Learned:
        """Learn from what was said in a chat since it was learnt from last."""
        async with caller.db(self._database).tx() as tx:
            settings = await store.settings(tx)
            rows = await learning_store.unlearned(tx, chat_id, 50)
        if not rows:
            return Learned()
        said = [Said(row["text"], row["created_at"], row["id"]) for row in rows]
        teach = settings.learning_enabled and rows[0]["memory"]
        return await self._learn(caller, said, str(rows[0]["session"]), teach=teach, count=count)

    async def _learn(self, caller: Caller, said: Sequence[Said], session: str, *, teach: bool, count: bool) -> Learned:
        """`teach` false: the messages are done with, and teach nothing, then or later; `count`: the person's patterns anew."""
        learned = Learned()
        read = await self._read(caller, [one.text for one in said]) if teach and said else reading.Read()
        learned.rejected_spans = read.rejected
        memories = [memory for item in read.items if (memory := _memory(item, said[item.message], session))]
        if memories:
            # Said again it is known already: what is cut off here and begun anew is in there once.
            added = await self._memory.add(caller, memories)
            learned.memories = list(dict.fromkeys(one.memory.id for one in added))
        kept = [one for one in said if one.id is not None]
        tools = await self._tools.get()
        languages = await asyncio.to_thread(lambda: [tools.language(one.text) if teach else None for one in kept])
        now = self._now()
        async with caller.db(self._database).tx() as tx:
            fresh = await learning_store.mark(tx, [one.id for one in kept if one.id is not None], languages)
            seen = [
                _observation(item, said[item.message], session)
                for item in read.items
                if item.what == "preference" and (said[item.message].id is None or said[item.message].id in fresh)
            ]
            learned.preferences = await evidence.observe(tx, seen, now)
            if teach and count:
                learned.patterns = await patterns.refresh(tx)
        return learned

    async def _read(self, caller: Caller, texts: Sequence[str]) -> reading.Read:
        tools = await self._tools.get()
        found = reading.Read(await asyncio.to_thread(tools.read, texts))
        model = await self._reader(caller)
        if model is None or sum(map(len, texts)) < _WORTH_ASKING:
            return found
        more = await reading.read(self._inference, caller, model, texts)
        # What the rules are sure of stands.
        known = {(item.message, item.what, item.key) for item in found.items}
        values = {(item.message, str(item.value).lower()) for item in found.items}
        found.items += [
            item for item in more.items
            if (item.message, item.what, item.key) not in known
            and (item.message, str(item.value).lower()) not in values
        ]  # fmt: skip
        found.rejected = more.rejected
        return found

    async def _reader(self, caller: Caller) -> str | None:
        if self._model is not None:
            return None if self._model == NO_MODEL else self._model
        # None that runs here: no conversation keeps this machine busy.
        usable = [
            (option.input_price + option.output_price, option.id)
            for option in await self._inference.models.options(caller.db(self._database))
            if option.excluded is None and not option.local and "json_schema" in option.capabilities
            and option.input_price is not None and option.output_price is not None
        ]  # fmt: skip
        return min(usable)[1] if usable else None


@dataclass(frozen=True, slots=True)
class _Tools:
    read: Callable[[Sequence[str]], list[Item]]
    language: Callable[[str], str | None]


def _load() -> _Tools:
    # A hundred patterns to compile and a model of languages: not while the server starts.
    from radiant.ai.routing.classify import language
    from radiant.workspace.personalization.rules import read

    return _Tools(read, language)


def _memory(item: Item, said: Said, session: str) -> NewMemory | None:
    if item.what == "preference":
        return None
    slot = None
    if item.what == "fact":
        slot = Slot(subject="user", attribute=item.key, value=str(item.value), polarity=item.sign, single=item.single)
    message_id = str(said.id) if said.id is not None else None
    return NewMemory(
        content=item.text, type=item.what, source=SOURCE, said_at=said.at, conversation=session, message_id=message_id,
        span=Span(start=item.start, end=item.end), slot=slot, learned=True,
        learned_from=[message_id] if message_id else [], confidence=_CONFIDENCE[item.evidence],
    )  # fmt: skip


def _observation(item: Item, said: Said, session: str) -> Observation:
    return Observation(
        key=item.key, value=item.value, kind=item.evidence, session=session, at=said.at, sign=item.sign,
        lasting=item.lasting, message_id=said.id, quote=item.text, asked=item.asked,
    )  # fmt: skip
