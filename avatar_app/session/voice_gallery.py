"""All voices that are installed, of all engines: listed, heard without disturbing, and removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from avatar_app.core.engines import HasSpeakerLanguages, HasSpeakers
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.media.sound_reader import read_sound
from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.resolve import OPTION, with_model_path
from avatar_app.models.store import Presence, Store
from avatar_app.runtime.registry import Registry
from avatar_app.session.checks.device_checks import AudioChecks
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths
from avatar_app.voices.library import VoiceLibrary, open_voice
from avatar_app.voices.resolve import VOICE

ENGINE, OPTIONS = "tts.engine", "tts.options"
_MANNER = ("speed", "pitch", "expressiveness", "volume", "language")
"""Options that go with the listener rather than with the voice."""


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """One voice that can speak now."""

    engine: str
    engine_title: str
    name: str
    """For people: the voice, or the model where that has only one."""
    options: Mapping[str, str] = field(hash=False)
    """What chooses it: model and voice."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; several where the voice speaks any of them."""
    cloned: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What to change so that it speaks."""
        chosen = {f"{OPTIONS}.{name}": value for name, value in self.options.items()}
        return {ENGINE: self.engine} | chosen


@dataclass(frozen=True, slots=True)
class MissingVoices:
    """An engine whose voices cannot speak now."""

    engine_title: str
    reason: str
    """One sentence, and a hint."""


@dataclass(frozen=True, slots=True)
class VoiceList:
    """What can speak, and what cannot."""

    voices: tuple[InstalledVoice, ...] = ()
    missing: tuple[MissingVoices, ...] = ()
    cloned: tuple[str, ...] = ()
    """Names of all cloned voices, also where no engine that speaks with them is here."""


class VoiceGallery(Protocol):
    """The voices, for a page. All may take a moment."""

    def voices(self) -> VoiceList:
        """What is installed."""

    def current(self) -> InstalledVoice | None:
        """The voice that speaks in the conversation; None where the list does not have it."""

    def hear(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        """Say `text` in a voice (None: as the conversation speaks now), until it is over; the
        conversation waits meanwhile. Its own engine keeps its options."""

    def hear_reference(self, job: Job[Any], name: str) -> None:
        """Play the recording that a cloned voice was made of."""

    def revoke(self, name: str) -> None:
        """The speaker of a cloned voice takes the consent back: it is gone for good."""

    def rest(self) -> None:
        """Give back what `hear` keeps loaded."""


class UserVoiceGallery:
    """`VoiceGallery` of the user's engines, models and cloned voices."""

    def __init__(
        self, settings: SettingsStore, registry: Registry, paths: AppPaths, checks: AudioChecks
    ) -> None:
        self._settings, self._registry, self._paths = settings, registry, paths
        self._checks = checks
        self._lock = threading.Lock()
        self._loaded: tuple[str, dict[str, Any], Any] | None = None
        """Engine, options and the engine itself, as it spoke last."""

    def voices(self) -> VoiceList:
        voices: list[InstalledVoice] = []
        missing: list[MissingVoices] = []
        for manifest in self._registry.all(Kind.TTS):
            try:
                voices += self._voices_of(manifest)
            except AvatarError as error:
                missing.append(MissingVoices(manifest.title, str(error)))
        library = VoiceLibrary.of(self._paths)
        return VoiceList(tuple(voices), tuple(missing), library.names())

    def current(self) -> InstalledVoice | None:
        choice = self._settings.settings.tts
        manifest = self._registry.find(Kind.TTS, choice.engine)
        options = manifest.checked(choice.options)
        try:
            voices = list(self._voices_of(manifest))
        except AvatarError:
            return None
        return next((v for v in voices if v.options.items() <= options.items()), None)

    def hear(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        from avatar_app.session.checks.sounds import spoken

        with self._lock:
            engine = self._engine(voice)
            sound = spoken(engine, text, job.check)
        job.check()
        self._checks.play(job, sound, PLAYBACK_RATE)

    def hear_reference(self, job: Job[Any], name: str) -> None:
        library = VoiceLibrary.of(self._paths)
        voice = open_voice(library.folder(name), self._paths)
        sound = read_sound(voice.reference, PLAYBACK_RATE)
        self._checks.play(job, sound.samples, PLAYBACK_RATE)

    def revoke(self, name: str) -> None:
        VoiceLibrary.of(self._paths).revoke(name)

    def rest(self) -> None:
        with self._lock:
            loaded, self._loaded = self._loaded, None
            if loaded is not None:
                loaded[2].close()

    def _voices_of(self, manifest: Manifest) -> Iterator[InstalledVoice]:
        """Raises AvatarError where the engine, or every model of it, is missing."""
        engine = self._registry.load_class(manifest)
        if OPTION not in manifest.defaults():
            yield from self._speakers(manifest, engine, None)
            return
        store = Store.of(self._paths)
        models = [m for m in user_catalog(store.root).models if m.engine == manifest.name]
        installed = [model for model in models if store.presence(model) is Presence.HERE]
        if not installed:
            with_model_path(manifest.defaults(), manifest, self._paths)  # raises: it is missing
            return
        for model in installed:
            yield from self._speakers(manifest, engine, model)

    def _speakers(
        self, manifest: Manifest, engine: Any, model: Model | None
    ) -> Iterator[InstalledVoice]:
        chosen = {OPTION: model.id} if model is not None else {}
        options = with_model_path(manifest.defaults() | chosen, manifest, self._paths)
        names = engine.speakers(**options) if isinstance(engine, HasSpeakers) else ()
        tags: dict[str, str] | None = None
        if isinstance(engine, HasSpeakerLanguages):
            tags = engine.speaker_languages(**options)
        languages = model.languages if model and model.languages else manifest.languages
        title = manifest.title
        if not names and model is not None:
            yield InstalledVoice(manifest.name, title, model.title, chosen, languages)
        for name in names:
            if tags is not None and name not in tags:
                continue
            spoken = (tags[name],) if tags is not None else languages
            yield InstalledVoice(manifest.name, title, name, chosen | {VOICE: name}, spoken)
        if manifest.clones and (model is None or "xtts" in model.id):
            for name in VoiceLibrary.of(self._paths).names():
                voice = chosen | {VOICE: name}
                yield InstalledVoice(manifest.name, title, name, voice, languages, cloned=True)

    def _engine(self, voice: InstalledVoice | None) -> Any:
        """An engine of its own, so that the conversation's is left alone; the last one is kept."""
        from avatar_app.runtime.engine_set import create_engine
        from avatar_app.runtime.factory import resolve_options

        choice = self._settings.settings.tts
        name, options = choice.engine, dict(choice.options)
        manifest = self._registry.find(Kind.TTS, voice.engine if voice else name)
        if voice is not None:
            known = {option.name for option in manifest.options}
            same = voice.engine == name
            manner = {
                key: value for key, value in options.items() if key in _MANNER and key in known
            }
            before = options if same else manner if _fits(manifest, manner) else {}
            options = before | dict(voice.options)
        loaded = self._loaded
        if loaded is not None and loaded[0] == manifest.name:
            engine = loaded[2]
            if loaded[1] != options:
                engine.configure(**resolve_options(options, manifest, self._paths))
        else:
            if loaded is not None:
                self._loaded = None
                loaded[2].close()
            engine = create_engine(self._registry, manifest, options, remembers=False)
        self._loaded = (manifest.name, options, engine)
        return engine


def _fits(manifest: Manifest, options: dict[str, Any]) -> bool:
    """Whether another engine takes options that were meant for one."""
    try:
        manifest.checked(options)
    except AvatarError:
        return False
    return True
