"""What an answer answers: a number, a choice, a date, a set, code; each in one canonical form, so that the same said in
other words is the same. What is none of these is text, which `claims` takes apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Kind = Literal["number", "choice", "date", "set", "code", "text"]

_LOOKED_AT = 100_000
_NUMBER = r"[-−]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?/\s?\d+)?|[-−]?\.\d+"
_FINAL = re.compile(
    r"(?:\bfinal answer\b|\bthe answer\b|\banswer\b|\bA\b|####|\bresult\b|\btotal\b)\s*(?:is|are|=|:|comes to)?\s*:?\s*"
    rf"(?:\*\*|\$\\?|\\\(|about |approximately |=|[€£$(\[])*\s*(?P<n>{_NUMBER})",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\{([^{}]{1,200})\}")
_BARE = re.compile(rf"^\W*(?P<n>{_NUMBER})\s*(?:%|[a-zA-Z°€£$. ]{{0,30}})\W*$")
_ANY_NUMBER = re.compile(rf"(?<![\w.])(?P<n>{_NUMBER})(?![\w])")
_OPTION = re.compile(r"(?m)^\s*[(\[]?([A-Ja-j])[)\].:]\s+(\S.{0,300})$")
_INLINE_OPTION = re.compile(r"[(]([A-Ja-j])[)]\s*([^()\n]{1,120}?)(?=\s*[(][A-Ja-j][)]|[?.\n]|$)")
_SAID_CHOICE = re.compile(
    r"(?:answer|option|choice|choose|pick)(?: is| would be|:|=)*\s*(?:option )?[\"'*(\[]*([A-Ja-j])\b[\"'*)\].:]*",
    re.IGNORECASE,
)
_BARE_CHOICE = re.compile(r"^[\"'*(\[\s]*([A-Ja-j])(?:[\"'*)\].:]+|\s*$)")
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|old|far|long|tall|fast|big|heavy)\b|\bwhat (?:is|are|was|will be|percent|percentage|fraction)\b[^?]{0,80}"
    r"\b(?:sum|total|number|product|difference|average|mean|median|cost|price|profit|value|percentage|area|volume|"
    r"speed|age|\d)|\b(?:calculate|compute|evaluate|solve)\b",
    re.IGNORECASE,
)
_ASKS_DATE = re.compile(r"\bwhen (?:did|was|were|is|will|does)\b|\b(?:what|which) (?:date|day|year)\b", re.IGNORECASE)
_ASKS_SET = re.compile(
    r"^\s*(?:list|name|enumerate)\b|\b(?:list|name) (?:all|the|every|\d+|two|three|four|five|six|seven|ten)\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"```[\w+#.-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_BULLET = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.)])\s+(.+)$")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<name>{_MONTH})\.?,? (?P<y>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{_MONTH})\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{_MONTH})\.?,? (?P<y>\d{{4}})\b", re.IGNORECASE),
    re.compile(r"\b(?P<y>1\d{3}|20\d{2})\b"),
)
SMALL = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What answers say, one `value` each in canonical form; None where one says nothing of that kind."""

    kind: Kind
    values: tuple[str | None, ...]


def typed(prompt: str, texts: Sequence[str]) -> Typed:
    """The kind of answer that the prompt asks for and the texts give, and what each gives. Needs half of them at least
    to be of it; else they are text, and so are all values None."""
    texts = [text[:_LOOKED_AT] for text in texts]
    tail = prompt[-4000:]
    options = _options(prompt[-_LOOKED_AT:])
    ways: list[tuple[Kind, list[str | None]]] = []
    if len(options) > 1:
        ways.append(("choice", [_choice(text, options) for text in texts]))
    if texts and all("```" in text for text in texts if text.strip()):
        ways.append(("code", [_code(text) for text in texts]))
    if _ASKS_DATE.search(tail):
        ways.append(("date", _completed([date(text) for text in texts])))
    asked = _ASKS_NUMBER.search(tail) is not None
    ways.append(("number", [number(text, asked=asked) for text in texts]))
    if _ASKS_SET.search(tail):
        ways.append(("set", [_set(text) for text in texts]))
    some = [text for text in texts if text.strip()]
    for kind, values in ways:
        if some and 2 * sum(value is not None for value in values) >= len(some):
            return Typed(kind, tuple(values))
    return Typed("text", (None,) * len(texts))


def number(text: str, *, asked: bool = True) -> str | None:
    """The number that the text ends in, as a reduced fraction. `asked`: a number is what is wanted, so the last one in
    the last lines counts where none is marked as the answer."""
    boxed = _BOXED.findall(text)
    if boxed and (value := as_number(boxed[-1])) is not None:
        return value
    bare = _BARE.match(text.strip())
    if bare:
        return as_number(bare["n"])
    marked = list(_FINAL.finditer(text))
    if marked and (asked or marked[-1].group(0)[:1] in "A#") and (value := as_number(marked[-1]["n"])) is not None:
        return value
    if not asked:
        return None
    lines = [line for line in text.splitlines() if line.strip()][-2:]
    for line in reversed(lines):
        if found := [value for match in _ANY_NUMBER.finditer(line) if (value := as_number(match["n"])) is not None]:
            return found[-1]
    words = re.findall(r"[a-z]+", lines[-1].lower()) if lines else []
    return next((str(SMALL[word]) for word in reversed(words) if word in SMALL), None)


def as_number(text: str) -> str | None:
    """A number as it is written, as a reduced fraction: "1,200.50" is "2401/2". None where it is none."""
    cleaned = re.sub(r"[\s,$€£%]|\\[$%]?", "", text).replace("−", "-").rstrip(".")
    if len(cleaned) > 60:
        return None
    try:
        return str(Fraction(cleaned))
    except (ValueError, ZeroDivisionError):
        return None


def date(text: str) -> str | None:
    """The first date, as far as it is told: 1989-11-09, 1989-11, 1989."""
    for pattern in _DATES:
        match = pattern.search(text)
        if match is None:
            continue
        parts = match.groupdict()
        month = _MONTHS[parts["name"].lower()] if parts.get("name") else int(parts.get("m") or 0)
        day = int(parts.get("d") or 0)
        if month > 12 or day > 31:
            continue
        return "-".join([parts["y"], *([f"{month:02}"] if month else []), *([f"{day:02}"] if day else [])])
    return None


def _completed(dates: list[str | None]) -> list[str | None]:
    """A year alone is the day that others name in it, where that is one."""
    known = {value for value in dates if value}
    longer = {value: [other for other in known if other.startswith(value + "-")] for value in known}
    return [
        longer[value][0] if value and len(longer[value]) == 1 else value
        for value in dates
    ]  # fmt: skip


def _options(prompt: str) -> dict[str, str]:
    found = _OPTION.findall(prompt) or _INLINE_OPTION.findall(prompt)
    return {letter.upper(): plain(text) for letter, text in found}


def _choice(text: str, options: dict[str, str]) -> str | None:
    found = _SAID_CHOICE.findall(text)
    letter = found[-1].upper() if found else None
    if letter is None and (bare := _BARE_CHOICE.match(text.strip())):
        letter = bare[1].upper()
    if letter is not None and letter in options:
        return letter
    said = plain(text)
    named = [letter for letter, option in options.items() if option and option in said]
    return named[0] if len(named) == 1 else None


def _set(text: str) -> str | None:
    items, longest = _BULLET.findall(text), 6
    if not items:
        # In a line: "red, blue and yellow", perhaps after a colon. Prose has longer pieces.
        line, longest = text.strip().rpartition(":")[2], 3
        items = re.split(r",\s*(?:and\s+)?|\s+and\s+|;\s*", line) if "\n" not in line.strip() else []
    found = {plain(re.split(r"[:(–—]|\s-\s", item)[0]) for item in items}
    found.discard("")
    if len(found) < 2 or any(len(item.split()) > longest for item in found):
        return None
    return " | ".join(sorted(found))


def _code(text: str) -> str | None:
    blocks = _FENCE.findall(text)
    if not blocks:
        return None
    # Blank lines, trailing spaces and comments make no other program.
    lines = [re.sub(r"\s*(?:#|//).*$", "", line).rstrip() for line in max(blocks, key=len).splitlines()]
    return "\n".join(line for line in lines if line) or None


def plain(text: str) -> str:
    """Lower-case words and figures, nothing else."""
    return " ".join(re.findall(r"[^\W_]+(?:[.'][^\W_]+)*", text.lower()))
