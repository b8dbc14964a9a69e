"""A voice that says “mama”: lips that close and open at known times."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import AudioChunk, MouthShape, SpeechChunk, Viseme

RATE = 16_000


def mama(count: int = 4) -> SpeechChunk:
    """`count` syllables of 0.4 s: each begins with closed lips, which open after 0.2 s."""
    wave = 0.4 * np.sin(np.arange(round((count * 0.4 + 0.1) * RATE)) * 2 * np.pi * 140 / RATE)
    shapes = [
        part
        for k in range(count)
        for part in ((MouthShape.PP, k * 0.4), (MouthShape.AA, k * 0.4 + 0.2))
    ]
    visemes = tuple(Viseme(shape, at) for shape, at in [*shapes, (MouthShape.SIL, count * 0.4)])
    return SpeechChunk(AudioChunk(wave.astype(np.float32), RATE), visemes=visemes)
