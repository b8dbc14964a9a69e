"""Loads the settings: merges layers, checks them, and skips wrong entries with a notice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.events import Noticed
from avatar_app.settings.assignments import parse_value
from avatar_app.settings.layers import (
    Layer,
    Name,
    from_command_line,
    has,
    look_up,
    merge_layers,
    read_environment,
    read_yaml,
)
from avatar_app.settings.renamed import RENAMED, current_name, use_current_names
from avatar_app.settings.schema import Settings, setting_names
from avatar_app.system import paths

RESERVED = frozenset({paths.DATA_DIR_VARIABLE})
"""Variables that begin like settings but are not."""


def load_settings(
    user_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    engines: Path | None = None,
) -> tuple[Settings, tuple[Noticed, ...]]:
    """Read all layers. Wrong entries in the user's file or the environment are left out with a
    notice; those in `overrides` (dotted names, from the command line) raise ConfigInvalid.

    Former names are replaced, with a notice each. `engines`: the folder of the user's own engines,
    whose names and options stay as they are.
    """
    layers, notices = read_layers(user_file, environ, overrides)
    notices += rename(layers, engines)
    return resolve_settings(layers, notices), tuple(notices)


def read_layers(
    user_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    shipped_file: Path | None = None,
) -> tuple[list[Layer], list[Noticed]]:
    """Return the four layers, the lowest first (shipped, user, environment, command line), and
    notices about what could not be read. A layer that is missing or broken is empty.
    """
    notices: list[Noticed] = []
    layers = [
        _shipped_layer(shipped_file or paths.default_settings_file()),
        _user_layer(user_file or paths.app_paths().settings_file, notices),
        _environment_layer(os.environ if environ is None else environ, notices),
        from_command_line(overrides or {}),
    ]
    return layers, notices


def rename(layers: Sequence[Layer], engines: Path | None = None) -> list[Noticed]:
    """Replace former names in the layers, the lowest first; returns a notice each. See
    `load_settings`.
    """
    own = engines or paths.app_paths().engines
    return use_current_names(layers, lambda kind, name: (own / kind / name).is_dir())


def resolve_settings(
    layers: list[Layer], notices: list[Noticed], schema: type[Settings] = Settings
) -> Settings:
    """Merge and check `layers`. Wrong entries are removed with a notice; raises ConfigInvalid if
    one is in a layer that must be right.
    """
    while True:
        try:
            return schema.model_validate(merge_layers(layers))
        except ValidationError as invalid:
            notices += _leave_out(layers, invalid, schema)


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse `--set face.engine=illustrated` from the command line."""
    overrides = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigInvalid(
                f"{assignment!r} is not an assignment.",
                "Write it as  name=value,  say  window.theme=dark.",
            )
        name = name.strip()
        overrides[name] = parse_value(tuple(name.split(".")), text, f"The value of {name}")
    return overrides


def _shipped_layer(path: Path) -> Layer:
    layer = read_yaml(path)
    layer.mendable = False
    return layer


def _user_layer(path: Path, notices: list[Noticed]) -> Layer:
    try:
        return read_yaml(path) if path.exists() else Layer(written={(): str(path)})
    except ConfigInvalid as error:
        notices.append(
            Noticed(error.message, f"{error.hint} Until then the settings are as shipped.")
        )
        return Layer(written={(): str(path)})


def _environment_layer(environ: Mapping[str, str], notices: list[Noticed]) -> Layer:
    try:
        return read_environment(environ, RESERVED, parse_value)
    except ConfigInvalid as error:
        notices.append(Noticed(error.message, error.hint))
        return Layer(written={(): "the environment"})


def _leave_out(
    layers: list[Layer], invalid: ValidationError, schema: type[Settings]
) -> list[Noticed]:
    """Remove the wrong entries from their layers; raises if one is in a layer that must be
    right.
    """
    wrong = {}
    for detail in reversed(invalid.errors(include_url=False)):
        layer, name = _culprit(layers, detail)
        wrong[name] = layer, detail  # of several errors in one setting, the first
    notices = []
    for name, (layer, detail) in reversed(wrong.items()):
        error = _explained(layer, name, detail, schema)
        if not layer.mendable:
            raise error from invalid
        layer.remove(name)
        notices.append(Noticed(error.message, f"{error.hint} It is left out."))
    return notices


def _culprit(layers: list[Layer], detail: ErrorDetails) -> tuple[Layer, Name]:
    """Return the last layer with a value for the setting, and the setting's name there."""
    name = tuple(part for part in detail["loc"] if isinstance(part, str))
    while name:
        for layer in reversed(layers):
            if has(layer.tree, name):
                return layer, name
        name = name[:-1]
    return layers[0], name


def _explained(
    layer: Layer, name: Name, detail: ErrorDetails, schema: type[Settings]
) -> ConfigInvalid:
    if detail["type"] == "extra_forbidden":
        name = _only_entry(layer, name)
        dotted, place = ".".join(name), layer.place(name)
        return ConfigInvalid(f"Unknown setting {dotted} ({place}).", did_you_mean(name, schema))
    dotted, place = ".".join(name), layer.place(name)
    reason = detail["msg"].replace("Input should", "it should")
    return ConfigInvalid(
        f"The setting {dotted} cannot be {detail['input']!r} ({place}): {reason}.",
        "config/default.yaml explains every setting.",
    )


def _only_entry(layer: Layer, name: Name) -> Name:
    """Return what was written below an unknown section, if it is one entry."""
    below = look_up(layer.tree, name)
    while isinstance(below, dict) and len(below) == 1:
        ((key, below),) = below.items()
        name = (*name, str(key))
    return name


def did_you_mean(name: Name, schema: type[Settings] = Settings) -> str:
    """Return a hint for a misspelled setting."""
    levels = {setting[:depth] for setting in setting_names(schema) for depth in range(1, 4)}
    known = sorted({".".join(level) for level in levels} | set(RENAMED))
    found = process.extractOne(".".join(name), known, scorer=fuzz.ratio, score_cutoff=65)
    return f"Did you mean {current_name(found[0])}?" if found else "config/default.yaml lists all."
