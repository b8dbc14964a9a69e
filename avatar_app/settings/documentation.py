"""Reads the help text of each setting from the comments in config/default.yaml, its only source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from avatar_app.settings.layers import LOADER, Name, read_text

_COMMENT = re.compile(r"[ \t]*#[ \t]?(.*)")


@lru_cache(maxsize=4)
def read_help(path: Path) -> Mapping[Name, str]:
    """Return a sentence for each setting or section with a comment on its line or right
    above it. A file is read once: it is shipped with the program.
    """
    text = read_text(path)
    root = yaml.compose(text, Loader=LOADER)
    lines = text.splitlines()
    return {
        name: found
        for name, node, line in _entries(root, ())
        if (found := _help(lines, node, line))
    }


def _entries(node: yaml.Node | None, above: Name) -> Iterator[tuple[Name, yaml.Node, int]]:
    """Yield every entry: its name, its value, and the line its key is in, from 0."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = (*above, str(key.value))
            yield name, value, key.start_mark.line
            yield from _entries(value, name)


def _help(lines: list[str], value: yaml.Node, line: int) -> str:
    is_section = isinstance(value, yaml.CollectionNode) and not value.flow_style
    end = value.end_mark
    trailing = None if is_section else _COMMENT.fullmatch(lines[end.line][end.column :])
    return _sentence(trailing.group(1) if trailing else _above(lines, line))


def _above(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line and (comment := _COMMENT.fullmatch(lines[line - 1])):
        found.insert(0, comment.group(1).strip())
        line -= 1
    return " ".join(found)


def _sentence(text: str) -> str:
    text = text.strip()
    return text and f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.?!' else '.'}"
