"""Units as a tool, and as a check for who verifies a result: pint in the process of symbolic maths."""

from collections.abc import Mapping
from typing import Any

from radiant.workspace.tools.base import BadArguments, ToolResult, ToolType, Use
from radiant.workspace.tools.compute.arguments import known_only, text_of
from radiant.workspace.tools.compute.mathematics import SECONDS, Mathematics

_LONGEST, _LONGEST_UNIT = 500, 100


class Units:
    """Conversion and a check of dimensions, as a tool."""

    name = "units"
    type: ToolType = "compute"
    description = (
        "Converts quantities between units, exactly, and checks dimensions. 'convert' gives the expression in the unit; 'check' "
        "says whether it could be. Units by name or symbol (km, mile, kg*m/s^2, degC, kWh, GiB), + - * / ^ between "
        'quantities. At most 500 characters. Example: {"expression": "3 ft + 2 inch", "unit": "cm"}'
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "operation": {"type": "string", "enum": ["convert", "check"], "description": "convert if not given."},
            "expression": {
                "type": "string", "minLength": 1, "maxLength": _LONGEST,
                "description": "A quantity, for example 90 km/h or 2 hours + 30 min.",
            },
            "unit": {
                "type": "string", "minLength": 1, "maxLength": _LONGEST_UNIT,
                "description": "The unit, without a number, for example m/s.",
            },
        },
        "required": ["expression", "unit"],
        "additionalProperties": False,
    }  # fmt: skip
    side_effects = False

    def __init__(self, mathematics: Mathematics) -> None:
        self._mathematics = mathematics

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments with what was wrong, ToolFailed where it took too long."""
        known_only(arguments, ("operation", "expression", "unit"))
        operation = text_of(arguments, "operation", 20, "convert")
        if operation not in ("convert", "check"):
            raise BadArguments("'operation' is convert or check")
        order = {
            "operation": operation,
            "expression": text_of(arguments, "expression", _LONGEST),
            "unit": text_of(arguments, "unit", _LONGEST_UNIT),
        }
        answer = await self._mathematics.ask("units", order, min(use.seconds, SECONDS))
        return ToolResult(str(answer["result"]), answer)

    async def compatible(self, expression: str, unit: str, seconds: float = SECONDS) -> bool:
        """Whether a quantity has the dimensions of that unit. Raises BadArguments where one of them is no quantity,
        ToolFailed."""
        order = {"operation": "check", "expression": expression[: _LONGEST + 1], "unit": unit[: _LONGEST_UNIT + 1]}
        return bool((await self._mathematics.ask("units", order, seconds))["compatible"])
