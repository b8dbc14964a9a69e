"""Parses spoken arithmetic into an expression for the calculator."""

from __future__ import annotations

from collections.abc import Sequence

from avatar_app.engines.dialogue.builtin.words import Numbers, Word, phrase_at

_BINARY: dict[tuple[str, ...], str] = {
    ("plus",): "+", ("minus",): "-", ("times",): "*", ("time",): "*", ("x",): "*",
    ("multiplied", "by"): "*", ("multiply", "by"): "*", ("multiplied", "with"): "*",
    ("divided", "by"): "/", ("divide", "by"): "/", ("divided", "buy"): "/", ("over",): "/",
    ("to", "the", "power", "of"): "**", ("to", "the", "power"): "**", ("power",): "**",
    ("modulo",): "%", ("mod",): "%", ("added", "to"): "+", ("percent", "of"): "/100*",
    ("per", "cent", "of"): "/100*", ("divided", "into"): "/",
}  # fmt: skip
_BEFORE: dict[tuple[str, ...], str] = {
    ("the", "square", "root", "of"): "sqrt", ("square", "root", "of"): "sqrt",
    ("the", "cube", "root", "of"): "cbrt", ("cube", "root", "of"): "cbrt", ("root",): "sqrt",
    ("root", "of"): "sqrt", ("half", "of"): "0.5*", ("a", "half", "of"): "0.5*",
    ("a", "third", "of"): "1/3*", ("a", "quarter", "of"): "0.25*", ("a", "tenth", "of"): "0.1*",
    ("twice",): "2*", ("double",): "2*", ("minus",): "-", ("negative",): "-",
    ("the", "sine", "of"): "sin", ("the", "cosine", "of"): "cos", ("sine", "of"): "sin",
    ("cosine", "of"): "cos", ("the", "factorial", "of"): "factorial", ("half",): "0.5*",
    ("factorial", "of"): "factorial", ("the", "logarithm", "of"): "log",
}  # fmt: skip
_AFTER: dict[tuple[str, ...], str] = {
    ("squared",): "**2",
    ("cubed",): "**3",
    ("percent",): "/100",
    ("factorial",): "!",
    ("per", "cent"): "/100",
}
_CONSTANTS = {"pi": "pi", "pie": "pi", "to": "2", "too": "2", "for": "4", "ate": "8", "won": "1"}
"""Constants, and recognizers' spellings of numbers."""


def expression_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, str] | None:
    """Parse the expression that begins at a word; returns it with the index after it. A single
    number is not an expression."""
    operand = _operand_at(words, at, numbers)
    if operand is None:
        return None
    end, expression = operand
    plain = expression.replace(".", "").isdigit()
    while step := phrase_at(words, end, _BINARY):
        operand = _operand_at(words, step[0], numbers)
        if operand is None:
            break
        end, expression, plain = operand[0], f"{expression} {step[1]} {operand[1]}", False
    return None if plain else (end, expression)


def operation_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, str] | None:
    """Parse an expression whose first operand is the last result: "times two"."""
    step = phrase_at(words, at, _BINARY) or phrase_at(words, at, _AFTER)
    if step is None:
        return None
    if words[at].text in ("squared", "cubed"):
        return step
    operand = _operand_at(words, step[0], numbers)
    return (operand[0], f"{step[1]} {operand[1]}") if operand else None


def _operand_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, str] | None:
    if at >= len(words):
        return None
    if at in numbers:
        end, value = numbers[at]
        return _with_suffix(words, end, f"{value:.12g}")
    if words[at].text in _CONSTANTS:
        return _with_suffix(words, at + 1, _CONSTANTS[words[at].text])
    if words[at].text == "(":
        return _bracketed(words, at, numbers)
    if before := phrase_at(words, at, _BEFORE):
        operand = _operand_at(words, before[0], numbers)
        return (operand[0], f"({before[1]}({operand[1]}))") if operand else None
    return None


def _bracketed(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, str] | None:
    inner = expression_at(words, at + 1, numbers) or _operand_at(words, at + 1, numbers)
    if inner is None or inner[0] >= len(words) or words[inner[0]].text != ")":
        return None
    return _with_suffix(words, inner[0] + 1, f"({inner[1]})")


def _with_suffix(words: Sequence[Word], end: int, operand: str) -> tuple[int, str]:
    suffix = phrase_at(words, end, _AFTER)
    if suffix is None or phrase_at(words, end, _BINARY):
        return end, operand
    if suffix[1] == "!":
        return suffix[0], f"factorial({operand})"
    return suffix[0], f"({operand}{suffix[1]})"
