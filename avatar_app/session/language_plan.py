"""What understands, answers and speaks a language of what is installed: settings to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import Model
from avatar_app.models.resolve import OPTION
from avatar_app.models.store import Presence
from avatar_app.performance.fitness import Verdict
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.runtime.registry import Registry
from avatar_app.session.answer_languages import (
    AUTO,
    LANGUAGE,
    NATURALNESS,
    speaks,
    spoken_languages,
    voice_options,
)
from avatar_app.session.model_listing import ListedModel, ModelListing
from avatar_app.settings.schema import EngineChoice, Settings

ANY = "multilingual"
"""Of a model that speaks every language of the window."""
_SUITABLE = {Verdict.COMFORTABLE, Verdict.FITS, Verdict.TIGHT}


class LanguagePart(StrEnum):
    """What of a conversation has a language."""

    HEARING = "hearing"
    ANSWERS = "answers"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class LanguagePlan:
    """What follows a language, and what cannot."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Values to change; empty where all is as it should be, or nothing answers in the language."""
    lacking: tuple[LanguagePart, ...] = ()
    """Parts that nothing installed does in this language."""
    helps: Model | None = None
    """A model to fetch, which does what is lacking most."""


@dataclass(frozen=True, slots=True)
class LanguagePlanner:
    """Chooses among what is installed; what speaks the language already is left as it is."""

    settings: Settings
    registry: Registry
    listing: ModelListing

    def plan(self, language: str) -> LanguagePlan:
        """`language`: ISO 639-1."""
        found = {
            LanguagePart.HEARING: self._hearing(language),
            LanguagePart.ANSWERS: self._answers(language),
            LanguagePart.VOICE: self._voice(language),
        }
        lacking = tuple(part for part, settings in found.items() if settings is None)
        values: dict[str, Any] = {}
        if LanguagePart.ANSWERS not in lacking:  # nobody reads English with another accent
            for part in found.values():
                values |= part or {}
        return LanguagePlan(values, lacking, self._helping(lacking, language))

    def _hearing(self, language: str) -> dict[str, Any] | None:
        choice = choices(self.settings)[Kind.ASR]
        manifest = self.registry.find(Kind.ASR, choice.engine)
        if self._speaks(manifest, choice, language):
            return self._listening(manifest, choice, language)
        for entry in self._usable(Kind.ASR, language):
            manifest = self.registry.find(Kind.ASR, entry.model.engine)
            options = EngineChoice(engine=manifest.name, options={OPTION: entry.model.id})
            return _choosing(Kind.ASR, options) | self._listening(manifest, options, language)
        return None

    def _listening(self, manifest: Manifest, choice: EngineChoice, language: str) -> dict[str, Any]:
        """Expect the language, unless the user speaks several."""
        expected = manifest.checked(choice.options).get(LANGUAGE)
        values = next((each.values for each in manifest.options if each.name == LANGUAGE), ())
        several = self.settings.conversation.answer_in_spoken_language and expected == AUTO
        if language not in values or several or expected == language:
            return {}
        return {f"{KINDS[Kind.ASR].setting}.options.{LANGUAGE}": language}

    def _answers(self, language: str) -> dict[str, Any] | None:
        choice = choices(self.settings)[Kind.DIALOGUE]
        if self._speaks(self.registry.find(Kind.DIALOGUE, choice.engine), choice, language):
            return {}
        usable = list(self._usable(Kind.DIALOGUE, language))
        if not usable:
            return None
        best = max(usable, key=_liking).model
        return _choosing(Kind.DIALOGUE, EngineChoice(engine=best.engine, options={OPTION: best.id}))

    def _voice(self, language: str) -> dict[str, Any] | None:
        choice = choices(self.settings)[Kind.TTS]
        manifest = self.registry.find(Kind.TTS, choice.engine)
        if manifest.clones and self._speaks(manifest, choice, language):  # whose voice it is, stays
            return {f"{KINDS[Kind.TTS].setting}.options.{LANGUAGE}": language}
        if speaks(self._spoken(manifest, choice), language):
            return {}
        for name in NATURALNESS:
            try:
                manifest = self.registry.find(Kind.TTS, name)
                options = voice_options(self.registry, manifest, language)
            except AvatarError:  # its packages or models are not installed: the next one
                continue
            if options is not None:
                return _choosing(Kind.TTS, EngineChoice(engine=name, options=options))
        return None

    def _spoken(self, manifest: Manifest, choice: EngineChoice) -> tuple[str, ...]:
        """What a voice speaks; nothing if it is not installed."""
        try:
            return spoken_languages(self.registry, manifest, manifest.checked(choice.options))
        except AvatarError:
            return ()

    def _speaks(self, manifest: Manifest, choice: EngineChoice, language: str) -> bool:
        """Whether an engine of these options works here, and in this language."""
        if manifest.languages and not speaks(manifest.languages, language):
            return False
        name = str(manifest.checked(choice.options).get(OPTION, ""))
        entry = next((each for each in self.listing.models if each.model.id == name), None)
        if entry is None:
            return True
        return entry.presence is Presence.INSTALLED and _is_in(entry.model, language)

    def _usable(self, kind: Kind, language: str) -> Iterator[ListedModel]:
        for entry in self._suitable(kind, language):
            if entry.presence is Presence.INSTALLED and entry.is_accepted:
                yield entry

    def _suitable(self, kind: Kind, language: str) -> Iterator[ListedModel]:
        """Models that this machine can run, the engines' usual ones first."""
        usual = {name for each in self.registry.all(kind) for name in each.needs.models}
        ordered = sorted(self.listing.models, key=lambda each: each.model.id not in usual)
        for entry in ordered:
            runs = entry.can_be_used and not entry.missing_packages
            fits = runs and entry.fitness.verdict in _SUITABLE
            if entry.model.kind is kind and fits and _is_in(entry.model, language):
                yield entry

    def _helping(self, lacking: tuple[LanguagePart, ...], language: str) -> Model | None:
        """The smallest language model, or else the engine's usual recognizer."""
        if LanguagePart.ANSWERS in lacking:
            found = self._suitable(Kind.DIALOGUE, language)
            return min((each.model for each in found), key=_bytes, default=None)
        if LanguagePart.HEARING in lacking:
            return next((each.model for each in self._suitable(Kind.ASR, language)), None)
        return None


def _choosing(kind: Kind, choice: EngineChoice) -> dict[str, Any]:
    setting = KINDS[kind].setting
    options = {f"{setting}.options.{name}": value for name, value in choice.options.items()}
    return {f"{setting}.engine": choice.engine} | options


def _is_in(model: Model, language: str) -> bool:
    return not model.languages or ANY in model.languages or speaks(model.languages, language)


def _liking(entry: ListedModel) -> tuple[bool, int]:
    """Quick enough first, then the one that knows most."""
    return entry.fitness.verdict is Verdict.COMFORTABLE, _bytes(entry.model)


def _bytes(model: Model) -> int:
    return model.bytes or 0
