"""What a caller tells routing besides the request, by headers:

x-radiant-conversation: anything that names the conversation, which then keeps its model
x-radiant-deadline-ms: how long the answer may take to begin, over all models that are tried
"""

import msgspec

from radiant.ai.routing.needs import Needs
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.openai_request import BadRequest

_CONVERSATION, _DEADLINE = b"x-radiant-conversation", b"x-radiant-deadline-ms"
_MOST_NAME, _MOST_MS = 200, 3_600_000


def asking(call: Call, needs: Needs) -> Needs:
    """The needs, with what the headers say. Raises BadRequest."""
    headers = call.headers
    if needs.asked is None or (_CONVERSATION not in headers and _DEADLINE not in headers):
        return needs
    name, deadline = headers.get(_CONVERSATION, b""), headers.get(_DEADLINE)
    if len(name) > _MOST_NAME:
        raise BadRequest(f"x-radiant-conversation: at most {_MOST_NAME} characters")
    seconds: float | None = None
    if deadline is not None:
        if not deadline.isdigit() or not 0 < int(deadline) <= _MOST_MS:
            raise BadRequest(f"x-radiant-deadline-ms: give whole milliseconds, from 1 to {_MOST_MS}")
        seconds = int(deadline) / 1000
    asked = msgspec.structs.replace(needs.asked, conversation=name.decode("latin-1"), seconds=seconds)
    return msgspec.structs.replace(needs, asked=asked)
