"""Finds the sentences that rooms below the window make: errors, notices, reasons, progress."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from messages.expressions import Names, names_in, templates
from messages.message import Message, has_words

ROOMS = (
    "core", "system", "media", "audio", "pipeline", "engines", "settings", "storage", "models",
    "avatars", "voices", "runtime", "speech", "render", "studio", "performance", "session",
)  # fmt: skip
SPOKEN = (
    "engines/dialogue", "session/offline", "session/checks/sounds", "session/assistant_tools",
    "session/speaking_first", "session/voice_gallery", "session/user_voice_gallery",
    "settings/reference", "storage/conversation_text", "voices/consent_phrase",
    "performance/profiling", "engines/hosting", "pipeline/output/formulas",
)  # fmt: skip
"""Where sentences are spoken, or written for programs: of these, errors alone are shown."""
PHRASES = ("performance/fitness",)
"""Where whatever is returned in words is shown."""
ERROR_ROOT = "AvatarError"
SHOWN_BY_POSITION = {"Failed": slice(2, 4), "Noticed": slice(0, 2), "report": slice(1, 2)}
"""Calls whose arguments are shown."""
SHOWN_BY_NAME = frozenset(
    ("message", "hint", "reason", "sentence", "title", "note", "summary", "problem", "flaw")
)
"""Keyword arguments whose values are shown."""
SILENT = frozenset(("ValueError", "RuntimeError", "TypeError", "KeyError", "AssertionError"))
"""Bugs keep their traceback; nobody translates it."""
_QUERY = re.compile(r"\b(SELECT|UPDATE|DELETE FROM|INSERT|WHERE|ORDER BY|JOIN)\b")
_SENTENCE = re.compile(r"[A-Z“{][^\n]*\s[^\n]*[.!?…]”?")


def room_messages(package: Path) -> Iterator[Message]:
    """Yield each text of the rooms below the window."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _files(package)}
    errors = _error_classes(trees.values())
    for path, tree in trees.items():
        name = path.relative_to(package.parent).as_posix()
        reader = _Reader(tree, errors, spoken=_is_in(SPOKEN, name), phrases=_is_in(PHRASES, name))
        for text, line in reader.texts():
            yield Message(text, where=f"{name}:{line}")


def _files(package: Path) -> list[Path]:
    return sorted(path for room in ROOMS for path in (package / room).rglob("*.py"))


def _is_in(places: tuple[str, ...], name: str) -> bool:
    return name.partition("/")[2].startswith(places)


def _error_classes(trees: Iterator[ast.Module] | object) -> frozenset[str]:
    """Return the names of the classes that are errors for the user."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for tree in trees  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {ERROR_ROOT}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


class _Reader:
    """Reads one module."""

    def __init__(
        self, tree: ast.Module, errors: frozenset[str], *, spoken: bool, phrases: bool
    ) -> None:
        self._tree, self._errors = tree, errors
        self._spoken, self._phrases = spoken, phrases
        self._module = {
            target.id: [node.value]
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self._ignored = _docstrings(tree)

    def texts(self) -> Iterator[tuple[str, int]]:
        for text, line in self._visit(self._tree, self._module):
            is_text = " " in text.strip() or text[-1:] in ".!?"
            if has_words(text) and is_text and not _QUERY.search(text):
                yield text, line

    def _visit(self, node: ast.AST, names: Names) -> Iterator[tuple[str, int]]:
        if node in self._ignored:
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {**self._module, **names_in(node)}
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in SILENT or name.startswith("log."):
                return
            for argument in self._shown(node, name.rpartition(".")[2]):
                for text in templates(argument, names):
                    yield text, argument.lineno
        if isinstance(node, ast.Return) and self._phrases and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for text in (text for part in parts for text in templates(part, names)):
                yield text, node.lineno
        if isinstance(node, ast.Constant | ast.JoinedStr) and not self._spoken:
            for text in templates(node, names):
                if _SENTENCE.fullmatch(text):
                    yield text, node.lineno
        if isinstance(node, ast.JoinedStr):
            return
        for child in ast.iter_child_nodes(node):
            yield from self._visit(child, names)

    def _shown(self, call: ast.Call, name: str) -> list[ast.expr]:
        by_name = [word.value for word in call.keywords if word.arg in SHOWN_BY_NAME]
        if name in self._errors:
            return [*call.args, *by_name]
        if name in SHOWN_BY_POSITION:
            return [*call.args[SHOWN_BY_POSITION[name]], *by_name]
        return by_name


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    """Return strings that stand alone: documentation."""
    return {node for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node.value)}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
