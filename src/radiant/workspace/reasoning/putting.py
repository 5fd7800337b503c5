"""A Think Tank session's answer as canvases take it."""

import hashlib
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.kit.money import nano
from radiant.kit.text import shorten
from radiant.workspace.canvas.problems import NothingToPut
from radiant.workspace.canvas.putting import Put, Source, Words
from radiant.workspace.canvas.schemas import Provenance
from radiant.workspace.reasoning.service import Thinking


def source_of(thinking: Thinking) -> Source:
    """What a session of the caller's found. Raises NoSuchSession, NothingToPut."""

    async def found(caller: Caller, session_id: UUID, _: UUID | None) -> Put:
        session = await thinking.get(caller, session_id)
        text = session.solution or session.answer
        if not text:
            raise NothingToPut("from: the session has no answer yet; wait for it")
        models = dict.fromkeys(step.model_used for step in session.steps if step.model_used)
        said = Provenance(
            kind="reasoning", session_id=str(session_id), model=", ".join(models)[:200] or None,
            strategy=session.strategy, prompt=session.problem[:2000],
            prompt_hash=hashlib.sha256(session.problem.encode("utf-8", "replace")).hexdigest(),
            cost_nano=int(nano(session.total_cost).scaleb(9)), at=session.completed_at,
        )  # fmt: skip
        return Put(f"reasoning:{session_id}", shorten(session.problem, 80), [Words(text, said)])

    return found
