"""Which texts an expression of Python can be: f-strings become templates with places {0}, {1} …"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice, product

MOST = 12
"""Texts that one expression may be; more would be no sentence of somebody's."""
DEEPEST = 4
GAP = "\0"
"""Stands for a value until places are numbered."""

Names = Mapping[str, list[ast.expr]]
"""What is assigned to the names of a function or module."""


def templates(node: ast.expr, names: Names) -> list[str]:
    """Return the templates that an expression can be."""
    return [_numbered(text) for text in islice(_texts(node, names, DEEPEST), MOST)]


def names_in(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name in a function or module."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target, value in _pairs(node):
                found.setdefault(target, []).append(value)
        elif isinstance(node, ast.AugAssign | ast.For) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(ast.Tuple([], ast.Load()))
    return found


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name of an assignment with its value, also of `a, b = x, y`."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for name, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(name, ast.Name):
                    yield name.id, value


def _texts(node: ast.expr, names: Names, depth: int) -> Iterator[str]:
    if not depth:
        yield GAP
        return
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield from _joined([list(_part(part, names, depth - 1)) for part in parts])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = [list(_texts(side, names, depth - 1)) for side in (left, right)]
            yield from _joined(sides)
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, names, depth)
            yield from _texts(other, names, depth)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts(value, names, depth - 1)
        case ast.Name(id=name) if name in names:
            for value in names[name]:
                yield from _texts(value, names, depth - 1)
        case _:
            yield GAP


def _part(part: ast.expr, names: Names, depth: int) -> Iterator[str]:
    """Of an f-string: names within it are values, whatever was assigned to them."""
    if isinstance(part, ast.FormattedValue):
        yield from _texts(part.value, {}, 1) if _is_choice(part.value) else (GAP,)
    else:
        yield from _texts(part, names, depth)


def _is_choice(node: ast.expr) -> bool:
    """Whether it is one of two texts: they belong to the sentence."""
    return isinstance(node, ast.IfExp) and all(
        isinstance(each, ast.Constant) for each in (node.body, node.orelse)
    )


def _joined(parts: list[list[str]]) -> Iterator[str]:
    return ("".join(each) for each in islice(product(*parts), MOST))


def _numbered(text: str) -> str:
    pieces = text.split(GAP)
    return pieces[0] + "".join(f"{{{n}}}{piece}" for n, piece in enumerate(pieces[1:]))
