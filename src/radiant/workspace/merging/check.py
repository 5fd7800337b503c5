"""Arithmetic that an answer writes down, recomputed exactly: `12 * 3 = 36`, `$1,200 / 4 = 300`, `<<16-3=13>>`.

What prose means by its signs is read here, what they amount to is the calculator's. What is not plainly arithmetic is not
judged.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from radiant.workspace.tools.base import BadArguments
from radiant.workspace.tools.compute import calculator

_MOST_EQUATIONS = 200
_LONGEST = 100_000
_LARGEST = 10**18
# Numbers with thousands' commas, operators, brackets. A percent sign belongs to its number.
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"\s*(?:(?P<number>{_NUMBER})(?P<percent>\s?%)?|(?P<op>[-+*/x×·÷−–()]))")
# A run of nothing but figures and signs with an equals sign in it; a full stop or a comma before a space ends it.
_RUN = re.compile(r"(?:[-+*/x×·÷−–()\d%$€£ =≈]|[.,](?=\d)){3,400}")
# Units between a number and what comes after it: "2 * 80 sheep = 160", "$20/hour * 35 hours/week = 700", "(440 feet/minute)".
_WORD = r"[A-Za-z][A-Za-z'’-]{0,30}(?:/[A-Za-z]{1,30}){0,3}"
# Glued to its number; before a plus it may be a variable.
_GLUED = r"(?:g|kg|lbs?|oz|cm|km|mm|ml|ft|hrs?|min|mph)\b(?= ?[*/×÷=])"
_UNIT = re.compile(
    rf"(?<=[\d%)])(?:(?:{_GLUED})?(?:/[A-Za-z]{{1,30}}){{0,3}}(?: +{_WORD}(?: +{_WORD}){{0,7}})?)"
    r"(?= ?(?:[-+*/×÷=≈–]|x(?= ?[$(\d])) ?-?[$€£(]?[\d.]| ?\))"
)
# Signs as words: "because 8 times .25 equals 2".
_SIGNS = {"times": "*", "plus": "+", "minus": "-", "divided by": "/", "equals": "="}
_SAID = re.compile(rf"(?<=[\d%)]) +({'|'.join(_SIGNS)}) +(?=[$€£(]?[\d.])")
# An x that stands for a number: 2x + 3, 3 * x.
_VARIABLE = re.compile(r"\dx(?!\s*[\d(.$])|[-+*/]\s*x|^\s*x\s*[-+*/]")
# 3(16) is a product.
_IMPLIED = re.compile(r"(?<=\d)\((?=\d)")
# The run goes on before itself: "his 3 dogs + her 1 cat + 2 birds = 6".
_GOES_ON = re.compile(r"(?: [-–/] |[+*×÷] ?)[A-Za-z'’]{1,20}(?: [A-Za-z'’]{1,20}){0,2} ?\Z")
_MIXED = re.compile(r"(?<![\d./])(\d+) (\d+/\d+)(?![\d/])")
_CURRENCY = re.compile(r"[$€£]")
_ANNOTATION = re.compile(r"<<([^<>\n]{1,200})>>")
_LATEX = ((r"\times", "*"), (r"\cdot", "*"), (r"\div", "/"), (r"\%", "%"), (r"\$", "$"), ("**", ""))


@dataclass(frozen=True, slots=True)
class Equation:
    """`text` as it stands; `right`: what it should say on the right."""

    text: str
    holds: bool
    right: Fraction


def equations(text: str) -> list[Equation]:
    """What the text computes, each judged. Divisions by zero, and what is no arithmetic, are left out."""
    text = text[:_LONGEST].replace("\t", " ")
    for latex, plain in _LATEX:
        text = text.replace(latex, plain)
    found = [judged for note in _ANNOTATION.findall(text) for judged in _run(note, text_before="", text_after="")]
    text = _SAID.sub(lambda match: f" {_SIGNS[match[1]]} ", _ANNOTATION.sub("", text))
    text = _UNIT.sub(lambda match: " " if match[0] else "", text)
    text = _IMPLIED.sub("*(", text)
    for match in _RUN.finditer(text):
        if "=" in match[0] or "≈" in match[0]:
            before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 2]
            found += _run(match[0], before, after)
        if len(found) >= _MOST_EQUATIONS:
            break
    # A note repeats what stands beside it.
    return list({equation.text.replace(" ", ""): equation for equation in found[:_MOST_EQUATIONS]}.values())


def slips(text: str) -> list[Equation]:
    """Those that do not hold."""
    return [equation for equation in equations(text) if not equation.holds]


def _run(run: str, text_before: str, text_after: str) -> list[Equation]:
    """The equations of `a = b = c`. Glued to a word or a power, an end is a piece of something else: x2 = 5, 2^3 = 8."""
    sides = re.split(r"[=≈]+", run)
    glued = not run.startswith(" ") and re.search(r"(?<![A-Za-z])[A-Za-z]{1,2}\Z|[\d^_.\\]\Z", text_before)
    # "250 books of them - 135 = 115": what is taken from stands before the run.
    taken = text_before.strip() and re.match(r"\s*[-+*/×÷–−] ", run)
    if glued or taken or _GOES_ON.search(text_before):
        sides[0] = ""
    if not run.endswith(" ") and re.match(r"[\^_]|[A-Za-z](?![A-Za-z])", text_after):
        sides[-1] = ""
    judged = (_judge(left, right) for left, right in pairwise(sides))
    return [equation for equation in judged if equation is not None]


def _cleaned(side: str) -> str:
    side = _CURRENCY.sub("", side).replace("−", "-").replace("–", "-")
    side = _MIXED.sub(r"(\1+\2)", side)
    return side.strip().rstrip("-+*/x×·÷(, ").strip()


def _judge(left: str, right: str) -> Equation | None:
    if _VARIABLE.search(left) or _VARIABLE.search(right):
        return None
    left, right = _cleaned(left), _cleaned(right)
    if not re.search(r"[-+*/x×·÷]", left[1:]):
        return None
    value, said = evaluate(left), evaluate(right)
    if value is None or said is None or abs(value) > _LARGEST:
        return None
    # Three eighths, 37.5 % and 37.5 where percents are meant are one.
    percent = "%" in left or "%" in right
    digits = right.rstrip("%")
    holds = _equal(value, said, digits) or (
        percent and any(_equal(value * factor, said, digits) for factor in (100, Fraction(1, 100)))
    ) or (right.endswith("%") and _equal(value * 100, said * 100, digits))  # fmt: skip
    return Equation(f"{left} = {right}", holds, value)


def _equal(value: Fraction, said: Fraction, digits: str) -> bool:
    if value == said:
        return True
    # What has decimals may have been rounded to them.
    _, dot, decimals = digits.rpartition(".")
    return bool(dot) and decimals.isdigit() and abs(value - said) < Fraction(1, 10 ** len(decimals))


def evaluate(expression: str) -> Fraction | None:
    """The exact value of an arithmetic expression; None where it is none, or divides by zero."""
    parts: list[str] = []
    at = 0
    expression = expression.strip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            return None
        if match["number"]:
            number = match["number"].replace(",", "")
            parts.append(f"({number}/100)" if match["percent"] else number)
        else:
            sign = {"x": "*", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"}.get(match["op"], match["op"])
            # In prose a plus before a number is a list's mark, or stands after a sign by mistake.
            if sign == "+" and (not parts or parts[-1] in ("+", "-", "*", "/", "(")):
                return None
            parts.append(sign)
        at = match.end()
    try:
        # Apart, so that two signs do not become another one.
        value = calculator.evaluate(" ".join(parts))
    except BadArguments:
        return None
    return value if isinstance(value, Fraction) else None
