"""Takes the user's settings from one computer to another, or keeps them: one YAML file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.settings.forms import SettingField
from avatar_app.settings.layers import Name, Tree, parse_yaml, read_text
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.settings.user_file import plain, with_setting, write_atomically

_HEAD = "# Settings of Avatar that differ from the shipped ones. To use them: Settings, Import.\n"


def export_settings(fields: Iterable[SettingField], target: Path) -> int:
    """Write the settings that differ from the shipped ones; returns how many. Raises AvatarError
    if the file cannot be written."""
    changed = [field for field in fields if field.modified]
    text = _HEAD
    for field in changed:
        text = with_setting(text, tuple(field.name.split(".")), plain(field.value))
    write_atomically(target, text)
    return len(changed)


def import_settings(store: SettingsStore, source: Path) -> SettingsChange:
    """Take over every setting of a file, in one step that can be undone; others stay as they are.
    Raises ConfigInvalid, and changes nothing, if anything in it is wrong."""
    tree = parse_yaml(read_text(source), source).tree
    values = {".".join(name): value for name, value in _leaves(tree)}
    if not values:
        raise ConfigInvalid(
            f"{source.name} contains no settings.", "Choose a file that was exported from here."
        )
    return store.change(values)


def _leaves(tree: Tree, above: Name = ()) -> Iterator[tuple[Name, Any]]:
    for key, value in tree.items():
        name = (*above, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(dict(value), name)
        else:
            yield name, value
