"""Keeps tags of emotions, such as <laugh>, from voices that would read them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from avatar_app.core.emotions import EMOTIONS, without_emotions
from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.manifest import Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk


def without_emotion_tags(voice: Any, manifest: Manifest) -> Any:
    """Return `voice`, or one that gets no tags of emotions that it does not make."""
    return voice if set(EMOTIONS) <= set(manifest.emotions) else PlainSynthesizer(voice, manifest)


class PlainSynthesizer:
    """A `core.engines.SpeechSynthesizer` in front of another, with all its other methods."""

    def __init__(self, voice: SpeechSynthesizer, manifest: Manifest) -> None:
        self._voice, self._kept = voice, manifest.emotions

    def configure(self, **options: Any) -> None:
        self._voice.configure(**options)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield the voice's speech of `text` without tags; nothing if nothing is left."""
        plain = without_emotions(text, self._kept)
        if plain or not text:
            yield from self._voice.speak(plain, turn)

    def close(self) -> None:
        self._voice.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._voice, name)
