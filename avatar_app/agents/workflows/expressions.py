"""Conditions of workflow steps: a small language of comparisons, never Python's `eval`.

Names of the context, constants, `and or not`, comparisons, `in`, subscripts, `len(…)`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from avatar_app.core.errors import ConfigInvalid

LONGEST = 500
"""Characters: deeper nesting would exhaust the parser's stack."""
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda part, whole: part in whole,
    ast.NotIn: lambda part, whole: part not in whole,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_SIZED = (str, list, tuple, dict)


def holds(condition: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition is true of a context. Raises ConfigInvalid for what is none."""
    try:
        if len(condition) > LONGEST:
            raise ValueError("it is too long")
        tree = ast.parse(condition.strip(), mode="eval")
        return bool(_value(tree.body, context))
    except (SyntaxError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise ConfigInvalid(
            f"The condition {condition[:80]!r} of a step can't be evaluated: {error}.",
            "Compare values of the context, for example: tests_passed and findings < 3",
        ) from error


def _value(node: ast.expr, context: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id=name):
            if name not in context:
                raise LookupError(f"there is no {name}")
            return context[name]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, context)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(each, context) for each in values)
        case ast.BoolOp(values=values):
            return any(_value(each, context) for each in values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_value(left, context), ops, [_value(each, context) for each in others])
        case ast.Subscript(value=whole, slice=key):
            found = _value(whole, context)
            if not isinstance(found, _SIZED):
                raise TypeError("only texts, lists and mappings have parts")
            return found[_value(key, context)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(each, context) for each in parts]
        case ast.Call(func=ast.Name(id="len"), args=[argument], keywords=[]):
            return _length(_value(argument, context))
    raise ValueError(f"{type(node).__name__} is not allowed")


def _compared(left: Any, ops: list[ast.cmpop], others: list[Any]) -> bool:
    for op, right in zip(ops, others, strict=True):
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True


def _length(value: Any) -> int:
    if not isinstance(value, _SIZED):
        raise TypeError("it has no length")
    return len(value)
