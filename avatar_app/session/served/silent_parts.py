"""A face and a voice for clients that neither see nor hear the avatar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    PLAYBACK_RATE,
    AudioChunk,
    FaceState,
    SpeechChunk,
    VideoFrame,
    Word,
)

FPS = 10.0
CLAUSE_SECONDS = 0.02
_PICTURE = np.zeros((2, 2, 3), np.uint8)
_CALM = 3_600.0
"""Seconds after which a face at rest that nobody sees is drawn again."""


class UnseenFace:
    """A `core.engines.Face` of one black picture."""

    fps = FPS

    def configure(self, **options: Any) -> None:
        """Ignore options."""

    def perform(
        self,
        speech: Iterator[SpeechChunk],
        turn: Turn,
        after: VideoFrame | None = None,  # noqa: ARG002 - the protocol
    ) -> Iterator[VideoFrame]:
        index, seconds = 0, 0.0
        for chunk in speech:
            seconds += chunk.audio.seconds
            while index / FPS < seconds:
                turn.check()
                yield VideoFrame(_PICTURE, index / FPS)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:  # noqa: ARG002
        return VideoFrame(_PICTURE, (after.at if after else 0.0) + _CALM)

    def close(self) -> None:
        """Nothing to release."""


class UnheardVoice:
    """A `core.engines.SpeechSynthesizer` for who only reads: a moment of silence for each clause,
    in which all its words are said."""

    def configure(self, **options: Any) -> None:
        """Ignore options."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        turn.check()
        words = text.split()
        step = CLAUSE_SECONDS / max(len(words), 1)
        times = tuple(Word(word, at * step, (at + 1) * step) for at, word in enumerate(words))
        samples = np.zeros(round(CLAUSE_SECONDS * PLAYBACK_RATE), np.float32)
        yield SpeechChunk(AudioChunk(samples, PLAYBACK_RATE), " ".join(words), times)

    def close(self) -> None:
        """Nothing to release."""
