"""Reads what a person states of themselves, by rules and without any model: in English, German, French and Spanish.

A rule is anchored where a clause begins, so what is asked, quoted, supposed or said of others teaches nothing. The words
are in `phrases`; keys and values are the same in every language, so that one contradicts the other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from radiant.workspace.personalization.confidence import Lasting
from radiant.workspace.personalization.items import Item
from radiant.workspace.personalization.phrases import (
    ANSWER_VERBS,
    BASE_FORMS,
    ENDINGS,
    LANGUAGES,
    LEAD_INS,
    MOODS,
    NOT_NAMES,
    RULES,
    STYLES,
    Rule,
)

_LOOKED_AT = 20_000
_CLAUSE = 300
_VALUE = 80
_MOST = 50
# Code, quoted lines and quoted words are not the person's own statement.
_FOREIGN = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>.*$|[“„«][^”“»\n]*[”“»]|\"[^\"\n]*\"", re.S | re.M)
_SENTENCE = re.compile(r"[^.!?;\n…]+(?:[.](?=\w)[^.!?;\n…]+)*[.!?;\n…]*")
_JOINT = re.compile(
    r",?\s+(?:and|but|und|aber|et|mais|y|pero)\s+(?=(?:i|my|please|call|never|always|ich|mein|meine|nenn|je|j'|j’|mon|ma|yo|me|mi|no|prefiero|vivo|trabajo|odio|siempre|nunca|bitte|immer|nie|niemals)\b)|,\s+(?=(?:i|ich|je|j'|j’|yo|my|mein|meine|call|nenn)\b)",
    re.I,
)
_SPACE = re.compile(r"\s+")
_ARTICLE = re.compile(
    r"^(?:the|a|an|some|der|die|das|den|dem|ein|eine|einen|einem|le|la|les|un|une|des|du|de la|el|los|las|una)\s+|^l['’]",
    re.I,
)
_TRIM = " \t,:-–—'’\"“”„«»()"


def read(texts: Sequence[str]) -> list[Item]:
    """What the person's messages state, in order; at most 50 items."""
    found: list[Item] = []
    for place, text in enumerate(texts):
        for item in _read_one(place, text[:_LOOKED_AT]):
            found.append(item)
            if len(found) == _MOST:
                return found
    return found


def _read_one(place: int, text: str) -> Iterator[Item]:
    own = _FOREIGN.sub(lambda match: "\n" * len(match[0]), text)
    for sentence in _SENTENCE.finditer(own):
        if "?" in sentence[0][-3:]:
            continue
        for start, clause in _clauses(sentence[0]):
            if len(clause) <= _CLAUSE and (item := _match(place, text, sentence.start() + start, clause)):
                yield item


def _clauses(sentence: str) -> Iterator[tuple[int, str]]:
    start = 0
    for joint in _JOINT.finditer(sentence):
        yield start, sentence[start : joint.start()]
        start = joint.end()
    yield start, sentence[start:]


def _match(place: int, text: str, offset: int, clause: str) -> Item | None:
    begin = LEAD_INS.match(clause)
    at = begin.end() if begin else 0
    for rule in RULES:
        match = rule.pattern.match(clause, at)
        if match is None:
            continue
        end = offset + len(clause.rstrip(" .!;\n…,"))
        start = offset + at
        words = text[start:end]
        groups = {name: _tidy(value) for name, value in match.groupdict().items() if value}
        item = _item(rule, groups, place, start, end, words)
        if item is not None:
            return item
    return None


def _tidy(value: str) -> str:
    value = _SPACE.sub(" ", value).strip(_TRIM + ".!;…\n")
    while (shorter := ENDINGS.sub("", value).strip(_TRIM)) != value:
        value = shorter
    return value


def _item(rule: Rule, groups: dict[str, str], place: int, start: int, end: int, words: str) -> Item | None:
    value = groups.get("value", "")
    if not value or len(value) > _VALUE * (4 if rule.what == "note" else 1):
        return None
    found = Item(what="note", message=place, start=start, end=end, text=words)
    match rule.kind:
        case "note":
            return found
        case "language":
            language = LANGUAGES.get(value.lower())
            if language is None:
                return None
            return _preference(found, "answer.language", language, asked=rule.asked)
        case "name":
            if value.split()[0].lower() in NOT_NAMES:
                return None
            return _preference(found, "name", value, lasting="identity", asked=rule.asked)
        case "habit":
            verb, _, rest = value.partition(" ")
            # "stop using" is "never use".
            verb = BASE_FORMS.get(verb.lower(), verb.lower())
            if verb not in ANSWER_VERBS or not rest:
                return None
            return _preference(found, _key("habit", f"{verb} {rest}"), rule.value, asked=True)
        case "habit of use":
            return _preference(found, _key("habit", f"use {_bare(value)}"), rule.value, asked=True)
        case "taste":
            return _taste(found, value, rule)
        case "favourite":
            return _preference(found, _key("favourite", groups.get("what", "")), value)
        case "mood":
            mood = MOODS.get(value.lower())
            return _preference(found, "mood", mood, lasting="mood") if mood else None
        case "mine":
            return _mine(found, groups.get("what", ""), value, rule)
        case _:
            return replace(found, what="fact", key=rule.kind, value=_bare(value), sign=rule.sign, single=rule.single)


def _preference(found: Item, key: str, value: str, *, lasting: Lasting = "preference", asked: bool = False) -> Item:
    return replace(found, what="preference", key=key[:100], value=value, lasting=lasting, asked=asked)


def _taste(found: Item, value: str, rule: Rule) -> Item:
    """How answers are to be, where the words are known; an opinion on the thing otherwise."""
    if rule.value == "prefer":
        for key, words in STYLES.items():
            for said, meant in words.items():
                if re.search(rf"(?<!\w){said}(?!\w)", value, re.I):
                    return _preference(found, key, meant)
        language = LANGUAGES.get(
            re.sub(r"^(?:answers?|replies|antworten|réponses|respuestas) (?:in|auf|en) ", "", value.lower())
        )
        if language and value.lower() != language:
            return _preference(found, "answer.language", language)
        value = re.split(
            r"\s+(?:over|to|rather than|instead of|statt|anstatt|gegenüber|lieber als|à|plutôt que|antes que|a)\s+",
            value,
        )[0]
        return _preference(found, _key("likes", _bare(value)), "like")
    return _preference(found, _key("likes", _bare(value)), rule.value)


_OWN_KEYS = {
    "name": "name", "timezone": "timezone", "time zone": "timezone", "pronouns": "pronouns", "zeitzone": "timezone",
    "nom": "name", "prénom": "name", "nombre": "name", "fuseau horaire": "timezone", "zona horaria": "timezone",
    "pronomen": "pronouns", "pronoms": "pronouns", "pronombres": "pronouns",
}  # fmt: skip


def _mine(found: Item, what: str, value: str, rule: Rule) -> Item | None:
    """Of `my … is …`: what everybody has one of is a preference, the rest a fact."""
    if not what or len(what) > 60:
        return None
    if (key := _OWN_KEYS.get(what.lower())) is not None:
        return _preference(found, key, value, lasting="identity")
    return replace(found, what="fact", key=what.lower(), value=value, sign=rule.sign)


def _bare(value: str) -> str:
    return _ARTICLE.sub("", value).strip(_TRIM) or value


def _key(prefix: str, value: str) -> str:
    return f"{prefix}.{value.lower()}"[:100].rstrip()
