"""Arithmetic and unit conversion, evaluated safely and with bounded effort."""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import simpleeval  # type: ignore[import-untyped]

from avatar_app.core.errors import InputInvalid

if TYPE_CHECKING:
    from pint import UnitRegistry

LONGEST_EXPRESSION = 300
"""Characters: deeper nesting would exhaust the parser's stack."""
LARGEST_RESULT = 1e100
"""Larger results are too long to listen to."""
MOST_DIGITS = 100
"""To which a number is rounded, before or after the point: each takes time."""


_NO_SUM = (
    simpleeval.InvalidExpression,
    SyntaxError,
    ValueError,
    TypeError,
    RecursionError,
    KeyError,  # simpleeval's word for a comparison, which has no operator here
)
_SQUARE = re.compile(r"\bsquare[ _]+([^\W\d_]+)")
_CUBIC = re.compile(r"\bcubic[ _]+([^\W\d_]+)")
_UNIT_NAME = re.compile(r"[^\W\d_]+(?:[ _/][^\W\d_]+|\^[23])*")
"""Words and powers of two or three: what pint evaluates beyond that could take long."""


def calculate(expression: str) -> int | float:
    """Calculate an arithmetic expression exactly.

    Args:
        expression: Numbers with + - * / // % ** and parentheses, the functions sqrt, cbrt, abs,
            round, floor, ceil, sin, cos, tan (of degrees), log (base 10), ln, factorial, and the
            constants pi and e. Example: "sqrt(2) * (3 + 4)".
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise InputInvalid("That is too long for me to calculate.")
    try:
        parsed = ast.parse(expression.strip(), mode="eval").body
        _check_numbers(parsed)
        result = _evaluator().eval(expression, parsed)
    except ZeroDivisionError as error:
        raise InputInvalid("I can't divide by zero.") from error
    except OverflowError as error:
        raise InputInvalid("The result is too large for me.") from error
    except _NO_SUM as error:
        raise InputInvalid("I can't calculate that.") from error
    return _sayable(result)


def convert_units(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a quantity between units of length, weight, volume, temperature, time, speed, area,
    energy, pressure, power or data.

    Args:
        value: How many of `from_unit`.
        from_unit: A unit's English name or symbol, such as "mile", "celsius", "cup" or "km/h".
        to_unit: The unit to convert to.
    """
    import pint

    units = _units()
    try:
        converted = units.Quantity(value, _unit(from_unit)).to(_unit(to_unit)).magnitude
    except pint.DimensionalityError as error:
        raise InputInvalid(f"{from_unit} and {to_unit} measure different things.") from error
    return _sayable(float(converted))


@functools.cache
def _units() -> UnitRegistry[Any]:
    from pint import UnitRegistry

    return UnitRegistry()


def _unit(name: str) -> Any:
    import pint

    if len(name) > 40 or not _UNIT_NAME.fullmatch(name.strip()):
        raise InputInvalid(f"I don't know the unit {name!r}.")
    try:
        return _units().Unit(_SQUARE.sub(r"\1^2", _CUBIC.sub(r"\1^3", name.strip())))
    except (pint.PintError, TypeError, ValueError, AttributeError) as error:
        raise InputInvalid(f"I don't know the unit {name!r}.") from error


def _check_numbers(parsed: ast.AST) -> None:
    """Refuse texts, which a product or a format makes as long as the memory."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.JoinedStr | ast.FormattedValue) or (
            isinstance(node, ast.Constant) and not isinstance(node.value, int | float)
        ):
            raise ValueError("a text is no number")


def _rounded(number: float, digits: float = 0) -> float:
    if abs(digits) > MOST_DIGITS:
        raise OverflowError
    return round(number, int(digits)) if digits else round(number)


def _power(base: float, exponent: float) -> Any:
    if abs(exponent) > 1 and abs(base) > 1 and abs(exponent) * math.log10(abs(base)) > 100:
        raise OverflowError
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")
    return result


def _factorial(number: float) -> int:
    if number > 69:
        raise OverflowError
    if number != int(number):
        raise ValueError("the factorial of a fraction")
    return math.factorial(int(number))


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "abs": abs,
    "round": _rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "sin": lambda degrees: math.sin(math.radians(degrees)),
    "cos": lambda degrees: math.cos(math.radians(degrees)),
    "tan": lambda degrees: math.tan(math.radians(degrees)),
    "log": math.log10,
    "ln": math.log,
    "factorial": _factorial,
}


def _evaluator() -> simpleeval.SimpleEval:
    return simpleeval.SimpleEval(
        operators=_OPERATORS, functions=_FUNCTIONS, names={"pi": math.pi, "e": math.e}
    )


def _sayable(result: Any) -> int | float:
    """Round a finite number for speech: 0.1 + 0.2 is 0.3."""
    if isinstance(result, bool) or not isinstance(result, int | float):
        raise InputInvalid("I can't calculate that.")
    if not abs(result) <= LARGEST_RESULT:  # not a number is not smaller than anything
        raise InputInvalid("The result is too large for me.")
    if isinstance(result, int):
        return result
    rounded = float(f"{result:.12g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


TOOLS = (calculate, convert_units)
