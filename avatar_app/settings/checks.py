"""Checks new values of settings against the schema, and engines and options against manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.settings.layers import ENGINE, OPTIONS, Layer, Name
from avatar_app.settings.loading import did_you_mean, resolve_settings
from avatar_app.settings.schema import engine_settings, setting_names
from avatar_app.settings.state import ABSENT, Entries, LayeredSettings

CHOSEN = "just chosen"
"""The place of a value that is about to be set."""


class SettingsChecker:
    """Checks settings. Without manifests any engine and any option is accepted."""

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self._manifests = {(each.kind, each.name): each for each in manifests}

    def check(self, entries: Entries, state: LayeredSettings) -> None:
        """Raise ConfigInvalid if an entry is not a setting, or its value is wrong."""
        values = {name: value for name, value in entries.items() if value is not ABSENT}
        probe = Layer(written={(): CHOSEN}, mendable=False)
        for name in entries:
            self.default(name, state, values)
        for name, value in values.items():
            probe.add(name, value, CHOSEN)
        try:
            resolve_settings([deepcopy(state.layers[0]), probe], [], state.schema)
        except ConfigInvalid as error:  # the user has just typed it: no place or file to name
            raise ConfigInvalid(error.message.replace(f" ({CHOSEN})", "")) from error
        for slot, kind in engine_settings(state.schema).items():
            self._check_engine(slot, kind, values, state)

    def default(self, name: Name, state: LayeredSettings, new: Mapping[Name, Any]) -> Any:
        """Return the default of a setting or option; raises ConfigInvalid if it is unknown. `new`:
        values about to be set, which may choose another engine.
        """
        slot, option = _option(name)
        if option is None:
            if name not in setting_names(state.schema):
                dotted = ".".join(name)
                raise ConfigInvalid(
                    f"Unknown setting {dotted!r}.", did_you_mean(name, state.schema)
                )
            return state.shipped(name)
        kind = engine_settings(state.schema).get(slot)
        if kind is None:
            dotted = ".".join(name)
            raise ConfigInvalid(f"Unknown setting {dotted!r}.", did_you_mean(name, state.schema))
        manifest = self._manifest(slot, kind, new, state)
        return manifest.checked({})[option] if manifest and _has(manifest, option) else None

    def _check_engine(
        self, slot: Name, kind: Kind, values: Mapping[Name, Any], state: LayeredSettings
    ) -> None:
        manifest = self._manifest(slot, kind, values, state)
        engine = values.get((*slot, ENGINE))
        known = [name for its_kind, name in self._manifests if its_kind is kind]
        if engine is not None and known and manifest is None:
            raise ConfigInvalid(
                f"Unknown {kind} engine {engine!r}.", f"Choose {', '.join(sorted(known))}."
            )
        options = dict(values.get((*slot, OPTIONS), {}))
        options |= {
            name[-1]: value for name, value in values.items() if name[:-1] == (*slot, OPTIONS)
        }
        if manifest is not None:
            manifest.checked(options)

    def _manifest(
        self, slot: Name, kind: Kind, new: Mapping[Name, Any], state: LayeredSettings
    ) -> Manifest | None:
        """Return the manifest of the engine that is chosen, or about to be."""
        engine = new.get((*slot, ENGINE), state.at((*slot, ENGINE)))
        return self._manifests.get((kind, str(engine)))


def _option(name: Name) -> tuple[Name, str | None]:
    """Return the slot and option that ("tts", "options", "speed") names; no option for other
    settings.
    """
    if len(name) > 2 and name[-2] == OPTIONS:
        return name[:-2], name[-1]
    return name, None


def _has(manifest: Manifest, option: str) -> bool:
    return any(each.name == option for each in manifest.options)
