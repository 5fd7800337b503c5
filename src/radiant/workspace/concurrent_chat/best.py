"""Best of these: among the answers to one question, one wins, and the Brain learns it."""

from collections.abc import Awaitable, Callable

from radiant.ai.routing import history
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.kit.errors import Conflict, NotFound
from radiant.kit.ids import PanesId
from radiant.workspace.concurrent_chat import service, turns_store
from radiant.workspace.concurrent_chat.common import ANSWERED
from radiant.workspace.concurrent_chat.schemas import Best, BestKept

# So many of the newest answers to one question are compared.
_MOST = 32


class NothingToCompare(Conflict):
    """No other answer to the same question is there."""

    slug = "nothing-to-compare"


async def choose(
    database: Database, caller: Caller, session_id: PanesId, best: Best, catch_up: Callable[[], Awaitable[None]]
) -> BestKept:
    """Tell routing that this answer is preferred to each other one to the same question.

    `catch_up`: brings into the history of decisions what has just ended. Raises NoSuchSession, NotFound,
    NothingToCompare, NoSuchDecision.
    """
    async with caller.db(database).tx() as tx:
        await service.read(tx, session_id)
        turn = await turns_store.turn_of_answer(tx, session_id, best.message_id)
        if turn is None:
            raise NotFound("message_id: no pane answered a turn of this session by that message")
        answers = await turns_store.answers(tx, session_id, turn)
    winner = next(answer for answer in answers if answer["id"] == best.message_id)
    won = winner["decision_id"]
    if won is None:
        raise NothingToCompare("message_id: no model's own answer; choose one that a model gave")
    others = {
        answer["decision_id"]: None
        for answer in answers
        if answer["decision_id"] not in (None, won)
        and answer["asked"] == winner["asked"]
        and answer["status"] in ANSWERED
        and answer["said"]
    }
    if not others:
        raise NothingToCompare("there is no other finished answer to the same question; ask several panes first")
    kept = await history.prefer(database, caller, won, list(others)[-_MOST:], catch_up)
    return BestKept(decision_id=won, preferred_to=kept)
