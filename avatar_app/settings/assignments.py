"""Values of settings that are written as text: on a command line, or in the environment."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel

from avatar_app.core.errors import ConfigInvalid
from avatar_app.settings.layers import OPTIONS, Name
from avatar_app.settings.schema import Settings

QUOTES = ("'", '"')


def parse_value(name: Name, text: str, origin: str) -> Any:
    """Return a number, true, null, [a, b] or a word, as in YAML. A setting that is a text takes the
    text as it is: names of devices, files and persons may have brackets, `#` and `:` in them.

    Raises ConfigInvalid for quotes that do not end.
    """
    word = text.strip()
    try:
        value = yaml.safe_load(word)
    except yaml.YAMLError as error:
        if not word.startswith(QUOTES):
            return word
        raise ConfigInvalid(f"{origin} cannot be read: {text!r}.", "End the quotes.") from error
    if value is None and not word.startswith("#"):
        return None
    if word.startswith(QUOTES):
        return value
    is_collection = isinstance(value, list | dict)
    if isinstance(value, str | None) or name in texts() or (OPTIONS in name and is_collection):
        return word
    return value


@cache
def texts() -> frozenset[Name]:
    """Return the names of the settings that are texts."""
    return frozenset(_texts(Settings, ()))


def _texts(section: type[BaseModel], above: Name) -> list[Name]:
    names: list[Name] = []
    for key, entry in section.model_fields.items():
        kind = entry.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _texts(kind, (*above, key))
        elif kind is str or kind == str | None:
            names.append((*above, key))
    return names
