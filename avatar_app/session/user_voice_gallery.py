"""The voices of the user's engines and models, and cloned ones: listed, mixed, heard, removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from avatar_app.core.engines import HasBlends, HasSpeakerLanguages, HasSpeakers
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.values import MICROPHONE_RATE, PLAYBACK_RATE, SpeechChunk
from avatar_app.media.sound_reader import read_sound
from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.resolve import OPTION, with_model_path
from avatar_app.models.store import Presence, Store
from avatar_app.runtime.registry import Registry
from avatar_app.session.checks.device_checks import AudioChecks
from avatar_app.session.voice_gallery import (
    InstalledVoice,
    MissingVoices,
    VoiceBlend,
    VoiceList,
)
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths
from avatar_app.voices.library import VoiceLibrary, open_voice
from avatar_app.voices.likeness import Likeness, likeness_of
from avatar_app.voices.reference import at_microphone_rate
from avatar_app.voices.resolve import VOICE

_MANNER = ("speed", "pitch", "expressiveness", "volume", "language")
"""Options that go with the listener rather than with the voice."""
COMPARED = (
    "I have been thinking about the garden, the kitchen table and the long road home since the "
    "early morning."
)
"""What a cloned voice says to be compared: some five seconds."""


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
        able, blending = False, set()
        for manifest in self._registry.all(Kind.TTS):
            try:
                found = tuple(self._voices_of(manifest))
                voices += found
                if isinstance(self._registry.load_class(manifest), HasBlends):
                    blending.add(manifest.name)
                able = able or any(_clones(manifest, v.options.get(OPTION)) for v in found)
            except AvatarError as error:
                missing.append(MissingVoices(manifest.title, str(error)))
        library = VoiceLibrary.of(self._paths)
        return VoiceList(tuple(voices), tuple(missing), library.names(), able, frozenset(blending))

    def current(self) -> InstalledVoice | None:
        options, voices = self._chosen()
        return next((v for v in voices if v.options.items() <= options.items()), None)

    def blended(self, blend: VoiceBlend) -> InstalledVoice:
        engine: Any = self._registry.load_class(self._registry.find(Kind.TTS, blend.one.engine))
        assert isinstance(engine, HasBlends)
        names = [voice.options[VOICE] for voice in (blend.one, blend.other)]
        shares = dict(zip(names, (1 - blend.share, blend.share), strict=True))
        options = {**blend.one.options, VOICE: engine.blend(shares)}
        name = f"{blend.one.name} + {blend.other.name}"
        return replace(blend.one, name=name, options=options)

    def current_blend(self) -> VoiceBlend | None:
        options, voices = self._chosen()
        name = self._settings.settings.tts.engine
        engine: Any = self._registry.load_class(self._registry.find(Kind.TTS, name))
        if not voices or not isinstance(engine, HasBlends):
            return None
        shares = engine.blended(options[VOICE])
        model = {OPTION: options[OPTION]} if OPTION in options else {}
        mixed = [v for n in shares for v in voices if v.options == model | {VOICE: n}]
        if len(shares) != 2 or len(mixed) != 2:
            return None
        return VoiceBlend(mixed[0], mixed[1], list(shares.values())[1])

    def _chosen(self) -> tuple[dict[str, Any], tuple[InstalledVoice, ...]]:
        """The options in use, and the voices of their engine; none where it is not here."""
        choice = self._settings.settings.tts
        manifest = self._registry.find(Kind.TTS, choice.engine)
        try:
            voices = tuple(self._voices_of(manifest))
        except AvatarError:
            voices = ()
        return manifest.checked(choice.options), voices

    def hear(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        from avatar_app.session.checks.sounds import sound_of

        sound = sound_of(self.speech(job, voice, text))
        job.check()
        self._checks.play(job, sound, PLAYBACK_RATE)

    def speech(
        self, job: Job[Any], voice: InstalledVoice | None, text: str
    ) -> tuple[SpeechChunk, ...]:
        from avatar_app.session.checks.sounds import speech_of

        with self._lock:
            return speech_of(self._engine(voice), text, job.check)

    def hear_reference(self, job: Job[Any], name: str) -> None:
        library = VoiceLibrary.of(self._paths)
        voice = open_voice(library.folder(name), self._paths)
        sound = read_sound(voice.reference, PLAYBACK_RATE)
        self._checks.play(job, sound.samples, PLAYBACK_RATE)

    def likeness(self, job: Job[Any], voice: InstalledVoice) -> Likeness:
        from avatar_app.session.checks.sounds import spoken

        library = VoiceLibrary.of(self._paths)
        reference = open_voice(library.folder(voice.name), self._paths).reference
        with self._lock:
            result = spoken(self._engine(voice), COMPARED, job.check)
        job.check()
        heard = read_sound(reference, MICROPHONE_RATE).samples
        return likeness_of(heard, at_microphone_rate(result, PLAYBACK_RATE))

    def remove(self, name: str) -> None:
        VoiceLibrary.of(self._paths).remove(name)

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
        installed = [model for model in models if store.presence(model) is Presence.INSTALLED]
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
        if _clones(manifest, model.id if model is not None else None):
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


def _clones(manifest: Manifest, model: str | None) -> bool:
    """Whether an engine speaks with cloned voices by this model."""
    return manifest.clones and (model is None or "xtts" in model)


def _fits(manifest: Manifest, options: dict[str, Any]) -> bool:
    """Whether another engine takes options that were meant for one."""
    try:
        manifest.checked(options)
    except AvatarError:
        return False
    return True
