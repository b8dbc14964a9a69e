"""Answers in the language that is spoken: asks the model for it, and finds the best voice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

from avatar_app.core.engines import HasSpeakerLanguages, SpeechSynthesizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.prompt import Prompt, TextPart
from avatar_app.models.catalog import user_catalog
from avatar_app.models.resolve import OPTION, with_model_path
from avatar_app.models.store import Presence, Store
from avatar_app.runtime.engine_set import EngineSet, create_engine
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.registry import Registry

NATURALNESS = ("kokoro", "piper", "espeak")
"""Engines whose voices are taken, the most natural first; all of them are quick."""
VOICE, LANGUAGE, AUTO = "voice", "language", "auto"
NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
"""As a model is asked; others are left to it."""
WRITTEN_OTHERWISE = {"zh": ("zh", "cmn")}
"""Languages that engines call by other codes, too."""


class SpokenLanguages:
    """A `pipeline.output.answer_languages.AnswerLanguages` of the installed voices. One voice is
    kept for each language that was spoken."""

    def __init__(
        self, engine_set: EngineSet, notice: Callable[[Noticed], None], same: str = "en"
    ) -> None:
        """`same`: the language of the persona, for which nothing is asked."""
        self._engine_set, self._notice, self._same = engine_set, notice, same
        self._loading = threading.Lock()
        self._voices: dict[str, Any] = {}

    def asked(self, prompt: Prompt, language: str) -> Prompt:
        """The request follows the user's words: what stands before them is processed already."""
        if language == self._same or language not in NAMES:
            return prompt
        last = prompt.messages[-1]
        request = TextPart(f"(Answer in {NAMES[language]}.)")
        return replace(
            prompt, messages=(*prompt.messages[:-1], replace(last, content=(*last.parts, request)))
        )

    def voice(self, language: str) -> SpeechSynthesizer | None:
        if not language or self._is_spoken_already(language):
            return None
        with self._loading:
            if language not in self._voices:
                self._voices[language] = self._load(language)
            voice: Any = self._voices[language]
        if isinstance(voice, LoadsInBackground):
            voice.wait_ready()
        return cast("SpeechSynthesizer | None", voice)

    def close(self) -> None:
        """Close the voices; the conversation must be closed."""
        for voice in self._voices.values():
            if voice is not None:
                voice.close()
        self._voices.clear()

    def _is_spoken_already(self, language: str) -> bool:
        manifest, choice = self._engine_set.manifests[Kind.TTS], self._engine_set.choices[Kind.TTS]
        options = manifest.checked(choice.options) if manifest.name == choice.engine else {}
        return speaks(spoken_languages(self._engine_set.registry, manifest, options), language)

    def _load(self, language: str) -> SpeechSynthesizer | None:
        registry = self._engine_set.registry
        for name in NATURALNESS:
            manifest = registry.find(Kind.TTS, name)
            try:
                options = voice_options(self._engine_set.registry, manifest, language)
                if options is not None:
                    voice: SpeechSynthesizer = create_engine(registry, manifest, options)
                    return voice
            except AvatarError:  # its packages or models are not installed: the next one
                continue
        self._notice(
            Noticed(
                f"No installed voice speaks {NAMES.get(language, language)}.",
                "The voice in use reads the answer.",
            )
        )
        return None


def voice_options(registry: Registry, manifest: Manifest, language: str) -> dict[str, Any] | None:
    """Return the options with which an engine speaks a language; None where it does not. Raises
    AvatarError where the engine is not installed."""
    known = manifest.defaults()
    if OPTION in known and not _has_speakers(registry, manifest):
        return _model_options(registry, manifest, language)
    if not speaks(manifest.languages, language):
        return None
    options: dict[str, Any] = {}
    if tags := _speaker_languages(registry, manifest, known):
        voices = [voice for voice, tag in tags.items() if speaks((tag,), language)]
        if not voices:
            return None
        usual = known.get(VOICE)
        options[VOICE] = usual if usual in voices else voices[0]
    choices = next((each.values for each in manifest.options if each.name == LANGUAGE), ())
    exact = [value for value in choices if speaks((value,), language)]
    if exact and AUTO not in choices:
        options[LANGUAGE] = min(exact, key=len)
    return options


def _model_options(registry: Registry, manifest: Manifest, language: str) -> dict[str, Any] | None:
    """Of an engine with a model for each voice."""
    store = Store.of(registry.paths)
    for model in user_catalog(store.root).models:
        is_its = (model.kind, model.engine) == (Kind.TTS, manifest.name)
        if (
            is_its
            and speaks(model.languages, language)
            and store.presence(model) is Presence.INSTALLED
        ):
            return {OPTION: model.id}
    return None


def spoken_languages(
    registry: Registry, manifest: Manifest, options: dict[str, Any]
) -> tuple[str, ...]:
    """Return what an engine speaks with these options. Raises AvatarError where it is not
    installed."""
    chosen = str(options.get(LANGUAGE, AUTO))
    if chosen not in (AUTO, ""):
        return (chosen,)
    voice = str(options.get(VOICE, ""))
    tags = _speaker_languages(registry, manifest, options)
    if own := {tag for name, tag in tags.items() if name in voice}:  # a blend has two
        return tuple(sorted(own))
    model = user_catalog(registry.paths.models).by_id.get(str(options.get(OPTION, "")))
    return model.languages if model is not None else manifest.languages


def _has_speakers(registry: Registry, manifest: Manifest) -> bool:
    engine: Any = registry.load_class(manifest)
    return isinstance(engine, HasSpeakerLanguages)


def _speaker_languages(
    registry: Registry, manifest: Manifest, options: dict[str, Any]
) -> dict[str, str]:
    engine: Any = registry.load_class(manifest)
    if not isinstance(engine, HasSpeakerLanguages) or not options:
        return {}
    return engine.speaker_languages(**with_model_path(options, manifest, registry.paths))


def speaks(tags: Iterable[str], language: str) -> bool:
    """Whether one of these BCP 47 tags is of a language, given by ISO 639-1."""
    codes = WRITTEN_OTHERWISE.get(language, (language,))
    return any(tag.replace("_", "-").split("-")[0].casefold() in codes for tag in tags)
