"""What judges, writers and debaters reply: JSON, held to a schema where the model can be, else found in what it wrote and
mended; asked for once more where that fails."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

import msgspec

from radiant.ai.providers.chat import ChatRequest, JsonSchema, Message
from radiant.kit.errors import Problem
from radiant.workspace.merging.asking import Asker, Bill, OutOfBudget, Role

_LOOKED_AT = 200_000
_STARTS = 50
_MOST_TOKENS = 4096


class Compared(msgspec.Struct):
    """Of two answers."""

    winner: Literal["first", "second", "tie"]
    reason: str = ""


class Turn(msgspec.Struct):
    """What a debater holds now."""

    answer: str
    changed: bool = False
    reason: str = ""


class DraftSentence(msgspec.Struct):
    """A sentence and the numbers of the claims that it rests on."""

    text: str
    claims: list[int] = []


class Draft(msgspec.Struct):
    """A result, sentence by sentence."""

    sentences: list[DraftSentence]


class SplitAnswer(msgspec.Struct):
    """An answer's claims."""

    answer: str
    claims: list[str] = []


class Split(msgspec.Struct):
    """Answers taken apart."""

    answers: list[SplitAnswer]


Form = TypeVar("Form", bound=msgspec.Struct)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_STRING: dict[str, Any] = {"type": "string"}
_SCHEMAS: Mapping[type, dict[str, Any]] = {
    Compared: _object(reason=_STRING, winner={"type": "string", "enum": ["first", "second", "tie"]}),
    Turn: _object(answer=_STRING, changed={"type": "boolean"}, reason=_STRING),
    Draft: _object(sentences=_list(_object(text=_STRING, claims=_list({"type": "integer"})))),
    Split: _object(answers=_list(_object(answer=_STRING, claims=_list(_STRING)))),
}


async def structured(
    asker: Asker, model: str, role: Role, system: str, user: str, form: type[Form], bill: Bill | None = None
) -> Form | None:
    """What the model replies in that form; None where it cannot be had: it failed, there is no money left, or twice it
    said something else. `bill`: what it came to is added to it."""
    bill = bill or Bill()
    schema = _SCHEMAS[form]
    told = f"{system}\n\nReply with nothing but JSON of this schema:\n{json.dumps(schema)}"
    messages = [Message.of("system", told), Message.of("user", user)]
    for _ in range(2):
        try:
            request = ChatRequest(
                model="",
                messages=messages,
                response_format=JsonSchema(form.__name__.lower(), schema) if await asker.holds_schemas(model) else None,
                temperature=0.0 if await asker.takes_temperature(model) else None,
                max_tokens=_MOST_TOKENS,
            )
            said = await asker.hear(model, request, role)
        except (Problem, OutOfBudget):
            return None
        bill.add(said)
        if said.error is not None:
            return None
        if (found := read_reply(said.text, form)) is not None:
            return found
        messages = [
            *messages,
            Message.of("assistant", said.text[:2000] or "(nothing)"),
            Message.of(
                "user", "That was no JSON of the schema. Reply with the JSON alone, nothing before or after it."
            ),
        ]
    return None


def read_reply(text: str, form: type[Form]) -> Form | None:
    """The first object in a reply that has the form: bare, fenced, between words, or with commas too many."""
    text = text[:_LOOKED_AT]
    decoder = json.JSONDecoder(strict=False)
    for candidate in (text, _mended(text)):
        starts = [match.start() for match in re.finditer(r"\{", candidate)][:_STARTS]
        for start in starts:
            try:
                found, _ = decoder.raw_decode(candidate, start)
                return msgspec.convert(_clean(found), form, strict=False)
            except (ValueError, RecursionError, msgspec.ValidationError):
                continue
    return None


def _clean(value: Any) -> Any:
    """Without what no database keeps: zero characters and half of a pair, which JSON can spell."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
        case list():
            return [_clean(one) for one in cast("list[Any]", value)]
        case dict():
            return {key: _clean(one) for key, one in cast("dict[str, Any]", value).items()}
        case _:
            return value


def _mended(text: str) -> str:
    text = text.replace("“", '"').replace("”", '"')
    text = re.sub(r",\s*([}\]])", r"\1", text)
    text = re.sub(r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", re.sub(r"\bNone\b", "null", text)))
    # Cut at the limit of tokens: close what is open.
    if text.count("{") > text.count("}"):
        text += '"' * (text.count('"') % 2) + "]" * max(0, text.count("[") - text.count("]")) + "}"
    return text
