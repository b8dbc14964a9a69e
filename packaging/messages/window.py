"""Finds the texts in the window's own source: what `tr`, `translated` and `counted` are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from messages.message import Message

ROOM = "ui"
WITHOUT = ("screenshots",)
ONE_TEXT = frozenset(("tr", "translated", "for_translation"))
COUNTED = "counted"


def window_messages(package: Path) -> Iterator[Message]:
    """Yield each text of the window."""
    for path in window_files(package):
        name = path.relative_to(package.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for text, plural in _texts(node):
                    yield Message(text, plural, f"{name}:{node.lineno}")


def window_files(package: Path) -> list[Path]:
    """Return the source of the window."""
    files = sorted((package / ROOM).rglob("*.py"))
    return [path for path in files if not set(WITHOUT) & set(path.parts)]


def _texts(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in ONE_TEXT and call.args:
        for text in _constants(call.args[0]):
            yield text, ""
    elif name == COUNTED:
        yield from zip(_constants(call.args[0]), _constants(call.args[1]), strict=True)


def _constants(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_constants(one), *_constants(other)]
    return []
