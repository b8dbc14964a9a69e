"""The personas while the program runs: chosen with face and voice in one step, edited, undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.events import Noticed
from avatar_app.pipeline import commands
from avatar_app.session.personas import ENGLISH, Persona, PersonaLibrary
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.settings.store import SettingsChange, SettingsStore

PERSONA, VOICE = "persona", "tts.options.voice"

FaceSettings = Callable[[str, EngineChoice], Mapping[str, Any]]
"""Returns the settings that show a character, given the current face; empty where there is no such
character."""
SpokenLanguage = Callable[[Settings], str]
"""Returns the language that the avatar speaks with these settings, by ISO 639-1."""


class PersonaChoices:
    """What a window may ask about personas. Every method may take a moment."""

    def __init__(
        self,
        library: PersonaLibrary,
        settings: SettingsStore,
        face_settings: FaceSettings,
        send: Callable[[commands.Command], None],
        notice: Callable[[Noticed], None],
        spoken: SpokenLanguage = lambda _settings: ENGLISH,
    ) -> None:
        self._library, self._settings = library, settings
        self._face_settings, self._send, self._notice = face_settings, send, notice
        self._spoken = spoken
        self._system: str | None = None
        """What the avatar was given last; None until somebody asks: a voice's languages take a
        moment."""

    def all(self, language: str = ENGLISH) -> tuple[Persona, ...]:
        """All personas, the shipped ones first and in this language."""
        return self._library.all(language)

    def current(self) -> Persona:
        """The one that is chosen, in the language of its voice; an empty one where it cannot be
        read."""
        name = self._settings.settings.persona
        try:
            persona = self._library.read(name, self._spoken(self._settings.settings))
        except ConfigInvalid as error:
            self._notice(Noticed(error.message, error.hint, type(error)))
            persona = Persona(name, "", "")
        if self._system is None:
            self._system = persona.system
        return persona

    def use(self, name: str) -> SettingsChange:
        """Choose a persona, with its character and its voice: one step of undo. What it does not
        name, or is not there any more, stays. Raises ConfigInvalid if it is unknown."""
        persona = self._library.read(name)
        values: dict[str, Any] = {PERSONA: name}
        if persona.character:
            values |= self._face_settings(persona.character, self._settings.settings.face)
        if voice := persona.voices.get(self._settings.settings.tts.engine):
            values[VOICE] = voice
        return self._settings.change(values)

    def save(self, persona: Persona) -> Persona:
        """Write it into the user's folder; the one that is chosen speaks so from now on."""
        saved = self._library.save(persona)
        self.follow(self._settings.settings)
        return saved

    def restore(self, persona: Persona) -> Persona:
        """Bring a deleted persona back, under a free name where another one has taken its."""
        restored = self._library.restore(persona)
        self.follow(self._settings.settings)
        return restored

    def delete(self, name: str) -> None:
        """Delete the user's file; where that was chosen and nothing is left, the shipped default
        is chosen."""
        self._library.delete(name)
        if name == self._settings.settings.persona and name not in self._library.names():
            self._settings.reset(PERSONA)
        self.follow(self._settings.settings)

    def duplicate(self, name: str, title: str, language: str = ENGLISH) -> Persona:
        """A new persona like another, as that is called in this language."""
        like = self._library.read(name, language)
        return self._library.save(replace(like, name=self._library.free_name(title), title=title))

    def with_present_looks(self, persona: Persona, character: str) -> Persona:
        """The persona with the character on show and the voice of the settings."""
        tts = self._settings.settings.tts
        voice = str(self._settings.get(VOICE))
        voices = {**persona.voices, **({tts.engine: voice} if voice else {})}
        return replace(persona, character=character, voices=voices)

    def follow(self, settings: Settings) -> None:
        """Settings changed: from the next answer on the avatar is whom they name."""
        told, system = self._system, self.current().system
        if system != told and settings.persona:
            self._system = system
            self._send(commands.BecomePersona(system))
