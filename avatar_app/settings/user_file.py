"""Saves settings into the user's YAML file: atomically, and keeping comments and the other
entries.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from avatar_app.core.errors import AvatarError
from avatar_app.settings import layers
from avatar_app.settings.layers import ENGINE, OPTIONS, Name
from avatar_app.settings.loading import load_settings
from avatar_app.settings.renamed import current_name, former_names
from avatar_app.system import paths
from avatar_app.system.file_lock import hold_folder
from avatar_app.system.files import replacing

log = logging.getLogger(__name__)

_WRITING = threading.Lock()


@contextmanager
def one_writer(user_file: Path) -> Iterator[None]:
    """Let no other thread or process change the user's file: held from reading to replacing it."""
    with _WRITING, hold_folder(Path(os.path.realpath(user_file)).parent):
        yield


def save_user_setting(dotted_name: str, value: Any, user_file: Path | None = None) -> None:
    """Write one setting. A newly chosen engine starts with its default options.

    Former names of options are replaced too, as they could mean others now.

    Raises ConfigInvalid if the setting is unknown, the value is wrong, or the file is broken (it is
    then left as it is); AvatarError if it cannot be written.
    """
    load_settings(user_file=Path(os.devnull), environ={}, overrides={dotted_name: value})
    path = user_file or paths.app_paths().settings_file
    name = tuple(current_name(dotted_name).split("."))
    with one_writer(path):
        tree = layers.read_yaml(path).tree if path.exists() else {}
        text = layers.read_text(path) if path.exists() else ""
        options = (*name[:-1], OPTIONS)
        if name[-1] == ENGINE and layers.has(tree, options):
            text = with_setting(text, options, {})
        elif OPTIONS in name and layers.has(tree, section := name[: name.index(OPTIONS) + 1]):
            text = _with_current_options(text, tree, section, path)
        write_atomically(path, with_setting(text, name, value))


def _with_current_options(text: str, tree: layers.Tree, section: Name, path: Path) -> str:
    settings, _ = load_settings(user_file=path, environ={})
    current = layers.look_up(settings.model_dump(), section)
    return (
        text if layers.look_up(tree, section) == current else with_setting(text, section, current)
    )


def with_current_names(text: str, names: Iterable[Name], current: layers.Tree) -> str:
    """Return the YAML `text` without former names of these settings; options are renamed all
    together, as one may have the former name of another. `current`: its whole content by the
    present names.
    """
    for name in names:
        section = name[: name.index(OPTIONS) + 1] if OPTIONS in name else None
        for former in former_names(name):
            text = without_setting(text, former)
        if section is not None and layers.has(current, section):
            options = layers.look_up(current, section)
            tree = yaml.load(text, layers.LOADER) or {}
            if not layers.has(tree, section) or layers.look_up(tree, section) != options:
                text = with_setting(text, section, options)
    return text


def with_setting(text: str, name: Name, value: Any) -> str:
    """Return the YAML `text` with one value replaced or inserted; comments and other
    entries stay.
    """
    wanted = layers.Layer(plain(yaml.load(text, layers.LOADER) or {}))
    wanted.add(name, plain(value), "")
    edited = _edited(text, name, value)
    try:
        if yaml.load(edited, layers.LOADER) == wanted.tree:
            return edited
    except yaml.YAMLError:
        log.debug("an unusual settings file is rewritten without its comments")
    return yaml.safe_dump(wanted.tree, allow_unicode=True, sort_keys=False)


def without_setting(text: str, name: Name) -> str:
    """Return the YAML `text` without one entry, and without sections that become empty; comments
    and other entries stay. Text without that entry is returned unchanged.
    """
    tree = plain(yaml.load(text, layers.LOADER) or {})  # no dict twice: it may come from an alias
    if not layers.has(tree, name):
        return text
    wanted = layers.Layer(tree)
    wanted.remove(name)
    while name[:-1] and layers.look_up(tree, name[:-1]) == {}:
        name = name[:-1]
        wanted.remove(name)
    edited = _without(text, name)
    try:
        if (yaml.load(edited, layers.LOADER) or {}) == tree:
            return edited
    except yaml.YAMLError:
        log.debug("an unusual settings file is rewritten without its comments")
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False) if tree else ""


def _without(text: str, name: Name) -> str:
    node = yaml.compose(text, Loader=layers.LOADER)
    for part in name[:-1]:
        node = _value(node, part) if isinstance(node, yaml.MappingNode) else None
    if not isinstance(node, yaml.MappingNode):
        return text  # for example an alias: the caller sees that nothing was removed
    index = next(i for i, (key, _) in enumerate(node.value) if key.value == name[-1])
    key, value = node.value[index]
    start, end = key.start_mark.index, _end(value)
    if not node.flow_style:
        start, end = text.rfind("\n", 0, start) + 1, text.find("\n", end) + 1 or len(text)
    elif index + 1 < len(node.value):
        end = node.value[index + 1][0].start_mark.index
    elif index:
        start = _end(node.value[index - 1][1])
    return text[:start] + text[end:]


def _edited(text: str, name: Name, value: Any) -> str:
    root = yaml.compose(text, Loader=layers.LOADER)
    if root is None or (_is_block(root) and _value(root, name[0]) is None):
        between = "\n" if text and not text.endswith("\n") else ""
        return f"{text}{between}{_line(name, value)}\n"
    node, rest = root, name
    while rest and isinstance(node, yaml.MappingNode) and (below := _value(node, rest[0])):
        node, rest = below, rest[1:]
    if isinstance(node, yaml.MappingNode) and node.value and rest:
        return _inserted(text, node, _line(rest, value))
    return _replaced(text, node, yaml_text(_nested(rest, value)))


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    return next((value for name, value in node.value if name.value == key), None)


def _inserted(text: str, node: yaml.MappingNode, line: str) -> str:
    """Insert `line` before the first entry of a mapping that has one."""
    first = node.value[0][0].start_mark
    between = ", " if node.flow_style else "\n" + " " * first.column
    return text[: first.index] + line + between + text[first.index :]


def _replaced(text: str, node: yaml.Node, flow: str) -> str:
    before = text[: node.start_mark.index]
    if _is_block(node):
        before = before.rstrip()
    between = "" if not before or before[-1] in " [{" else " "
    return f"{before}{between}{flow}{text[_end(node) :]}"


def _end(node: yaml.Node) -> int:
    """Return where a node ends; the end mark of a block lies after the comments below it."""
    if isinstance(node, yaml.CollectionNode) and _is_block(node) and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _line(name: Name, value: Any) -> str:
    return f"{name[0]}: {yaml_text(_nested(name[1:], value))}"


def _nested(name: Name, value: Any) -> Any:
    for part in reversed(name):
        value = {part: value}
    return value


def yaml_text(value: Any) -> str:
    """Format a value as one line of YAML."""
    text = yaml.safe_dump(
        plain(value),
        default_flow_style=True,
        width=float("inf"),
        allow_unicode=True,
        sort_keys=False,
    )
    return text.removesuffix("...\n").strip()


def plain(value: Any) -> Any:
    """Convert a value to types that YAML knows."""
    match value:
        case StrEnum():
            return value.value
        case tuple() | list():
            return [plain(each) for each in value]
        case dict():
            return {key: plain(each) for key, each in value.items()}
    return value


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by `text` atomically, and where it is a link, what it leads to; raises
    AvatarError if it cannot be written."""
    try:
        with replacing(Path(os.path.realpath(path)), 0o600) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AvatarError(
            f"The settings could not be saved: {error.strerror or error}.",
            f"Make sure that {path.parent} can be written to and the disk is not full.",
        ) from error
