"""Functions whose values are seldom fractions, to 50 significant digits: decimals, and no library that takes time to read.

Each takes a fraction or a decimal. Where the value is a fraction after all (`sqrt(9/4)`, `log10(1000)`, `sin(0)`), it is
given as one.
"""

from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from math import isqrt

Number = Fraction | Decimal

DIGITS = 50
# Ten more while it works, so that what is shown is right to the last digit.
_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
WORKING = Context(prec=DIGITS + 10, Emax=99_999, Emin=-99_999, clamp=0, traps=_TRAPS)
_FINER = Context(prec=80, Emax=99_999, Emin=-99_999, clamp=0, traps=_TRAPS)
# An angle of a million turns still leaves 60 digits of the 70.
_LARGEST_ANGLE = 10**6
_PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923078164")


class NoValue(ValueError):
    """The function has no value there, or not within what is computed here."""


def decimal_of(number: Number) -> Decimal:
    """The number as a decimal of the working precision."""
    if isinstance(number, Decimal):
        return number
    return WORKING.divide(Decimal(number.numerator), Decimal(number.denominator))


def pi() -> Decimal:
    """Half a turn."""
    return _PI


def exp(x: Number) -> Number:
    """e to the power of x."""
    return Fraction(1) if x == 0 else WORKING.exp(decimal_of(x))


def root(x: Number, degree: int) -> Number:
    """The real root of that degree, from 2 on; exact where it is a fraction."""
    if x < 0:
        if degree % 2 == 0:
            raise NoValue(f"an even root of a negative number ({degree}) is not real")
        return -root(-x, degree)
    if isinstance(x, Fraction):
        over, under = _whole_root(x.numerator, degree), _whole_root(x.denominator, degree)
        if over is not None and under is not None:
            return Fraction(over, under)
    if degree == 2:
        return WORKING.sqrt(decimal_of(x))
    return Fraction(0) if x == 0 else WORKING.power(decimal_of(x), WORKING.divide(Decimal(1), Decimal(degree)))


def _whole_root(number: int, degree: int) -> int | None:
    """The whole root of a whole number that is not negative, if it has one."""
    if number < 2:
        return number
    if degree == 2:
        found = isqrt(number)
    elif degree >= number.bit_length():
        return None
    else:
        # Newton's steps from above fall until they have passed the root.
        found = 1 << -(-number.bit_length() // degree)
        while (closer := ((degree - 1) * found + number // found ** (degree - 1)) // degree) < found:
            found = closer
    return found if found**degree == number else None


def log(x: Number, base: Number | None = None) -> Number:
    """The logarithm; natural without a base."""
    if x <= 0:
        raise NoValue("a logarithm is of a positive number")
    if x == 1:
        return Fraction(0)
    if base is None:
        return WORKING.ln(decimal_of(x))
    if base <= 0 or base == 1:
        raise NoValue("the base of a logarithm is positive and not 1")
    value = WORKING.divide(WORKING.ln(decimal_of(x)), WORKING.ln(decimal_of(base)))
    whole = int(value.to_integral_value())
    if (
        isinstance(x, Fraction)
        and isinstance(base, Fraction)
        and abs(whole) <= 20_000
        and abs(value - whole) < Decimal("1e-40")
    ):
        # Near a whole number: is it that?
        size = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(whole)
        if size <= 20_000 and base**whole == x:
            return Fraction(whole)
    return value


def power(base: Number, exponent: Number) -> Number:
    """A power with an exponent that is no whole number, or of a decimal; exact where it is a fraction."""
    if base == 0:
        if exponent <= 0:
            raise NoValue("zero has no such power")
        return Fraction(0)
    if isinstance(exponent, Fraction) and exponent.denominator <= 64 and isinstance(base, Fraction):
        found = root(base, exponent.denominator) if exponent.denominator > 1 else base
        if isinstance(found, Fraction):
            size = max(found.numerator.bit_length(), found.denominator.bit_length())
            if size * abs(exponent.numerator) > 14_000:
                raise NoValue("the power has too many digits")
            return found**exponent.numerator
        if base < 0:
            return WORKING.power(decimal_of(found), Decimal(exponent.numerator))
    if base < 0 and (not isinstance(exponent, Fraction) or exponent.denominator != 1):
        raise NoValue("that power of a negative number is not real")
    return WORKING.power(decimal_of(base), decimal_of(exponent))


def _reduced(x: Number) -> Decimal:
    """The angle in half a turn to either side."""
    if abs(x) > _LARGEST_ANGLE:
        raise NoValue("angles go to a million")
    with localcontext(_FINER):
        angle = Decimal(x.numerator) / Decimal(x.denominator) if isinstance(x, Fraction) else x
        return angle - 2 * _PI * (angle / (2 * _PI)).to_integral_value()


def _series(x: Decimal, term: Decimal, first: int) -> Decimal:
    """term - term x²/((first+1)(first+2)) + …, the series of sine (x, 1) and cosine (1, 0)."""
    total, at = term, first
    while term and term.adjusted() > -75:
        term = -term * x * x / ((at + 1) * (at + 2))
        total, at = total + term, at + 2
    return total


def sin(x: Number) -> Number:
    """The sine of an angle in radians."""
    if x == 0:
        return Fraction(0)
    angle = _reduced(x)
    with localcontext(_FINER):
        return _clean(_series(angle, angle, 1))


def cos(x: Number) -> Number:
    """The cosine of an angle in radians."""
    if x == 0:
        return Fraction(1)
    angle = _reduced(x)
    with localcontext(_FINER):
        return _clean(_series(angle, Decimal(1), 0))


def _clean(x: Decimal) -> Number:
    """What is nothing but the error of pi's last digits is zero."""
    return Fraction(0) if abs(x) < Decimal("1e-55") else WORKING.plus(x)


def tan(x: Number) -> Number:
    """The tangent of an angle in radians."""
    over, under = sin(x), cos(x)
    if under == 0:
        raise NoValue("the tangent has no value at a quarter of a turn")
    return Fraction(0) if over == 0 else WORKING.divide(decimal_of(over), decimal_of(under))


def atan(x: Number) -> Number:
    """The angle in radians with that tangent."""
    if x == 0:
        return Fraction(0)
    with localcontext(_FINER):
        value = decimal_of(x)
        # Halving the angle four times makes the series short.
        for _ in range(4):
            value = value / (1 + (1 + value * value).sqrt())
        total = term = value
        at = 1
        while term and term.adjusted() > -75:
            term = -term * value * value
            at += 2
            total += term / at
        return WORKING.plus(total * 16)


def asin(x: Number) -> Number:
    """The angle in radians with that sine."""
    if abs(x) > 1:
        raise NoValue("a sine lies between -1 and 1")
    if x == 0:
        return Fraction(0)
    if abs(x) == 1:
        return WORKING.divide(_PI, Decimal(2)).copy_sign(Decimal(int(x)))
    value = decimal_of(x)
    return atan(WORKING.divide(value, WORKING.sqrt(WORKING.subtract(Decimal(1), WORKING.multiply(value, value)))))


def acos(x: Number) -> Number:
    """The angle in radians with that cosine."""
    return Fraction(0) if x == 1 else WORKING.subtract(WORKING.divide(_PI, Decimal(2)), decimal_of(asin(x)))


FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "exp": exp, "ln": log, "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan,
    "log10": lambda x: log(x, Fraction(10)), "log2": lambda x: log(x, Fraction(2)),
    "sqrt": lambda x: root(x, 2), "cbrt": lambda x: root(x, 3),
}  # fmt: skip
