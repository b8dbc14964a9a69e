"""An immutable snapshot of the settings: all layers, the merged values, and each value's origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from avatar_app.core.events import Noticed
from avatar_app.settings.layers import ENGINE, OPTIONS, Layer, Name, has, look_up, merge_layers
from avatar_app.settings.loading import resolve_settings
from avatar_app.settings.schema import Settings
from avatar_app.settings.user_file import plain

ABSENT = object()
"""The value of a setting that a layer does not contain."""
Entries = Mapping[Name, Any]
"""New entries of a layer; ABSENT removes one."""


class Origin(StrEnum):
    """The layer that a value comes from, the lowest first."""

    SHIPPED = "as shipped"
    USER_FILE = "your settings file"
    ENVIRONMENT = "the environment"
    COMMAND_LINE = "the command line"
    SESSION = "this session"
    """Set during this session, where a higher layer than the user's file would hide the value, or
    it could not be saved; the next start ignores it.
    """


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A setting's value and origin."""

    name: str
    """Dotted."""
    value: Any
    default: Any
    """As shipped; for an engine's option, from its manifest."""
    origin: Origin
    place: str = ""
    """Where it was written, as readable text: the file and line, or the variable."""

    @property
    def modified(self) -> bool:
        """Whether the value differs from the default."""
        return bool(plain(self.value) != plain(self.default))


class LayeredSettings:
    """Immutable settings layers with their merged values."""

    def __init__(
        self, layers: Sequence[Layer], schema: type[Settings], notices: list[Noticed] | None = None
    ) -> None:
        """Merge `layers`, one for each Origin. Wrong entries are left out with a notice; raises
        ConfigInvalid if one is in a layer that must be right.
        """
        self.layers = tuple(layers)
        self.schema = schema
        self._valid = [deepcopy(layer) for layer in layers]
        self.settings = resolve_settings(self._valid, [] if notices is None else notices, schema)
        self._tree = merge_layers(self._valid)

    def at(self, name: Name) -> Any:
        """Return the value as written; ABSENT if no layer has one."""
        return look_up(self._tree, name) if has(self._tree, name) else ABSENT

    def written(self, origin: Origin, names: Iterable[Name]) -> dict[Name, Any]:
        """Return the entries of one layer for some settings."""
        tree = self.layers[list(Origin).index(origin)].tree
        return {name: look_up(tree, name) if has(tree, name) else ABSENT for name in names}

    def shipped(self, name: Name) -> Any:
        """Return the value as shipped; ABSENT for an engine's option."""
        return self.written(Origin.SHIPPED, [name])[name]

    def find(self, name: Name, default: Any) -> SettingValue:
        """Return the value of a setting or option; `default` where no layer has one."""
        dotted, raw = ".".join(name), self.at(name)
        holding = [
            (origin, layer)
            for origin, layer in zip(Origin, self._valid, strict=True)
            if has(layer.tree, name)
        ]
        if raw is ABSENT or not holding:
            return SettingValue(dotted, default, default, Origin.SHIPPED)
        origin, layer = holding[-1]
        value = raw if OPTIONS in name else self._typed(name)
        return SettingValue(dotted, value, default, origin, layer.place(name))

    def replaced(self, **layers: Layer) -> LayeredSettings:
        """Return a copy with other layers, by the names of Origin's members."""
        return LayeredSettings(
            [
                layers.get(origin.name, layer)
                for origin, layer in zip(Origin, self.layers, strict=True)
            ],
            self.schema,
        )

    def session(self, entries: Entries) -> Layer:
        """Return a session layer with other entries."""
        layer = deepcopy(self.layers[-1])
        for name, value in entries.items():
            if value is not ABSENT:
                layer.add(name, value, str(Origin.SESSION))
            elif has(layer.tree, name):
                layer.remove(name)
        return layer

    def hidden(self, entries: Entries) -> Entries:
        """Return those of the entries that do not take effect, with the wanted values; a value that
        cannot be removed from the user's file is wanted as shipped.
        """
        unsaved = self.written(Origin.USER_FILE, entries)
        wanted = {
            name: self.shipped(name) if value is ABSENT and unsaved[name] is not ABSENT else value
            for name, value in entries.items()
        }
        return {
            name: value
            for name, value in wanted.items()
            if value is not ABSENT and self.at(name) != value
        }

    def _typed(self, name: Name) -> Any:
        value: Any = self.settings
        for part in name:
            value = getattr(value, part)
        return value


def with_options(entries: Entries, state: LayeredSettings) -> Entries:
    """Return the entries, with the options of an engine that is exchanged removed."""
    cleared: dict[Name, Any] = {}
    for name, value in entries.items():
        options = (*name[:-1], OPTIONS)
        if name[-1] == ENGINE and value != state.at(name):
            said = state.written(Origin.USER_FILE, [options])[options]
            if said not in (ABSENT, {}):
                cleared[options] = ABSENT if value is ABSENT else {}
    return {**cleared, **entries}
