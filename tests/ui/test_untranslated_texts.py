"""No visible text of the window is written beside translation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_language import extraction

import avatar_app

SHOWING = frozenset(
    {
        *("setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setTitle"),
        *("setPlaceholderText", "setWindowTitle", "setItemText", "addItem", "addItems"),
        *("addAction", "QLabel", "QPushButton", "QToolButton", "QCheckBox", "QMenu", "Notice"),
        *("Action", "Section", "SearchField", "IconButton", "small_button", "name_it", "tell"),
    }
)
"""Calls that show what they are given."""
NAMES = frozenset(("Ctrl", "Esc", "Del", "Enter", "Space", "Shift", "avatar-app", "x", "API"))
"""Keys, and what is called the same everywhere."""


def test_visible_literals_go_through_translation():
    found = [
        f"{path.name}:{node.lineno}: {text}"
        for path in extraction().window_files(Path(avatar_app.__file__).parent)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _name(node) in SHOWING
        for text in _literals(node)
    ]
    assert found == []


def test_translated_texts_are_literals():
    """A value belongs behind the translation, by `format`: an f-string stands in no catalog."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in extraction().window_files(Path(avatar_app.__file__).parent)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and _name(node) in ("tr", "for_translation")
        and not isinstance(node.args[0], ast.Constant)
        and path.parent.name != "language"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('label.setText("Hello there")', ["Hello there"]),
        ('QLabel(f"{name} is here")', ["is here"]),
        ('button.setToolTip("Ctrl+M")', []),
        ('label.setText(self.tr("Hello"))', []),
    ],
)
def test_literals_of_an_expression_are_found(source, texts):
    assert list(_literals(ast.parse(source).body[0].value)) == texts


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _literals(call: ast.Call) -> Iterator[str]:
    """Yield what is written out among the arguments and has words."""
    for argument in call.args:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        for part in parts:
            text = part.value if isinstance(part, ast.Constant) else ""
            if isinstance(text, str) and _words(text):
                yield text.strip()


def _words(text: str) -> list[str]:
    """Return the words of a text that are no key and no identifier: those with a space, or a
    capital."""
    words = [w for w in text.replace("+", " ").split() if w.isalpha() and w not in NAMES]
    return [w for w in words if len(w) > 1 and (len(words) > 1 or w[0].isupper())]
