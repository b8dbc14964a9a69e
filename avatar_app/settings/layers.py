"""Settings layers (file, environment, command line): parse, merge, and keep each entry's origin."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from avatar_app.core.errors import ConfigInvalid

Name = tuple[str, ...]
"""A setting's name, level by level: ("face", "engine")."""
Tree = dict[str, Any]

PREFIX = "AVATAR_"
LEVEL = "__"
OPTIONS = "options"
ENGINE = "engine"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML was built with libyaml."""


@dataclass(slots=True)
class Layer:
    """One source of settings, and where each entry was written."""

    tree: Tree = field(default_factory=dict)
    written: dict[Name, str] = field(default_factory=dict)
    """Where an entry was written, as readable text; () is the layer as a whole."""
    mendable: bool = True
    """Whether a wrong entry is reported and left out, rather than raised as an error."""

    def place(self, name: Name) -> str:
        """Return where `name`, or the nearest entry above it, was written."""
        while name and name not in self.written:
            name = name[:-1]
        return self.written[name]

    def add(self, name: Name, value: Any, written: str) -> None:
        """Put one entry into the layer."""
        *parents, last = name
        below = self.tree
        for parent in parents:
            if not isinstance(below.get(parent), dict):
                below[parent] = {}
            below = below[parent]
        below[last] = value
        self.written[name] = written

    def remove(self, name: Name) -> None:
        """Take one entry out of the layer."""
        del look_up(self.tree, name[:-1])[name[-1]]


def look_up(tree: Any, name: Name) -> Any:
    """The value at `name`; KeyError if the tree has none."""
    for part in name:
        if not isinstance(tree, dict):
            raise KeyError(part)
        tree = tree[part]
    return tree


def has(tree: Tree, name: Name) -> bool:
    """Whether the tree has an entry at `name`."""
    try:
        look_up(tree, name)
    except KeyError:
        return False
    return True


_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, and what follows them."""


def read_yaml(path: Path) -> Layer:
    """Read a YAML file as a layer; ConfigInvalid names the line that cannot be read."""
    return parse_yaml(read_text(path), path)


def read_text(path: Path) -> str:
    """Return a settings file as text, lines ending in "\\n"; raises ConfigInvalid if it cannot be
    read. It is UTF-8, or what its byte order mark says: some editors write UTF-16.
    """
    try:
        content = path.read_bytes()
        code = next((code for mark, code in _MARKED if content.startswith(mark)), "utf-8")
        return re.sub(r"\r\n?", "\n", content.decode(code))
    except OSError as error:
        raise ConfigInvalid(
            f"The settings in {path} cannot be read: {error}.", "Correct the file, or move it away."
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigInvalid(
            f"The settings in {path}, line {line} cannot be read: it is not UTF-8.",
            "Save the file as UTF-8, or move it away to start over.",
        ) from error


def parse_yaml(text: str, path: Path) -> Layer:
    """Parse YAML `text` from `path` as a layer."""
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise ConfigInvalid(
            f"The settings in {path}{line} cannot be read: {error.problem or 'broken YAML'}.",
            "Fix that line, or move the file away to start over.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigInvalid(
            f"The settings in {path} cannot be read: {error}.", "Correct the file, or move it away."
        ) from error
    layer = Layer(written={(): str(path)})
    if root is not None:
        layer.tree = _mapping(root, path)
        layer.written |= {name: f"{path}, line {line}" for name, line in _lines(root, ())}
    return layer


def _mapping(root: yaml.Node, path: Path) -> Tree:
    try:
        tree = yaml.constructor.SafeConstructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise ConfigInvalid(
            f"The settings in {path}{line} cannot be read: {error.problem}.", "Correct that line."
        ) from error
    if not isinstance(tree, dict):
        raise ConfigInvalid(
            f"{path} is not a settings file.",
            "It must contain lines like window: {theme: dark}.",
        )
    return {str(key): value for key, value in tree.items()}


def _lines(node: yaml.Node, name: Name) -> Iterable[tuple[Name, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*name, str(key.value))
            yield below, key.start_mark.line + 1
            yield from _lines(value, below)


def read_environment(
    environ: Mapping[str, str],
    reserved: frozenset[str],
    parse: Callable[[Name, str, str], Any],
) -> Layer:
    """Read the variables AVATAR_… as a layer: AVATAR_FACE__ENGINE is face.engine. `parse` makes a
    value of a setting's name, its text, and what to call it."""
    layer = Layer(written={(): "the environment"})
    for variable, text in sorted(environ.items()):
        if variable.startswith(PREFIX) and variable not in reserved:
            name = tuple(variable.removeprefix(PREFIX).lower().split(LEVEL))
            written = f"the environment variable {variable}"
            layer.add(name, parse(name, text, f"The environment variable {variable}"), written)
    return layer


def from_command_line(overrides: Mapping[str, Any]) -> Layer:
    """Build the layer of the dotted names given on the command line, where errors are raised."""
    layer = Layer(written={(): "the command line"}, mendable=False)
    for dotted, value in overrides.items():
        layer.add(tuple(dotted.split(".")), value, "the command line")
    return layer


def merge_layers(layers: Iterable[Layer]) -> Tree:
    """Merge layers into one tree; later layers win, entry by entry."""
    result: Tree = {}
    for layer in layers:
        result = overlay(result, layer.tree)
    return result


def overlay(lower: Tree, upper: Tree) -> Tree:
    """Merge two trees. An empty section changes nothing; an engine's options go when it is
    changed.
    """
    result = dict(lower)
    if upper.get(ENGINE, lower.get(ENGINE)) != lower.get(ENGINE):
        result[OPTIONS] = {}
    for key, value in upper.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = overlay(below, value)
        elif not (isinstance(below, dict) and value is None):
            result[key] = value
    return result
