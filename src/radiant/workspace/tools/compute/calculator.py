"""Exact arithmetic: fractions, and decimals to 50 digits only where a value is no fraction.

A tokenizer and a parser of its own, never `eval`. Every step is charged by the size of its numbers, so no expression takes
longer than some milliseconds.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from radiant.workspace.tools.base import BadArguments, ToolResult, ToolType, Use
from radiant.workspace.tools.compute import approximate
from radiant.workspace.tools.compute.approximate import DIGITS, WORKING, NoValue, Number, decimal_of
from radiant.workspace.tools.compute.arguments import known_only, text_of

Value = Fraction | Decimal | bool
"""Exact, approximate (to 50 digits), or whether a comparison holds."""

_LONGEST, _DEEPEST = 2_000, 60
# Numbers stay under the 4,300 digits that Python writes out.
_MOST_BITS = 14_000
_MOST_WORK = 4_000_000
_SHOWN_DECIMALS = 60
_SHOWN = Context(prec=DIGITS, Emax=99_999, Emin=-99_999)
_EQUAL = Decimal("1e-45")

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![\w.]))?"
# Between the arguments of a function a comma separates.
_PLAIN_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![\w.]))?"
_REST = r"(?P<name>[A-Za-z_][A-Za-z_0-9]*|π|√)|(?P<op>\*\*|//|==|!=|<=|>=|[-+*/%^()=<>!,×·÷−–≤≥≠])"
_OUTSIDE = re.compile(rf"(?P<space>\s*)(?:[$€£]\s?(?=[\d.]))?(?:(?P<number>{_NUMBER})|{_REST})")
_INSIDE = re.compile(rf"(?P<space>\s*)(?:[$€£]\s?(?=[\d.]))?(?:(?P<number>{_PLAIN_NUMBER})|{_REST})")
_SAME = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "≤": "<=", "≥": ">=", "≠": "!=", "=": "=="}
_WORDS = {"x": "*", "X": "*", "of": "*", "mod": "mod", "√": "sqrt", "π": "pi", "log": "log"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class _Token(NamedTuple):
    kind: Literal["number", "name", "op"]
    text: str
    at: int
    value: Fraction | None = None
    spaced: bool = False


def evaluate(expression: str) -> Value:
    """The value of an arithmetic expression. Raises BadArguments, which says what is wrong and where."""
    tokens = _tokens(expression)
    try:
        return _Parser(tokens).whole()
    except ZeroDivisionError as error:
        raise BadArguments("it divides by zero") from error
    except NoValue as error:
        raise BadArguments(str(error)) from error
    except DecimalException as error:
        raise BadArguments("a number in it is too large or too small to compute with") from error


def literals(expression: str) -> list[Fraction]:
    """The numbers that are written in it, in order; of `10%` ten. Raises BadArguments where it cannot be read."""
    return [token.value for token in _tokens(expression) if token.value is not None]


def shown(value: Value) -> str:
    """The value as text: exact in decimals where it has some, with the fraction where it has none; ≈ where approximate."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"≈ {_rounded(value)}"
    if value.denominator == 1:
        return str(value.numerator)
    plain = _plain(value)
    return plain if plain is not None else f"{value.numerator}/{value.denominator} ≈ {_rounded(decimal_of(value))}"


def _plain(value: Fraction) -> str | None:
    """The decimals of a fraction that has an end of them soon enough."""
    under, twos, fives = value.denominator, 0, 0
    while under % 2 == 0 and twos <= _SHOWN_DECIMALS:
        under, twos = under // 2, twos + 1
    while under % 5 == 0 and fives <= _SHOWN_DECIMALS:
        under, fives = under // 5, fives + 1
    places = max(twos, fives)
    if under != 1 or places > _SHOWN_DECIMALS:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _rounded(value: Decimal) -> str:
    value = _SHOWN.plus(value)
    if -8 <= value.adjusted() < DIGITS:
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value.normalize(_SHOWN))


def _tokens(expression: str) -> list[_Token]:
    if len(expression) > _LONGEST:
        raise BadArguments(f"an expression may have {_LONGEST:,} characters, and this has {len(expression):,}")
    found: list[_Token] = []
    # For each open bracket, whether it holds the arguments of a function.
    calls: list[bool] = []
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = (_INSIDE if calls and calls[-1] else _OUTSIDE).match(expression, at)
        if match is None:
            rest = expression[at:].lstrip()[:20]
            raise BadArguments(f"{rest!r} at character {end - len(expression[at:].strip()) + 1} is no arithmetic")
        spaced, begins = bool(match["space"]), at + len(match["space"])
        if match["number"] is not None:
            found.append(_Token("number", match["number"], begins, _literal(match["number"]), spaced))
        elif match["name"] is not None:
            name = _WORDS.get(match["name"], match["name"])
            found.append(_Token("op" if name in ("*", "mod") else "name", name, begins, None, spaced))
        else:
            sign = _SAME.get(match["op"], match["op"])
            if sign == "(":
                calls.append(bool(found) and found[-1].kind == "name")
            elif sign == ")" and calls:
                calls.pop()
            found.append(_Token("op", sign, begins, None, spaced))
        at = match.end()
    if not found:
        raise BadArguments("the expression is empty")
    return found


def _literal(text: str) -> Fraction:
    digits = text.replace(",", "")
    if len(digits) > 1_000 or abs(int([*re.split("[eE]", digits), "0"][1])) > 4_000:
        raise BadArguments("a number in it has too many digits; a thousand are allowed, and exponents to 4000")
    return Fraction(digits)


class _Parser:
    """Recursive descent that computes as it reads; each operator is charged."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._work = 0

    def whole(self) -> Value:
        """The value of all."""
        values, signs = [self._sum()], list[str]()
        while self._is(*_COMPARISONS):
            signs.append(self._take().text)
            values.append(self._sum())
        if self._at < len(self._tokens):
            raise self._wrong()
        if not signs:
            return self._kept(values[0])
        return all(_holds(values[i], sign, values[i + 1]) for i, sign in enumerate(signs))

    def _is(self, *texts: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].kind == "op" and (
            self._tokens[self._at].text in texts
        )  # fmt: skip

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _wrong(self) -> BadArguments:
        if self._at >= len(self._tokens):
            return BadArguments("the expression ends too early")
        token = self._tokens[self._at]
        hint = "; write * between what is multiplied" if token.kind != "op" or token.text == "(" else ""
        return BadArguments(f"{token.text!r} at character {token.at + 1} does not fit there{hint}")

    def _kept(self, value: Number, work: int = 0) -> Number:
        """The value, once what it took is charged and its size allowed."""
        if isinstance(value, Fraction):
            bits = max(value.numerator.bit_length(), value.denominator.bit_length())
            if bits > _MOST_BITS:
                raise BadArguments("a number on the way has more than 4,000 digits; use smaller ones, or python")
            work += 40 + (bits // 30) ** 2
        else:
            work += 2_000
        self._work += work
        if self._work > _MOST_WORK:
            raise BadArguments("it takes too much computing; split it, or use python")
        return value

    def _sum(self) -> Number:
        value = self._product()
        while self._is("+", "-"):
            sign = self._take().text
            other = self._product()
            value = self._kept(_apply(sign, value, other))
        return value

    def _product(self) -> Number:
        value = self._signed()
        while self._is("*", "/", "//", "%", "mod"):
            sign = self._take().text
            other = self._signed()
            value = self._kept(_apply(sign, value, other))
        return value

    def _signed(self) -> Number:
        negative = False
        while self._is("+", "-"):
            negative ^= self._take().text == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Number:
        base = self._after()
        if not self._is("**"):
            return base
        self._take()
        # To the right: 2^3^2 is 2^9. The exponent may have a sign.
        self._enter()
        exponent = self._signed()
        self._depth -= 1
        exact = isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1
        return self._kept(_power(base, exponent), 20_000 if exact else 120_000)

    def _after(self) -> Number:
        """A value with what stands behind it: ! and %."""
        value = self._atom()
        while True:
            if self._is("!"):
                self._take()
                value = self._kept(_factorial([value]), 20_000)
            elif self._is("%") and self._is_percent():
                self._take()
                value = self._kept(value / 100 if isinstance(value, Fraction) else WORKING.divide(value, Decimal(100)))
            else:
                return value

    def _is_percent(self) -> bool:
        """Whether % is a hundredth and no remainder: nothing follows that could divide. With a space before it, a signed
        number behind it divides too."""
        sign = self._tokens[self._at]
        following = self._tokens[self._at + 1 : self._at + 3]
        if not following:
            return True
        first = following[0]
        if first.kind in ("number", "name") or first.text == "(":
            return False
        return not (sign.spaced and first.text in ("-", "+") and len(following) == 2 and not following[1].spaced)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadArguments(f"it is nested deeper than {_DEEPEST}")

    def _atom(self) -> Number:
        if self._at >= len(self._tokens):
            raise self._wrong()
        token = self._tokens[self._at]
        if token.value is not None:
            self._at += 1
            return self._kept(token.value)
        if token.kind == "name":
            return self._named()
        if token.text != "(":
            raise self._wrong()
        self._take()
        self._enter()
        value = self._sum()
        self._close()
        return value

    def _close(self) -> None:
        if not self._is(")"):
            raise self._wrong() if self._at < len(self._tokens) else BadArguments("a bracket is not closed")
        self._take()
        self._depth -= 1

    def _named(self) -> Number:
        token = self._take()
        name = token.text
        if name == "pi":
            return approximate.pi()
        if name == "e" and not self._is("("):
            return approximate.decimal_of(approximate.exp(Fraction(1)))
        if name == "sqrt" and not self._is("("):
            return self._kept(approximate.root(self._atom(), 2), 60_000)
        if name not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise BadArguments(f"{name!r} at character {token.at + 1} is not known; there are: {known}, pi, e")
        if not self._is("("):
            raise BadArguments(f"{name} takes its arguments in brackets")
        self._take()
        self._enter()
        given: list[Number] = []
        if not self._is(")"):
            given.append(self._sum())
            while self._is(","):
                self._take()
                given.append(self._sum())
        self._close()
        least, most, function = FUNCTIONS[name]
        if not least <= len(given) <= most:
            takes = str(least) if least == most else f"{least} or more" if most > 9 else f"{least} to {most}"
            raise BadArguments(f"{name} takes {takes} arguments, and has {len(given)}")
        self._kept(Fraction(0), 30_000 if any(isinstance(one, Decimal) for one in given) else 3_000)
        return self._kept(function(given), 60_000 if name in _COSTLY else 0)


def _apply(sign: str, left: Number, right: Number) -> Number:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        match sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "//":
                return Fraction(left // right)
            case _:
                return left % right
    first, second = decimal_of(left), decimal_of(right)
    match sign:
        case "+":
            return WORKING.add(first, second)
        case "-":
            return WORKING.subtract(first, second)
        case "*":
            return WORKING.multiply(first, second)
        case "/":
            return WORKING.divide(first, second)
        case "//":
            return Fraction(int(_floored(WORKING.divide(first, second))))
        case _:
            return WORKING.subtract(first, WORKING.multiply(second, _floored(WORKING.divide(first, second))))


def _floored(value: Decimal) -> Decimal:
    if value.adjusted() > DIGITS:
        raise NoValue("only 50 digits of a number are known, too few to round it to a whole one")
    return value.to_integral_value(rounding="ROUND_FLOOR")


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        times = exponent.numerator
        if base == 0 and times < 0:
            raise ZeroDivisionError
        # A factor of 1 or -1 has no bits to speak of, whatever the exponent.
        if abs(base) == 1 or base == 0:
            return base ** (times % 2 if base else min(times, 1))
        if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(times) > _MOST_BITS + 64:
            raise BadArguments("a power in it has more than 4,000 digits; use smaller ones, or python")
        return base**times
    return approximate.power(base, exponent)


def _holds(left: Number, sign: str, right: Number) -> bool:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        first, second = decimal_of(left), decimal_of(right)
        near = abs(WORKING.subtract(first, second)) <= _EQUAL * max(abs(first), abs(second), Decimal(1))
        left, right = (Fraction(0), Fraction(0)) if near else (first, second)
    match sign:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _wholes(given: Sequence[Number], name: str, *, natural: bool = False) -> list[int]:
    if any(not isinstance(one, Fraction) or one.denominator != 1 or (natural and one < 0) for one in given):
        raise BadArguments(f"{name} takes whole numbers{' from 0 on' if natural else ''}")
    return [int(one) for one in given]


def _factorial(given: Sequence[Number]) -> Number:
    [number] = _wholes(given, "factorial", natural=True)
    if number > 1_400:
        raise BadArguments("factorials go to 1400")
    return Fraction(math.factorial(number))


def _choices(function: Callable[[int, int], int], name: str) -> Callable[[Sequence[Number]], Number]:
    def choose(given: Sequence[Number]) -> Number:
        n, k = _wholes(given, name, natural=True)
        fewest = min(k, n - k) if name == "comb" and k <= n else k
        if k <= n and fewest * n.bit_length() > 2 * _MOST_BITS:
            raise BadArguments(f"{name} of these has too many digits; use smaller ones, or python")
        return Fraction(function(n, k) if k <= n else 0)

    return choose


def _round(given: Sequence[Number]) -> Number:
    """Halves to the even neighbour, as Python does."""
    [places] = _wholes(given[1:] or [Fraction(0)], "round's second argument")
    if abs(places) > 1_000:
        raise BadArguments("round goes to a thousand places")
    number = given[0]
    if isinstance(number, Fraction):
        return Fraction(round(number, places))
    _floored(number.scaleb(min(places, 0)))
    if places >= DIGITS - number.adjusted():
        return number
    return Fraction(number.quantize(Decimal(1).scaleb(-places), context=WORKING))


def _to_whole(given: Sequence[Number], floor: bool) -> Number:
    [number] = given
    if isinstance(number, Fraction):
        return Fraction(math.floor(number) if floor else math.ceil(number))
    return Fraction(int(_floored(number) if floor else -_floored(-number)))


def _total(given: Sequence[Number]) -> Number:
    total: Number = Fraction(0)
    for one in given:
        total = _apply("+", total, one)
        if isinstance(total, Fraction) and total.denominator.bit_length() > _MOST_BITS:
            raise BadArguments("a number on the way has more than 4,000 digits")
    return total


def _extreme(given: Sequence[Number], sign: str) -> Number:
    best = given[0]
    for one in given[1:]:
        best = one if _holds(one, sign, best) else best
    return best


def _unary(function: Callable[[Number], Number]) -> Callable[[Sequence[Number]], Number]:
    return lambda given: function(given[0])


_ANY = 1_000
FUNCTIONS: Mapping[str, tuple[int, int, Callable[[Sequence[Number]], Number]]] = {
    **{name: (1, 1, _unary(function)) for name, function in approximate.FUNCTIONS.items()},
    "log": (1, 2, lambda given: approximate.log(given[0], given[1] if len(given) > 1 else None)),
    "abs": (1, 1, lambda given: abs(given[0])),
    "min": (1, _ANY, lambda given: _extreme(given, "<")),
    "max": (1, _ANY, lambda given: _extreme(given, ">")),
    "sum": (1, _ANY, _total),
    "mean": (1, _ANY, lambda given: _apply("/", _total(given), Fraction(len(given)))),
    "round": (1, 2, _round),
    "floor": (1, 1, lambda given: _to_whole(given, floor=True)),
    "ceil": (1, 1, lambda given: _to_whole(given, floor=False)),
    "gcd": (1, _ANY, lambda given: Fraction(math.gcd(*_wholes(given, "gcd")))),
    "lcm": (1, _ANY, lambda given: _lcm(_wholes(given, "lcm"))),
    "factorial": (1, 1, _factorial),
    "comb": (2, 2, _choices(math.comb, "comb")),
    "perm": (2, 2, _choices(math.perm, "perm")),
}
"""Name: least and most arguments, and the function."""
_COSTLY = {*approximate.FUNCTIONS, "log", "factorial", "comb", "perm"}


def _lcm(numbers: Sequence[int]) -> Number:
    if sum(number.bit_length() for number in numbers) > 2 * _MOST_BITS:
        raise BadArguments("lcm of these has too many digits")
    return Fraction(math.lcm(*numbers))


class Calculator:
    """Arithmetic, as a tool."""

    name = "calculator"
    type: ToolType = "compute"
    description = (
        "Exact arithmetic over fractions; never rounds unless told to. + - * / // % ** ! brackets, comparisons (= != < <= > "
        ">=, chained), percent (10% is 0.1), functions abs min max sum mean round (halves to even) floor ceil gcd lcm "
        "factorial comb perm sqrt cbrt exp ln log log2 log10 sin cos tan asin acos atan (radians), pi, e. A value that is no "
        "fraction is given to 50 digits, marked ≈. At most 2,000 characters. Example: (1,200 - 15% of 80) / 7"
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "expression": {
                "type": "string", "minLength": 1, "maxLength": _LONGEST,
                "description": "The arithmetic, for example 3/8 + 12.5% or comb(10, 3) * 2 = 240",
            },
        },
        "required": ["expression"],
        "additionalProperties": False,
    }  # fmt: skip
    side_effects = False

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments."""
        known_only(arguments, ("expression",))
        expression = text_of(arguments, "expression", _LONGEST)
        value = evaluate(expression)
        exact = not isinstance(value, Decimal)
        return ToolResult(shown(value), {"value": _json(value), "exact": exact})


def _json(value: Value) -> bool | str:
    """A comparison's truth, or the number as text: JSON's numbers are not exact."""
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, Fraction) else _rounded(value)
