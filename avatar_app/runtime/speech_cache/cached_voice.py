"""A speech synthesizer that plays frequent sentences from a cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.manifest import Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.runtime.speech_cache.files import LONGEST, SpeechCache, cache_key
from avatar_app.system.paths import AppPaths

_QUICK = 100
"""Milliseconds: a voice whose first sound comes sooner gains nothing."""


def speech_cache_from(paths: AppPaths) -> SpeechCache:
    """Return the user's speech cache."""
    return SpeechCache(paths.cache / "sentences")


def with_cache(
    voice: SpeechSynthesizer, manifest: Manifest, options: dict[str, Any], paths: AppPaths
) -> SpeechSynthesizer:
    """Return `voice`, or one that caches frequent sentences.

    Nothing is cached of a cloned voice, whose speaker may revoke consent.
    """
    promised = manifest.promises.first_output_ms
    if promised is not None and promised <= _QUICK:
        return voice
    return CachedSynthesizer(voice, manifest.name, options, speech_cache_from(paths))


class CachedSynthesizer:
    """A `core.engines.SpeechSynthesizer` in front of another."""

    def __init__(
        self, voice: SpeechSynthesizer, name: str, options: dict[str, Any], sentences: SpeechCache
    ) -> None:
        self._voice, self._name, self._sentences = voice, name, sentences
        self._options = dict(options)

    def configure(self, **options: Any) -> None:
        self._voice.configure(**options)
        self._options |= options

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield the voice's speech, from the cache if it was spoken before with the same
        options."""
        if len(text) > LONGEST or self._is_cloned:
            yield from self._voice.speak(text, turn)
            return
        key = cache_key(self._name, self._options, text)
        if (known := self._sentences.recall(key, text)) is not None:
            for chunk in known:
                turn.check()
                yield chunk
            return
        made = []
        for chunk in self._voice.speak(text, turn):
            made.append(chunk)
            yield chunk
        if made and self._sentences.is_frequent(key):
            self._sentences.store(key, made)

    @property
    def _is_cloned(self) -> bool:
        voice = str(self._options.get("voice", ""))
        return bool(voice) and Path(voice).is_dir()

    def close(self) -> None:
        self._voice.close()
