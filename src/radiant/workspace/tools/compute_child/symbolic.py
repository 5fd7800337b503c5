"""Operations of symbolic maths, on sympy."""

import ast
from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from typing import Any

from radiant.workspace.tools.compute_child.expressions import MOST_BITS, Refused, Walker, tree

# Without types of its own that a strict checker could follow.
sympy: Any = import_module("sympy")
_inequalities: Any = import_module("sympy.solvers.inequalities")

_MOST_CELLS = 100


def _bits(value: Any) -> int:
    return max(int(value.p).bit_length(), int(value.q).bit_length())


def _factorial(n: Any) -> Any:
    if n.is_number and (not n.is_real or abs(n) > 1_400):
        raise Refused("factorials go to 1400")
    return sympy.factorial(n)


def _gamma(n: Any) -> Any:
    if n.is_number and (not n.is_real or abs(n) > 1_400):
        raise Refused("the gamma function goes to 1400")
    return sympy.gamma(n)


def _binomial(n: Any, k: Any) -> Any:
    if (
        n.is_number
        and k.is_number
        and not (n.is_Rational and k.is_Rational and min(abs(k), abs(n - k)) * (_bits(n) + 1) < 2 * MOST_BITS)
    ):
        raise Refused("a binomial in it has too many digits")
    return sympy.binomial(n, k)


def _log2(x: Any) -> Any:
    return sympy.log(x, 2)


def _log10(x: Any) -> Any:
    return sympy.log(x, 10)


_CONSTANTS: dict[str, Any] = {"pi": sympy.pi, "e": sympy.E, "E": sympy.E, "i": sympy.I, "I": sympy.I, "oo": sympy.oo,
                              "inf": sympy.oo, "infinity": sympy.oo}  # fmt: skip
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    **{name: (1, 1, getattr(sympy, name)) for name in (
        "sqrt", "cbrt", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh", "sign", "re", "im", "conjugate", "erf", "floor", "ceiling", "Abs",
    )},
    "abs": (1, 1, sympy.Abs), "ceil": (1, 1, sympy.ceiling), "ln": (1, 1, sympy.log), "log": (1, 2, sympy.log),
    "log2": (1, 1, _log2), "log10": (1, 1, _log10),
    "atan2": (2, 2, sympy.atan2), "root": (2, 2, sympy.root), "min": (1, 50, sympy.Min), "max": (1, 50, sympy.Max),
    "gcd": (2, 2, sympy.gcd), "lcm": (2, 2, sympy.lcm),
    "factorial": (1, 1, _factorial), "gamma": (1, 1, _gamma),
    "binomial": (2, 2, _binomial),
}  # fmt: skip
_RELATIONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Eq: sympy.Eq, ast.NotEq: sympy.Ne, ast.Lt: sympy.Lt, ast.LtE: sympy.Le, ast.Gt: sympy.Gt, ast.GtE: sympy.Ge,
}  # fmt: skip


def _power(base: Any, exponent: Any) -> Any:
    """Sympy computes powers of numbers at once, however large."""
    if base.is_Rational and exponent.is_Rational:
        if abs(base) not in (0, 1) and _bits(base) * (abs(exponent.p) // exponent.q + 1) > MOST_BITS:
            raise Refused("a power in it has too many digits")
        # Of roots of high degree sympy takes numbers apart into their factors.
        if exponent.q > 1_000 or (exponent.q != 1 and _bits(base) > 400):
            raise Refused("a root in it is of too high a degree, or of too large a number")
    elif base.is_number and exponent.is_number and exponent.is_real and abs(exponent) > 100_000:
        raise Refused("an exponent in it is too large")
    return base**exponent


class Reader:
    """Reads the expressions of one order. `real`: its variables are real numbers; else they may be complex."""

    def __init__(self, real: bool) -> None:
        self._assumed: dict[str, bool] = {"real": True} if real else {}
        self._walker = Walker(self._number, self.symbol, self._call, _power)

    @staticmethod
    def _number(value: Fraction) -> Any:
        return sympy.Rational(value.numerator, value.denominator)

    def symbol(self, name: str) -> Any:
        """The constant or the variable of that name."""
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name in _FUNCTIONS:
            raise Refused(f"{name} takes its arguments in brackets")
        if len(name) > 30 or not name.isidentifier() or name.startswith("_"):
            raise Refused(f"{name[:40]!r} is no name of a variable")
        return sympy.Symbol(name, **self._assumed)

    @staticmethod
    def _call(name: str, given: list[Any]) -> Any:
        if name not in _FUNCTIONS:
            raise Refused(f"{name[:40]!r} is no function that is known here; where it is a variable, write * after it")
        least, most, function = _FUNCTIONS[name]
        if not least <= len(given) <= most:
            raise Refused(
                f"{name} takes {least if least == most else f'{least} to {most}'} arguments, not {len(given)}"
            )
        return function(*given)

    def read(self, text: str) -> Any:
        """An expression; where it has an = or < in it, a relation. Raises Refused."""
        node = tree(text)
        if not isinstance(node, ast.Compare):
            return self._walker.value(node)
        if len(node.ops) != 1 or type(node.ops[0]) not in _RELATIONS:
            raise Refused("one comparison at a time: a = b, a < b; separate several by ;")
        left, right = self._walker.value(node.left), self._walker.value(node.comparators[0])
        return _RELATIONS[type(node.ops[0])](left, right, evaluate=False)

    def plain(self, text: str) -> Any:
        """An expression that is no relation. Raises Refused."""
        found = self.read(text)
        if found.is_Relational:
            raise Refused("an expression is needed there, without = or <")
        return found


def compute(order: dict[str, Any]) -> dict[str, Any]:
    """{result, exact, …} of one order. Raises Refused."""
    operation = str(order["operation"])
    reader = Reader(bool(order.get("real")))
    if operation in ("determinant", "inverse", "eigenvalues"):
        return _matrix(operation, reader, order)
    return _OPERATIONS[operation](reader, order)


def _said(value: Any, **more: Any) -> dict[str, Any]:
    if value is sympy.nan or value == sympy.zoo:
        raise Refused("it has no value there: it divides by zero, or is infinity minus infinity")
    return {"result": sympy.sstr(value, full_prec=False), **more}


def _undone(value: Any, kind: Any, what: str) -> Any:
    if value.has(kind):
        raise Refused(f"no {what} was found in closed form")
    return value


def _variables(reader: Reader, order: dict[str, Any], *over: Any) -> list[Any]:
    names: list[str] = order.get("variables") or []
    named = [reader.symbol(name) for name in names]
    if any(not one.is_Symbol for one in named):
        raise Refused("a constant such as e, i or pi cannot be a variable; give it another name")
    free = {symbol for one in over for symbol in one.free_symbols}
    return named or sorted(free, key=str)


def _variable(reader: Reader, order: dict[str, Any], over: Any) -> Any:
    found = _variables(reader, order, over)
    if len(found) != 1:
        raise Refused(f"say in 'variables' which one is meant; there are: {', '.join(map(str, found)) or 'none'}")
    return found[0]


def _plainly(function: Callable[[Any], Any]) -> Callable[[Reader, dict[str, Any]], dict[str, Any]]:
    return lambda reader, order: _said(function(reader.plain(order["expression"])))


def _solve(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    parts = [part for part in order["expression"].replace("\n", ";").split(";") if part.strip()]
    if not 1 <= len(parts) <= 10:
        raise Refused("one to ten equations, separated by ;")
    relations = [reader.read(part) for part in parts]
    # Without a sign, what is to be zero.
    relations = [one if one.is_Relational else sympy.Eq(one, 0, evaluate=False) for one in relations]
    variables = _variables(reader, order, *relations)
    if not variables:
        raise Refused("there is no variable to solve for")
    if any(not isinstance(one, sympy.Eq) for one in relations):
        if len(variables) != 1:
            raise Refused("inequalities are solved in one variable")
        # Only real numbers can be compared.
        real = sympy.Symbol(variables[0].name, real=True)
        found = _inequalities.reduce_inequalities([one.subs(variables[0], real) for one in relations], [real])
        return {"result": sympy.sstr(found), "solutions": None, "checked": None}
    try:
        found = sympy.solve(relations, variables, dict=True)
    except NotImplementedError as error:
        if len(relations) != 1 or len(variables) != 1 or relations[0].free_symbols != {variables[0]}:
            raise Refused("no solution was found in closed form") from error
        return _in_figures(relations[0], variables[0])
    solutions = [{str(name): sympy.sstr(value) for name, value in one.items()} for one in found]
    text = "; ".join(", ".join(f"{name} = {value}" for name, value in one.items()) for one in solutions)
    checked = all(_solves(one, relations) for one in found) if found else None
    return {"result": text or "no solution", "solutions": solutions, "checked": checked}


def _in_figures(relation: Any, variable: Any) -> dict[str, Any]:
    """Roots by Newton's method from some places: those that it finds, perhaps not all."""
    over = relation.lhs - relation.rhs
    found: list[Any] = []
    for start in (0.5, -0.5, 1.5, -1.5, 3, -3, 8, -8, 30, -30):
        try:
            root = sympy.nsolve(over, variable, start, prec=25)
        except (ValueError, ZeroDivisionError, TypeError, ArithmeticError):
            continue
        if root.is_real and all(abs(root - other) > 1e-12 for other in found):
            found.append(root)
    if not found:
        raise Refused("no solution was found, neither in closed form nor in figures")
    solutions = [{str(variable): sympy.sstr(root.n(20))} for root in sorted(found)]
    text = "; ".join(f"{variable} ≈ {one[str(variable)]}" for one in solutions) + " (perhaps not all)"
    return {"result": text, "solutions": solutions, "checked": True, "exact": False}


def _solves(solution: Any, relations: list[Any]) -> bool:
    """Whether it does, put in: an independent check of what the solver said."""
    for relation in relations:
        left = (relation.lhs - relation.rhs).subs(solution)
        if left != 0 and sympy.simplify(left) != 0 and not left.equals(0):
            return False
    return True


def _differentiate(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    over = reader.plain(order["expression"])
    found = sympy.diff(over, _variable(reader, order, over), int(order.get("order") or 1))
    return _said(sympy.simplify(found) if sympy.count_ops(found) < 200 else found)


def _integrate(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    over = reader.plain(order["expression"])
    variable = _variable(reader, order, over)
    if order.get("lower") is None and order.get("upper") is None:
        found = _undone(sympy.integrate(over, variable), sympy.Integral, "integral")
        checked = sympy.simplify(sympy.diff(found, variable) - over) == 0
        return _said(found, checked=checked or None)
    if order.get("lower") is None or order.get("upper") is None:
        raise Refused("a definite integral has both 'lower' and 'upper'")
    low, high = reader.plain(order["lower"]), reader.plain(order["upper"])
    found = sympy.integrate(over, (variable, low, high))
    if found.has(sympy.Integral):
        value = found.evalf(20)
        if not value.is_number or value.has(sympy.Integral):
            raise Refused("no integral was found, neither in closed form nor in figures")
        return _said(value, exact=False)
    return _said(sympy.simplify(found) if sympy.count_ops(found) < 200 else found)


def _limit(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    over = reader.plain(order["expression"])
    point = reader.plain(order.get("point") or "0")
    side = {"left": "-", "right": "+", "both": "+-"}[order.get("direction") or "both"]
    variable = _variable(reader, order, over)
    try:
        found = sympy.limit(over, variable, point, side if abs(point) != sympy.oo else "+")
    except ValueError as error:
        raise Refused(f"it has no limit there from both sides: {error}") from error
    if found == sympy.zoo:
        raise Refused("it grows without bound, to another side from the left than from the right; say a 'direction'")
    return _said(_undone(found, sympy.Limit, "limit"))


def _series(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    over = reader.plain(order["expression"])
    point = reader.plain(order.get("point") or "0")
    return _said(sympy.series(over, _variable(reader, order, over), point, int(order.get("order") or 6)))


def _evaluate(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, str] = order.get("values") or {}
    values = {reader.symbol(name): reader.plain(text) for name, text in given.items()}
    over = reader.read(order["expression"])
    # What is put in may make a power too large to be computed: the expression is read again with it.
    over = over.subs(values, simultaneous=True) if not _grows(over, values) else _too_large()
    over = over.doit()
    if over in (sympy.true, sympy.false):
        return {"result": "true" if over == sympy.true else "false"}
    if over.free_symbols or not over.is_number:
        return _said(over)
    shown = _said(over)
    about = sympy.sstr(over.evalf(30))
    return shown if over.is_Integer else {**shown, "result": f"{shown['result']} ≈ {about}", "value": about}


def _grows(over: Any, values: dict[Any, Any]) -> bool:
    for power in over.atoms(sympy.Pow):
        base, exponent = power.base.subs(values), power.exp.subs(values)
        if (
            base.is_Rational
            and exponent.is_Rational
            and abs(base) not in (0, 1)
            and _bits(base) * abs(exponent) > MOST_BITS
        ):
            return True
    return False


def _too_large() -> Any:
    raise Refused("with these values a power in it has too many digits")


def _equal(reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    one, other = reader.read(order["expression"]), reader.read(order["other"])
    if one.is_Relational != other.is_Relational:
        raise Refused("an equation and an expression cannot be the same")
    if one.is_Relational:
        if not (isinstance(one, sympy.Eq) and isinstance(other, sympy.Eq)):
            raise Refused("of relations only equations are compared")
        left, right = one.lhs - one.rhs, other.lhs - other.rhs
        if left == 0 or right == 0:
            same: bool | None = sympy.simplify(left - right) == 0
        else:
            ratio = sympy.simplify(left / right)
            # A constant factor makes no other equation.
            same = bool(not ratio.free_symbols and ratio != 0)
    else:
        difference = one - other
        same = True if difference == 0 or sympy.simplify(difference) == 0 else difference.equals(0)
        same = False if same is None and _differs_somewhere(difference) else same
    words = {True: "equal", False: "not equal", None: "it could not be told whether they are equal"}
    return {"result": words[same], "equal": same}


def _differs_somewhere(difference: Any) -> bool:
    """Whether it is plainly not zero at one of a few places."""
    symbols = sorted(difference.free_symbols, key=str)
    for place in (-3, -1, 2, 5):
        at = {symbol: sympy.Rational(7 * place + number, 5 + number) for number, symbol in enumerate(symbols)}
        value = difference.subs(at).evalf(20, maxn=100)
        if value.is_number and value.is_finite and abs(value) > sympy.Rational(1, 10**10):
            return True
    return False


def _matrix(operation: str, reader: Reader, order: dict[str, Any]) -> dict[str, Any]:
    rows: list[list[str]] = order.get("matrix") or []
    if not rows or any(len(row) != len(rows) for row in rows) or len(rows) ** 2 > _MOST_CELLS:
        raise Refused("a square 'matrix' of at most 10 rows is needed, a list of lists of expressions")
    matrix = sympy.Matrix([[reader.plain(cell) for cell in row] for row in rows])
    if operation == "determinant":
        return _said(sympy.simplify(matrix.det()))
    if operation == "inverse":
        if sympy.simplify(matrix.det()) == 0:
            raise Refused("the matrix has no inverse: its determinant is 0")
        inverse = sympy.simplify(matrix.inv())
        checked = sympy.simplify(matrix * inverse) == sympy.eye(len(rows))
        return {"result": sympy.sstr(inverse.tolist()), "checked": checked or None}
    values = matrix.eigenvals()
    if sum(values.values()) != len(rows):
        raise Refused("its eigenvalues have no closed form")
    found = [(str(sympy.sstr(sympy.simplify(value))), int(times)) for value, times in values.items()]
    text = ", ".join(f"{value} (× {times})" if times > 1 else value for value, times in found)
    return {"result": text, "eigenvalues": [{"value": value, "times": times} for value, times in found]}


_OPERATIONS: dict[str, Callable[[Reader, dict[str, Any]], dict[str, Any]]] = {
    "simplify": _plainly(sympy.simplify), "expand": _plainly(sympy.expand), "factor": _plainly(sympy.factor),
    "solve": _solve, "differentiate": _differentiate, "integrate": _integrate, "limit": _limit, "series": _series,
    "evaluate": _evaluate, "equal": _equal,
}  # fmt: skip
