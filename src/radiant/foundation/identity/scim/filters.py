"""Filters (RFC 7644, 3.4.2.2), as far as provisioners use them: eq, sw, co, pr, joined by and. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from radiant.foundation.identity.scim.errors import BadFilter

USER_PREFIX = "urn:ietf:params:scim:schemas:core:2.0:user:"
GROUP_PREFIX = "urn:ietf:params:scim:schemas:core:2.0:group:"
OPERATORS = ("eq", "sw", "co", "pr")
_MOST = 20
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z$][\w$.:-]*(?:\[[^\]]*\](?:\.\w+)?)?)|(?P<mark>[()])'
    r"|(?P<number>-?\d+(?:\.\d+)?))"
)
# What is asked of one of several values: there is only one address here, of whatever type.
_OF_TYPE = re.compile(r"^(emails)\[[^\]]*\](\.\w+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `attribute` in the spelling of `attributes_of`'s values, `value` None for pr."""

    attribute: str
    operator: str
    value: str | None


def parse(text: str | None, attributes: Mapping[str, str]) -> list[Condition]:
    """The conditions that all must hold. `attributes`: accepted name in small letters -> name in SQL.

    Raises BadFilter, saying what was not understood.
    """
    if text is None or not text.strip():
        return []
    if len(text) > 2000:
        raise BadFilter("filter: longer than 2000 characters")
    return _Parser(_tokens(text), attributes).everything()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise BadFilter(f"filter: not understood from {text[at : at + 20]!r} on")
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], attributes: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._attributes = attributes
        self._at = 0
        self._depth = 0

    def everything(self) -> list[Condition]:
        conditions = self._all()
        if self._at != len(self._tokens):
            raise BadFilter(
                f"filter: {self._tokens[self._at][1]!r} is not understood here; there are eq, sw, co, pr, and"
            )
        return conditions

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadFilter("filter: it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at][1].lower() if self._at < len(self._tokens) else ""

    def _all(self) -> list[Condition]:
        found = self._term()
        while self._peek() == "and":
            self._at += 1
            found += self._term()
            if len(found) > _MOST:
                raise BadFilter(f"filter: more than {_MOST} conditions")
        return found

    def _term(self) -> list[Condition]:
        kind, text = self._next()
        if (kind, text) == ("mark", "("):
            self._depth += 1
            if self._depth > _MOST:
                raise BadFilter("filter: too many brackets")
            inside = self._all()
            if self._next() != ("mark", ")"):
                raise BadFilter("filter: a bracket is not closed")
            return inside
        if kind != "word":
            raise BadFilter(f"filter: {text[:50]!r} is no attribute")
        return [self._comparison(text)]

    def _comparison(self, name: str) -> Condition:
        plain = _OF_TYPE.sub(r"\1\2", name.lower())
        for prefix in (USER_PREFIX, GROUP_PREFIX):
            plain = plain.removeprefix(prefix)
        attribute = self._attributes.get(plain)
        if attribute is None:
            raise BadFilter(f"filter: {name[:50]!r} cannot be asked for")
        operator = self._next()[1].lower()
        if operator not in OPERATORS:
            raise BadFilter(f"filter: {operator[:20]!r} is not understood here; there are eq, sw, co, pr, and")
        if operator == "pr":
            return Condition(attribute, operator, None)
        kind, text = self._next()
        if kind == "text":
            try:
                value = msgspec.json.decode(text, type=str)
            except msgspec.DecodeError as error:
                raise BadFilter("filter: a text is not written as JSON writes it") from error
            if "\x00" in value:
                raise BadFilter("filter: a text holds the character NUL")
            return Condition(attribute, operator, value)
        if kind == "number" or text.lower() in ("true", "false"):
            return Condition(attribute, operator, text.lower())
        raise BadFilter("filter: a comparison needs a text in quotes, a number, true or false")
