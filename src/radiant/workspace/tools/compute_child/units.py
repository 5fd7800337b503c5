"""Quantities with units, on pint, in fractions as far as the units allow it."""

from decimal import Context, Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

from radiant.workspace.tools.compute_child.expressions import MOST_BITS, Refused, Walker, tree

pint: Any = import_module("pint")
_registry: Any = pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)
_FIFTEEN = Context(prec=15)
# As people write them.
_NAMES = {"°C": "degC", "°F": "degF", "°": "degree", "²": "**2", "³": "**3", "%": "percent"}


def _unit(name: str) -> Any:
    if len(name) > 60 or name.startswith("_"):
        raise Refused(f"{name[:40]!r} is no unit that is known here")
    try:
        return _registry.parse_units(name)
    except (pint.UndefinedUnitError, pint.DefinitionSyntaxError, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"{name!r} is no unit that is known here") from error


class _Quantity:
    """A magnitude and a unit that are combined as pint has it; of 20 * degC it makes a temperature, which pint itself
    does only where it is asked to."""

    def __init__(self, magnitude: Fraction, unit: Any) -> None:
        self.of = _registry.Quantity(magnitude, unit)

    @classmethod
    def made(cls, of: Any) -> "_Quantity":
        """Of a quantity of pint. Raises Refused where its number is too long."""
        magnitude = of.magnitude
        if isinstance(magnitude, Fraction) and (
            max(magnitude.numerator.bit_length(), magnitude.denominator.bit_length()) > MOST_BITS
        ):
            raise Refused("a number in it has too many digits")
        made = cls.__new__(cls)
        made.of = of
        return made

    def __neg__(self) -> "_Quantity":
        return self.made(_registry.Quantity(-self.of.magnitude, self.of.units))

    def __add__(self, other: "_Quantity") -> "_Quantity":
        return self.made(self.of + other.of)

    def __sub__(self, other: "_Quantity") -> "_Quantity":
        return self.made(self.of - other.of)

    def __mul__(self, other: "_Quantity") -> "_Quantity":
        # A number before a unit.
        if self.of.unitless and other.of.magnitude == 1 and not other.of.unitless:
            return self.made(_registry.Quantity(self.of.magnitude, other.of.units))
        return self.made(self.of * other.of)

    def __truediv__(self, other: "_Quantity") -> "_Quantity":
        return self.made(self.of / other.of)

    def __mod__(self, other: "_Quantity") -> "_Quantity":
        raise Refused("the remainder of quantities is not computed here")


def _power(base: _Quantity, exponent: _Quantity) -> _Quantity:
    if not exponent.of.unitless:
        raise Refused("an exponent has no unit")
    times = Fraction(exponent.of.magnitude)
    if times.denominator != 1 or abs(times) > 100:
        raise Refused("exponents of quantities are whole numbers up to 100")
    return _Quantity.made(base.of ** int(times))


def _no_call(name: str, given: list[Any]) -> Any:
    raise Refused(f"{name[:40]!r} cannot be called; write * between what is multiplied")


_walker = Walker(
    lambda value: _Quantity(value, _registry.dimensionless),
    lambda name: _Quantity(Fraction(1), _unit(name)),
    _no_call,
    _power,
)


def _read(text: str) -> Any:
    for sign, plain in _NAMES.items():
        text = text.replace(sign, plain)
    return _walker.value(tree(text)).of


def compute(order: dict[str, Any]) -> dict[str, Any]:
    """{result, magnitude, unit} of a conversion, {compatible, dimension} of a check. Raises Refused."""
    try:
        return _compute(order)
    except pint.DimensionalityError as error:
        one, other = (_named(units) for units in (error.units1, error.units2))
        raise Refused(f"{one} and {other} are of different dimensions") from error
    except pint.OffsetUnitCalculusError as error:
        raise Refused(
            "temperatures in °C or °F cannot be computed with; convert them to kelvin, or use delta_degC"
        ) from error
    except ZeroDivisionError as error:
        raise Refused("it divides by zero") from error


def _compute(order: dict[str, Any]) -> dict[str, Any]:
    quantity, target = _read(order["expression"]), _read(order["unit"])
    if target.magnitude != 1:
        raise Refused("'unit' is a unit without a number, for example km/h")
    compatible = quantity.dimensionality == target.dimensionality
    dimensions = _named(quantity.dimensionality), _named(target.dimensionality)
    if order["operation"] == "check":
        said = f"{'compatible' if compatible else 'not compatible'}: {dimensions[0]} and {dimensions[1]}"
        return {"result": said, "compatible": compatible, "dimension": dimensions[0]}
    if not compatible:
        raise Refused(f"{_named(quantity.units)} is {dimensions[0]} and {_named(target.units)} is {dimensions[1]}")
    converted = quantity.to(target.units)
    magnitude, unit = Fraction(converted.magnitude), _named(converted.units)
    return {"result": f"{_shown(magnitude)} {unit}", "magnitude": str(magnitude), "unit": unit}


def _named(units: Any) -> str:
    """Units or dimensions in words; pint's own format knows no exponents that are fractions."""
    parts = dict[str, Any](getattr(units, "_units", units))
    powers = [(name, Fraction(power)) for name, power in sorted(parts.items())]
    over = " * ".join(name if power == 1 else f"{name}^{power}" for name, power in powers if power > 0)
    under = " / ".join(name if power == -1 else f"{name}^{-power}" for name, power in powers if power < 0)
    return f"{over or ('1' if under else 'dimensionless')}{' / ' + under if under else ''}"


def _shown(value: Fraction) -> str:
    if value.denominator == 1 and abs(value) < 10**20:
        return str(value.numerator)
    about = _FIFTEEN.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{'' if Fraction(about) == value else '≈ '}{about.normalize(_FIFTEEN)}"
