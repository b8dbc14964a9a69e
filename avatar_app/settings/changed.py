"""The settings that the user has changed, by name and value."""

from __future__ import annotations

from typing import Any

from avatar_app.settings.schema import setting_names
from avatar_app.settings.store import SettingsStore


def changed_settings(store: SettingsStore) -> dict[str, Any]:
    """Return every setting that differs from the shipped one; options one by one."""
    values: dict[str, Any] = {}
    for name in map(".".join, setting_names(store.schema)):
        found = store.find(name)
        if not found.modified:
            continue
        if isinstance(found.value, dict):
            values |= {f"{name}.{key}": value for key, value in found.value.items()}
        else:
            values[name] = found.value
    return values
