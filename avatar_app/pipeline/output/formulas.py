"""Converts short TeX formulas to spoken words."""

from __future__ import annotations

import re

SYMBOLS = {
    "cdot": "times", "times": "times", "div": "divided by", "pm": "plus or minus",
    "leq": "at most", "le": "at most", "geq": "at least", "ge": "at least", "neq": "is not",
    "ne": "is not", "approx": "is about", "infty": "infinity", "to": "to", "rightarrow": "to",
    "sum": "the sum of", "int": "the integral of", "partial": "the partial derivative of",
    "ldots": "and so on", "dots": "and so on", "circ": "degrees", "left": "", "right": "",
    "quad": "", "qquad": "", "displaystyle": "",
}  # fmt: skip
"""Commands that are not spoken by name."""
POWERS = {"2": "squared", "3": "cubed"}
_SIGNS = {
    "=": " equals ",
    "+": " plus ",
    "<": " is less than ",
    ">": " is greater than ",
    "*": " times ",
}
_GROUP = r"\{([^{}]*)\}"
_FRACTION = re.compile(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}")
_ROOT = re.compile(rf"\\sqrt\s*{_GROUP}")
_POWER = re.compile(rf"\^\s*(?:{_GROUP}|(\\\w+|\w))")
_INDEX = re.compile(rf"_\s*(?:{_GROUP}|(\w))")
_STYLE = re.compile(rf"\\(?:text|mathrm|mathbf|mathit|operatorname|mathbb)\s*{_GROUP}")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")


def spoken_formula(tex: str) -> str:
    r"""Convert a formula to words: “\pi r^2” becomes “pi r squared”."""
    before = ""
    while before != tex:
        before = tex
        tex = _STYLE.sub(r" \1 ", tex)
        tex = _ROOT.sub(r" the square root of \1 ", tex)
        tex = _POWER.sub(_power, tex)
        tex = _INDEX.sub(lambda found: f" {found[1] or found[2]} ", tex)
        tex = _FRACTION.sub(r" \1 over \2 ", tex)
    tex = _COMMAND.sub(lambda found: f" {SYMBOLS.get(found[1], found[1])} ", tex)
    for sign, said in _SIGNS.items():
        tex = tex.replace(sign, said)
    tex = re.sub(r"(?<=[\w)])\s*-\s*(?=[\w(])", " minus ", tex)
    return " ".join(re.sub(r"[{}\\&]", " ", tex).split())


def _power(found: re.Match[str]) -> str:
    exponent = (found[1] or found[2]).strip()
    if exponent in (r"\circ", "circ"):
        return " degrees "
    return f" {POWERS.get(exponent, f'to the power of {exponent}')} "
