"""What a caller tells routing besides the request, by headers:

x-radiant-conversation: anything that names the conversation, which then keeps its model
x-radiant-deadline-ms: how long the answer may take to begin, over all models that are tried
x-radiant-hedge-ms: after so long without a beginning the next model is asked too; the first to begin answers
"""

from collections.abc import Mapping

import msgspec

from radiant.ai.routing.needs import Needs
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.openai_request import BadRequest

_CONVERSATION, _DEADLINE, _HEDGE = b"x-radiant-conversation", b"x-radiant-deadline-ms", b"x-radiant-hedge-ms"
_NAMES = (_CONVERSATION, _DEADLINE, _HEDGE)
_MOST_NAME, _MOST_MS, _MOST_DIGITS = 200, 3_600_000, 7


def asking(call: Call, needs: Needs, *, hedging: bool = True) -> Needs:
    """The needs, with what the headers say. `hedging`: two models may be asked at once. Raises BadRequest."""
    headers = call.headers
    if needs.asked is None or not any(name in headers for name in _NAMES):
        return needs
    name = headers.get(_CONVERSATION, b"")
    if len(name) > _MOST_NAME:
        raise BadRequest(f"x-radiant-conversation: at most {_MOST_NAME} characters")
    hedge_after = _seconds(headers, _HEDGE)
    if hedge_after is not None and not hedging:
        raise BadRequest("x-radiant-hedge-ms: not here; use /v1/chat/completions or /v1/messages")
    asked = msgspec.structs.replace(
        needs.asked, conversation=name.decode("latin-1"), seconds=_seconds(headers, _DEADLINE), hedge_after=hedge_after
    )
    return msgspec.structs.replace(needs, asked=asked)


def _seconds(headers: Mapping[bytes, bytes], name: bytes) -> float | None:
    given = headers.get(name)
    if given is None:
        return None
    if len(given) > _MOST_DIGITS or not given.isdigit() or not 0 < int(given) <= _MOST_MS:
        raise BadRequest(f"{name.decode()}: give whole milliseconds, from 1 to {_MOST_MS}")
    return int(given) / 1000
