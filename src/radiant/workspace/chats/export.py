"""A chat as a file: its name, its media type and its text."""

import json
import re

from radiant.kit.text import shorten
from radiant.workspace.chats.schemas import Chat, Message

_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def _name(chat: Chat, suffix: str) -> str:
    return (shorten(_UNFIT.sub(" ", chat.title), 80).strip(" .") or "chat") + suffix


def branch(chat: Chat) -> list[Message]:
    """The messages of the branch that is shown, in order."""
    by_id = {message.id: message for message in chat.messages}
    found: list[Message] = []
    at = chat.leaf_message_id
    while at is not None and (message := by_id.get(at)) is not None:
        found.append(message)
        at = message.parent_id
    return found[::-1]


def markdown(chat: Chat) -> tuple[str, str, str]:
    """The branch that is shown."""
    parts = [f"# {shorten(chat.title, 200) or 'Chat'}"]
    for message in branch(chat):
        said = [
            part["text"] if part["type"] == "text" else f"![A picture](/api/files/{part['asset_id']})"
            for part in message.content
            if part["type"] in ("text", "image")
        ]
        if said:
            parts += [f"## {'Question' if message.role == 'user' else message.model or 'Answer'}", *said]
    return _name(chat, ".md"), "text/markdown; charset=utf-8", "\n\n".join(parts) + "\n"


def whole(chat: Chat) -> tuple[str, str, str]:
    """Every message of its tree, with what each took."""
    text = json.dumps(chat.model_dump(mode="json", exclude={"snippet"}), ensure_ascii=False, indent=2)
    return _name(chat, ".json"), "application/json", text + "\n"
