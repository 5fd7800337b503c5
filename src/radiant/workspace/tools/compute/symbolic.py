"""Symbolic maths as a tool: sympy in a process apart, under limits."""

from collections.abc import Mapping
from typing import Any, cast

from radiant.workspace.tools.base import BadArguments, ToolResult, ToolType, Use
from radiant.workspace.tools.compute.arguments import known_only, text_of, texts_of, whole_of
from radiant.workspace.tools.compute.mathematics import SECONDS, Mathematics
from radiant.workspace.tools.compute.output import bounded

_LONGEST = 2_000
_OPERATIONS = (
    "simplify", "expand", "factor", "solve", "differentiate", "integrate", "limit", "series", "evaluate", "equal",
    "determinant", "inverse", "eigenvalues",
)  # fmt: skip
_OVER_MATRICES = ("determinant", "inverse", "eigenvalues")
_DIRECTIONS = ("both", "left", "right")


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "maxLength": _LONGEST, "description": description}


class Symbolic:
    """Algebra and calculus, as a tool."""

    name = "symbolic"
    type: ToolType = "compute"
    description = (
        "Exact symbolic maths: simplify, expand, factor, solve (equations, systems separated by ;, inequalities in one "
        "variable), differentiate, integrate, limit, series, evaluate, equal (are two expressions or equations the same), and "
        "determinant, inverse, eigenvalues of a matrix. Expressions as x^2 - 5*x + 6; functions sqrt exp log sin cos tan asin "
        "abs factorial binomial and such; pi, e, i, oo. At most 2,000 characters and 10 seconds. 'checked' says that the "
        'result was put in and fits. Example: {"operation": "solve", "expression": "x + y = 5; x - y = 1"}'
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "operation": {"type": "string", "enum": list(_OPERATIONS), "description": "What to do."},
            "expression": _text("The expression, or equations separated by ;. Needed by all but matrices."),
            "other": _text("For equal: the other expression or equation."),
            "variables": {
                "type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 10,
                "description": "The variables to solve for, or the one to work on. Needed where several are in it.",
            },
            "lower": _text("For a definite integral: from where."),
            "upper": _text("For a definite integral: to where; oo is infinity."),
            "point": _text("For limit and series: where; 0 if not given, oo for infinity."),
            "direction": {
                "type": "string", "enum": list(_DIRECTIONS), "description": "For limit: from which side; both if not given.",
            },
            "order": {
                "type": "integer", "minimum": 1, "maximum": 20,
                "description": "For differentiate: how often (1). For series: up to which power (6).",
            },
            "values": {
                "type": "object", "additionalProperties": {"type": "string", "maxLength": _LONGEST}, "maxProperties": 20,
                "description": "For evaluate: what to put in for variables, for example {\"x\": \"1/3\"}.",
            },
            "matrix": {
                "type": "array", "maxItems": 10,
                "items": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": _LONGEST}},
                "description": "For matrices: the rows, each cell an expression.",
            },
            "real": {"type": "boolean", "description": "Whether variables are real numbers; else they may be complex."},
        },
        "required": ["operation"],
        "additionalProperties": False,
    }  # fmt: skip
    side_effects = False

    def __init__(self, mathematics: Mathematics) -> None:
        self._mathematics = mathematics

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments with what was wrong, ToolFailed where it took too long."""
        answer = await self._mathematics.ask("symbolic", _order(arguments), min(use.seconds, SECONDS))
        text = str(answer["result"])
        if answer.get("checked"):
            text += "\n(checked by putting it in)"
        return ToolResult(bounded(text), answer if len(text) < 20_000 else None)


def _order(given: Mapping[str, Any]) -> dict[str, Any]:
    known_only(given, tuple(Symbolic.parameters["properties"]))
    operation = text_of(given, "operation", 20)
    if operation not in _OPERATIONS:
        raise BadArguments(f"there is no operation {operation!r}; there are: {', '.join(_OPERATIONS)}")
    order: dict[str, Any] = {"operation": operation, "real": given.get("real") is True}
    if operation in _OVER_MATRICES:
        rows = given.get("matrix")
        if not isinstance(rows, list):
            raise BadArguments("'matrix' is needed, a list of rows")
        cells = {str(at): row for at, row in enumerate(cast(list[Any], rows)[:11])}
        return order | {"matrix": [texts_of(cells, name, 10, _LONGEST) for name in cells]}
    order["expression"] = text_of(given, "expression", _LONGEST)
    if operation == "equal":
        order["other"] = text_of(given, "other", _LONGEST)
    order["variables"] = texts_of(given, "variables", 10, 30)
    for name in ("lower", "upper", "point"):
        if given.get(name) is not None:
            order[name] = text_of(given, name, _LONGEST)
    order["direction"] = text_of(given, "direction", 10, "both")
    if order["direction"] not in _DIRECTIONS:
        raise BadArguments(f"'direction' is one of: {', '.join(_DIRECTIONS)}")
    if given.get("order") is not None:
        order["order"] = whole_of(given, "order", 1, 20, 1)
    values = given.get("values")
    if values is not None:
        if not isinstance(values, Mapping) or len(cast(Mapping[str, Any], values)) > 20:
            raise BadArguments("'values' says what to put in for at most 20 variables")
        put_in = cast(Mapping[str, Any], values)
        order["values"] = {name: text_of(put_in, name, _LONGEST) for name in put_in}
    return order
