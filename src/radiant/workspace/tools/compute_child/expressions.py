"""Expressions as people write them, made into objects of sympy or of pint by a list of what is allowed; nothing is evaluated
as code.

Python's parser makes the tree, and every node of it is looked at: names, numbers, operators, calls of known functions by
name. Attributes, subscripts, lambdas, strings, comprehensions and keyword arguments are refused by what they are.
"""

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

LONGEST, _DEEPEST = 2_000, 80
MOST_BITS = 14_000
_SIGNS = {
    "^": "**",
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "π": "pi",
    "∞": "oo",
}
# 2x, 2(x + 1), (a)(b), 5 km: a number or a bracket before a name or a bracket. Not 1e5, and not the 2 of x2 or log2(x).
_AFTER_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*(?=[A-Za-zµΩ°_(])(?![eE][+-]?\d)")
_AFTER_BRACKET = re.compile(r"\)\s*(?=[A-Za-z0-9(])")
_KEYWORDS = {"lambda": "lamda", "in": "inch"}
_KEYWORD = re.compile(r"(?<![A-Za-z_])(?:lambda|in)(?![A-Za-z_0-9])(?!\s*:)")
_ONE_EQUALS = re.compile(r"(?<![=<>!])=(?!=)")


class Refused(Exception):
    """It cannot be read or computed; the words are for whoever wrote it."""


def tree(text: str) -> ast.expr:
    """The tree of an expression, not yet looked at. Raises Refused."""
    if len(text) > LONGEST:
        raise Refused(f"an expression may have {LONGEST:,} characters, and this has {len(text):,}")
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    deepest = depth = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise Refused(f"it is nested deeper than {_DEEPEST}")
    # Names that are words of Python's: sympy spells the letter so too.
    text = _KEYWORD.sub(lambda match: _KEYWORDS[match[0]], text)
    text = _AFTER_BRACKET.sub(")*", _AFTER_NUMBER.sub(r"\1*", text))
    text = _ONE_EQUALS.sub("==", " ".join(text.split()))
    try:
        found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else "too deep, or a number with too many digits"
        raise Refused(f"{text[:200]!r} cannot be read: {said}; write * between what is multiplied") from error
    _check_depth(found)
    return found


def _check_depth(root: ast.expr) -> None:
    waiting: list[tuple[ast.AST, int]] = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > 2 * _DEEPEST:
            raise Refused("it is nested too deep")
        # Sums and products lean to the left, and the walker unrolls them: their length is no depth.
        leaning = node.left if isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp) else None
        waiting += [(child, depth + (child is not leaning)) for child in ast.iter_child_nodes(node)]


def number(node: ast.Constant) -> Fraction:
    """The number that is written there, exactly. Raises Refused."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{str(value)[:40]!r} is no number")
    # The shortest decimals that make this float are those that were written, up to 15 digits.
    found = Fraction(value) if isinstance(value, int) else _fraction(repr(value))
    if max(found.numerator.bit_length(), found.denominator.bit_length()) > MOST_BITS:
        raise Refused("a number in it has too many digits")
    return found


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except ValueError as error:
        raise Refused("a number in it is too large") from error


class Walker:
    """Makes a value of a tree. `name` and `call` say what names and functions are; `power` may refuse."""

    def __init__(
        self,
        of_number: Callable[[Fraction], Any],
        of_name: Callable[[str], Any],
        of_call: Callable[[str, list[Any]], Any],
        power: Callable[[Any, Any], Any],
    ) -> None:
        self._of_number = of_number
        self._of_name = of_name
        self._of_call = of_call
        self._power = power

    def value(self, node: ast.expr) -> Any:
        """Raises Refused at anything that is not on the list."""
        match node:
            case ast.Constant():
                return self._of_number(number(node))
            case ast.Name():
                return self._of_name(node.id)
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.BinOp():
                return self._binary(node)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self._of_call(name, [self.value(one) for one in node.args])
            case _:
                raise Refused(f"{_WHAT.get(type(node), type(node).__name__)} cannot stand in an expression")

    def _binary(self, node: ast.BinOp) -> Any:
        # Long sums lean to the left: unrolled, so that their length is no depth.
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        value = self.value(chain[-1].left)
        for one in reversed(chain):
            right = self.value(one.right)
            match one.op:
                case ast.Add():
                    value = value + right
                case ast.Sub():
                    value = value - right
                case ast.Mult():
                    value = value * right
                case ast.Div():
                    value = value / right
                case ast.Mod():
                    value = value % right
                case ast.Pow():
                    value = self._power(value, right)
                case _:
                    raise Refused(f"the operator {type(one.op).__name__} cannot stand in an expression")
        return value


_WHAT: dict[type[ast.AST], str] = {
    ast.Attribute: "a dot after a name", ast.Subscript: "a subscript", ast.Lambda: "a lambda", ast.List: "a list",
    ast.Tuple: "a comma", ast.Dict: "a dictionary", ast.Set: "a set", ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.SetComp: "a comprehension", ast.DictComp: "a comprehension",
    ast.BoolOp: "and/or", ast.IfExp: "if/else", ast.JoinedStr: "a text", ast.NamedExpr: "an assignment",
    ast.Compare: "a comparison within another expression", ast.Call: "a call of anything but a known function by name",
    ast.Starred: "a star", ast.Await: "await", ast.Yield: "yield",
}  # fmt: skip
