"""Personas in YAML files: name, greeting, system prompt, character and voices of the avatar.

Shipped ones are written in English; a folder for each other language has their texts in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.system import paths
from avatar_app.system.files import replace_file
from avatar_app.system.named_folders import check_name, folder_name

LONGEST_SYSTEM = 4_000
"""Characters of a system prompt: a small language model reads no more in a moment."""
ENGLISH = "en"
"""The language that shipped personas are written in, by ISO 639-1."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona of the avatar."""

    name: str
    """Of its file."""
    system: str
    """The system prompt of a language model."""
    greeting: str
    """What the avatar says when the program starts."""
    title: str = ""
    """As a person reads it."""
    character: str = ""
    """The character that is shown with it; empty: any."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """The voice that it speaks with, by speech engine; any where none is named."""
    own: bool = field(default=False, compare=False)
    """It is the user's, or was edited by them."""


class PersonaLibrary:
    """The shipped personas and the user's, in `folder`; one there takes the place of a shipped
    one of the same name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        """Return the names, the shipped ones first."""
        shipped = sorted(path.stem for path in paths.personas().glob("*.yaml"))
        own = sorted(path.stem for path in self._folder.glob("*.yaml"))
        return (*shipped, *(name for name in own if name not in shipped))

    def all(self, language: str = ENGLISH) -> tuple[Persona, ...]:
        """Return those that can be read."""
        found = []
        for name in self.names():
            try:
                found.append(self.read(name, language))
            except ConfigInvalid:  # a file by hand, which is reported when it is chosen
                continue
        return tuple(found)

    def read(self, name: str, language: str = ENGLISH) -> Persona:
        """Read a persona, a shipped one in a language that it is translated into; raises
        ConfigInvalid if it is unknown or its file is broken."""
        own = path = self._folder / f"{name}.yaml"
        try:
            path = own if own.is_file() else paths.personas() / own.name
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            translation = paths.personas() / language / own.name
            if path != own and translation.is_file():
                document |= yaml.safe_load(translation.read_text(encoding="utf-8"))
            return Persona(
                name=name,
                system=str(document["system"]).strip(),
                greeting=str(document["greeting"]),
                title=str(document.get("title") or name),
                character=str(document.get("character") or ""),
                voices={str(of): str(voice) for of, voice in document.get("voices", {}).items()},
                own=path == own,
            )
        except OSError as error:
            hint = choose_one_of(self.names())
            raise ConfigInvalid(f"Unknown persona {name!r}.", hint) from error
        except UnicodeDecodeError as error:
            message = f"The persona {path} cannot be read: it is not UTF-8."
            raise ConfigInvalid(message, "Save the file as UTF-8, or delete it.") from error
        except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "Correct or delete the file."
            raise ConfigInvalid(f"The persona {path} cannot be read: {error}.", hint) from error

    def save(self, persona: Persona) -> Persona:
        """Write a persona into the user's folder; raises ConfigInvalid for a name or text that
        cannot be, and where the file cannot be written."""
        check_name(persona.name, "A persona")
        if len(persona.system) > LONGEST_SYSTEM:
            raise ConfigInvalid(
                f"The description has more than {LONGEST_SYSTEM} characters.", "Shorten it."
            )
        document: dict[str, Any] = {
            "name": persona.name,
            "title": persona.title,
            "greeting": persona.greeting,
            "character": persona.character,
            "voices": dict(persona.voices),
            "system": persona.system,
        }
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
        replace_file(self._folder / f"{persona.name}.yaml", text.encode())
        return self.read(persona.name)

    def restore(self, persona: Persona) -> Persona:
        """Write a deleted persona again, under a free name where another one has taken its."""
        if (self._folder / f"{persona.name}.yaml").exists():
            persona = replace(persona, name=self.free_name(persona.title))
        return self.save(persona)

    def delete(self, name: str) -> None:
        """Delete the user's file; a shipped persona is as it was shipped then."""
        try:
            (self._folder / f"{name}.yaml").unlink(missing_ok=True)
        except OSError as error:
            raise ConfigInvalid(
                f"The persona {name} cannot be deleted: {error.strerror}.",
                f"Look at {self._folder}.",
            ) from error

    def free_name(self, title: str) -> str:
        """Return a name for a new persona, made of its title."""
        wanted = folder_name(title.replace("/", " "))
        wanted = wanted if wanted.isascii() and wanted.replace("-", "").isalnum() else "persona"
        taken, number, name = set(self.names()), 1, wanted
        while name in taken:
            number += 1
            name = f"{wanted[:36]}-{number}"
        return name


def own_personas(config: Path) -> PersonaLibrary:
    """Return the personas of the user whose settings are in the folder `config`."""
    return PersonaLibrary(config / "personas")


def translated_into() -> tuple[str, ...]:
    """Return the languages of the shipped personas, by ISO 639-1, the original first."""
    return (ENGLISH, *sorted(path.name for path in paths.personas().iterdir() if path.is_dir()))


def read_persona(name: str) -> Persona:
    """Read a shipped persona; raises ConfigInvalid if it is unknown or its file is broken."""
    return PersonaLibrary(paths.personas()).read(name)
