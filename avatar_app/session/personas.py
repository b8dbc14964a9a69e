"""Personas: the avatar's name, voice, greeting and system prompt, read from YAML files."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.system import paths


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona of the avatar."""

    name: str
    system: str
    """The system prompt of a language model."""
    greeting: str
    """What the avatar says when the program starts."""


def read_persona(name: str) -> Persona:
    """Read the persona `name`; raises ConfigInvalid if it is unknown or its file is broken."""
    path = paths.personas() / f"{name}.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Persona(document["name"], document["system"], document["greeting"])
    except OSError as error:
        known = sorted(each.stem for each in paths.personas().glob("*.yaml"))
        raise ConfigInvalid(f"Unknown persona {name!r}.", choose_one_of(known)) from error
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigInvalid(f"The persona {path} cannot be read: {error}.", "") from error
